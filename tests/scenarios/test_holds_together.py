"""Checks that change holds at one moment share a statement: each tells and keeps what became of its hold."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.scenarios.erp import Erp
from tests.service import JSON

DOCUMENTS = [f"O-{number}" for number in range(4)]
ROUNDS = 6


@pytest.fixture
def shop(erp: Erp) -> Erp:
    """C-1 may owe 100."""
    erp.account(limit="100.00")
    return erp


def all_checked_at_once(shop: Erp, total: str) -> Sequence[tuple[str, JSON]]:
    """Check each document several times at the same moment; number and answer of each check."""
    numbers = DOCUMENTS * ROUNDS
    with ThreadPoolExecutor(len(numbers)) as threads:
        return list(zip(numbers, threads.map(partial(shop.check, "order", total), numbers), strict=True))


def as_recorded(shop: Erp, answer: JSON) -> JSON:
    """What the decision's record says about the hold."""
    recorded = shop.get(f"/v1/decisions/{answer['decision_id']}")["answer"]["hold"]
    assert isinstance(recorded, dict)
    return recorded


def numbers_of(holds: Sequence[JSON]) -> list[str]:
    return sorted(hold["document"]["number"] for hold in holds)


def test_a_document_has_one_hold_however_many_check_it_at_the_same_moment(shop: Erp) -> None:
    told: dict[str, set[str]] = defaultdict(set)
    for number, answer in all_checked_at_once(shop, "150.00"):
        assert answer["hold"]["status"] == "open"
        assert as_recorded(shop, answer) == answer["hold"]
        told[number].add(answer["hold"]["id"])

    holds = shop.holds(status="open")
    assert numbers_of(holds) == DOCUMENTS
    assert told == {hold["document"]["number"]: {hold["id"]} for hold in holds}


def test_a_hold_is_cleared_once_by_one_of_those_that_pass_at_the_same_moment(shop: Erp) -> None:
    held = {number: answer["hold"]["id"] for number, answer in all_checked_at_once(shop, "150.00")}

    cleared = [(number, answer) for number, answer in all_checked_at_once(shop, "50.00") if answer["hold"]]

    assert len(cleared) == len(DOCUMENTS)
    assert {number: answer["hold"] for number, answer in cleared} == {
        number: {"id": hold, "status": "cleared"} for number, hold in held.items()
    }
    assert all(as_recorded(shop, answer) == answer["hold"] for _, answer in cleared)
    assert numbers_of(shop.holds(status="cleared")) == DOCUMENTS
    assert shop.holds(status="open") == []
