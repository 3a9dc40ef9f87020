"""Approving releases in steps: who has to agree, and who may."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.money import Money
from creditrisk.domain.people import Person
from creditrisk.domain.release_workflow import (
    Objection,
    ReleaseRequest,
    RequestState,
    Resolution,
    Step,
    needed,
)
from tests.strategies import people

CLERK, ANNA, BORIS = Person("erp", "clerk"), Person("erp", "anna"), Person("erp", "boris")
TEAM = Step(id="TEAM", position=1, roles=frozenset({"credit"}))
HEAD = Step(id="HEAD", position=2, above=Money(Decimal(50_000), "EUR"), roles=frozenset({"head"}))
BOARD = Step(
    id="BOARD", position=3, above=Money(Decimal(200_000), "EUR"), keys=frozenset({"k-1"}), approvals=2
)
STEPS = [BOARD, HEAD, TEAM]
CREDIT = frozenset({"credit"})


def steps_for(amount: str, currency: str = "EUR") -> list[str]:
    rates = {("EUR", "EUR"): Decimal(1), ("USD", "EUR"): Decimal("0.5")}

    def convert(money: Money, target: str) -> Decimal | None:
        rate = rates.get((money.currency, target))
        return None if rate is None else money.amount * rate

    return [step.id for step in needed(STEPS, Money(Decimal(amount), currency), convert=convert)]


def asked(*steps: Step) -> ReleaseRequest:
    return ReleaseRequest(steps=steps, amount=Money(Decimal(100), "EUR"), submitted_by=CLERK)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("49999.99", "EUR", ["TEAM"]),
        ("50000.00", "EUR", ["TEAM"]),
        ("50000.01", "EUR", ["TEAM", "HEAD"]),
        ("200000.01", "EUR", ["TEAM", "HEAD", "BOARD"]),
        ("100000.00", "USD", ["TEAM"]),
        ("100000.02", "USD", ["TEAM", "HEAD"]),
        ("1.00", "JPY", ["TEAM", "HEAD", "BOARD"]),
    ],
)
def test_how_much_is_authorised_decides_which_steps_are_needed(
    amount: str, currency: str, expected: list[str]
) -> None:
    assert steps_for(amount, currency) == expected


def test_who_asked_does_not_agree() -> None:
    assert asked(TEAM).objection(CLERK, roles=CREDIT) is Objection.OWN_REQUEST


def test_who_lacks_the_role_does_not_agree() -> None:
    assert asked(TEAM).objection(ANNA, roles=frozenset({"sales"})) is Objection.NOT_AN_APPROVER
    assert asked(TEAM).objection(ANNA, roles=CREDIT) is None


def test_a_key_that_a_step_names_agrees_whatever_its_operators_roles() -> None:
    assert asked(BOARD).objection(Person("k-1"), roles=frozenset()) is None
    assert asked(BOARD).objection(Person("k-2"), roles=frozenset()) is Objection.NOT_AN_APPROVER


def test_a_step_without_roles_and_keys_is_open_to_all_others() -> None:
    assert asked(Step(id="FOUR-EYES")).objection(ANNA, roles=frozenset()) is None


def test_who_agreed_to_a_step_agrees_to_no_other() -> None:
    request = asked(TEAM, HEAD).approved(ANNA)
    assert request.current == HEAD
    assert request.objection(ANNA, roles=frozenset({"head"})) is Objection.APPROVED_BEFORE
    assert request.objection(BORIS, roles=frozenset({"head"})) is None


def test_a_step_may_need_several_people() -> None:
    request = asked(BOARD).approved(ANNA)
    assert (request.state, request.current) == (RequestState.PENDING, BOARD)
    assert request.approved(BORIS).state is RequestState.APPROVED


@pytest.mark.parametrize(
    ("state", "to_release", "to_reject"),
    [
        (RequestState.PENDING, False, False),
        (RequestState.APPROVED, False, True),
        (RequestState.DECLINED, True, True),
        (RequestState.RECALLED, True, True),
    ],
)
def test_when_a_release_that_was_asked_for_gives_way_to_another_request(
    state: RequestState, *, to_release: bool, to_reject: bool
) -> None:
    request = replace(asked(TEAM), state=state)
    assert request.gives_way_to(Resolution.RELEASE) is to_release
    assert request.gives_way_to(Resolution.REJECT) is to_reject


@given(
    st.lists(st.builds(Step, id=st.text(min_size=1), approvals=st.integers(1, 3)), min_size=1),
    st.lists(people()),
)
def test_an_approved_request_has_as_many_different_people_as_its_steps_ask_for(
    steps: list[Step], crowd: list[Person]
) -> None:
    request = asked(*{step.id: step for step in steps}.values())
    for person in crowd:
        if request.objection(person, roles=frozenset()) is None:
            request = request.approved(person)
    agreed = [request.submitted_by, *(approval.by for approval in request.approvals)]
    assert not any(one.may_be(other) for n, one in enumerate(agreed) for other in agreed[:n])
    approved = request.state is RequestState.APPROVED
    assert approved is (len(request.approvals) >= sum(step.approvals for step in request.steps))
