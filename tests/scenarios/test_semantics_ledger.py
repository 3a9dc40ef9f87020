"""What ledger entries add to exposure, and when they stop to (docs/domain.md, Exposure)."""

import pytest

from tests.scenarios.erp import DAY, Erp, counted, figures
from tests.service import JSON, eur

TOMORROW = "2025-07-01"


def test_payments_lower_the_items_they_are_allocated_to_and_the_rest_counts_as_a_credit(erp: Erp) -> None:
    allocations = [{"item": "P-1", "amount": eur("60.00")}]
    erp.store("payment", "Z-1", "100.00", allocations=allocations)
    erp.store("open_item", "P-1", "250.00")
    assert counted(erp.exposure()) == {"open_items": "150.00"}
    papers = erp.exposure(detail="true")["papers"]
    assert {(paper["number"], paper["amount"]) for paper in papers} == {("P-1", "190.00"), ("Z-1", "-40.00")}


def test_a_payment_does_not_lower_an_item_whose_open_amount_the_erp_states(erp: Erp) -> None:
    erp.store("open_item", "P-1", "250.00", open_amount="200.00")
    erp.store("payment", "Z-1", "100.00", allocations=[{"item": "P-1", "amount": eur("100.00")}])
    assert counted(erp.exposure()) == {"open_items": "200.00"}


def test_a_settled_item_counts_no_more_at_once_and_on_whatever_day(erp: Erp) -> None:
    erp.store("open_item", "P-1", "250.00", settled_on=DAY)
    assert counted(erp.exposure(as_of="2025-01-01")) == {}


def test_papers_dated_after_the_reference_date_count(erp: Erp) -> None:
    erp.store("open_item", "P-1", "250.00", date="2025-12-31")
    erp.store("order", "O-1", "50.00", date="2025-12-31")
    assert counted(erp.exposure()) == {"open_items": "250.00", "orders": "50.00"}


def test_credit_items_reduce_what_is_open(erp: Erp) -> None:
    erp.store("open_item", "P-1", "250.00")
    erp.store("open_item", "P-2", "-400.00")
    assert counted(erp.exposure()) == {"open_items": "-150.00"}
    erp.policy(floor_at_zero=True)
    exposure = erp.exposure()["exposure"]
    assert (exposure["by_category"]["open_items"], exposure["current"]) == ("-150.00", "0.00")
    assert figures(erp.check("order", "100.00")) == ("0.00", "100.00", "100.00")


def test_provisional_items_count_where_the_policy_includes_them(erp: Erp) -> None:
    erp.store("open_item", "P-1", "250.00", provisional=True)
    assert counted(erp.exposure()) == {}
    erp.policy(provisional_items=True)
    assert counted(erp.exposure()) == {"open_items": "250.00"}


def test_the_ledger_balance_replaces_open_items_where_the_policy_says_so(erp: Erp) -> None:
    erp.store("open_item", "P-1", "250.00", due_date="2025-06-29")
    erp.store("balance", "1200", "-30.00", date="2025-01-31")
    assert counted(erp.exposure()) == {"open_items": "250.00"}
    erp.policy(balance_basis="ledger_balance")
    answer = erp.exposure()
    assert counted(answer) == {"ledger_balance": "-30.00"}
    assert answer["exposure"]["overdue"]["amount"] == "250.00"


def test_balances_invoices_and_deliveries_before_the_calculation_start_are_left_out(erp: Erp) -> None:
    erp.policy(balance_basis="ledger_balance", calculation_start="2025-01-31")
    for number, day in (("1", "2025-01-30"), ("2", "2025-01-31")):
        erp.store("balance", number, "1.00", date=day)
        erp.store("invoice", number, "10.00", date=day)
        erp.store("delivery", number, "100.00", date=day)
        erp.store("order", number, "1000.00", date=day)
    assert counted(erp.exposure()) == {
        "ledger_balance": "1.00",
        "invoices": "10.00",
        "deliveries": "100.00",
        "orders": "2000.00",
    }


@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"state": "issued"}, "bills"),
        ({"state": "issued", "due_date": "2025-01-01"}, "bills"),
        ({"state": "presented", "presentation": "discount", "due_date": TOMORROW}, "bills"),
        ({"state": "presented", "presentation": "discount", "due_date": DAY}, None),
        ({"state": "endorsed", "due_date": TOMORROW}, "bills"),
        ({"state": "endorsed", "due_date": DAY}, None),
        ({"state": "returned"}, "unpaid_bills"),
        ({"state": "returned", "posted_back": True}, None),
        ({"state": "returned_credited"}, None),
        ({"state": "issued", "settled_on": DAY}, None),
    ],
)
def test_a_bill_is_at_risk_from_its_issue_to_its_payment(
    erp: Erp, fields: JSON, category: str | None
) -> None:
    erp.store("bill", "B-1", "100.00", **{"due_date": "2025-12-31", **fields})
    assert counted(erp.exposure()) == ({category: "100.00"} if category else {})


