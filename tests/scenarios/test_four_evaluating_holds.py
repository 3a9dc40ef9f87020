"""Evaluating holds for release (M31): held checks run again with today's facts."""

from typing import Any

import httpx
import pytest

from tests.scenarios.erp import Erp, asked, codes
from tests.service import JSON, eur, ok


@pytest.fixture
def shop(erp: Erp) -> Erp:
    """C-1 may owe 100, and its order O-1 of 150 is held."""
    erp.account(limit="100.00")
    erp.check("order", "150.00", "O-1")
    return erp


def evaluate(erp: Erp, **named: Any) -> list[JSON]:
    """Evaluate the holds named, all open ones where none is."""
    results = erp.post("/v1/holds:evaluate", named)["results"]
    assert isinstance(results, list)
    return results


Left = tuple[str, bool, list[tuple[str, str | None]]]


def left(hold: JSON) -> Left:
    """Its status, whether it is ready, and what still holds the document."""
    findings = [(finding["code"], finding["observed"]) for finding in hold["findings"]]
    return hold["status"], hold["ready_to_release"], findings


READY: Left = ("open", True, [])


def test_what_is_still_true_keeps_a_document_held(shop: Erp) -> None:
    (hold,) = evaluate(shop)
    assert left(hold) == ("open", False, [("LIMIT_EXCEEDED", "150.00")])
    assert "would exceed the limit" in hold["findings"][0]["message"]


def test_a_hold_whose_findings_are_gone_is_ready_and_stays_open_for_a_person(shop: Erp) -> None:
    shop.account(limit="150.00")
    (hold,) = evaluate(shop)
    assert left(hold) == READY
    assert shop.get(f"/v1/holds/{hold['id']}") == hold
    assert shop.release(hold["id"])["status"] == "released"


def test_ready_lasts_until_the_document_is_evaluated_or_checked_again(shop: Erp) -> None:
    shop.account(limit="150.00")
    assert left(evaluate(shop)[0]) == READY
    shop.account(limit="100.00")
    assert left(evaluate(shop)[0]) == ("open", False, [("LIMIT_EXCEEDED", "150.00")])
    shop.account(limit="150.00")
    evaluate(shop)
    shop.check("order", "151.00", "O-1")
    assert left(shop.holds()[0]) == ("open", False, [("LIMIT_EXCEEDED", "151.00")])


def test_only_findings_that_are_gone_are_dropped(erp: Erp) -> None:
    erp.account(limit="100.00", documents_blocked=["order"])
    erp.check("order", "150.00", "O-1")
    erp.account(limit="150.00", documents_blocked=["order"])
    assert left(evaluate(erp)[0]) == ("open", False, [("DOCUMENTS_BLOCKED", None)])


@pytest.mark.parametrize(
    ("total", "expected"),
    [("110.00", ("open", False, [("LIMIT_EXCEEDED", "110.00")])), ("100.00", READY)],
)
def test_the_document_is_taken_as_the_erp_stated_it_after_its_check(
    shop: Erp, total: str, expected: Left
) -> None:
    shop.store("order", "O-1", total)
    (hold,) = evaluate(shop)
    assert (left(hold), hold["document"]["total"]) == (expected, eur(total))
    assert left(evaluate(shop)[0]) == expected


def test_a_check_newer_than_what_is_stored_is_what_counts(erp: Erp) -> None:
    erp.account(limit="100.00")
    erp.store("order", "O-1", "90.00")
    erp.check("order", "150.00", "O-1")
    assert left(evaluate(erp)[0]) == ("open", False, [("LIMIT_EXCEEDED", "150.00")])


def test_a_cancelled_or_deleted_document_is_held_by_nothing(shop: Erp) -> None:
    shop.check("order", "150.00", "O-2")
    shop.store("order", "O-1", "150.00", cancelled=True)
    shop.store("order", "O-2", "150.00")
    shop.caller.delete("/v1/documents/order/O-2")
    assert [left(hold) for hold in evaluate(shop)] == [READY, READY]


