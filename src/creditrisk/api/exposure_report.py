"""The exposure report over HTTP: every account or group of accounts, streamed as JSON or CSV."""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from creditrisk.api.auth import requires
from creditrisk.api.behaviour import Average
from creditrisk.api.check_answer import Amount
from creditrisk.api.company import CompanyQuery, choose_companies
from creditrisk.api.context import Use
from creditrisk.api.paging import Page
from creditrisk.api.requests import resource_router
from creditrisk.api.streams import CSV
from creditrisk.api.wire import CountryCode, Day, Identifier, Line, ReferenceDay, WireModel, refuse
from creditrisk.application.exposure_report import COLUMNS, AccountFilter, ReportQuery
from creditrisk.application.keys import Principal

MOST_ATTRIBUTES: Final = 10

_GROUPS: Final = (
    "company",
    "customer",
    "head_account",
    "credit_group",
    "management_group",
    "risk_group",
    "account_status",
    "country",
)


def _group_by(value: str) -> str:
    if value not in _GROUPS and (not value.startswith("attribute:") or value == "attribute:"):
        raise refuse("not_allowed", f"must be {', '.join(_GROUPS)} or attribute:<name>")
    return value


def _attribute(value: str) -> str:
    name, colon, _ = value.partition(":")
    if not name or not colon:
        raise refuse("invalid_format", "must be written name:value")
    return value


GroupBy = Annotated[Line, AfterValidator(_group_by)]


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


_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The rows, as they are worked out.",
        "content": {
            CSV: {"schema": {"type": "string", "description": "The columns of a row, with a header."}}
        },
    }
}

router = resource_router(prefix="/v1/reports", tag="reports")


async def _account_filter(
    *,
    customer: Annotated[Identifier | None, Query(description="Only this customer's.")] = None,
    head_account: Annotated[Identifier | None, Query(description="Only of this head account.")] = None,
    credit_group: Annotated[Identifier | None, Query(description="Only of this credit group.")] = None,
    management_group: Annotated[Identifier | None, Query(description="Only of this group.")] = None,
    risk_group: Annotated[Identifier | None, Query(description="Only of this risk group.")] = None,
    account_status: Annotated[Identifier | None, Query(description="Only with this account status.")] = None,
    country: Annotated[CountryCode | None, Query(description="Only of customers of this country.")] = None,
    not_country: Annotated[
        CountryCode | None, Query(description="Only of customers of other countries.")
    ] = None,
    attribute: Annotated[
        tuple[Annotated[Line, AfterValidator(_attribute)], ...],
        Query(max_length=MOST_ATTRIBUTES, description="`name:value`: only where an attribute says so."),
    ] = (),
) -> AccountFilter:
    fields = {
        "head_account": head_account,
        "credit_group": credit_group,
        "management_group": management_group,
        "risk_group": risk_group,
        "account_status": account_status,
        "country": country,
    }
    pairs = (each.partition(":") for each in attribute)
    return AccountFilter(
        customer=customer,
        fields={name: value for name, value in fields.items() if value is not None},
        not_country=not_country,
        attributes={name: value for name, _, value in pairs},
    )


@router.get("/exposure", response_model=Page[ReportRow], responses=_RESPONSES)
async def report_exposure(
    *,
    request: Request,
    caller: Annotated[Principal, requires("audit")],
    use: Use,
    wanted: Annotated[AccountFilter, Depends(_account_filter)],
    company: CompanyQuery = None,
    as_of: Annotated[ReferenceDay | None, Query(description="Reference date; absent: today.")] = None,
    group_by: Annotated[
        GroupBy | None,
        Query(description=f"Add accounts up by: {', '.join(_GROUPS)}, attribute:<name>. Absent: no sums."),
    ] = None,
    sort: Annotated[Literal["customer", "name"], Query(description="The order of accounts.")] = "customer",
    format: Annotated[
        Literal["json", "csv"] | None, Query(description="How it is written; absent: as `Accept` prefers.")
    ] = None,
) -> Response:
    """Report balances, limits, turnover and payment behaviour of all accounts, or of groups of them.

    The answer is a stream of any length, and `next` always null. One that breaks off is not complete.
    """
    query = ReportQuery(
        companies=choose_companies(caller, query=company),
        filter=wanted,
        as_of=as_of,
        group_by=group_by,
        by_name=sort == "name",
    )
    rows = use.exposure_report.rows(query, principal=caller)
    # What cannot be answered at all shows with the first row, while there is still a status to say so.
    started = _started(await anext(rows, None), rows)
    if format == "csv" or (format is None and _prefers_csv(request)):
        return StreamingResponse(_as_csv(started), media_type=CSV)
    return StreamingResponse(_as_json(started), media_type="application/json")


async def _started(
    first: dict[str, Any] | None, rows: AsyncIterator[dict[str, Any]]
) -> AsyncIterator[dict[str, Any]]:
    if first is not None:
        yield first
        async for row in rows:
            yield row


async def _as_json(rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    before = b'{"items":['
    async for row in rows:
        yield before + orjson.dumps(row)
        before = b","
    yield (b"" if before == b"," else before) + b'],"next":null}'


async def _as_csv(rows: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
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
