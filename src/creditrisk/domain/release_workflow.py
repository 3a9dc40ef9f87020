"""Approving releases and rejections of holds in steps (M33): who has to agree, who may, when it is enough.

One person asks for it, others approve it, step by step. Nobody approves what they asked for themselves, and
nobody approves twice (docs/domain.md, Release workflow).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from creditrisk.domain.money import Money
from creditrisk.domain.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of approval."""

    id: str
    position: int = 1
    """Steps are taken in this order; those of one position in the order of their ids."""
    above: Money | None = None
    """Needed only where more than this is to be authorised; None: always."""
    approvals: int = 1
    """How many people have to agree."""
    roles: frozenset[str] = frozenset()
    """Operators with one of these roles may agree."""
    keys: frozenset[str] = frozenset()
    """So may these API keys, by id. With neither roles nor keys everybody may who may release holds."""
    releases: bool = True
    """What was asked for takes place with the last approval of this step, if it is the last one needed;
    False: it may then be carried out by whoever may release holds."""

    def open_to(self, person: Person, *, roles: frozenset[str]) -> bool:
        """Whether somebody with these roles may agree."""
        if not self.roles and not self.keys:
            return True
        return person.key in self.keys or not self.roles.isdisjoint(roles)


def needed(
    steps: Iterable[Step], authorised: Money, *, convert: Callable[[Money, str], Decimal | None]
) -> tuple[Step, ...]:
    """The steps that authorising an amount takes, in order.

    `convert` gives money in another currency. Where there is no rate the step is needed: what is not known is
    not allowed. Exactly at `above` a step is not needed.
    """

    def applies(step: Step) -> bool:
        if step.above is None:
            return True
        amount = convert(authorised, step.above.currency)
        return amount is None or amount > step.above.amount

    return tuple(sorted(filter(applies, steps), key=lambda step: (step.position, step.id)))


class Approval(NamedTuple):
    """Somebody agreed to a step."""

    step: str
    by: Person


class Resolution(StrEnum):
    """How a hold is to end, as was asked for."""

    RELEASE = "release"
    REJECT = "reject"


class RequestState(StrEnum):
    """What has become of a request."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    RECALLED = "recalled"


class Objection(StrEnum):
    """Why somebody may not do something, the first that applies."""

    OWN_REQUEST = "own_request"
    """Who made a request does not approve or decline it."""
    APPROVED_BEFORE = "approved_before"
    """Who agreed to a step agrees to no other, nor to the same one again."""
    NOT_AN_APPROVER = "not_an_approver"
    """The step is for other roles or keys."""
    NOT_THE_SUBMITTER = "not_the_submitter"
    """Only who made a request takes it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """Somebody asked for the release of a hold, or for its rejection.

    The steps are those of the moment when it was asked for: who changes them later does not change it.
    """

    steps: Sequence[Step]
    amount: Money
    """To be authorised, or rejected."""
    submitted_by: Person
    resolution: Resolution = Resolution.RELEASE
    state: RequestState = RequestState.PENDING
    approvals: Sequence[Approval] = ()

    @property
    def current(self) -> Step | None:
        """The step that waits for approvals; None: there are enough of them."""
        given = Counter(approval.step for approval in self.approvals)
        return next((step for step in self.steps if given[step.id] < step.approvals), None)

    @property
    def carried_out(self) -> bool:
        """Whether what was asked for takes place with the last approval."""
        return self.steps[-1].releases

    def gives_way_to(self, resolution: Resolution) -> bool:
        """Whether a new request, to this end, may take its place.

        Somebody may think better of an approved one; to ask for the same again would change nothing.
        """
        if self.state is RequestState.APPROVED:
            return self.resolution is not resolution
        return self.state is not RequestState.PENDING

    def objection(self, person: Person, *, roles: frozenset[str]) -> Objection | None:
        """Why somebody with these roles may not agree to the current step, nor decline it."""
        if person.may_be(self.submitted_by):
            return Objection.OWN_REQUEST
        if person.may_be_among(approval.by for approval in self.approvals):
            return Objection.APPROVED_BEFORE
        if self.current is not None and not self.current.open_to(person, roles=roles):
            return Objection.NOT_AN_APPROVER
        return None

    def approved(self, person: Person) -> "ReleaseRequest":
        """The request with one more approval of the current step."""
        if self.current is None:
            return self
        after = replace(self, approvals=(*self.approvals, Approval(self.current.id, person)))
        return after if after.current else replace(after, state=RequestState.APPROVED)

    def ended(self, state: RequestState) -> "ReleaseRequest":
        """The request declined or recalled."""
        return replace(self, state=state)
