"""Credit management as a whole: all reasons for a hold at once, and what has no effect."""

from typing import Any

import pytest

from tests.scenarios.erp import DAY, Erp, classes, codes, figures
from tests.service import JSON, eur

REASONS: dict[str, JSON] = {
    "DAYS_OVERDUE": {"kind": "days_overdue", "days": 61},
    "ACCOUNT_STATUS": {"kind": "account_status", "account_status": "COURT"},
    "PAYMENT_TERMS": {"kind": "payment_terms", "payment_terms": "NET60"},
    "LIMIT_EXPIRED": {"kind": "limit_expired", "days": 10},
    "OVERDUE_AMOUNT": {"kind": "overdue_amount", "amount": eur("500.00"), "percent": "50"},
    "DOCUMENT_AMOUNT": {"kind": "document_amount", "amount": eur("100.00")},
    "LIMIT_USED": {"kind": "limit_used", "percent": "90"},
}
"""What each kind of rule holds for; the ranks of terms and discounts make nine reasons of these seven."""


@pytest.fixture
def shop(erp: Erp) -> Erp:
    """C-1 gives every reason there is to hold its order of 200."""
    erp.policy("dynamics365", hold_on_payment_terms_rank=True, hold_on_cash_discount_rank=True)
    for terms, rank in (("NET30", 30), ("NET60", 60)):
        erp.put(f"/v1/payment-terms/{terms}", {"rank": rank})
    for discount, rank in (("1-10", 1), ("2-10", 2)):
        erp.put(f"/v1/cash-discounts/{discount}", {"rank": rank})
    erp.put("/v1/account-statuses/COURT", {"effect": "none"})
    erp.customer("C-1", payment_terms="NET30", cash_discount="1-10", account_status="COURT")
    erp.account(limit="1000.00", expires_on="2025-06-01")
    erp.store("open_item", "R-1", "900.00", due_date="2025-01-01")
    for code, fields in REASONS.items():
        erp.put(f"/v1/rules/{code}", {"type": "blocking", **fields})
    return erp


def order(erp: Erp, **fields: Any) -> Any:
    return erp.check("order", "200.00", "SO-1", payment_terms="NET60", cash_discount="2-10", **fields)


def test_a_hold_lists_all_nine_reasons(shop: Erp) -> None:
    order(shop)
    (hold,) = shop.holds()
    found = {finding["code"]: finding["rule"] for finding in hold["findings"]}
    ranked = {"PAYMENT_TERMS_RANK": None, "CASH_DISCOUNT_RANK": None}
    assert found == {code: code for code in REASONS} | ranked


def test_one_exclusion_that_releases_lets_all_nine_go(shop: Erp) -> None:
    small = {
        "kind": "document_amount",
        "type": "exclusion",
        "release_document": True,
        "amount": eur("200.00"),
    }
    shop.put("/v1/rules/SMALL", small)
    answer = order(shop)
    assert (answer["decision"], len(answer["cancelled"])) == ("allow", 9)


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"control": "off"}, "control_off"), ({"ignore_until": DAY}, "ignore_until")],
)
def test_customers_outside_credit_management_are_not_held(shop: Erp, fields: Any, why: str) -> None:
    shop.account(limit="1000.00", **fields)
    answer = order(shop)
    assert (answer["decision"], answer["not_controlled"]) == ("allow", why)


def test_an_order_excluded_from_credit_management_is_not_held(shop: Erp) -> None:
    answer = order(shop, excluded=True)
    assert (answer["decision"], answer["not_controlled"]) == ("allow", "excluded_document")


def test_only_orders_are_held_where_only_they_are_controlled(shop: Erp) -> None:
    shop.customer("C-1")
    shop.policy("dynamics365", controlled_kinds=["order"])
    invoice = shop.check("invoice", "200.00", "I-1")
    assert (invoice["decision"], set(classes(invoice).values())) == ("allow", {"info"})
    assert order(shop)["decision"] == "block"


