"""Rows of an exposure report on the wire: one after the other, as JSON or CSV."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Query
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.requests import Request

from creditrisk.api.behaviour import Average
from creditrisk.api.check_answer import Amount
from creditrisk.api.streams import CSV
from creditrisk.api.wire import Day, WireModel
from creditrisk.application.exposure_report import COLUMNS, Row

Format = Annotated[
    Literal["json", "csv"] | None, Query(description="How it is written; absent: as `Accept` prefers.")
]
"""A route parameter ``format: Format = None``."""


class ReportRow(WireModel):
    """An account, or a group of accounts added up. Amounts are in the row's `currency`."""

    group: Annotated[str | None, Field(description="What is added up; null: accounts that name none.")]
    company: Annotated[str | None, Field(description="The legal entity; null in groups.")]
    customer: Annotated[str | None, Field(description="Whose account it is; null in groups.")]
    name: Annotated[str | None, Field(description="The customer's name; null in groups.")]
    accounts: Annotated[int, Field(description="How many accounts it is about.")]
    currency: Annotated[str, Field(description="ISO 4217: the company's, whatever the accounts' own are.")]
    as_of: Annotated[Day, Field(description="The reference date.")]
    limit: Annotated[Amount | None, Field(description="Own limits in force; null where there is none.")]
    unlimited: Annotated[bool, Field(description="An account among them is unlimited.")]
    insured: Annotated[Amount | None, Field(description="Insured amounts, for information.")]
    orders: Annotated[Amount, Field(description="Open orders.")]
    to_invoice: Annotated[Amount, Field(description="Deliveries not yet invoiced.")]
    to_post: Annotated[Amount, Field(description="Invoices not yet posted.")]
    balance: Annotated[
        Amount, Field(description="Open items, or the ledger balance, as `balance_basis` says.")
    ]
    provisional_payments: Annotated[
        Amount, Field(description="Credits of provisional postings, for information.")
    ]
    bills_due: Annotated[Amount, Field(description="Bills issued and presented.")]
    unpaid: Annotated[Amount, Field(description="Bills returned unpaid.")]
    advances: Annotated[Amount, Field(description="Advances in effect, which lower.")]
    reservations: Annotated[Amount, Field(description="Credit set aside by checks.")]
    other: Annotated[Amount, Field(description="Other claims.")]
    exposure: Annotated[Amount, Field(description="What the policy counts of all these.")]
    overdue: Annotated[Amount, Field(description="Open items past due, part of `balance`.")]
    overdue_provisional: Annotated[Amount, Field(description="What of provisional postings is past due.")]
    over_limit: Annotated[
        Amount | None, Field(description="Exposure above `limit`, 0 within it; null without one.")
    ]
    turnover_12m: Annotated[Amount, Field(description="Invoices less credit notes of 12 months.")]
    turnover_ytd: Annotated[Amount, Field(description="The same since 1 January.")]
    dso: Annotated[str, Field(description="Days sales outstanding; `0` without turnover.", examples=["61"])]
    average_delay: Annotated[Average, Field(description="Days from due date to money, of what was paid.")]
    due_date_deviation: Annotated[Average, Field(description="Days since the due date, of what is overdue.")]
    missing_rates: Annotated[
        str | None, Field(description="Currencies of amounts left out for want of a rate, with spaces.")
    ]


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The rows, one after the other.",
        "content": {
            CSV: {"schema": {"type": "string", "description": "The columns of a row, with a header."}}
        },
    }
}


async def stream_rows(
    rows: AsyncIterator[Row],
    *,
    request: Request,
    format: str | None,
    headers: Mapping[str, str] | None = None,
) -> StreamingResponse:
    """Answer with the rows of a report, in the format asked for or preferred.

    What cannot be answered at all shows with the first row, while there is still a status to say so.
    """
    started = _started(await anext(rows, None), rows)
    if format == "csv" or (format is None and _prefers_csv(request)):
        return StreamingResponse(_as_csv(started), headers=headers, media_type=CSV)
    return StreamingResponse(_as_json(started), headers=headers, media_type="application/json")


async def _started(first: Row | None, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
    if first is not None:
        yield first
        async for row in rows:
            yield row


async def _as_json(rows: AsyncIterator[Row]) -> AsyncIterator[bytes]:
    before = b'{"items":['
    async for row in rows:
        yield before + orjson.dumps(row)
        before = b","
    yield (b"" if before == b"," else before) + b'],"next":null}'


async def _as_csv(rows: AsyncIterator[Row]) -> AsyncIterator[str]:
    yield _csv_line(COLUMNS)
    async for row in rows:
        yield _csv_line(str(value).lower() if isinstance(value, bool) else value for value in row.values())


def _csv_line(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


def _prefers_csv(request: Request) -> bool:
    """Whether `Accept` names CSV, and JSON not before it; what names neither gets JSON."""
    weights: dict[str, float] = {}
    for part in request.headers.get("accept", "").split(","):
        media_type, _, parameters = part.partition(";")
        weights[media_type.strip().lower()] = _weight(parameters)
    return weights.get(CSV, 0) > weights.get("application/json", 0)


def _weight(parameters: str) -> float:
    name, _, value = parameters.replace(" ", "").partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
