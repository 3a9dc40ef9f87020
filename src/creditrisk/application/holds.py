"""Holds: blocked documents waiting for an authoriser (F18, F19, M29 to M32, D9, D10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol

from creditrisk.application.decisions import DecisionRecord
from creditrisk.application.errors import Conflict, FieldError, InvalidRequest, NotFound
from creditrisk.application.keys import Principal
from creditrisk.application.messages import Audience, message
from creditrisk.application.own_texts import OwnTextsOfCompanies
from creditrisk.application.release_orders import ReleaseOrder, SubmittedRelease
from creditrisk.application.release_steps import ReleaseSteps
from creditrisk.domain.decision import NotControlled, Outcome, Verdict
from creditrisk.domain.findings import Code, Severity
from creditrisk.domain.money import Money
from creditrisk.domain.release_workflow import RequestState, Resolution
from creditrisk.locale.languages import MessageLanguage


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold as stored."""

    id: str
    company: str
    customer: str
    kind: str
    number: str
    total: Money
    checkpoint: str | None
    type: str
    """`rule` (found by a check) | `forced` (put on by a person)."""
    status: str
    """`open` | `released` | `rejected` | `cleared`."""
    ready_to_release: bool
    findings: Sequence[Any]
    owner: str | None
    opened_at: datetime
    checked_at: datetime | None = None
    """When a check last found the document blocked (F19); None: a person held it, or not known."""
    operator: str | None = None
    """Id of the operator of that check."""
    closed_by: str | None = None
    closed_at: datetime | None = None
    reason: str | None = None
    review_on: date | None = None
    authorised: Money | None = None
    valid_until: date | None = None
    with_posting: bool = False
    submitted: SubmittedRelease | None = None
    """The newest request to release or reject it by approval; None: there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOpening:
    """A check blocked a document: its rule hold is opened, or the open one refreshed."""

    company: str
    customer: str
    kind: str
    number: str
    total: Money
    checkpoint: str
    findings: Sequence[Any]
    owner: str | None
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldClosing:
    """A check let a held document pass: `cleared`, or `released` by the operator whose role overrode it."""

    id: str
    status: str
    closed_by: str | None
    on: date
    authorised: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseUsed:
    """A check passed on a release that is good for one check only."""

    hold: str


class ReleaseSpent(Exception):
    """Another check has passed on the release meanwhile, which was good for one only: decide again."""


HoldChange = HoldOpening | HoldClosing | ReleaseUsed


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldFilter:
    """Which holds to list; None: any."""

    ids: frozenset[str] | None = None
    companies: frozenset[str] | None = None
    status: str | None = None
    customer: str | None = None


class HoldStore(Protocol):
    """Keeps holds."""

    async def change(self, change: HoldChange, record: DecisionRecord) -> None:
        """Apply what a check does to a hold and keep the decision that did it, together and durably.

        An opening finds the document's open rule hold by itself; the id it then has is put into the record's
        answer.

        Raises:
            ReleaseSpent: the release has been used up meanwhile; nothing is kept.
        """

    async def get(self, hold_id: str, *, tenant: str) -> Hold | None:
        """One hold; None where this tenant has none of that id."""

    async def list(self, wanted: HoldFilter, *, tenant: str, after: str | None, limit: int) -> Sequence[Hold]:
        """Holds in the order they were opened, those after `after`."""

    async def reasons(self, reason_type: str, *, tenant: str) -> frozenset[str]:
        """The codes of one type of reason; empty where the tenant keeps none."""

    async def release(
        self, hold_id: str, order: ReleaseOrder, *, tenant: str, by: str, authorised: Money
    ) -> Hold | None:
        """Release an open hold; None where it is not open any more."""

    async def reject(self, hold_id: str, *, tenant: str, by: str, reason: str | None) -> Hold | None:
        """Reject an open hold; None where it is not open any more."""

    async def force(
        self,
        *,
        tenant: str,
        company: str,
        document: tuple[str, str] | None,
        customer: str | None,
        by: str,
        reason: str,
    ) -> Sequence[Hold]:
        """Put stored documents on hold: the named one, or every open one of a customer.

        Documents already held by a person keep their hold.
        """


def hold_change(
    verdict: Verdict,
    *,
    open_hold: str | None,
    findings: Sequence[Any],
    owner: str | None,
    request: Mapping[str, Any],
) -> HoldChange | None:
    """What a check does to the document's rule hold.

    Blocked with a number, and the document may be saved: opened or refreshed. Not blocked: an open one is
    closed, unless this step is not checked, a pro forma's for instance, and so tells nothing. A document that
    nothing but a person's hold blocks waits in that one already.
    """
    situation = verdict.situation
    document = situation.check.document
    if document is None or document.number is None:
        return None
    if verdict.decision is Outcome.BLOCK:
        if verdict.obligations.save != "allowed" or (open_hold is None and _held_by_a_person_alone(verdict)):
            return None
        return HoldOpening(
            company=situation.check.company,
            customer=situation.check.customer,
            kind=document.kind,
            number=document.number,
            total=document.total,
            checkpoint=situation.check.checkpoint,
            findings=findings,
            owner=owner or situation.check.operator.id,
            request=request,
        )
    if open_hold is not None and verdict.not_controlled is not NotControlled.CHECKPOINT_OFF:
        return HoldClosing(
            id=open_hold,
            status="released" if verdict.overridden else "cleared",
            closed_by=situation.check.operator.id,
            on=situation.as_of,
            authorised=document.total if verdict.overridden else None,
        )
    if verdict.release is not None and situation.policy.recheck_after_release == "always":
        return ReleaseUsed(hold=verdict.release.hold)
    return None


def _held_by_a_person_alone(verdict: Verdict) -> bool:
    return {f.code for f in verdict.findings if f.severity is Severity.HARD} == {Code.FORCED_HOLD}


@dataclass(frozen=True, slots=True)
class Holds:
    """What people do with holds. Needs a store that keeps them."""

    store: HoldStore
    texts: OwnTextsOfCompanies
    steps: ReleaseSteps

    async def told(
        self, holds: Sequence[Hold], *, language: MessageLanguage, principal: Principal
    ) -> Sequence[Hold]:
        """The same holds with their findings worded for who reads them now, in the texts of now.

        They were stored in the language of who was told first: the clerk, not the authoriser.
        """
        companies = frozenset(hold.company for hold in holds if hold.findings)
        texts = await self.texts.of(companies, principal=principal) if companies else {}

        def worded(hold: Hold) -> Sequence[Any]:
            own = texts.get(hold.company, {})
            audience = Audience(language=language, user=hold.operator, own=own)
            return [{**finding, "message": message(finding, audience)} for finding in hold.findings]

        return [replace(hold, findings=worded(hold)) for hold in holds]

    async def get(self, hold_id: str, *, principal: Principal) -> Hold:
        """One hold.

        Raises:
            NotFound: this tenant has no such hold.
            Forbidden: it is in a company the key does not reach.
        """
        hold = await self.store.get(hold_id, tenant=principal.tenant)
        if hold is None:
            raise NotFound("There is no such hold.")
        principal.require_company(hold.company)
        return hold

    async def release(self, hold_id: str, order: ReleaseOrder, *, principal: Principal) -> Hold:
        """Authorise a held document, up to an amount and until a day if given.

        Where the company's steps of approval are needed for the amount, a rule hold is released as it was
        approved: what the caller does not say is taken from there.

        Raises:
            NotFound: as `get`.
            Conflict: the hold is not open any more; approval is needed, and there is none, or one for less.
            InvalidRequest: the reason is none of the tenant's release reasons, or the amount is in another
                currency than the held document.
        """
        hold = await self.get(hold_id, principal=principal)
        approved = _approved(hold, Resolution.RELEASE)
        order = order if approved is None else approved.completing(order)
        await self.require_reason("release", order.reason, principal)
        authorised = authorised_amount(hold, order)
        if approved is None:
            await self._refuse_if_needed(hold, authorised, "approval_needed", tenant=principal.tenant)
        elif not approved.covers(order, authorised):
            await self._refuse_if_needed(hold, authorised, "more_than_approved", tenant=principal.tenant)
        return _still_open(
            await self.store.release(
                hold_id, order, tenant=principal.tenant, by=principal.author, authorised=authorised
            ),
            hold,
        )

    async def reject(self, hold_id: str, *, reason: str | None, principal: Principal) -> Hold:
        """Take a document off the queue without authorising it; checking it again may open a new hold.

        Where the company's steps of approval are needed for the held amount, they have to approve it first;
        the reason is the approved one unless the caller gives another.

        Raises: as `release`.
        """
        hold = await self.get(hold_id, principal=principal)
        approved = _approved(hold, Resolution.REJECT)
        if approved is None:
            await self._refuse_if_needed(hold, hold.total, "approval_needed", tenant=principal.tenant)
        else:
            reason = reason or approved.order.reason
        await self.require_reason("release", reason, principal)
        return _still_open(
            await self.store.reject(hold_id, tenant=principal.tenant, by=principal.author, reason=reason),
            hold,
        )

    async def force(
        self,
        *,
        company: str,
        document: tuple[str, str] | None,
        customer: str | None,
        reason: str,
        principal: Principal,
    ) -> Sequence[Hold]:
        """Put one stored document, or every open one of a customer, on hold by order of a person (M32).

        Raises:
            NotFound: the document was never stored.
            InvalidRequest: the reason is none of the tenant's hold reasons.
        """
        await self.require_reason("hold", reason, principal)
        held = await self.store.force(
            tenant=principal.tenant,
            company=company,
            document=document,
            customer=customer,
            by=principal.author,
            reason=reason,
        )
        if document is not None and not held:
            raise NotFound("There is no such document.")
        return held

    async def _refuse_if_needed(self, hold: Hold, amount: Money, code: str, *, tenant: str) -> None:
        """Refuse what steps of approval are needed for. What a person holds needs none (M32)."""
        if hold.type == "rule" and await self.steps.needed(
            hold.company, amount, held=hold.total, tenant=tenant
        ):
            raise Conflict("This needs approval.", code=code)

    async def require_reason(self, reason_type: str, reason: str | None, principal: Principal) -> None:
        """Make sure that a reason is one of its type, where the tenant keeps any of it (M34).

        Raises:
            InvalidRequest: it is none of them.
        """
        accepted = await self.store.reasons(reason_type, tenant=principal.tenant)
        if accepted and reason not in accepted:
            raise InvalidRequest(
                f"The reason must be one of the {reason_type} reasons.",
                errors=[FieldError("/reason", "unknown_reason", f"must be a reason of type {reason_type}")],
            )


def authorised_amount(hold: Hold, order: ReleaseOrder) -> Money:
    """What a release authorises: what the order says, else what is held.

    Raises:
        InvalidRequest: it is in another currency than the held document.
    """
    authorised = order.up_to or hold.total
    if authorised.currency != hold.total.currency:
        raise InvalidRequest(
            "The authorised amount must be in the document's currency.",
            errors=[FieldError("/up_to/currency", "other_currency", "must be the held document's currency")],
        )
    return authorised


def _approved(hold: Hold, resolution: Resolution) -> SubmittedRelease | None:
    submitted = hold.submitted
    if submitted is None or submitted.request.state is not RequestState.APPROVED:
        return None
    return submitted if submitted.request.resolution is resolution else None


def _still_open(changed: Hold | None, hold: Hold) -> Hold:
    if changed is None:
        raise Conflict(
            f"The hold is {hold.status if hold.status != 'open' else 'closed'} already.", code="hold_closed"
        )
    return changed
