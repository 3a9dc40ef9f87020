"""Rejecting by approval (M33): the same steps as for releasing decide about it."""

from typing import Any

import pytest

from tests.scenarios.approving import act, held, history, refused, with_steps
from tests.scenarios.erp import Erp
from tests.service import eur


@pytest.fixture
def shop(erp: Erp) -> Erp:
    """C-1 may owe 100; see `with_steps`."""
    return with_steps(erp)


def reject(erp: Erp, hold: str, **fields: Any) -> tuple[int, str]:
    """Try to reject a hold: the status, and what it is then, or the problem's code."""
    answer = erp.caller.post(f"/v1/holds/{hold}/reject", json=fields)
    return answer.status_code, answer.json().get("code") or answer.json()["status"]


def test_a_rejection_waits_for_approval_and_the_last_one_rejects(shop: Erp) -> None:
    hold = held(shop, "60000.00")
    assert reject(shop, hold, reason="No.") == (409, "approval_needed")
    request = act(shop, hold, "submit", "clerk", action="reject", reason="No.")["release_request"]
    assert (request["action"], request["amount"], request["reason"]) == ("reject", eur("60000.00"), "No.")
    assert [step["id"] for step in request["steps"]] == ["TEAM", "HEAD"]
    assert reject(shop, hold) == (409, "approval_needed")
    act(shop, hold, "approve", "anna")
    rejected = act(shop, hold, "approve", "boris")
    assert (rejected["status"], rejected["reason"], rejected["authorised_amount"]) == (
        "rejected",
        "No.",
        None,
    )
    assert history(shop, hold) == [
        ("submit_reject", "clerk", None, None),
        ("approve", "anna", "TEAM", None),
        ("approve", "boris", "HEAD", None),
        ("reject", None, None, None),
    ]
    assert shop.check("order", "60000.00", "O-1")["decision"] == "block"


def test_attempts_to_decide_about_ones_own_rejection_are_refused_and_written_down(shop: Erp) -> None:
    hold = held(shop)
    act(shop, hold, "submit", "anna", action="reject")
    assert refused(shop, hold, "approve", "anna") == (403, "own_request")
    assert refused(shop, hold, "approve", "clerk") == (403, "not_an_approver")
    assert [each[3] for each in history(shop, hold)[1:]] == ["own_request", "not_an_approver"]
    assert shop.get(f"/v1/holds/{hold}")["status"] == "open"


def test_a_step_may_only_allow_the_rejection(shop: Erp) -> None:
    shop.put("/v1/release-steps/TEAM", {"roles": ["credit"], "releases": False})
    hold = held(shop)
    act(shop, hold, "submit", "clerk", action="reject", reason="No.")
    approved = act(shop, hold, "approve", "anna")
    assert (approved["status"], approved["release_request"]["state"]) == ("open", "approved")
    assert refused(shop, hold, "submit", "clerk", action="reject") == (409, "submitted_before")
    answer = shop.caller.post(f"/v1/holds/{hold}/release", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "approval_needed")
    assert held(shop, "60000.00") == hold
    assert reject(shop, hold) == (200, "rejected")
    assert shop.get(f"/v1/holds/{hold}")["reason"] == "No."


def test_a_rejection_takes_the_place_of_an_approved_release_and_the_other_way_round(shop: Erp) -> None:
    shop.put("/v1/release-steps/TEAM", {"roles": ["credit"], "releases": False})
    hold = held(shop)
    act(shop, hold, "submit", "clerk")
    assert refused(shop, hold, "submit", "clerk", action="reject") == (409, "submitted_before")
    act(shop, hold, "approve", "anna")
    assert reject(shop, hold) == (409, "approval_needed")
    act(shop, hold, "submit", "clerk", action="reject")
    assert shop.caller.post(f"/v1/holds/{hold}/release", json={}).json()["code"] == "approval_needed"
    act(shop, hold, "approve", "anna")
    act(shop, hold, "submit", "clerk")
    act(shop, hold, "approve", "anna")
    assert shop.release(hold)["status"] == "released"


def test_without_steps_for_the_held_amount_everybody_rejects(shop: Erp) -> None:
    shop.put("/v1/release-steps/TEAM", {"above": eur("150.00"), "roles": ["credit"]})
    hold = held(shop)
    assert refused(shop, hold, "submit", "clerk", action="reject") == (409, "no_approval_needed")
    assert reject(shop, hold) == (200, "rejected")
    assert reject(shop, held(shop, "150.01")) == (409, "approval_needed")


def test_what_a_person_holds_is_rejected_without_approval(shop: Erp) -> None:
    shop.store("order", "O-1", "10.00")
    (forced,) = shop.post("/v1/holds", {"kind": "order", "number": "O-1", "reason": "Wait."})["results"]
    assert refused(shop, forced["id"], "submit", "clerk", action="reject") == (409, "forced_hold")
    assert reject(shop, forced["id"]) == (200, "rejected")


def test_a_rejection_authorises_nothing(shop: Erp) -> None:
    body = {"action": "reject", "up_to": eur("1.00")}
    answer = shop.caller.post(f"/v1/holds/{held(shop)}/submit", json=body)
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/action", "not_allowed")
    ]
