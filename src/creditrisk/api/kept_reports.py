"""Kept exposure reports over HTTP: made once, shown again as they were."""

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies
from creditrisk.api.context import Use
from creditrisk.api.decisions import cursor_id
from creditrisk.api.exposure_report import AskedReport
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.report_rows import RESPONSES, Format, ReportRow, stream_rows
from creditrisk.api.requests import resource_router
from creditrisk.api.service_ids import read_service_id
from creditrisk.api.wire import Day, Instant, PathId, WireModel
from creditrisk.application.kept_reports import KeptReport
from creditrisk.application.keys import Principal

_REPEATED: Final = "attribute"
"""The parameter that may be given several times."""


class KeptReportOut(WireModel):
    """A report that is kept; its rows are shown under its id."""

    id: Annotated[str, Field(description="Its id; ids are in order of time.")]
    rows: Annotated[int, Field(description="How many rows it has.")]
    companies: Annotated[
        list[str] | None, Field(description="What it may have accounts of; null: every company.")
    ]
    as_of: Annotated[Day | None, Field(description="The reference date asked for; null: today's.")]
    query: Annotated[
        dict[str, str | list[str]],
        Field(
            description="The other parameters, as they were asked.",
            examples=[{"group_by": "attribute:agent", "country": "IT"}],
        ),
    ]
    created_by: Annotated[str, Field(description="Name or id of the API key.")]
    created_at: Annotated[Instant, Field(description="When it was begun, by the database's clock.")]


_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        **RESPONSES[200],
        "headers": {
            "Content-Location": {"description": "The report's own address.", "schema": {"type": "string"}}
        },
    },
    **documented(404),
}

ReportId = Annotated[PathId, Path(description="The id of a kept report.")]
Reading = Annotated[Principal, requires("audit")]

router = resource_router(prefix="/v1/reports", tag="reports")


@router.post("/exposure", status_code=201)
async def keep_exposure_report(
    *, request: Request, caller: Reading, use: Use, asked: AskedReport, company: CompanyQuery = None
) -> KeptReportOut:
    """Work a report out now, as `GET` does, and keep all its rows, or none if it cannot be finished.

    It answers once the report is complete, which may take minutes; whoever loses the connection meanwhile can
    repeat the request under its `Idempotency-Key`.
    """
    query = replace(asked, companies=choose_companies(caller, query=company))
    return _shown(await use.reports.keep(query, _words(request), principal=caller))


@router.get("")
async def list_reports(
    caller: Reading, use: Use, page: Annotated[PageRequest, paged(str)], company: CompanyQuery = None
) -> Page[KeptReportOut]:
    """List kept reports in the order they were made; with `company` those about nothing else."""
    found = await use.reports.store.list(
        tenant=caller.tenant,
        companies=choose_companies(caller, query=company),
        after=cursor_id(page),
        limit=page.limit + 1,
    )
    return page.page(found, key=lambda report: (str(report.heading.id),), render=_shown)


@router.get("/exposure/latest", response_model=Page[ReportRow], responses=_RESPONSES)
async def get_latest_exposure_report(
    *, request: Request, caller: Reading, use: Use, company: CompanyQuery = None, format: Format = None
) -> Response:
    """Show the rows of the newest kept report; with `company` of the newest about nothing else."""
    companies = choose_companies(caller, query=company)
    report = await use.reports.find(None, tenant=caller.tenant, companies=companies)
    return await _streamed(report, request, caller, use, format=format)


@router.get("/exposure/{id}", response_model=Page[ReportRow], responses=_RESPONSES)
async def get_exposure_report(
    *, id: ReportId, request: Request, caller: Reading, use: Use, format: Format = None
) -> Response:
    """Show the rows of a kept report as they were, written as `GET /v1/reports/exposure` writes them.

    A key limited to companies sees the reports about none but these.
    """
    report_id = read_service_id(id, of="report")
    report = await use.reports.find(report_id, tenant=caller.tenant, companies=caller.companies)
    return await _streamed(report, request, caller, use, format=format)


@router.delete("/exposure/{id}", status_code=204, responses=documented(404))
async def delete_exposure_report(id: ReportId, caller: Reading, use: Use) -> Response:
    """Delete a kept report with its rows."""
    await use.reports.delete(read_service_id(id, of="report"), principal=caller)
    return Response(status_code=204)


async def _streamed(
    report: KeptReport, request: Request, caller: Principal, use: Use, *, format: str | None
) -> Response:
    rows = use.reports.store.rows(report, tenant=caller.tenant)
    headers = {"Content-Location": f"{router.prefix}/exposure/{report.heading.id}"}
    return await stream_rows(rows, request=request, format=format, headers=headers)


def _words(request: Request) -> dict[str, str | list[str]]:
    """The parameters in the caller's words, without the reference date, which has a field of its own."""
    stated = request.query_params
    return {
        name: stated.getlist(name) if name == _REPEATED else stated[name]
        for name in stated
        if name != "as_of"
    }


def _shown(report: KeptReport) -> KeptReportOut:
    heading = report.heading
    return KeptReportOut(
        id=str(heading.id),
        rows=report.rows,
        companies=None if heading.companies is None else sorted(heading.companies),
        as_of=heading.as_of,
        query=dict(heading.asked),
        created_by=heading.created_by,
        created_at=report.created_at,
    )
