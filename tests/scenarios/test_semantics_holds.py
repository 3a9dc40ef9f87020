"""Blocked documents waiting for an authoriser, and what a release is good for (docs/domain.md, Rules)."""

from typing import Any

import pytest

from tests.scenarios.erp import DAY, Erp, classes, codes, counted, found
from tests.service import JSON, eur


@pytest.fixture
def shop(erp: Erp) -> Erp:
    """C-1 may owe 100."""
    erp.account(limit="100.00")
    return erp


def held(erp: Erp, total: str = "150.00", **fields: Any) -> str:
    """Block the order O-1 and return its hold."""
    answer = erp.check("order", total, "O-1", **fields)
    assert answer["decision"] == "block"
    hold = answer["hold"]["id"]
    assert isinstance(hold, str)
    return hold


def forcibly_held(erp: Erp, number: str = "O-1") -> JSON:
    """Put an order on hold by order of a person and return the hold."""
    stated = {"kind": "order", "number": number, "reason": "Check address."}
    (hold,) = erp.post("/v1/holds", stated)["results"]
    assert isinstance(hold, dict)
    return hold


def test_a_blocked_document_with_a_number_opens_a_hold_that_later_checks_refresh(shop: Erp) -> None:
    shop.store("order", "O-1", "150.00", owner="anna")
    first = held(shop, operator={"id": "u1"})
    assert held(shop, "170.00") == first
    (hold,) = shop.holds(status="open")
    assert (hold["id"], hold["type"], hold["owner"]) == (first, "rule", "anna")
    assert hold["document"] == {"kind": "order", "number": "O-1", "total": eur("170.00")}
    assert [finding["observed"] for finding in hold["findings"]] == ["170.00"]


def test_a_hold_tells_who_had_its_document_checked_last_and_when(shop: Erp) -> None:
    held(shop, operator={"id": "u1"})
    (first,) = shop.holds()
    held(shop, "170.00", operator={"id": "u2"})
    (again,) = shop.holds()
    assert (first["checked_by"], again["checked_by"]) == ("u1", "u2")
    assert first["opened_at"] == again["opened_at"] <= first["checked_at"] < again["checked_at"]
    shop.post(f"/v1/holds/{again['id']}/release", {})
    assert shop.holds()[0]["checked_at"] == again["checked_at"]


def test_a_hold_of_a_document_never_stored_belongs_to_the_operator_of_its_first_check(shop: Erp) -> None:
    held(shop, operator={"id": "u1"})
    held(shop, operator={"id": "u2"})
    assert shop.holds()[0]["owner"] == "u1"


def test_a_hold_put_on_by_order_belongs_to_the_operator_of_the_first_check_if_there_was_one(
    shop: Erp,
) -> None:
    shop.check("order", "50.00", "O-1", operator={"id": "u1"}, reserve={"ttl_seconds": 60})  # kept at once
    shop.check("order", "60.00", "O-1", operator={"id": "u2"}, reserve={"ttl_seconds": 60})
    for number in ("O-1", "O-2"):
        shop.store("order", number, "50.00")
    assert forcibly_held(shop)["owner"] == "u1"
    assert forcibly_held(shop, "O-2")["owner"] is None


def test_a_hold_belongs_to_the_owner_of_its_document_also_where_that_is_stored_after_the_check(
    shop: Erp,
) -> None:
    hold = held(shop, operator={"id": "u1"})
    shop.store("order", "O-1", "150.00", owner="anna")
    assert [each["owner"] for each in shop.holds()] == ["anna"]
    assert shop.get(f"/v1/holds/{hold}")["owner"] == "anna"
    assert shop.post("/v1/holds:evaluate", {"ids": [hold]})["results"][0]["owner"] == "anna"
    assert shop.release(hold)["owner"] == "anna"
    shop.caller.delete("/v1/documents/order/O-1")
    assert shop.get(f"/v1/holds/{hold}")["owner"] == "u1"


def test_without_a_number_or_where_saving_is_refused_no_hold_is_opened(shop: Erp) -> None:
    assert shop.check("order", "150.00")["hold"] is None
    shop.policy(obligations={"save": "refused"})
    assert shop.check("order", "150.00", "O-1")["hold"] is None
    assert shop.holds() == []


def test_a_check_that_does_not_block_clears_the_hold(shop: Erp) -> None:
    hold = held(shop)
    answer = shop.check("order", "100.00", "O-1")
    assert answer["hold"] == {"id": hold, "status": "cleared"}
    assert shop.get(f"/v1/holds/{hold}")["status"] == "cleared"
    assert shop.check("order", "100.01", "O-1")["hold"]["id"] != hold


def test_a_supervisor_releases_the_hold_by_getting_past_the_block(shop: Erp) -> None:
    hold = held(shop)
    answer = shop.check("order", "150.00", "O-1", operator={"id": "chief", "roles": ["supervisor"]})
    assert answer["hold"] == {"id": hold, "status": "released"}
    stored = shop.get(f"/v1/holds/{hold}")
    assert (stored["status"], stored["closed_by"]) == ("released", "chief")
    assert shop.check("order", "150.00", "O-1")["decision"] == "allow"