@pytest.mark.parametrize(("kind", "done"), [("order", "fulfilled"), ("delivery", "invoiced")])
def test_a_document_of_which_nothing_is_left_to_do_is_held_by_nothing(erp: Erp, kind: str, done: str) -> None:
    erp.account(limit="100.00")
    erp.check(kind, "150.00", "X-1")
    erp.store(kind, "X-1", "150.00")
    assert left(evaluate(erp)[0]) == ("open", False, [("LIMIT_EXCEEDED", "150.00")])
    stated: JSON = {done: True}
    erp.store(kind, "X-1", "150.00", **stated)
    assert left(evaluate(erp)[0]) == READY


@pytest.mark.parametrize(("auto_release", "posting"), [("without_posting", False), ("with_posting", True)])
def test_the_policy_may_clear_by_itself_what_is_held_by_nothing_any_more(
    shop: Erp, auto_release: str, posting: object
) -> None:
    shop.policy(auto_release=auto_release)
    assert left(evaluate(shop)[0])[:2] == ("open", False)
    shop.account(limit="150.00")
    (hold,) = evaluate(shop)
    assert (left(hold), hold["with_posting"]) == (("cleared", True, []), posting)
    assert (hold["closed_by"] is not None, hold["closed_at"] is not None) == (True, True)
    assert shop.holds(status="open") == []
    assert shop.check("order", "150.00", "O-1")["decision"] == "warn"


def test_what_is_cleared_without_a_person_has_no_reason_even_where_people_need_one(shop: Erp) -> None:
    shop.put("/v1/reasons/PAID", {"type": "release"})
    shop.policy(auto_release="without_posting")
    shop.check("order", "150.00", "O-2")
    shop.account(limit="150.00")
    shop.store("order", "O-2", "150.00", cancelled=True)
    holds = evaluate(shop)
    assert [(hold["status"], hold["reason"]) for hold in holds] == [("cleared", None)] * 2


@pytest.mark.parametrize(
    ("stored", "stated", "expected"),
    [
        ({"payment_terms": "NET60"}, {"payment_terms": "NET30"}, []),
        ({"payment_terms": "NET60"}, {}, ["PAYMENT_TERMS"]),
        ({"prepaid": "60.00"}, {"prepaid": "60.00"}, []),
        ({"prepaid": "60.00"}, {}, ["LIMIT_EXCEEDED"]),
        ({}, {"prepaid": "50.00"}, []),
        ({}, {"bill_to": "C-2"}, []),
        ({}, {"customer": "C-2"}, []),
    ],
)
def test_what_the_erp_states_anew_decides_and_what_it_leaves_out_lets_nothing_pass(
    erp: Erp, stored: JSON, stated: JSON, expected: list[str]
) -> None:
    erp.customer("C-2")
    erp.account("C-2", limit="1000.00")
    for terms in ("NET30", "NET60"):
        erp.put(f"/v1/payment-terms/{terms}", {})
    erp.put("/v1/rules/LATE", {"kind": "payment_terms", "type": "blocking", "payment_terms": "NET60"})
    erp.account(limit="80.00" if "prepaid" in stored else "100.00")
    erp.check("order", "150.00", "O-1", **stored)
    erp.account(limit="150.00" if "payment_terms" in stored else "100.00")
    erp.store("order", "O-1", "150.00", **stated)
    (hold,) = evaluate(erp)
    assert (codes(hold), hold["customer"]) == (expected, stated.get("customer", "C-1"))


@pytest.fixture
def by_hand(shop: Erp) -> str:
    """The id of the hold with which a person holds O-1, besides that of its check."""
    shop.policy(auto_release="with_posting")
    shop.store("order", "O-1", "150.00")
    forced = {"kind": "order", "number": "O-1", "reason": "Check address."}
    (hold,) = shop.post("/v1/holds", forced)["results"]
    return str(hold["id"])


