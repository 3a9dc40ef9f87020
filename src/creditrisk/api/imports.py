"""Streams of papers and master data over HTTP, and what became of them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal, cast
from uuid import UUID

import orjson
from fastapi import Path, Query, Request, Response
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies
from creditrisk.api.context import Use
from creditrisk.api.decisions import cursor_id
from creditrisk.api.line_readers import open_lines
from creditrisk.api.master_data_lines import CreditLines, CustomerLines
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.paper_lines import PaperLines
from creditrisk.api.problems import MEDIA_TYPE, TRACE_KEY, RequestTrace, documented, problem
from creditrisk.api.requests import StreamRoute, resource_router
from creditrisk.api.service_ids import read_service_id
from creditrisk.api.streams import CSV, NDJSON
from creditrisk.api.wire import Instant, WireModel
from creditrisk.application.import_journal import ImportJob, JobStatus, LineError
from creditrisk.application.imports import ImportReport
from creditrisk.application.keys import Principal

ImportKind = Literal["documents", "ledger", "customers", "credit", "snapshot"]
ImportStatus = Literal["running", "done", "failed"]


class LineErrorOut(WireModel):
    """One complaint about one line."""

    line: Annotated[
        int,
        Field(description="From 1; the header of a table and blank lines count. 0: the stream as a whole."),
    ]
    pointer: Annotated[str, Field(description="JSON pointer into the line's object, empty for all of it.")]
    code: Annotated[str, Field(description="Stable, for programs.")]
    detail: Annotated[str, Field(description="For people; may change.")]


class Counted(WireModel):
    """What the lines did."""

    import_id: Annotated[str, Field(description="Under /v1/imports/ the report stays readable.")]
    accepted: Annotated[int, Field(description="Lines that created, changed or deleted something.")]
    unchanged: Annotated[int, Field(description="Lines that said what is stored.")]
    stale: Annotated[int, Field(description="Lines with a version lower than the stored one.")]
    rejected: Annotated[int, Field(description="Lines that could not be kept.")]


class ImportAnswer(Counted):
    """How an import ended."""

    errors: Annotated[list[LineErrorOut], Field(description="The first 1,000 complaints.")]


class ImportListed(Counted):
    """An import, while it runs and after."""

    kind: Annotated[ImportKind, Field(description="What its lines are.")]
    company: Annotated[str | None, Field(description="The one named for the whole stream, if any.")]
    status: Annotated[
        ImportStatus,
        Field(description="`failed`: it broke off, or was all or nothing and had an error."),
    ]
    lines: Annotated[int, Field(description="Lines read so far.")]
    added: Annotated[int, Field(description="Of a snapshot: entries that were not there.")]
    changed: Annotated[int, Field(description="Of a snapshot: entries that say something else now.")]
    closed: Annotated[int, Field(description="Of a snapshot: entries it does not name.")]
    created_by: Annotated[str, Field(description="Id of the API key that sent it.")]
    started_at: Annotated[Instant, Field(description="When it began.")]
    finished_at: Annotated[
        Instant | None, Field(description="When it ended; null: it runs, or its process was killed.")
    ]


class ImportOut(ImportListed):
    """An import with what is wrong with its lines."""

    errors: Annotated[list[LineErrorOut], Field(description="A page of all complaints.")]
    next: Annotated[str | None, Field(description="Cursor of the following page, null on the last.")]


AtomicQuery = Annotated[
    bool, Query(description="All lines or none: with an error in any, nothing is stored (422).")
]


def stream_body(*, lines: str, table: str) -> dict[str, Any]:
    """Document a body that is a stream, with an example of each way to write it."""
    return {
        "requestBody": {
            "required": True,
            "description": "As long as need be, compressed with gzip if wanted. A line is the body of the "
            "corresponding PUT with its key; of a paper, `deleted` true deletes. In a table all amounts of a "
            "row share the column `currency`, lists and other objects are JSON in the cell, `document` is "
            "kind:number, empty cells are absent.",
            "content": {
                NDJSON: {"schema": {"type": "string"}, "examples": {"lines": {"value": lines}}},
                CSV: {"schema": {"type": "string"}, "examples": {"table": {"value": table}}},
            },
        }
    }


_DOCUMENTS: Final = stream_body(
    lines='{"kind": "order", "number": "SO-1", "customer": "C-1001", '
    '"total": {"amount": "1200.00", "currency": "EUR"}, "version": 3}\n'
    '{"kind": "order", "number": "SO-0", "deleted": true}\n',
    table="kind,number,customer,total,currency,version\norder,SO-1,C-1001,1200.00,EUR,3\n",
)
_LEDGER: Final = stream_body(
    lines='{"kind": "open_item", "id": "R-77", "customer": "C-1001", "due_date": "2026-10-31", '
    '"total": {"amount": "4000.00", "currency": "EUR"}, "document": {"kind": "invoice", "number": "I-9"}}\n',
    table="kind,id,customer,due_date,total,open_amount,currency,document\n"
    "open_item,R-77,C-1001,2026-10-31,4000.00,1500.00,EUR,invoice:I-9\n",
)
_CUSTOMERS: Final = stream_body(
    lines='{"id": "C-1001", "name": "Brown & Sons", "relations": {"owner": "brown"}}\n',
    table='id,name,relations\nC-1001,Brown & Sons,"{""owner"": ""brown""}"\n',
)
_CREDIT: Final = stream_body(
    lines='{"id": "C-1001", "limit": {"amount": "100000.00", "currency": "EUR"}, "max_days_overdue": 30}\n',
    table="id,company,limit,currency,max_days_overdue\nC-1001,main,100000.00,EUR,30\n",
)

router = resource_router(prefix="/v1", tag="imports", route_class=StreamRoute)


@router.post(
    "/documents:import", response_model=ImportAnswer, openapi_extra=_DOCUMENTS, responses=documented(415)
)
async def import_documents(
    *,
    request: Request,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    company: CompanyQuery = None,
    atomic: AtomicQuery = False,
) -> Response:
    """Store a stream of documents. A line has `kind`, `number` and the fields of the kind."""
    choose_companies(caller, query=company)
    reader = PaperLines(caller=caller, company=company)
    lines = await open_lines(request, reader)
    report = await use.imports.run(
        lines, target=use.import_documents, company=company, atomic=atomic, principal=caller
    )
    return _answer(request, report)


@router.post("/ledger:import", response_model=ImportAnswer, openapi_extra=_LEDGER, responses=documented(415))
async def import_ledger(
    *,
    request: Request,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    company: CompanyQuery = None,
    atomic: AtomicQuery = False,
) -> Response:
    """Store a stream of ledger entries. A line has `kind`, `id` and the fields of the kind."""
    choose_companies(caller, query=company)
    reader = PaperLines(caller=caller, company=company, ledger=True)
    lines = await open_lines(request, reader)
    report = await use.imports.run(
        lines, target=use.import_ledger, company=company, atomic=atomic, principal=caller
    )
    return _answer(request, report)


@router.post(
    "/customers:import", response_model=ImportAnswer, openapi_extra=_CUSTOMERS, responses=documented(415)
)
async def import_customers(
    *,
    request: Request,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    company: CompanyQuery = None,
    atomic: AtomicQuery = False,
) -> Response:
    """Store a stream of customers. A line has `id` and a customer's fields; nothing is deleted."""
    lines = await open_lines(request, CustomerLines())
    report = await use.imports.run(
        lines, target=use.import_customers, company=company, atomic=atomic, principal=caller
    )
    return _answer(request, report)