def test_days_after_collection_prolong_the_risk_of_their_own_presentation_only(erp: Erp) -> None:
    erp.policy(bills={"discount_days": 0, "after_collection_days": 3})
    for number, presentation in (("1", "discount"), ("2", "after_collection")):
        erp.store("bill", number, "10.00", due_date=DAY, state="presented", presentation=presentation)
    assert counted(erp.exposure(as_of="2025-07-02")) == {"bills": "10.00"}
    assert counted(erp.exposure(as_of="2025-07-03")) == {}


def test_an_advance_lowers_exposure_from_the_day_the_bank_makes_it_effective(erp: Erp) -> None:
    erp.store("advance", "A-1", "100.00", effective_on=DAY)
    erp.store("advance", "A-2", "7.00")
    assert counted(erp.exposure(as_of="2025-06-29")) == {}
    assert counted(erp.exposure()) == {"advances": "-100.00"}


def test_other_claims_count_with_what_is_open_of_them(erp: Erp) -> None:
    erp.store("other", "G-1", "100.00", open_amount="70.00", label="Consignment stock")
    erp.store("other", "G-2", "-20.00")
    assert counted(erp.exposure()) == {"other": "50.00"}


def test_an_item_at_the_bank_counts_for_the_bank_risk_days_and_until_settled_without_them(erp: Erp) -> None:
    erp.store("open_item", "P-1", "100.00", due_date=DAY, presented_on="2025-06-01")
    assert counted(erp.exposure(as_of="2026-06-30")) == {"open_items": "100.00"}
    erp.policy(bank_risk_days=2)
    assert counted(erp.exposure(as_of="2025-07-02")) == {"open_items": "100.00"}
    assert counted(erp.exposure(as_of="2025-07-03")) == {}


def test_an_item_not_handed_to_the_bank_counts_whatever_the_bank_risk_days_are(erp: Erp) -> None:
    erp.policy(bank_risk_days=2)
    erp.store("open_item", "P-1", "100.00", due_date="2025-01-01")
    assert counted(erp.exposure()) == {"open_items": "100.00"}


def test_overdue_only_leaves_out_what_is_not_past_due_and_invoices_without_a_due_date_stay(erp: Erp) -> None:
    erp.policy(overdue_only=True)
    for number, due in (("1", DAY), ("2", "2025-06-29")):
        erp.store("open_item", number, "1.00", due_date=due)
        erp.store("invoice", number, "10.00", due_date=due)
    erp.store("open_item", "3", "100.00")
    erp.store("invoice", "3", "1000.00")
    erp.store("order", "3", "5.00")
    assert counted(erp.exposure()) == {"open_items": "1.00", "invoices": "1010.00", "orders": "5.00"}


def test_overdue_only_may_leave_out_the_document_under_check(erp: Erp) -> None:
    erp.policy(overdue_only=True, include_current_document=False)
    assert erp.check("invoice", "100.00")["exposure"]["document"] == "0.00"
    erp.policy(overdue_only=True)
    assert erp.check("invoice", "100.00")["exposure"]["document"] == "100.00"
    erp.policy(include_current_document=False)
    assert erp.check("invoice", "100.00")["exposure"]["document"] == "100.00"


def test_a_deleted_paper_and_one_moved_to_another_customer_count_no_more(erp: Erp) -> None:
    erp.store("order", "O-1", "100.00")
    erp.store("order", "O-2", "10.00")
    erp.caller.delete("/v1/documents/order/O-1")
    assert counted(erp.exposure()) == {"orders": "10.00"}
    erp.store("order", "O-2", "10.00", customer="C-2")
    assert (counted(erp.exposure()), counted(erp.exposure("C-2"))) == ({}, {"orders": "10.00"})


@pytest.mark.parametrize(
    ("kind", "fields", "days"),
    [
        ("order", {}, 30),
        ("delivery", {}, 30),
        ("invoice", {}, 30),
        ("open_item", {}, 30),
        ("other", {}, 30),
        ("bill", {"state": "issued"}, 30),
        ("bill", {"state": "returned"}, 30),
    ],
)
def test_a_paper_is_shown_with_the_due_date_it_states(erp: Erp, kind: str, fields: JSON, days: int) -> None:
    erp.store(kind, "X", "10.00", due_date="2025-05-31", **fields)
    (paper,) = erp.exposure(detail="true")["papers"]
    assert (paper["due_on"], paper["days_past_due"]) == ("2025-05-31", days)
    (line,) = erp.post("/v1/customers/C-1/calculations", {"as_of": DAY})["lines"]
    assert line["due_on"] == "2025-05-31"
