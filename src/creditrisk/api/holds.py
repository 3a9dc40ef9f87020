"""Holds over HTTP: the queue of blocked documents, and what people decide about them."""

from typing import Annotated, Final

from fastapi import Body, Path, Query
from pydantic import Field, model_validator

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies, choose_company
from creditrisk.api.context import Use
from creditrisk.api.decisions import cursor_id
from creditrisk.api.hold_answer import HoldOut, HoldStatus, Reading, shown, shown_to
from creditrisk.api.languages import documented_language
from creditrisk.api.master_data import NotNegative
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import (
    Day,
    DocumentKind,
    Identifier,
    Prose,
    ReferenceDay,
    Several,
    WireModel,
    refuse,
)
from creditrisk.application.hold_evaluation import AT_ONCE
from creditrisk.application.holds import HoldFilter
from creditrisk.application.keys import Principal
from creditrisk.application.release_orders import ReleaseOrder


class ReleaseIn(WireModel):
    """How a document is authorised; everything is optional."""

    reason: Annotated[Prose | None, Field(description="A release reason's code, where any exist.")] = None
    review_on: Annotated[Day | None, Field(description="When to look at it again.")] = None
    with_posting: Annotated[bool, Field(description="Run the stopped step, too.")] = False
    up_to: Annotated[NotNegative | None, Field(description="Authorised amount; absent: the held total.")] = (
        None
    )
    valid_until: Annotated[Day | None, Field(description="Last day of the authorisation.")] = None
    as_of: Annotated[ReferenceDay | None, Field(description="Day of the release; absent: today.")] = None

    @property
    def order(self) -> ReleaseOrder:
        """The same to the use cases."""
        return ReleaseOrder(
            reason=self.reason,
            review_on=self.review_on,
            with_posting=self.with_posting,
            up_to=self.up_to.money if self.up_to else None,
            valid_until=self.valid_until,
            as_of=self.as_of,
        )


class RejectIn(WireModel):
    """Why a document is rejected."""

    reason: Annotated[Prose | None, Field(description="A release reason's code, where any exist.")] = None


class HeldFilterIn(WireModel):
    """Which documents to put on hold."""

    customer: Annotated[Identifier, Field(description="Every open document of this ordering customer.")]


class ForceIn(WireModel):
    """Puts one stored document, or every open one of a customer, on hold."""

    company: Annotated[Identifier | None, Field(description="The legal entity; absent: `main`.")] = None
    kind: Annotated[DocumentKind | None, Field(description="What the document is.")] = None
    number: Annotated[Identifier | None, Field(description="Its number.")] = None
    filter: Annotated[HeldFilterIn | None, Field(description="Names several documents instead of one.")] = (
        None
    )
    reason: Annotated[Prose, Field(min_length=1, description="A hold reason's code, where any exist.")]

    @model_validator(mode="after")
    def _one_or_many(self) -> "ForceIn":
        if (self.kind is None) != (self.number is None) or (self.kind is None) == (self.filter is None):
            raise refuse("required", "must name either kind and number, or a filter")
        return self


class EvaluateIn(WireModel):
    """Which holds to evaluate; nothing named: every open one."""

    ids: Annotated[
        Several[Identifier] | None, Field(max_length=AT_ONCE, description="These; each must exist.")
    ] = None
    customer: Annotated[Identifier | None, Field(description="Every open one of this ordering customer.")] = (
        None
    )

    @model_validator(mode="after")
    def _one_way(self) -> "EvaluateIn":
        if self.ids is not None and self.customer is not None:
            raise refuse("not_allowed", "must name ids or a customer, not both")
        return self


class HoldsOut(WireModel):
    """The holds asked for."""

    results: Annotated[list[HoldOut], Field(description="The holds as they are now.")]


_FORCE: Final = {
    "document": {
        "summary": "One document",
        "value": {"kind": "order", "number": "SO-2026-0001", "reason": "The customer asked us to wait."},
    },
    "customer": {
        "summary": "Every open document of a customer",
        "value": {"filter": {"customer": "C-1001"}, "reason": "A payment bounced."},
    },
}
_RELEASE: Final = {
    "plain": {"summary": "As it is held", "value": {"reason": "The payment is announced."}},
    "bounded": {
        "summary": "Up to an amount and a day, and looked at again",
        "value": {
            "reason": "Agreed with the customer.",
            "up_to": {"amount": "45000.00", "currency": "EUR"},
            "valid_until": "2026-12-31",
            "review_on": "2026-12-15",
        },
    },
}
_EVALUATE: Final = {
    "all": {"summary": "Every open hold", "value": {}},
    "customer": {"summary": "Those of a customer", "value": {"customer": "C-1001"}},
}
_REJECT: Final = {"plain": {"summary": "With a reason", "value": {"reason": "The limit is not raised."}}}