def test_a_released_document_passes_with_its_findings_as_information_up_to_the_held_amount(shop: Erp) -> None:
    hold = held(shop)
    released = shop.release(hold, reason="Paid tomorrow.", review_on="2025-07-31")
    assert (released["status"], released["authorised_amount"]) == ("released", eur("150.00"))
    again = shop.check("order", "150.00", "O-1", checkpoint="ship")
    assert (again["decision"], again["signal"]) == ("allow", "red")
    assert classes(again) == {"LIMIT_EXCEEDED": "info"}
    assert found(again, "LIMIT_EXCEEDED")["demoted_by"] == "authorisation"
    assert shop.check("order", "140.00", "O-1")["decision"] == "allow"
    grown = shop.check("order", "150.01", "O-1")
    assert (grown["decision"], grown["hold"]["status"]) == ("block", "open")
    assert grown["hold"]["id"] != hold
    assert shop.check("order", "150.00", "O-2")["decision"] == "block"


def test_a_release_can_be_up_to_an_amount_and_until_a_day(shop: Erp) -> None:
    shop.release(held(shop), up_to=eur("200.00"), valid_until="2025-07-02")
    assert shop.check("order", "200.00", "O-1", as_of="2025-07-02")["decision"] == "allow"
    assert shop.check("order", "200.01", "O-1", as_of="2025-07-02")["decision"] == "block"
    assert shop.check("order", "150.00", "O-1", as_of="2025-07-03")["decision"] == "block"


def test_a_release_below_the_held_amount_does_not_let_the_document_pass(shop: Erp) -> None:
    shop.release(held(shop), up_to=eur("120.00"))
    assert shop.check("order", "150.00", "O-1")["decision"] == "block"
    assert shop.check("order", "120.00", "O-1")["decision"] == "allow"


def test_no_document_is_released_up_to_less_than_nothing(shop: Erp) -> None:
    answer = shop.caller.post(f"/v1/holds/{held(shop)}/release", json={"up_to": eur("-0.01")})
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/up_to/amount", "out_of_range")
    ]


@pytest.mark.parametrize(
    ("recheck", "decisions"),
    [
        ("never", ["allow", "allow", "allow", "allow"]),
        ("on_increase", ["allow", "block", "allow", "allow"]),
        ("on_any_change", ["block", "block", "allow", "allow"]),
        ("always", ["allow", "block", "block", "block"]),
    ],
)
def test_a_released_document_is_checked_again_when_the_policy_says_so(
    shop: Erp, recheck: str, decisions: list[str]
) -> None:
    shop.policy(recheck_after_release=recheck)
    shop.release(held(shop))
    amounts = ["140.00", "160.00", "150.00", "150.00"]
    assert [shop.check("order", amount, "O-1")["decision"] for amount in amounts] == decisions


def test_a_dry_run_does_not_use_up_a_release_good_for_one_check(shop: Erp) -> None:
    shop.policy(recheck_after_release="always")
    shop.release(held(shop))
    assert shop.check("order", "150.00", "O-1", dry_run=True)["decision"] == "allow"
    assert shop.check("order", "150.00", "O-1")["decision"] == "allow"
    assert shop.check("order", "150.00", "O-1")["decision"] == "block"


@pytest.mark.parametrize(
    ("grace", "expected"),
    [
        (2, {"2025-06-30": "grace", "2025-07-02": "grace", "2025-07-03": None}),
        (0, {"2025-06-30": "grace", "2025-07-01": None}),
        (None, {"2025-06-30": None}),
    ],
)
def test_a_release_of_one_checkpoint_leaves_later_ones_in_peace_for_its_days_of_grace(
    shop: Erp, grace: int | None, expected: dict[str, str | None]
) -> None:
    shop.policy(release_covers="checkpoint", checkpoints={"confirm": {"grace_days": grace}})
    shop.release(held(shop, checkpoint="confirm"))
    assert shop.check("order", "150.00", "O-1", checkpoint="confirm")["decision"] == "allow"
    for day, reason in expected.items():
        answer = shop.check("order", "150.00", "O-1", checkpoint="ship", as_of=day, dry_run=True)
        assert (day, answer["not_controlled"]) == (day, reason)
        assert answer["decision"] == ("allow" if reason else "block")


def test_a_rejected_hold_is_closed_and_the_next_check_opens_another(shop: Erp) -> None:
    hold = held(shop)
    rejected = shop.post(f"/v1/holds/{hold}/reject", {"reason": "No."})
    assert (rejected["status"], rejected["reason"]) == ("rejected", "No.")
    assert held(shop) != hold
    assert shop.caller.post(f"/v1/holds/{hold}/release", json={}).status_code == 409


def test_where_reasons_of_a_type_exist_a_release_accepts_only_these(shop: Erp) -> None:
    shop.put("/v1/reasons/PAID", {"type": "release"})
    hold = held(shop)
    assert shop.caller.post(f"/v1/holds/{hold}/release", json={"reason": "Why not"}).status_code == 422
    assert shop.release(hold, reason="PAID")["status"] == "released"


