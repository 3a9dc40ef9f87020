"""Checks that change holds at one moment: each tells and keeps what became of its hold."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import pytest

from tests.scenarios.erp import Erp
from tests.scenarios.reserving import QUARTER_OF_AN_HOUR
from tests.service import JSON, eur, ok

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


@pytest.mark.parametrize("fields", [{}, {"reserve": QUARTER_OF_AN_HOUR}], ids=["plain", "reserving"])
def test_of_those_who_pass_on_a_release_for_one_check_at_the_same_moment_one_does(
    shop: Erp, fields: JSON
) -> None:
    shop.policy(recheck_after_release="always")
    for _ in range(ROUNDS):
        shop.release(shop.check("order", "150.00", "O-0")["hold"]["id"])
        with ThreadPoolExecutor(12) as threads:
            check = partial(shop.check, "order", "150.00", **fields)
            answers = list(threads.map(check, ["O-0"] * 12))
        assert sorted(answer["decision"] for answer in answers) == ["allow"] + ["block"] * 11
        recorded = [shop.get(f"/v1/decisions/{answer['decision_id']}")["decision"] for answer in answers]
        assert recorded == [answer["decision"] for answer in answers]


def test_a_list_of_checks_uses_a_release_for_one_check_once(shop: Erp) -> None:
    shop.policy(recheck_after_release="always")
    shop.release(shop.check("order", "150.00", "O-0")["hold"]["id"])
    document = {"kind": "order", "number": "O-0", "total": eur("150.00")}
    asked = {"checks": [{"customer": "C-1", "document": document}] * 3}
    headers = {"Idempotency-Key": str(uuid4())}
    answers = ok(shop.caller.post("/v1/checks", json=asked, headers=headers))["results"]
    assert [answer["decision"] for answer in answers] == ["allow", "block", "block"]
