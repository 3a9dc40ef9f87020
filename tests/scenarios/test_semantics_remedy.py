"""What would let a document pass: a smaller one, a payment, or waiting (docs/domain.md, Remedy)."""

import pytest

from tests.scenarios.erp import DAY, Erp, codes, money
from tests.service import JSON, eur


def payment(amount: str, *items: str) -> JSON:
    """The payment of a remedy."""
    return {"amount": amount, "currency": "EUR", "items": list(items)}


def days(answer: JSON) -> tuple[str | None, str | None]:
    """When the document is green, and when it is not blocked."""
    return answer["remedy"]["green_on"], answer["remedy"]["unblocked_on"]


@pytest.mark.parametrize(("stored", "room"), [("60.00", "40.00"), ("100.00", "0.00"), ("160.00", "0.00")])
def test_headroom_is_what_the_limit_leaves_without_the_document_and_never_negative(
    erp: Erp, stored: str, room: str
) -> None:
    erp.account(limit="100.00")
    erp.store("open_item", "P-1", stored)
    assert erp.check("order", "70.00")["remedy"]["headroom"] == eur(room)


def test_headroom_of_a_stored_document_leaves_its_stored_version_out(erp: Erp) -> None:
    erp.account(limit="100.00")
    erp.store("order", "O-1", "70.00")
    assert erp.check("order", "110.00", "O-1")["remedy"]["headroom"] == eur("100.00")
    assert erp.check("order", "100.00", "O-1")["decision"] == "warn"


def test_headroom_is_the_least_of_all_limits_that_apply(erp: Erp) -> None:
    erp.policy(grouping="credit_group")
    erp.put("/v1/credit-groups/G", {"limit": eur("150.00")})
    for customer in ("C-1", "C-2"):
        erp.customer(customer, credit_group="G")
    erp.account(limit="100.00")
    assert erp.check("order", "1.00")["remedy"]["headroom"] == eur("100.00")
    erp.store("order", "O-1", "80.00", customer="C-2")
    assert erp.check("order", "1.00")["remedy"]["headroom"] == eur("70.00")


def test_other_findings_do_not_change_the_headroom(erp: Erp) -> None:
    erp.account(limit="100.00", documents_blocked=["order"])
    assert erp.check("order", "1.00")["remedy"]["headroom"] == eur("100.00")


def test_there_is_no_headroom_where_no_limit_applies_or_the_document_adds_nothing(erp: Erp) -> None:
    assert erp.check("order", "1.00")["remedy"]["headroom"] is None
    erp.account(unlimited=True)
    assert erp.check("order", "1.00")["remedy"]["headroom"] is None
    erp.account(limit="100.00")
    erp.policy(categories={"orders": False})
    assert erp.check("order", "1.00")["remedy"]["headroom"] is None


def test_the_payment_needed_is_the_largest_of_what_each_finding_asks_for(erp: Erp) -> None:
    erp.account(limit="1000.00", max_days_overdue=30)
    erp.policy(max_overdue_amount="100.00")
    erp.store("open_item", "P-1", "150.00", due_date="2025-05-30")
    erp.store("open_item", "P-2", "250.00", due_date="2025-06-20")
    erp.store("open_item", "P-3", "500.00", due_date="2025-12-31")
    # 31 days: 150 is older than the time limit; overdue 400 - 100 = 300; projected 950 is within the limit.
    answer = erp.check("order", "50.00")
    assert codes(answer)[:2] == ["DAYS_OVERDUE", "OVERDUE_AMOUNT"]
    assert answer["remedy"]["payment_needed"] == payment("300.00", "P-1", "P-2")
    # Projected 1,301 is 301 above the limit.
    assert erp.check("order", "401.00")["remedy"]["payment_needed"] == payment("301.00", "P-1", "P-2")
    assert erp.check("order", "600.00")["remedy"]["payment_needed"] == payment("500.00", "P-1", "P-2", "P-3")


def test_the_payment_named_is_the_least_that_lets_the_document_pass(erp: Erp) -> None:
    erp.account(limit="100.00")
    erp.store("open_item", "P-1", "90.00", due_date="2025-12-31")
    needed = erp.check("order", "20.00")["remedy"]["payment_needed"]
    assert needed == payment("10.00", "P-1")
    erp.store("payment", "Z-1", "9.99", allocations=[{"item": "P-1", "amount": eur("9.99")}])
    assert erp.check("order", "20.00")["decision"] == "block"
    erp.store("payment", "Z-2", "0.01", allocations=[{"item": "P-1", "amount": eur("0.01")}])
    assert erp.check("order", "20.00")["decision"] == "warn"


def test_money_does_not_help_against_orders_of_people_or_an_expired_limit(erp: Erp) -> None:
    erp.account(limit="100.00", documents_blocked=["order"])
    assert erp.check("order", "1.00")["remedy"]["payment_needed"] is None
    erp.policy(expired_limit="block")
    erp.account(limit="100.00", expires_on="2025-01-01")
    assert erp.check("order", "200.00")["remedy"]["payment_needed"] is None


