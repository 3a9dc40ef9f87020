"""Releasing and rejecting holds by approval, and the trail of who tried what (M33)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, NoReturn, Protocol

from creditrisk.application.errors import Conflict, Forbidden
from creditrisk.application.holds import Hold, Holds, authorised_amount
from creditrisk.application.keys import Principal
from creditrisk.application.release_orders import ReleaseOrder, SubmittedRelease
from creditrisk.domain.people import Person
from creditrisk.domain.release_workflow import Objection, ReleaseRequest, RequestState, Resolution


class Action(StrEnum):
    """What people do with holds."""

    SUBMIT = "submit"
    """Ask for its release."""
    SUBMIT_REJECT = "submit_reject"
    APPROVE = "approve"
    DECLINE = "decline"
    RECALL = "recall"
    RELEASE = "release"
    REJECT = "reject"
    FORCE = "force"
    """Put it on, whatever checks say (M32)."""


class Actor(NamedTuple):
    """Who acts, and what they say about it."""

    principal: Principal
    operator: str | None = None
    """The operator whom the key says to be at the keyboard."""
    comment: str | None = None

    @property
    def person(self) -> Person:
        """Who acts."""
        return self.principal.person(self.operator)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEvent:
    """One line of the trail of a hold."""

    hold: str
    action: Action
    by: str
    """Name or id of the API key."""
    operator: str | None = None
    step: str | None = None
    """Of approval, at which it happened."""
    refused: str | None = None
    """Why it was refused; None: it was done."""
    comment: str | None = None


class KeptEvent(NamedTuple):
    """An event as it is kept."""

    id: str
    at: datetime
    event: HoldEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is to become of a hold and of the request about it."""

    submitted: SubmittedRelease
    event: HoldEvent
    carry_out: bool = False
    """Release or reject the hold, as was asked for."""


class ReleaseRequestStore(Protocol):
    """Keeps requests with their holds, and the trail."""

    async def rule(self, hold_id: str, decide: Callable[[Hold], Ruling], *, tenant: str) -> Hold:
        """Let one decide what becomes of a hold, and keep it with its event; nobody else does meanwhile.

        What `decide` raises is raised, and nothing is kept.
        """

    async def record(self, event: HoldEvent, *, tenant: str) -> None:
        """Keep an event, whatever becomes of what the caller is doing."""

    async def history(
        self, hold_id: str, *, tenant: str, after: str | None, limit: int
    ) -> Sequence[KeptEvent]:
        """The events of a hold in their order, those after `after`."""


_WHY: Final = {
    Objection.OWN_REQUEST: "Who made a request cannot decide about it.",
    Objection.APPROVED_BEFORE: "Who has approved a step cannot decide about the request again.",
    Objection.NOT_AN_APPROVER: "This step is for others to decide about.",
    Objection.NOT_THE_SUBMITTER: "Only who made a request can recall it.",
}
_SUBMITTING: Final = {Resolution.RELEASE: Action.SUBMIT, Resolution.REJECT: Action.SUBMIT_REJECT}


