"""Covers over HTTP: guarantees and insurances that raise an account's limit."""

from decimal import Decimal
from typing import Annotated, Final, Generic, Literal, TypeVar

from fastapi import Body, Response
from pydantic import AfterValidator, Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies, choose_company
from creditrisk.api.context import Use
from creditrisk.api.master_data import EntryNumber, NotNegative, SeenModel, Validity, content_of, entry_cursor
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Identifier, Instant, Line, MoneyOut, PathId, Percent, WireModel, refuse
from creditrisk.application.entries import Entry, Owner, OwnerKind
from creditrisk.application.keys import Principal

WHOLE: Final = Decimal(100)

Money = TypeVar("Money", bound=WireModel)


def _at_most_whole(percent: Decimal) -> Decimal:
    if percent > WHOLE:
        raise refuse("out_of_range", "must be at most 100")
    return percent


class CoverFields(Validity, Generic[Money]):
    """What a guarantee or an insurance says."""

    kind: Annotated[Literal["guarantee", "insurance"], Field(description="What it is.")]
    type: Annotated[Line | None, Field(description="The ERP's type of guarantee or insurance.")] = None
    coverage_type: Annotated[Line | None, Field(description="What is covered, in the ERP's words.")] = None
    issuer: Annotated[Line | None, Field(description="Who stands for it.")] = None
    reference: Annotated[Line | None, Field(description="The issuer's number of it.")] = None
    value: Annotated[Money, Field(description="The amount covered.")]
    percent: Annotated[
        Percent,
        AfterValidator(_at_most_whole),
        Field(description="Percent of the value added to the limit, 0 to 100; `0`: informative only."),
    ] = WHOLE
    effect: Annotated[
        Literal["add", "at_least"],
        Field(description="Adds to the limit, or raises it to the value if that is higher."),
    ] = "add"
    included_in_exposure: Annotated[
        bool, Field(description="The value is part of exposure already, so it is taken off the limit.")
    ] = False


class CoverBody(CoverFields[NotNegative]):
    """A cover as people state it."""

    company: Annotated[Identifier | None, Field(description="Whose account; absent: `main`.")] = None


class CoverSeen(CoverFields[MoneyOut], SeenModel):
    """A cover as stored."""

    company: Annotated[str, Field(description="The legal entity.")]
    no: Annotated[int, Field(description="Its number among the account's, from 1.")]
    created_by: Annotated[str | None, Field(description="The key that made it.")]
    created_at: Annotated[Instant, Field(description="When it was made.")]


_EXAMPLE: Final = {
    "kind": "insurance",
    "issuer": "Northern Credit Insurance",
    "reference": "P-778",
    "value": {"amount": "50000.00", "currency": "EUR"},
    "percent": "50",
    "from": "2026-01-01",
    "to": "2026-12-31",
}
LimitsCaller = Annotated[Principal, requires("limits")]

router = resource_router(prefix="/v1/customers", tag="covers")


@router.post("/{id}/covers", status_code=201, responses=documented(404))
async def add_cover(
    id: PathId,
    body: Annotated[CoverBody, Body(openapi_examples={"insurance": {"value": _EXAMPLE}})],
    caller: LimitsCaller,
    use: Use,
    company: CompanyQuery = None,
) -> CoverSeen:
    """Give an account a guarantee or an insurance."""
    chosen = choose_company(caller, query=company, body=body.company)
    entry = await use.covers.add(
        Owner(OwnerKind.CUSTOMER, id),
        content_of(body),
        tenant=caller.tenant,
        company=chosen,
        by=caller.author,
    )
    return _shown(entry)


@router.get("/{id}/covers", responses=documented(404))
async def list_covers(
    id: PathId,
    caller: LimitsCaller,
    use: Use,
    page: Annotated[PageRequest, paged(str, int)],
    company: CompanyQuery = None,
) -> Page[CoverSeen]:
    """List a customer's covers, past and future ones too, by company and number."""
    found = await use.covers.list(
        Owner(OwnerKind.CUSTOMER, id),
        tenant=caller.tenant,
        companies=choose_companies(caller, query=company),
        after=entry_cursor(page),
        limit=page.limit + 1,
    )
    return page.page(found, key=lambda entry: (entry.company, entry.no), render=_shown)


@router.delete("/{id}/covers/{no}", status_code=204, responses=documented(404))
async def delete_cover(
    id: PathId, no: EntryNumber, caller: LimitsCaller, use: Use, company: CompanyQuery = None
) -> Response:
    """Delete a cover; without a `company`, one of `main`."""
    chosen = choose_company(caller, query=company)
    await use.covers.delete(
        Owner(OwnerKind.CUSTOMER, id), no, tenant=caller.tenant, company=chosen, by=caller.author
    )
    return Response(status_code=204)


def _shown(entry: Entry) -> CoverSeen:
    return CoverSeen.of(
        entry.content,
        company=entry.company,
        no=entry.no,
        created_by=entry.created_by,
        created_at=entry.created_at,
    )
