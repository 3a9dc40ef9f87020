"""What people say when they release a hold, and what they ask others to approve."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from creditrisk.domain.money import Money
from creditrisk.domain.people import Person
from creditrisk.domain.release_workflow import Approval, ReleaseRequest, RequestState, Resolution, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOrder:
    """What a person says when releasing a hold."""

    reason: str | None = None
    review_on: date | None = None
    with_posting: bool = False
    up_to: Money | None = None
    """The authorised amount; None: the held one."""
    valid_until: date | None = None
    as_of: date | None = None
    """The day of the release; None: today in the company's time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedRelease:
    """A release, or a rejection, that waits for approval, or was approved, declined or recalled."""

    request: ReleaseRequest
    order: ReleaseOrder
    """How to release the hold once it is approved; of a rejection, why."""
    submitted_at: datetime

    def completing(self, order: ReleaseOrder) -> ReleaseOrder:
        """The same order with what it does not say taken from the approved one."""
        return replace(
            order,
            reason=order.reason or self.order.reason,
            review_on=order.review_on or self.order.review_on,
            with_posting=order.with_posting or self.order.with_posting,
            up_to=order.up_to or self.request.amount,
            valid_until=order.valid_until or self.order.valid_until,
        )

    def covers(self, order: ReleaseOrder, authorised: Money) -> bool:
        """Whether no more than was approved is authorised, and for no longer."""
        end, approved_end = order.valid_until, self.order.valid_until
        return (
            authorised.currency == self.request.amount.currency
            and authorised.amount <= self.request.amount.amount
            and (approved_end is None or (end is not None and end <= approved_end))
        )


def step_of(id: str, content: Mapping[str, Any]) -> Step:
    """Read a step of approval from its stored content, which leaves out fields at their default."""
    above = content.get("above")
    return Step(
        id=id,
        position=content.get("position", 1),
        above=None if above is None else _money(above),
        approvals=content.get("approvals", 1),
        roles=frozenset(content.get("roles", ())),
        keys=frozenset(content.get("keys", ())),
        releases=content.get("releases", True),
    )


def submitted_as_data(submitted: SubmittedRelease) -> dict[str, Any]:
    """A submitted release as it is kept with its hold."""
    request, order = submitted.request, submitted.order
    return {
        "action": request.resolution.value,
        "state": request.state.value,
        "amount": _plain(request.amount),
        "submitted_by": request.submitted_by._asdict(),
        "submitted_at": submitted.submitted_at.isoformat(),
        "steps": [_step_as_data(step) for step in request.steps],
        "approvals": [{"step": each.step, **each.by._asdict()} for each in request.approvals],
        "order": {
            "reason": order.reason,
            "review_on": order.review_on and order.review_on.isoformat(),
            "with_posting": order.with_posting,
            "valid_until": order.valid_until and order.valid_until.isoformat(),
            "as_of": order.as_of and order.as_of.isoformat(),
        },
    }


def submitted_of(data: Mapping[str, Any]) -> SubmittedRelease:
    """Read a submitted release as it was kept; old ones have no names of keys, and are for releases."""
    order, amount = data["order"], _money(data["amount"])
    return SubmittedRelease(
        request=ReleaseRequest(
            steps=[step_of(step["id"], step) for step in data["steps"]],
            amount=amount,
            submitted_by=_person(data["submitted_by"]),
            resolution=Resolution(data.get("action", Resolution.RELEASE)),
            state=RequestState(data["state"]),
            approvals=[Approval(each["step"], _person(each)) for each in data["approvals"]],
        ),
        order=ReleaseOrder(
            reason=order["reason"],
            review_on=_day(order["review_on"]),
            with_posting=order["with_posting"],
            up_to=amount,
            valid_until=_day(order["valid_until"]),
            as_of=_day(order["as_of"]),
        ),
        submitted_at=datetime.fromisoformat(data["submitted_at"]),
    )


def _step_as_data(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "position": step.position,
        "above": None if step.above is None else _plain(step.above),
        "approvals": step.approvals,
        "roles": sorted(step.roles),
        "keys": sorted(step.keys),
        "releases": step.releases,
    }


def _person(data: Mapping[str, Any]) -> Person:
    return Person(data["key"], data["operator"], data.get("name", ""))


def _plain(money: Money) -> dict[str, str]:
    return {"amount": format(money.amount, "f"), "currency": money.currency}


def _money(plain: Mapping[str, str]) -> Money:
    return Money(Decimal(plain["amount"]), plain["currency"])


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