def test_a_document_that_passes_is_unblocked_today(erp: Erp) -> None:
    erp.account(limit="100.00")
    assert days(erp.check("order", "80.00")) == (DAY, DAY)
    assert days(erp.check("order", "90.00")) == (None, DAY)


def test_waiting_helps_where_bills_mature_and_advances_become_effective(erp: Erp) -> None:
    erp.account(limit="100.00")
    erp.store("bill", "B-1", "30.00", due_date="2025-07-20", state="presented", presentation="discount")
    erp.store("advance", "A-1", "20.00", effective_on="2025-07-10")
    # 30 + 90 = 120; 100 from the 10th on, 70 from the 20th on.
    assert days(erp.check("order", "90.00")) == ("2025-07-20", "2025-07-10")


def test_waiting_helps_where_a_block_or_a_period_of_ignoring_ends_or_a_higher_limit_begins(erp: Erp) -> None:
    erp.account(limit="100.00")
    erp.post("/v1/customers/C-1/temporary-limits", {"limit": eur("500.00"), "from": "2025-08-01"})
    erp.post("/v1/customers/C-1/manual-blocks", {"kinds": ["order"], "to": "2025-08-14"})
    assert days(erp.check("order", "150.00")) == ("2025-08-15", "2025-08-15")


def test_a_day_more_than_a_year_ahead_is_not_promised(erp: Erp) -> None:
    erp.post("/v1/customers/C-1/manual-blocks", {"kinds": ["order"], "to": "2026-06-29"})
    assert days(erp.check("order", "1.00")) == ("2026-06-30", "2026-06-30")
    assert days(erp.check("order", "1.00", as_of="2025-06-29")) == (None, None)


def test_a_better_day_has_to_last_only_for_that_day(erp: Erp) -> None:
    erp.account(limit="100.00")
    once = {"limit": eur("500.00"), "from": "2025-07-05", "to": "2025-07-05"}
    erp.post("/v1/customers/C-1/temporary-limits", once)
    assert days(erp.check("order", "150.00")) == ("2025-07-05", "2025-07-05")


def test_what_helps_one_finding_and_not_the_other_is_paid_besides(erp: Erp) -> None:
    """An item past due for the days, and money on account for a cap on what is not due."""
    erp.policy(max_days_overdue=10)
    erp.account(limit="2000.00", category_limits={"not_due": eur("100.00")})
    erp.store("open_item", "P-1", "600.00", due_date="2025-06-01")
    answer = erp.check("invoice", "300.00")
    assert codes(answer) == ["DAYS_OVERDUE", "CATEGORY_LIMIT_EXCEEDED"]
    assert answer["remedy"]["payment_needed"] == payment("800.00", "P-1")

    allocations = [{"item": "P-1", "amount": eur("600.00")}]
    erp.store("payment", "Z-1", "799.99", allocations=allocations)
    assert erp.check("invoice", "300.00")["decision"] == "block"
    erp.store("payment", "Z-1", "800.00", allocations=allocations)
    assert erp.check("invoice", "300.00")["decision"] == "allow"


def test_an_item_of_another_member_is_paid_besides_the_own_limit(erp: Erp) -> None:
    erp.policy(grouping="credit_group", overdue_scope="group", max_days_overdue=10)
    erp.put("/v1/credit-groups/G", {"limit": eur("5000.00")})
    for customer in ("C-1", "C-2"):
        erp.customer(customer, credit_group="G")
        erp.account(customer, limit="1000.00")
    erp.store("open_item", "A-1", "500.00", due_date="2025-07-31")
    erp.store("open_item", "B-1", "200.00", customer="C-2", due_date="2025-06-01")
    answer = erp.check("order", "600.00")
    assert codes(answer) == ["DAYS_OVERDUE", "LIMIT_EXCEEDED"]
    assert answer["remedy"]["payment_needed"] == payment("300.00", "B-1", "A-1")


def test_the_payment_is_not_rounded_item_by_item(erp: Erp) -> None:
    """30 items of 1.00 USD at 0.333 are 9.99 EUR, and 0.33 each."""
    erp.put("/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": "0.333"}]})
    erp.policy(max_days_overdue=10)
    erp.account(limit="100.00")
    for number in range(30):
        erp.store("open_item", f"P-{number}", money("1.00", "USD"), due_date="2025-06-01")
    answer = erp.check("order", "100.00")
    assert codes(answer) == ["DAYS_OVERDUE", "LIMIT_EXCEEDED"]
    assert answer["remedy"]["payment_needed"]["amount"] == "9.99"


def test_one_payment_serves_what_it_helps_together(erp: Erp) -> None:
    """200 late of the own items serve days and limit; the limit needs 100 more of whatever is open."""
    erp.policy(max_days_overdue=10)
    erp.account(limit="1000.00")
    erp.store("open_item", "P-1", "200.00", due_date="2025-06-01")
    erp.store("open_item", "P-2", "500.00", due_date="2025-07-31")
    answer = erp.check("order", "600.00")
    assert answer["remedy"]["payment_needed"] == payment("300.00", "P-1", "P-2")