HoldId = Annotated[str, Path(description="The id of the hold.")]


router = resource_router(prefix="/v1/holds", tag="holds")


@router.get("", openapi_extra=documented_language())
async def list_holds(
    *,
    caller: Annotated[Principal, requires("holds")],
    use: Use,
    reader: Reading,
    page: Annotated[PageRequest, paged(str)],
    company: CompanyQuery = None,
    status: Annotated[HoldStatus | None, Query(description="Only these.")] = None,
    customer: Annotated[Identifier | None, Query(description="Only this ordering customer's.")] = None,
) -> Page[HoldOut]:
    """List the queue over all companies, in the order the holds were opened."""
    wanted = HoldFilter(companies=choose_companies(caller, query=company), status=status, customer=customer)
    after = cursor_id(page)
    found = await use.holds.store.list(
        wanted, tenant=caller.tenant, after=str(after) if after else None, limit=page.limit + 1
    )
    return page.page(await reader.told(*found), key=lambda hold: (hold.id,), render=shown)


@router.get("/{id}", responses=documented(404), openapi_extra=documented_language())
async def get_hold(
    id: HoldId, caller: Annotated[Principal, requires("holds")], use: Use, reader: Reading
) -> HoldOut:
    """Show one hold."""
    return await shown_to(reader, await use.holds.get(id, principal=caller))


@router.post("", responses=documented(404), openapi_extra=documented_language())
async def force_hold(
    body: Annotated[ForceIn, Body(openapi_examples=_FORCE)],
    caller: Annotated[Principal, requires("holds")],
    use: Use,
    reader: Reading,
) -> HoldsOut:
    """Put stored documents on hold by order of a person; only a person takes such a hold off."""
    holds = await use.holds.force(
        company=choose_company(caller, query=None, body=body.company),
        document=(body.kind, body.number) if body.kind and body.number else None,
        customer=body.filter.customer if body.filter else None,
        reason=body.reason,
        principal=caller,
    )
    return HoldsOut(results=[shown(hold) for hold in await reader.told(*holds)])


@router.post(":evaluate", responses=documented(404), openapi_extra=documented_language())
async def evaluate_holds(
    *,
    caller: Annotated[Principal, requires("holds")],
    use: Use,
    reader: Reading,
    body: Annotated[EvaluateIn | None, Body(openapi_examples=_EVALUATE)] = None,
    company: CompanyQuery = None,
) -> HoldsOut:
    """Run held checks again with today's facts: what does not hold any more is dropped from `findings`.

    With none left, `ready_to_release` is true, and where the policy's `auto_release` says so the hold is
    `cleared`. A document stated again since its check is taken as stated, one deleted or cancelled is held by
    nothing. What a person holds becomes ready in the same way, and stays open until a person releases it.
    """
    body = body or EvaluateIn()
    # Who names a hold of a company out of reach is told so; others are not looked for there.
    everywhere = body.ids is not None and company is None
    wanted = HoldFilter(
        ids=None if body.ids is None else frozenset(body.ids),
        companies=None if everywhere else choose_companies(caller, query=company),
        status="open" if body.ids is None else None,
        customer=body.customer,
    )
    holds = await use.hold_evaluation.evaluate(wanted, principal=caller)
    return HoldsOut(results=[shown(hold) for hold in await reader.told(*holds)])


@router.post("/{id}/release", responses=documented(404, 409), openapi_extra=documented_language())
async def release_hold(
    id: HoldId,
    caller: Annotated[Principal, requires("holds")],
    use: Use,
    reader: Reading,
    body: Annotated[ReleaseIn | None, Body(openapi_examples=_RELEASE)] = None,
) -> HoldOut:
    """Authorise the held document up to an amount, and until a day if given.

    Where the amount needs steps of approval it is refused (409) until they have approved it; what the request
    does not say is then taken from what was approved.
    """
    order = (body or ReleaseIn()).order
    return await shown_to(reader, await use.holds.release(id, order, principal=caller))


@router.post("/{id}/reject", responses=documented(404, 409), openapi_extra=documented_language())
async def reject_hold(
    id: HoldId,
    caller: Annotated[Principal, requires("holds")],
    use: Use,
    reader: Reading,
    body: Annotated[RejectIn | None, Body(openapi_examples=_REJECT)] = None,
) -> HoldOut:
    """Take the document off the queue without authorising it; checking it again may open a new hold.

    Where the held total needs steps of approval it is refused (409) until they have approved the rejection.
    """
    hold = await use.holds.reject(id, reason=body.reason if body else None, principal=caller)
    return await shown_to(reader, hold)
