"""Releasing by approval (M33): steps by amount and role, separation of duties, and who tried what."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.scenarios.approving import act, held, history, refused, with_steps
from tests.scenarios.erp import DAY, Erp, classes
from tests.service import JSON, eur, ok


@pytest.fixture
def shop(erp: Erp) -> Erp:
    """C-1 may owe 100; see `with_steps`."""
    return with_steps(erp)


def test_without_steps_everything_is_as_before(erp: Erp) -> None:
    erp.account(limit="100.00")
    hold = held(erp)
    assert refused(erp, hold, "submit") == (409, "no_approval_needed")
    assert erp.release(hold)["status"] == "released"
    assert history(erp, hold) == [("release", None, None, None)]


def test_a_release_waits_for_approval_and_the_last_one_releases(shop: Erp) -> None:
    hold = held(shop)
    submitted = act(shop, hold, "submit", "clerk", reason="Paid tomorrow.", as_of=DAY)
    request = submitted["release_request"]
    assert (submitted["status"], request["state"], request["current"]) == ("open", "pending", "TEAM")
    assert (request["amount"], request["reason"]) == (eur("150.00"), "Paid tomorrow.")
    released = act(shop, hold, "approve", "anna")
    assert (released["status"], released["authorised_amount"]) == ("released", eur("150.00"))
    assert released["reason"] == "Paid tomorrow."
    assert classes(shop.check("order", "150.00", "O-1")) == {"LIMIT_EXCEEDED": "info"}
    assert history(shop, hold) == [
        ("submit", "clerk", None, None),
        ("approve", "anna", "TEAM", None),
        ("release", None, None, None),
    ]


def test_a_request_lapses_with_its_hold(shop: Erp) -> None:
    hold = held(shop)
    act(shop, hold, "submit", "clerk")
    assert shop.check("order", "50.00", "O-1")["hold"]["status"] == "cleared"
    request = shop.get(f"/v1/holds/{hold}")["release_request"]
    assert (request["state"], request["current"]) == ("lapsed", None)
    assert refused(shop, hold, "approve", "anna") == (409, "hold_closed")


def test_nobody_releases_by_themselves_what_needs_approval(shop: Erp) -> None:
    hold = held(shop)
    assert refused(shop, hold, "release", as_of=DAY)[0] == 422
    answer = shop.caller.post(f"/v1/holds/{hold}/release", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "approval_needed")
    act(shop, hold, "submit", "clerk")
    assert shop.caller.post(f"/v1/holds/{hold}/release", json={}).json()["code"] == "approval_needed"
    assert shop.get(f"/v1/holds/{hold}")["status"] == "open"


@pytest.mark.parametrize(
    ("amount", "steps"),
    [("50000.00", ["TEAM"]), ("50000.01", ["TEAM", "HEAD"])],
)
def test_the_amount_decides_which_steps_are_needed(shop: Erp, amount: str, steps: list[str]) -> None:
    request = act(shop, held(shop, amount), "submit", "clerk")["release_request"]
    assert [step["id"] for step in request["steps"]] == steps


@pytest.mark.parametrize(("recheck", "steps"), [("on_increase", ["TEAM"]), ("never", ["TEAM", "HEAD"])])
def test_what_is_not_checked_again_is_approved_as_a_whole(shop: Erp, recheck: str, steps: list[str]) -> None:
    shop.policy(recheck_after_release=recheck)
    hold = held(shop, "60000.00")
    request = act(shop, hold, "submit", "clerk", up_to=eur("1.00"))["release_request"]
    assert [step["id"] for step in request["steps"]] == steps


def test_steps_are_taken_one_after_the_other_by_different_people(shop: Erp) -> None:
    hold = held(shop, "60000.00")
    act(shop, hold, "submit", "clerk")
    waiting = act(shop, hold, "approve", "boris")["release_request"]
    assert (waiting["state"], waiting["current"]) == ("pending", "HEAD")
    assert [step["approved_by"] for step in waiting["steps"]] == [
        [{"key": waiting["submitted_by"]["key"], "operator": "boris"}],
        [],
    ]
    assert refused(shop, hold, "approve", "boris") == (403, "approved_before")
    assert refused(shop, hold, "approve", "anna") == (403, "not_an_approver")
    shop.put("/v1/operators/carla", {"roles": ["head"]})
    assert act(shop, hold, "approve", "carla")["status"] == "released"


def test_attempts_by_the_wrong_people_are_refused_and_written_down(shop: Erp) -> None:
    hold = held(shop)
    act(shop, hold, "submit", "anna")
    assert refused(shop, hold, "approve", "anna") == (403, "own_request")
    assert refused(shop, hold, "decline", "clerk") == (403, "not_an_approver")
    assert refused(shop, hold, "approve", "stranger", comment="Let me.") == (403, "not_an_approver")
    assert refused(shop, hold, "recall", "boris") == (403, "not_the_submitter")
    assert history(shop, hold)[1:] == [
        ("approve", "anna", "TEAM", "own_request"),
        ("decline", "clerk", "TEAM", "not_an_approver"),
        ("approve", "stranger", "TEAM", "not_an_approver"),
        ("recall", "boris", "TEAM", "not_the_submitter"),
    ]
    events = shop.get(f"/v1/holds/{hold}/history")["items"]
    assert (events[3]["comment"], events[3]["by"]) == ("Let me.", events[0]["by"])
    assert shop.get(f"/v1/holds/{hold}")["release_request"]["state"] == "pending"


def test_a_refused_attempt_under_an_idempotency_key_is_written_down_too(shop: Erp) -> None:
    hold = held(shop)
    act(shop, hold, "submit", "clerk")
    answer = shop.caller.post(
        f"/v1/holds/{hold}/approve", json={"operator": "clerk"}, headers={"Idempotency-Key": "k-1"}
    )
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert history(shop, hold)[-1] == ("approve", "clerk", "TEAM", "own_request")


def test_who_approves_many_times_at_once_has_approved_once(shop: Erp) -> None:
    shop.put("/v1/release-steps/TEAM", {"roles": ["credit"], "approvals": 2})
    hold = held(shop)
    act(shop, hold, "submit", "clerk")

    def approve(_turn: int) -> int:
        return shop.caller.post(f"/v1/holds/{hold}/approve", json={"operator": "anna"}).status_code

    with ThreadPoolExecutor(8) as crowd:
        statuses = sorted(crowd.map(approve, range(8)))
    assert statuses == [200] + [403] * 7
    (step,) = shop.get(f"/v1/holds/{hold}")["release_request"]["steps"]
    assert [each["operator"] for each in step["approved_by"]] == ["anna"]
    assert [each[3] for each in history(shop, hold)].count("approved_before") == 7
    assert act(shop, hold, "approve", "boris")["status"] == "released"


def test_a_key_that_names_no_operator_may_be_anybody(shop: Erp) -> None:
    hold = held(shop)
    act(shop, hold, "submit")
    assert refused(shop, hold, "approve", "anna") == (403, "own_request")
    other = shop.post("/v1/keys", {"scopes": ["holds"], "name": "credit"})
    headers = {"Authorization": f"Bearer {other['key']}"}
    answer = shop.caller.post(f"/v1/holds/{hold}/approve", json={"operator": "anna"}, headers=headers)
    assert (answer.status_code, answer.json()["closed_by"]) == (200, "credit")


def test_another_key_of_the_same_name_is_the_same_person(shop: Erp) -> None:
    shop.put("/v1/release-steps/TEAM", {})
    hold = held(shop)
    mine, another, colleagues = (
        {"Authorization": f"Bearer {shop.post('/v1/keys', {'scopes': ['holds'], 'name': name})['key']}"}
        for name in ("Anna", "Anna", "Boris")
    )
    ok(shop.caller.post(f"/v1/holds/{hold}/submit", json={}, headers=mine))

    def tried(headers: dict[str, str], **body: str) -> tuple[int, str]:
        answer = shop.caller.post(f"/v1/holds/{hold}/approve", json=body, headers=headers)
        return answer.status_code, answer.json().get("code", "")

    assert tried(another) == (403, "own_request")
    assert tried(another, operator="anna") == (403, "own_request")
    assert history(shop, hold)[1:] == [
        ("approve", None, "TEAM", "own_request"),
        ("approve", "anna", "TEAM", "own_request"),
    ]
    assert tried(colleagues) == (200, "")


def test_operators_are_told_apart_whatever_the_names_of_their_keys(shop: Erp) -> None:
    hold = held(shop)
    act(shop, hold, "submit", "clerk")
    for operator, expected in (("clerk", 403), ("anna", 200)):
        key = shop.post("/v1/keys", {"scopes": ["holds"], "name": "terminal"})["key"]
        headers = {"Authorization": f"Bearer {key}"}
        answer = shop.caller.post(f"/v1/holds/{hold}/approve", json={"operator": operator}, headers=headers)
        assert answer.status_code == expected


def test_a_step_may_name_keys_instead_of_roles(shop: Erp) -> None:
    other = shop.post("/v1/keys", {"scopes": ["holds"], "name": "credit"})
    shop.put("/v1/release-steps/TEAM", {"keys": [other["id"]]})
    hold = held(shop)
    act(shop, hold, "submit", "clerk")
    assert refused(shop, hold, "approve", "anna") == (403, "not_an_approver")
    headers = {"Authorization": f"Bearer {other['key']}"}
    answer = shop.caller.post(f"/v1/holds/{hold}/approve", json={}, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (200, "released")


def decline(erp: Erp, hold: str) -> JSON:
    return act(erp, hold, "decline", "anna", comment="Not this month.")


def recall(erp: Erp, hold: str) -> JSON:
    return act(erp, hold, "recall", "clerk")


@pytest.mark.parametrize(("end", "state"), [(decline, "declined"), (recall, "recalled")])
def test_what_was_declined_or_recalled_may_be_submitted_again(
    shop: Erp, end: Callable[[Erp, str], JSON], state: str
) -> None:
    hold = held(shop)
    act(shop, hold, "submit", "clerk")
    assert refused(shop, hold, "submit", "clerk") == (409, "submitted_before")
    ended = end(shop, hold)
    assert (ended["status"], ended["release_request"]["state"]) == ("open", state)
    assert refused(shop, hold, "approve", "anna") == (409, "nothing_pending")
    assert act(shop, hold, "submit", "clerk")["release_request"]["state"] == "pending"
    assert act(shop, hold, "approve", "anna")["status"] == "released"


def test_a_step_may_only_allow_the_release(shop: Erp) -> None:
    shop.put("/v1/release-steps/TEAM", {"roles": ["credit"], "releases": False})
    hold = held(shop)
    act(shop, hold, "submit", "clerk", reason="Paid.", valid_until="2025-12-31", review_on="2025-12-01")
    approved = act(shop, hold, "approve", "anna")
    assert (approved["status"], approved["release_request"]["state"]) == ("open", "approved")
    assert refused(shop, hold, "recall", "clerk") == (409, "nothing_pending")
    for more in ({"up_to": eur("150.01")}, {"valid_until": "2026-01-01"}):
        answer = shop.caller.post(f"/v1/holds/{hold}/release", json=more)
        assert (answer.status_code, answer.json()["code"]) == (409, "more_than_approved")
    released = shop.release(hold)
    assert (released["status"], released["reason"]) == ("released", "Paid.")
    assert (released["valid_until"], released["review_on"]) == ("2025-12-31", "2025-12-01")
    assert released["authorised_amount"] == eur("150.00")


def test_less_than_was_approved_may_be_released(shop: Erp) -> None:
    shop.put("/v1/release-steps/TEAM", {"roles": ["credit"], "releases": False})
    hold = held(shop)
    act(shop, hold, "submit", "clerk", up_to=eur("200.00"))
    act(shop, hold, "approve", "anna")
    assert shop.release(hold, up_to=eur("150.00"))["authorised_amount"] == eur("150.00")


def test_an_approval_is_for_its_amount_whatever_the_document_grows_to(shop: Erp) -> None:
    hold = held(shop)
    act(shop, hold, "submit", "clerk")
    assert held(shop, "170.00") == hold
    assert act(shop, hold, "approve", "anna")["authorised_amount"] == eur("150.00")
    assert shop.check("order", "170.00", "O-1")["decision"] == "block"


def test_who_changes_the_steps_later_does_not_change_a_request(shop: Erp) -> None:
    hold = held(shop)
    act(shop, hold, "submit", "clerk")
    shop.put("/v1/release-steps/TEAM", {"roles": ["nobody"], "approvals": 3})
    assert act(shop, hold, "approve", "anna")["status"] == "released"


def test_what_a_person_holds_does_not_go_through_approval(shop: Erp) -> None:
    shop.store("order", "O-1", "10.00")
    (forced,) = shop.post("/v1/holds", {"kind": "order", "number": "O-1", "reason": "Wait."})["results"]
    assert refused(shop, forced["id"], "submit", "clerk") == (409, "forced_hold")
    assert shop.release(forced["id"])["status"] == "released"


@pytest.mark.parametrize("action", ["release", "reject"])
def test_a_closed_hold_cannot_be_submitted_or_approved(shop: Erp, action: str) -> None:
    hold = held(shop)
    act(shop, hold, "submit", "clerk", action=action)
    act(shop, hold, "approve", "anna")
    assert refused(shop, hold, "approve", "boris") == (409, "hold_closed")
    assert refused(shop, hold, "submit", "clerk") == (409, "hold_closed")
    assert history(shop, hold)[-1] == (action, None, None, None)


def test_the_trail_of_a_forced_hold_begins_with_who_put_it_on_and_why(shop: Erp) -> None:
    for number in ("O-1", "O-2"):
        shop.store("order", number, "10.00")
    key = shop.post("/v1/keys", {"scopes": ["holds"], "name": "Anna"})["key"]
    body = {"filter": {"customer": "C-1"}, "reason": "A payment bounced."}
    headers = {"Authorization": f"Bearer {key}"}
    held = ok(shop.caller.post("/v1/holds", json=body, headers=headers))["results"]
    again = shop.post("/v1/holds", body | {"reason": "Once more."})["results"]
    assert [each["id"] for each in again] == [each["id"] for each in held]
    shop.release(held[0]["id"])
    for hold, after in zip(held, (["release"], []), strict=True):
        events = shop.get(f"/v1/holds/{hold['id']}/history")["items"]
        assert [each["action"] for each in events] == ["force", *after]
        assert (events[0]["by"], events[0]["comment"]) == ("Anna", "A payment bounced.")


def test_an_evaluation_still_clears_what_nothing_holds(shop: Erp) -> None:
    shop.policy(auto_release="without_posting")
    held(shop)
    shop.account(limit="150.00")
    (hold,) = shop.post("/v1/holds:evaluate", {})["results"]
    assert hold["status"] == "cleared"


def test_a_company_may_have_steps_of_its_own(shop: Erp) -> None:
    shop.policy(company="north")
    shop.account(limit="100.00", company="north")
    shop.put("/v1/release-steps/TEAM", {"roles": ["north"]}, company="north")
    shop.put("/v1/operators/nora", {"roles": ["north", "credit"], "companies": ["north"]})
    hold = held(shop, company="north")
    act(shop, hold, "submit", "clerk")
    assert refused(shop, hold, "approve", "anna") == (403, "not_an_approver")
    assert act(shop, hold, "approve", "nora")["status"] == "released"
    at_home = held(shop)
    act(shop, at_home, "submit", "clerk")
    assert refused(shop, at_home, "approve", "nora") == (403, "not_an_approver")


def test_a_release_that_is_asked_for_has_one_of_the_release_reasons(shop: Erp) -> None:
    shop.put("/v1/reasons/PAID", {"type": "release"})
    hold = held(shop)
    assert refused(shop, hold, "submit", "clerk")[0] == 422
    assert refused(shop, hold, "submit", "clerk", reason="Other.")[0] == 422
    act(shop, hold, "submit", "clerk", reason="PAID")
    assert act(shop, hold, "approve", "anna")["reason"] == "PAID"


def test_only_auditors_read_the_trail_and_only_with_the_scope_holds_is_anything_decided(shop: Erp) -> None:
    hold = held(shop)
    for scope, status in (("holds", 403), ("audit", 200)):
        key = shop.post("/v1/keys", {"scopes": [scope], "name": scope})["key"]
        headers = {"Authorization": f"Bearer {key}"}
        assert shop.caller.get(f"/v1/holds/{hold}/history", headers=headers).status_code == status
        expected = 403 if scope == "audit" else 200
        answer = shop.caller.post(f"/v1/holds/{hold}/submit", json={"operator": "clerk"}, headers=headers)
        assert answer.status_code == expected
    assert shop.caller.get("/v1/holds/nothing/history").status_code == httpx.codes.NOT_FOUND