def test_what_a_person_holds_becomes_ready_and_only_a_person_releases_it(shop: Erp, by_hand: str) -> None:
    assert {hold["type"]: left(hold) for hold in evaluate(shop)} == dict.fromkeys(
        ("rule", "forced"), ("open", False, [("LIMIT_EXCEEDED", "150.00")])
    )
    shop.account(limit="150.00")
    assert {hold["type"]: left(hold) for hold in evaluate(shop)} == {
        "rule": ("cleared", True, []),
        "forced": READY,
    }
    assert codes(shop.check("order", "150.00", "O-1", operator={"roles": ["supervisor"]}))[0] == "FORCED_HOLD"
    assert shop.release(by_hand)["status"] == "released"


@pytest.mark.parametrize("gone", ["cancelled", "deleted"])
def test_what_a_person_holds_is_ready_once_its_document_is_gone(shop: Erp, by_hand: str, gone: str) -> None:
    if gone == "cancelled":
        shop.store("order", "O-1", "150.00", cancelled=True)
    else:
        shop.caller.delete("/v1/documents/order/O-1")
    (hold,) = evaluate(shop, ids=[by_hand])
    assert left(hold) == READY


def test_what_a_person_holds_is_ready_without_ever_having_been_checked(erp: Erp) -> None:
    erp.store("order", "O-1", "150.00")
    erp.post("/v1/holds", {"kind": "order", "number": "O-1", "reason": "Check address."})
    (hold,) = evaluate(erp)
    assert (left(hold), hold["checked_at"]) == (READY, None)


def test_holds_are_named_by_id_or_customer_and_closed_ones_stay_as_they_are(shop: Erp) -> None:
    shop.customer("C-2")
    shop.account("C-2", limit="1.00")
    shop.check("order", "150.00", "O-2", customer="C-2")
    mine, other = shop.holds()
    assert [hold["id"] for hold in evaluate(shop, customer="C-2")] == [other["id"]]
    assert [hold["id"] for hold in evaluate(shop, ids=[other["id"], mine["id"]])] == [mine["id"], other["id"]]
    assert evaluate(shop, ids=[]) == []
    released = shop.release(mine["id"])
    shop.account(limit="1000.00")
    assert evaluate(shop, ids=[mine["id"]]) == [released]
    assert [hold["id"] for hold in evaluate(shop)] == [other["id"]]


@pytest.mark.parametrize(
    ("named", "status"),
    [
        ({"ids": ["01a20266-5579-739b-b7c2-543cf2f9d595"]}, 404),
        ({"ids": ["not an id"]}, 404),
        ({"ids": [], "customer": "C-1"}, 422),
        ({"document": "O-1"}, 422),
    ],
)
def test_holds_that_are_not_there_or_named_in_two_ways_are_refused(
    shop: Erp, named: JSON, status: int
) -> None:
    assert shop.caller.post("/v1/holds:evaluate", json=named).status_code == status


def test_evaluating_judges_every_hold_by_the_policy_of_its_own_company(shop: Erp) -> None:
    shop.policy("duir", company="north", auto_release="without_posting")
    shop.account(limit="100.00", company="north")
    shop.check("order", "150.00", "O-1", company="north")
    for company in ("main", "north"):
        shop.account(limit="150.00", company=company)
    results = {hold["company"]: hold["status"] for hold in evaluate(shop)}
    assert results == {"main": "open", "north": "cleared"}


def test_the_same_key_evaluates_once(shop: Erp) -> None:
    def send() -> httpx.Response:
        return shop.caller.post("/v1/holds:evaluate", json={}, headers={"Idempotency-Key": "k"})

    first = ok(send())
    shop.account(limit="1000.00")
    assert ok(send()) == first


def test_an_evaluation_leaves_no_decision_behind(shop: Erp) -> None:
    before = shop.get("/v1/decisions", customer="C-1")["items"]
    evaluate(shop)
    ok(shop.caller.post("/v1/check", json=asked("order", "1.00", dry_run=True)))
    assert shop.get("/v1/decisions", customer="C-1")["items"] == before