@pytest.mark.parametrize(("effect", "payment"), [("warn", None), ("block", eur("20.00"))])
def test_without_rules_a_warning_or_an_error_tells_balance_limit_and_excess(
    erp: Erp, effect: str, payment: JSON | None
) -> None:
    erp.account(limit="100.00")
    erp.store("open_item", "R-1", "90.00")
    erp.policy(on_limit_exceeded=effect, warn_percent=None)
    answer = erp.check("order", "30.00")
    assert (answer["decision"], codes(answer)) == (effect, ["LIMIT_EXCEEDED"])
    assert figures(answer) == ("90.00", "30.00", "120.00")
    assert answer["limit"]["amount"] == "100.00"
    needed = answer["remedy"]["payment_needed"]
    assert (needed and {name: needed[name] for name in ("amount", "currency")}) == payment


def test_what_may_be_paid_on_account_is_what_is_left_of_the_organisations_limit(erp: Erp) -> None:
    erp.customer("ORG")
    erp.account("ORG", limit="100.00")
    erp.store("open_item", "R-1", "60.00", customer="ORG")
    answer = erp.check("order", "70.00", bill_to="ORG")
    assert (answer["risk_customer"], answer["remedy"]["headroom"]) == ("ORG", eur("40.00"))
    assert erp.check("order", "70.00", bill_to="ORG", prepaid="30.00")["decision"] == "warn"


def test_what_is_informative_decides_nothing(erp: Erp) -> None:
    erp.account(limit="100.00")
    before = classes(erp.check("order", "101.00"))
    informative: JSON = {"eligible_limit": eur("9999.00"), "review_on": "2020-01-01", "notes": "Title held."}
    erp.account(limit="100.00", **informative)
    assert classes(erp.check("order", "101.00")) == before == {"LIMIT_EXCEEDED": "hard"}


@pytest.fixture
def full(erp: Erp) -> Erp:
    """C-1 may use all of its limit of 100, and no more."""
    erp.policy("dynamics365")
    erp.account(limit="100.00")
    erp.put("/v1/rules/FULL", {"type": "blocking", "kind": "limit_used", "percent": "100"})
    return erp


def test_taking_back_what_was_delivered_is_not_held(full: Erp) -> None:
    full.store("delivery", "D-1", "300.00")
    answer = full.check("delivery", "-100.00", "D-2")
    assert (answer["decision"], answer["findings"][0]["demoted_by"]) == ("warn", "lowering")


def test_of_an_order_partly_in_stock_the_part_is_checked_that_the_erp_names(full: Erp) -> None:
    assert full.check("order", "300.00", "SO-1")["decision"] == "block"
    assert full.check("order", "80.00", "SO-1")["decision"] == "allow"
    full.store("order", "SO-1", "300.00", open_amount="80.00")
    assert full.check("order", "20.00", "SO-2")["decision"] == "allow"
    assert full.check("order", "20.01", "SO-2")["decision"] == "block"
    assert figures(full.check("order", "100.00", "SO-1")) == ("0.00", "100.00", "100.00")


def test_the_orders_of_a_load_are_told_apart_by_who_may_go_on(full: Erp) -> None:
    load = [
        full.check("order", total, number, checkpoint="pick") for number, total in (("1", "9"), ("2", "101"))
    ]
    assert [answer["obligations"]["proceed"] for answer in load] == ["allowed", "refused"]


def test_without_grace_the_released_step_is_held_again_where_a_release_is_good_for_one_check(
    full: Erp,
) -> None:
    full.policy("dynamics365", recheck_after_release="always")
    full.release(full.check("order", "150.00", "SO-1", checkpoint="confirm")["hold"]["id"])
    steps = ["confirm", "confirm", "pick"]
    decisions = [full.check("order", "150.00", "SO-1", checkpoint=step)["decision"] for step in steps]
    assert decisions == ["allow", "block", "block"]


def test_grace_covers_an_order_for_no_more_than_was_released(full: Erp) -> None:
    full.policy("dynamics365", checkpoints={"confirm": {"grace_days": 2}})
    full.release(full.check("order", "150.00", "SO-1", checkpoint="confirm")["hold"]["id"])
    answers = [full.check("order", total, "SO-1", checkpoint="ship") for total in ("150.00", "150.01")]
    assert [answer["not_controlled"] for answer in answers] == ["grace", None]
    assert [answer["decision"] for answer in answers] == ["allow", "block"]