@dataclass(frozen=True, slots=True)
class ReleaseRequests:
    """What people do with holds whose release or rejection needs approval.

    Attempts by those who may not are refused and written down.
    """

    holds: Holds
    store: ReleaseRequestStore
    now: Callable[[], datetime]

    async def submit(
        self, hold_id: str, order: ReleaseOrder, *, resolution: Resolution, actor: Actor
    ) -> Hold:
        """Ask for the release or rejection of a hold; the steps needed for the amount have to approve it.

        Where the other of both was approved and not carried out, this takes its place.

        Raises:
            NotFound: there is no such hold.
            Conflict: it is not open any more, a person put it on, a request is pending, the same is approved
                already, or no step is needed.
            InvalidRequest: as `Holds.release`.
        """
        hold = await self.holds.get(hold_id, principal=actor.principal)
        await self.holds.require_reason("release", order.reason, actor.principal)
        amount = authorised_amount(hold, order)
        steps = await self.holds.steps.needed(
            hold.company, amount, held=hold.total, tenant=actor.principal.tenant
        )
        request = ReleaseRequest(steps=steps, amount=amount, submitted_by=actor.person, resolution=resolution)
        submitted = SubmittedRelease(
            request=request, order=replace(order, up_to=amount), submitted_at=self.now()
        )

        def decide(hold: Hold) -> Ruling:
            _require_open(hold)
            if hold.type == "forced":
                raise Conflict("What a person holds, a person releases.", code="forced_hold")
            if hold.submitted and not hold.submitted.request.gives_way_to(resolution):
                raise Conflict("A request was submitted before.", code="submitted_before")
            if not steps:
                raise Conflict("This needs no approval.", code="no_approval_needed")
            return Ruling(submitted=submitted, event=_event(hold_id, _SUBMITTING[resolution], actor))

        return await self.store.rule(hold_id, decide, tenant=actor.principal.tenant)

    async def approve(self, hold_id: str, *, actor: Actor) -> Hold:
        """Agree to the current step; the last approval releases or rejects the hold where its step says so.

        Raises:
            NotFound: there is no such hold.
            Conflict: it is not open any more, or no request is pending.
            Forbidden: this is for others to decide; the attempt is written down.
        """
        hold = await self.holds.get(hold_id, principal=actor.principal)
        roles = await self._roles(hold, actor)

        def decide(hold: Hold) -> Ruling:
            pending = _pending(hold)
            _require_no(pending.request.objection(actor.person, roles=roles))
            request = pending.request.approved(actor.person)
            return Ruling(
                submitted=replace(pending, request=request),
                event=_event(hold_id, Action.APPROVE, actor, pending),
                carry_out=request.state is RequestState.APPROVED and request.carried_out,
            )

        return await self._ruled(hold, decide, Action.APPROVE, actor)

    async def decline(self, hold_id: str, *, actor: Actor) -> Hold:
        """Refuse the current step; a request may be submitted anew.

        Raises: as `approve`.
        """
        hold = await self.holds.get(hold_id, principal=actor.principal)
        roles = await self._roles(hold, actor)

        def decide(hold: Hold) -> Ruling:
            pending = _pending(hold)
            _require_no(pending.request.objection(actor.person, roles=roles))
            return Ruling(
                submitted=replace(pending, request=pending.request.ended(RequestState.DECLINED)),
                event=_event(hold_id, Action.DECLINE, actor, pending),
            )

        return await self._ruled(hold, decide, Action.DECLINE, actor)

    async def recall(self, hold_id: str, *, actor: Actor) -> Hold:
        """Take a pending request back; another may be submitted.

        Raises: as `approve`.
        """
        hold = await self.holds.get(hold_id, principal=actor.principal)

        def decide(hold: Hold) -> Ruling:
            pending = _pending(hold)
            if not actor.person.may_be(pending.request.submitted_by):
                _refuse(Objection.NOT_THE_SUBMITTER)
            return Ruling(
                submitted=replace(pending, request=pending.request.ended(RequestState.RECALLED)),
                event=_event(hold_id, Action.RECALL, actor, pending),
            )

        return await self._ruled(hold, decide, Action.RECALL, actor)

    async def history(
        self, hold_id: str, *, principal: Principal, after: str | None, limit: int
    ) -> Sequence[KeptEvent]:
        """What people did with a hold, and tried to do, in its order.

        Raises:
            NotFound: there is no such hold.
        """
        await self.holds.get(hold_id, principal=principal)
        return await self.store.history(hold_id, tenant=principal.tenant, after=after, limit=limit)

    async def _roles(self, hold: Hold, actor: Actor) -> frozenset[str]:
        return await self.holds.steps.roles(
            actor.operator, company=hold.company, tenant=actor.principal.tenant
        )

    async def _ruled(
        self, hold: Hold, decide: Callable[[Hold], Ruling], action: Action, actor: Actor
    ) -> Hold:
        tenant = actor.principal.tenant
        try:
            return await self.store.rule(hold.id, decide, tenant=tenant)
        except Forbidden as refused:
            event = _event(hold.id, action, actor, hold.submitted)
            await self.store.record(replace(event, refused=refused.code), tenant=tenant)
            raise


def _event(hold: str, action: Action, actor: Actor, submitted: SubmittedRelease | None = None) -> HoldEvent:
    step = submitted.request.current if submitted else None
    return HoldEvent(
        hold=hold,
        action=action,
        by=actor.principal.author,
        operator=actor.operator,
        step=None if step is None else step.id,
        comment=actor.comment,
    )


def _require_open(hold: Hold) -> None:
    if hold.status != "open":
        raise Conflict(f"The hold is {hold.status} already.", code="hold_closed")


def _pending(hold: Hold) -> SubmittedRelease:
    _require_open(hold)
    if hold.submitted is None or hold.submitted.request.state is not RequestState.PENDING:
        raise Conflict("No request is pending.", code="nothing_pending")
    return hold.submitted


def _require_no(objection: Objection | None) -> None:
    if objection is not None:
        _refuse(objection)


def _refuse(objection: Objection) -> NoReturn:
    raise Forbidden(_WHY[objection], code=objection.value)