@router.post("/credit:import", response_model=ImportAnswer, openapi_extra=_CREDIT, responses=documented(415))
async def import_credit(
    *,
    request: Request,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    company: CompanyQuery = None,
    atomic: AtomicQuery = False,
) -> Response:
    """Store a stream of credit accounts, whatever was set before.

    A line has the customer's `id`, `company` and the settings of the account; nothing is deleted.
    """
    choose_companies(caller, query=company)
    lines = await open_lines(request, CreditLines(caller=caller, company=company))
    report = await use.imports.run(
        lines, target=use.import_credit, company=company, atomic=atomic, principal=caller
    )
    return _answer(request, report)


@router.get("/imports")
async def list_imports(
    *,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    page: Annotated[PageRequest, paged(str)],
    company: CompanyQuery = None,
    kind: Annotated[ImportKind | None, Query(description="Only these.")] = None,
    status: Annotated[ImportStatus | None, Query(description="Only these.")] = None,
) -> Page[ImportListed]:
    """List streams and snapshots, the last begun first: those named for a company of the key, and its own."""
    if company is not None:
        choose_companies(caller, query=company)
    found = await use.imports.list(
        company=company,
        kind=kind,
        status=None if status is None else JobStatus(status),
        before=cursor_id(page),
        limit=page.limit + 1,
        principal=caller,
    )
    return page.page(found, key=lambda job: (str(job.id),), render=_listed)


@router.get("/imports/{id}")
async def get_import(
    id: Annotated[str, Path(description="The `import_id` of the answer to the stream.")],
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    page: Annotated[PageRequest, paged(int, str, str)],
) -> ImportOut:
    """Show how far an import is, or how it ended, with all complaints page by page."""
    job = await use.imports.get(read_service_id(id, of="import"), principal=caller)
    after = None if page.after is None else cast("tuple[int, str, str]", page.after)
    errors = await use.imports.errors(job, after=after, limit=page.limit + 1, principal=caller)
    shown = page.page(errors, key=lambda error: error[:3], render=_shown)
    return ImportOut(**_told(job), errors=shown.items, next=shown.next)


def _listed(job: ImportJob) -> ImportListed:
    return ImportListed(**_told(job))


def _told(job: ImportJob) -> dict[str, Any]:
    """What is known of an import, its counts beside the rest."""
    told = {
        name: getattr(job, name) for name in ("kind", "company", "created_by", "started_at", "finished_at")
    }
    return {"import_id": str(job.id), "status": job.status.value, **told, **asdict(job.counts)}


def _answer(request: Request, report: ImportReport) -> Response:
    """What the lines did; where nothing was stored, a problem whose errors also name their lines."""
    if not report.stored:
        detail = "Lines of an import of all or nothing have errors; nothing was stored."
        return rejected_answer(
            request, import_id=report.import_id, errors=report.errors, detail=detail, code="import_rejected"
        )
    counts = {name: getattr(report.counts, name) for name in ("accepted", "unchanged", "stale", "rejected")}
    errors = [error._asdict() for error in report.errors]
    answer = {"import_id": str(report.import_id), **counts, "errors": errors}
    return Response(orjson.dumps(answer), media_type="application/json")


def rejected_answer(
    request: Request, *, import_id: UUID, errors: Sequence[LineError], detail: str, code: str
) -> Response:
    """Write the problem of a stream of which nothing was stored; its errors also name their lines."""
    trace: RequestTrace = request.scope[TRACE_KEY]
    content = problem(422, request_id=trace.request_id, code=code, detail=detail)
    content |= {"import_id": str(import_id), "errors": [error._asdict() for error in errors]}
    return Response(orjson.dumps(content), 422, media_type=MEDIA_TYPE)


def _shown(error: LineError) -> LineErrorOut:
    return LineErrorOut(line=error.line, pointer=error.pointer, code=error.code, detail=error.detail)
