"""The exposure report over HTTP: every account or group of accounts, streamed as JSON or CSV."""

from dataclasses import replace
from typing import Annotated, Final, Literal

from fastapi import Depends, Query
from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies
from creditrisk.api.context import Use
from creditrisk.api.paging import Page
from creditrisk.api.report_rows import RESPONSES, Format, ReportRow, stream_rows
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import CountryCode, Identifier, Line, ReferenceDay, refuse
from creditrisk.application.exposure_report import AccountFilter, ReportQuery
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


async def _report_query(
    *,
    wanted: Annotated[AccountFilter, Depends(_account_filter)],
    as_of: Annotated[ReferenceDay | None, Query(description="Reference date; absent: today.")] = None,
    group_by: Annotated[
        GroupBy | None,
        Query(description=f"Add accounts up by: {', '.join(_GROUPS)}, attribute:<name>. Absent: no sums."),
    ] = None,
    sort: Annotated[Literal["customer", "name"], Query(description="The order of accounts.")] = "customer",
) -> ReportQuery:
    return ReportQuery(companies=None, filter=wanted, as_of=as_of, group_by=group_by, by_name=sort == "name")


AskedReport = Annotated[ReportQuery, Depends(_report_query)]
"""A route parameter ``asked: AskedReport``; of which companies it is, the route adds."""


@router.get("/exposure", response_model=Page[ReportRow], responses=RESPONSES)
async def report_exposure(
    *,
    request: Request,
    caller: Annotated[Principal, requires("audit")],
    use: Use,
    asked: AskedReport,
    company: CompanyQuery = None,
    format: Format = None,
) -> Response:
    """Report balances, limits, turnover and payment behaviour of all accounts, or of groups of them.

    The answer is a stream of any length, and `next` always null. One that breaks off is not complete.
    """
    query = replace(asked, companies=choose_companies(caller, query=company))
    rows = use.reports.live.rows(query, principal=caller)
    return await stream_rows(rows, request=request, format=format)