def test_a_person_can_hold_a_document_whose_credit_is_free_until_it_is_released_by_hand(shop: Erp) -> None:
    shop.store("order", "O-1", "10.00", owner="anna")
    forced = forcibly_held(shop)
    assert (forced["type"], forced["status"], forced["owner"]) == ("forced", "open", "anna")
    answer = shop.check("order", "10.00", "O-1")
    assert (answer["decision"], codes(answer)) == ("block", ["FORCED_HOLD"])
    assert shop.check("order", "10.00", "O-1", excluded=True)["decision"] == "block"
    assert shop.get(f"/v1/holds/{forced['id']}")["status"] == "open"
    shop.release(forced["id"])
    assert shop.check("order", "10.00", "O-1")["decision"] == "allow"
    assert shop.holds(status="open") == []


def test_a_hold_by_order_of_a_person_was_found_by_no_check(shop: Erp) -> None:
    shop.store("order", "O-1", "50.00")
    hold = forcibly_held(shop)
    assert (hold["checked_by"], hold["checked_at"]) == (None, None)


def test_a_document_held_by_a_person_alone_waits_in_one_hold_only(shop: Erp) -> None:
    shop.store("order", "O-1", "10.00")
    forced = forcibly_held(shop)
    answer = shop.check("order", "10.00", "O-1")
    assert answer["hold"] == {"id": forced["id"], "status": "open"}
    assert [hold["id"] for hold in shop.holds(status="open")] == [forced["id"]]


def test_releasing_what_a_check_found_does_not_undo_what_a_person_held(shop: Erp) -> None:
    shop.store("order", "O-1", "150.00")
    rule = held(shop)
    forcibly_held(shop)
    shop.release(rule)
    answer = shop.check("order", "150.00", "O-1")
    assert answer["decision"] == "block"
    assert classes(answer) == {"FORCED_HOLD": "hard", "LIMIT_EXCEEDED": "info"}


def test_a_person_can_hold_every_open_document_of_a_customer(shop: Erp) -> None:
    shop.store("order", "O-1", "10.00")
    shop.store("delivery", "D-1", "10.00")
    shop.store("order", "O-2", "10.00", fulfilled=True)
    shop.store("order", "O-3", "10.00", customer="C-2")
    forced = shop.post("/v1/holds", {"filter": {"customer": "C-1"}, "reason": "Check address."})["results"]
    assert {hold["document"]["number"] for hold in forced} == {"O-1", "D-1"}


def test_held_documents_count_when_the_erp_has_stored_them_and_the_hold_adds_nothing(shop: Erp) -> None:
    held(shop)
    assert counted(shop.exposure()) == {}
    shop.store("order", "O-1", "150.00")
    assert counted(shop.exposure()) == {"orders": "150.00"}


@pytest.fixture
def sap(shop: Erp) -> Erp:
    """The order O-1 of 150 is stored and held; held documents do not count."""
    shop.store("order", "O-1", "150.00")
    held(shop)
    shop.policy(count_held=False)
    return shop


def test_held_documents_can_be_left_out_of_exposure(sap: Erp) -> None:
    sap.store("order", "O-2", "30.00")
    assert counted(sap.exposure()) == {"orders": "30.00"}
    assert [paper["number"] for paper in sap.exposure(detail="true")["papers"]] == ["O-2"]
    assert counted(sap.check("order", "70.00")) == {"orders": "30.00"}
    assert sap.check("order", "150.00", "O-1")["exposure"]["projected"] == "180.00"


def test_a_document_held_twice_is_left_out_once(sap: Erp) -> None:
    sap.store("order", "O-2", "30.00")
    forcibly_held(sap)
    assert counted(sap.exposure()) == {"orders": "30.00"}


def test_a_document_following_a_held_one_that_does_not_count_takes_nothing_from_exposure(sap: Erp) -> None:
    answer = sap.check("delivery", "60.00", "D-1", follows=[("order", "O-1", "60.00")])
    assert (answer["exposure"]["current"], answer["exposure"]["projected"]) == ("0.00", "60.00")


def test_holds_are_listed_over_all_companies(shop: Erp) -> None:
    shop.policy(company="north")
    shop.account(limit="1.00", company="north")
    held(shop)
    shop.check("order", "150.00", "O-1", company="north")
    assert {hold["company"] for hold in shop.holds()} == {"main", "north"}
    assert [hold["company"] for hold in shop.holds(company="north")] == ["north"]


def test_a_release_belongs_to_its_document_in_its_company(shop: Erp) -> None:
    shop.policy(company="north")
    shop.account(limit="1.00", company="north")
    shop.release(held(shop))
    assert shop.check("order", "150.00", "O-1", company="north")["decision"] == "block"
    other: JSON = shop.check("delivery", "150.00", "O-1")
    assert other["decision"] == "block"
    assert shop.check("order", "150.00", "O-1", as_of=DAY)["decision"] == "allow"
