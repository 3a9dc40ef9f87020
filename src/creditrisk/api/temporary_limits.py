"""Temporary limits over HTTP, of customers and of credit groups."""

from typing import Annotated, Final

from fastapi import Body, Response
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies, choose_company, choose_company_or_every
from creditrisk.api.context import Use
from creditrisk.api.master_data import EntryNumber, NotNegative, SeenModel, Validity, content_of, entry_cursor
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Identifier, Instant, MoneyOut, PathId
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import Entry, Owner, OwnerKind
from creditrisk.application.keys import Principal


class TemporaryLimitBody(Validity):
    """A limit for a period. While it is valid it replaces the own limit, even when it is lower.

    Of several valid ones the latest `from` wins, then the one made last.
    """

    company: Annotated[
        Identifier | None,
        Field(description="Whose account; absent: `main`. Ignored for credit groups, which span all."),
    ] = None
    limit: Annotated[NotNegative, Field(description="The limit while the period lasts.")]


class TemporaryLimitSeen(SeenModel, Validity):
    """A temporary limit as stored."""

    company: Annotated[str | None, Field(description="Null for a credit group's.")]
    no: Annotated[int, Field(description="Its number among the owner's, from 1.")]
    limit: Annotated[MoneyOut, Field(description="The limit while the period lasts.")]
    created_by: Annotated[str | None, Field(description="The key that made it.")]
    created_at: Annotated[Instant, Field(description="When it was made.")]


_EXAMPLE: Final = {
    "limit": {"amount": "150000.00", "currency": "EUR"},
    "from": "2026-12-01",
    "to": "2026-12-31",
}
LimitIn = Annotated[TemporaryLimitBody, Body(openapi_examples={"season": {"value": _EXAMPLE}})]
LimitsCaller = Annotated[Principal, requires("limits")]

router = resource_router(prefix="/v1", tag="temporary limits")


@router.post("/customers/{id}/temporary-limits", status_code=201, responses=documented(404))
async def add_temporary_limit(
    id: PathId, body: LimitIn, caller: LimitsCaller, use: Use, company: CompanyQuery = None
) -> TemporaryLimitSeen:
    """Give an account a limit for a period."""
    chosen = choose_company(caller, query=company, body=body.company)
    owner = Owner(OwnerKind.CUSTOMER, id)
    entry = await use.temporary_limits.add(
        owner, content_of(body), tenant=caller.tenant, company=chosen, by=caller.author
    )
    return _shown(entry)


@router.get("/customers/{id}/temporary-limits", responses=documented(404))
async def list_temporary_limits(
    id: PathId,
    caller: LimitsCaller,
    use: Use,
    page: Annotated[PageRequest, paged(str, int)],
    company: CompanyQuery = None,
) -> Page[TemporaryLimitSeen]:
    """List a customer's temporary limits, past and future ones too, by company and number."""
    owner = Owner(OwnerKind.CUSTOMER, id)
    return await _listed(owner, use, caller, page, companies=choose_companies(caller, query=company))


@router.delete("/customers/{id}/temporary-limits/{no}", status_code=204, responses=documented(404, 409))
async def delete_temporary_limit(
    id: PathId, no: EntryNumber, caller: LimitsCaller, use: Use, company: CompanyQuery = None
) -> Response:
    """Delete a temporary limit; without a `company`, one of `main`."""
    chosen = choose_company(caller, query=company)
    owner = Owner(OwnerKind.CUSTOMER, id)
    await use.temporary_limits.delete(owner, no, tenant=caller.tenant, company=chosen, by=caller.author)
    return Response(status_code=204)


@router.post("/credit-groups/{id}/temporary-limits", status_code=201, responses=documented(404))
async def add_group_temporary_limit(
    id: PathId, body: LimitIn, caller: LimitsCaller, use: Use
) -> TemporaryLimitSeen:
    """Give a credit group a limit for a period. It spans all companies, so a key limited to some may not."""
    choose_company_or_every(caller, query=None)
    owner = Owner(OwnerKind.CREDIT_GROUP, id)
    entry = await use.temporary_limits.add(
        owner, content_of(body), tenant=caller.tenant, company=EVERY_COMPANY, by=caller.author
    )
    return _shown(entry)


@router.get("/credit-groups/{id}/temporary-limits", responses=documented(404))
async def list_group_temporary_limits(
    id: PathId, caller: LimitsCaller, use: Use, page: Annotated[PageRequest, paged(str, int)]
) -> Page[TemporaryLimitSeen]:
    """List a credit group's temporary limits, past and future ones too, by number."""
    return await _listed(Owner(OwnerKind.CREDIT_GROUP, id), use, caller, page, companies=None)


@router.delete("/credit-groups/{id}/temporary-limits/{no}", status_code=204, responses=documented(404, 409))
async def delete_group_temporary_limit(
    id: PathId, no: EntryNumber, caller: LimitsCaller, use: Use
) -> Response:
    """Delete a temporary limit of a credit group. It spans all companies, as the group does."""
    choose_company_or_every(caller, query=None)
    owner = Owner(OwnerKind.CREDIT_GROUP, id)
    await use.temporary_limits.delete(
        owner, no, tenant=caller.tenant, company=EVERY_COMPANY, by=caller.author
    )
    return Response(status_code=204)


async def _listed(
    owner: Owner, use: Use, caller: Principal, page: PageRequest, *, companies: frozenset[str] | None
) -> Page[TemporaryLimitSeen]:
    found = await use.temporary_limits.list(
        owner, tenant=caller.tenant, companies=companies, after=entry_cursor(page), limit=page.limit + 1
    )
    return page.page(found, key=lambda entry: (entry.company, entry.no), render=_shown)


def _shown(entry: Entry) -> TemporaryLimitSeen:
    return TemporaryLimitSeen.of(
        entry.content,
        company=entry.company or None,
        no=entry.no,
        created_by=entry.created_by,
        created_at=entry.created_at,
    )
