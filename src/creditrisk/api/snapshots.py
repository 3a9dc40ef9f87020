"""Snapshots of the ledger over HTTP: a stream of all entries of one source."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, get_args

import orjson
from fastapi import Query, Request, Response
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.imports import LineErrorOut, rejected_answer, stream_body
from creditrisk.api.ledger import LedgerKind
from creditrisk.api.problems import documented
from creditrisk.api.requests import StreamRoute, resource_router
from creditrisk.api.snapshot_parts import open_parts
from creditrisk.api.snapshot_reader import SnapshotReader
from creditrisk.api.wire import DIGITS, Identifier, Instant, WireModel
from creditrisk.application.errors import FieldError, InvalidRequest
from creditrisk.application.keys import Principal
from creditrisk.application.snapshot_store import SnapshotOrder
from creditrisk.domain.money import InvalidMoney, Money

LEDGER_KINDS: Final[tuple[str, ...]] = get_args(LedgerKind)

_TOTAL: Final = re.compile(r"([A-Z]{3}):(.*)")
_LARGEST_COUNT: Final = (1 << 31) - 1


class SnapshotAnswer(WireModel):
    """What a snapshot did."""

    import_id: Annotated[str, Field(description="Under /v1/imports/ the report stays readable.")]
    added: Annotated[int, Field(description="Entries that were not there.")]
    changed: Annotated[
        int, Field(description="Entries that say something else now, or were another source's.")
    ]
    closed: Annotated[int, Field(description="Entries of the source that the snapshot does not name.")]
    unchanged: Annotated[int, Field(description="Lines that said what is stored.")]
    stale: Annotated[
        int, Field(description="Lines whose entry was written after `taken_at`, or in a higher version.")
    ]
    rejected: Annotated[
        int, Field(description="Lines that could not be kept; their entries stay as they were.")
    ]
    errors: Annotated[list[LineErrorOut], Field(description="The first 1,000 complaints.")]


SourceQuery = Annotated[Identifier, Query(description="The feed whose entries these are.")]
TakenAtQuery = Annotated[
    Instant | None,
    Query(description="The instant of the extract; absent: now. Earlier than the source's last one: 409."),
]
KindsQuery = Annotated[
    list[str] | None,
    Query(
        description="The kinds the snapshot is of, separated by commas or given several times; absent: all. "
        "Entries of other kinds are left alone.",
        examples=[["open_item", "payment"]],
    ),
]
CountQuery = Annotated[
    int | None,
    Query(ge=0, le=_LARGEST_COUNT, description="The number of lines; another one is 422."),
    DIGITS,
]
TotalQuery = Annotated[
    list[str] | None,
    Query(
        description="A control figure for each currency: the sum of the open amounts, what lowers exposure "
        "being negative. Another sum is 422.",
        examples=[["EUR:1500.00"]],
    ),
]

_EXAMPLE: Final = stream_body(
    lines='{"kind": "open_item", "id": "R-77", "customer": "C-1001", "due_date": "2026-10-31", '
    '"total": {"amount": "4000.00", "currency": "EUR"}}\n',
    table="kind,id,customer,due_date,total,open_amount,currency\n"
    "open_item,R-77,C-1001,2026-10-31,4000.00,1500.00,EUR\n",
)

router = resource_router(prefix="/v1/ledger", tag="imports", route_class=StreamRoute)


@router.post(
    "/snapshots", response_model=SnapshotAnswer, openapi_extra=_EXAMPLE, responses=documented(409, 415)
)
async def import_snapshot(
    *,
    request: Request,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    source: SourceQuery = "default",
    company: CompanyQuery = None,
    taken_at: TakenAtQuery = None,
    kinds: KindsQuery = None,
    count: CountQuery = None,
    total: TotalQuery = None,
) -> Response:
    """Make the ledger entries of one source equal to a stream of all of them.

    A line has `kind`, `id` and the fields of the kind. Entries of this source and these kinds that no line
    names are closed, unless they were written after `taken_at`. Everything happens at once, at the end.
    """
    order = _order(
        company=choose_company(caller, query=company),
        source=source,
        taken_at=taken_at,
        kinds=kinds,
        count=count,
        total=total,
    )
    reader, parts = await open_parts(
        request,
        lambda header: SnapshotReader(
            caller=caller, company=order.company, source=source, kinds=order.kinds, header=header
        ),
    )
    report = await use.snapshots.run(parts, reader=reader, order=order, principal=caller)
    if not report.stored:
        detail = "The snapshot contradicts itself or its control figures; nothing was stored."
        return rejected_answer(
            request, import_id=report.import_id, errors=report.errors, detail=detail, code="snapshot_rejected"
        )
    shown = ("added", "changed", "closed", "unchanged", "stale", "rejected")
    counts = {name: getattr(report.counts, name) for name in shown}
    errors = [error._asdict() for error in report.errors]
    answer: dict[str, Any] = {"import_id": str(report.import_id), **counts, "errors": errors}
    return Response(orjson.dumps(answer), media_type="application/json")


def _order(
    *,
    company: str,
    source: str,
    taken_at: datetime | None,
    kinds: Sequence[str] | None,
    count: int | None,
    total: Sequence[str] | None,
) -> SnapshotOrder:
    """Put the parameters together.

    Raises:
        InvalidRequest: one of them says something that cannot be meant.
    """
    return SnapshotOrder(
        company=company,
        source=source,
        kinds=_kinds(kinds),
        taken_at=taken_at,
        count=count,
        totals=_totals(total or ()),
    )


def _kinds(stated: Sequence[str] | None) -> tuple[str, ...]:
    if stated is None:
        return LEDGER_KINDS
    named = {name for part in stated for name in part.split(",")}
    if named - set(LEDGER_KINDS):
        raise _refused("query/kinds", "not_allowed", f"must be among {', '.join(LEDGER_KINDS)}")
    return tuple(kind for kind in LEDGER_KINDS if kind in named)


def _totals(stated: Sequence[str]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for each in stated:
        written = _TOTAL.fullmatch(each)
        if written is None:
            raise _refused("query/total", "invalid_total", "must be written EUR:123.45")
        currency, amount = written.groups()
        if currency in totals:
            raise _refused("query/total", "duplicate", "names a currency twice")
        try:
            totals[currency] = Money.parse(amount, currency).amount
        except InvalidMoney as error:
            raise _refused("query/total", error.code, error.detail) from None
    return totals


def _refused(pointer: str, code: str, detail: str) -> InvalidRequest:
    return InvalidRequest("The query cannot be meant.", errors=[FieldError(pointer, code, detail)])
