"""Exposure: which papers count, in which category, with which amount (docs/domain.md, Exposure)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from creditrisk.domain.facts import Facts
from creditrisk.domain.findings import Code
from creditrisk.domain.papers import Category, Document, Line
from creditrisk.domain.policy import DocumentType
from tests.builders import (
    TODAY,
    codes,
    configuration,
    day,
    decided,
    delivery,
    dollar_rate,
    facts,
    figures,
    invoice,
    item,
    limit,
    line,
    order,
    quotation,
    usd,
)

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
NEVER = date.max


def exposure_of(*lines: Line, as_of: date = TODAY, **overrides: Any) -> Decimal:
    """Stored exposure under the standard policy with overrides."""
    return decided(None, facts(*lines), configuration(**overrides), as_of=as_of).situation.exposure.current


def added_by(asked: Document, stored: Facts | None = None, **overrides: Any) -> Decimal:
    verdict = decided(asked, stored or facts(), configuration(**overrides))
    return verdict.situation.exposure.document


def only(*categories: str) -> dict[str, bool]:
    return {each.value: each.value in categories for each in Category if each is not Category.LEDGER_BALANCE}


def test_exposure_is_the_sum_of_all_categories_and_returns_and_credit_notes_reduce_it() -> None:
    stored = facts(
        line("orders", "10000.00"),
        line("deliveries", "8000.00"),
        line("deliveries", "-1000.00"),
        line("invoices", "12000.00"),
        line("invoices", "-2000.00"),
        item("15000.00"),
        line("bills", "4000.00", status="issued"),
        line("bills", "6000.00", status="discount", due_on=TOMORROW),
        limit="50000.00",
    )
    situation = decided(None, stored).situation
    assert situation.exposure.current == Decimal("52000.00")
    assert situation.exposure.by_category["deliveries"] == Decimal("7000.00")
    assert situation.binding is not None
    assert situation.binding.headroom == Decimal("-2000.00")


@pytest.mark.parametrize("category", [each.value for each in Category])
def test_a_category_counts_only_where_the_policy_includes_it(category: str) -> None:
    paper = line(category, "70.00", status="issued" if category == "bills" else "")
    basis: dict[str, Any] = {"balance_basis": "ledger_balance"} if category == "ledger_balance" else {}
    switch = "open_items" if category == "ledger_balance" else category
    assert exposure_of(paper, **basis) == Decimal("70.00")
    assert exposure_of(paper, **basis, categories={switch: False}) == 0


def test_the_ledger_balance_replaces_open_items() -> None:
    papers = item("100.00"), line("ledger_balance", "80.00")
    assert exposure_of(*papers) == Decimal("100.00")
    assert exposure_of(*papers, balance_basis="ledger_balance") == Decimal("80.00")


@pytest.mark.parametrize("category", ["orders", "deliveries", "invoices"])
@pytest.mark.parametrize(
    ("required", "flags", "counts"),
    [
        ({}, "", True),
        ({"require_printed": True}, "C", False),
        ({"require_printed": True}, "P", True),
        ({"require_confirmed": True}, "P", False),
        ({"require_confirmed": True}, "C", True),
        ({"require_printed": True, "require_confirmed": True}, "P", False),
        ({"require_printed": True, "require_confirmed": True}, "PC", True),
    ],
)
def test_documents_count_once_printed_and_confirmed_as_the_policy_requires(
    category: str, required: Any, flags: str, *, counts: bool
) -> None:
    settings: dict[str, Any] = {category: required}
    found = exposure_of(line(category, "10.00", flags=flags), **settings)
    assert found == (Decimal("10.00") if counts else 0)


def test_an_order_counts_with_what_is_open_or_with_its_total() -> None:
    paper = line("orders", "30.00", total="100.00")
    assert exposure_of(paper) == Decimal("30.00")
    assert exposure_of(paper, orders={"amount": "total"}) == Decimal("100.00")


def test_the_rest_of_a_force_fulfilled_order_counts_only_on_request() -> None:
    paper = line("orders", "30.00", flags="F")
    assert exposure_of(paper) == 0
    assert exposure_of(paper, orders={"count_force_fulfilled": True}) == Decimal("30.00")


@pytest.mark.parametrize("category", ["orders", "deliveries", "invoices"])
def test_a_type_without_the_credit_flag_is_not_summed(category: str) -> None:
    types = {"OUT": DocumentType(credit=False, exclude_block=False)}
    papers = line(category, "10.00", type="OUT"), line(category, "1.00", type="UNHEARD-OF")
    settings = configuration(types=types)
    assert decided(None, facts(*papers), settings).situation.exposure.current == Decimal("1.00")
    careful = configuration(types=types, default_document_type={"credit": False})
    assert decided(None, facts(*papers), careful).situation.exposure.current == 0


def test_a_type_that_never_blocks_counts_all_the_same() -> None:
    settings = configuration(types={"T1": DocumentType(credit=True, exclude_block=True)})
    stored = facts(line("orders", "10.00", type="T1"))
    assert decided(None, stored, settings).situation.exposure.current == Decimal("10.00")


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [("2025-06-30", "1500.00"), ("2025-07-09", "1500.00"), ("2025-07-10", "500.00"), ("2025-07-30", "0")],
)
def test_a_presented_bill_counts_until_its_due_date_plus_the_days_of_its_presentation(
    as_of: str, expected: str
) -> None:
    due = day("2025-06-30")
    found = exposure_of(
        line("bills", "1000.00", status="subject_to_collection", due_on=due),
        line("bills", "500.00", status="after_collection", due_on=due),
        as_of=day(as_of),
        bills={"subject_to_collection_days": 10, "after_collection_days": 30},
    )
    assert found == Decimal(expected)


@pytest.mark.parametrize(
    ("status", "days_after_due", "counts"),
    [
        ("discount", 4, True),
        ("discount", 5, False),
        ("endorsed", -1, True),
        ("endorsed", 0, False),
        ("issued", 1000, True),
    ],
)
def test_bills_at_discount_have_their_own_days_endorsed_ones_none_and_issued_ones_no_end(
    status: str, days_after_due: int, *, counts: bool
) -> None:
    due = NEVER if status == "issued" else TODAY - timedelta(days=days_after_due)
    found = exposure_of(line("bills", "10.00", status=status, due_on=due), bills={"discount_days": 5})
    assert found == (Decimal("10.00") if counts else 0)


@pytest.mark.parametrize("category", ["open_items", "invoices"])
@pytest.mark.parametrize(
    ("as_of", "days", "counts"),
    [
        ("2025-05-15", 10, True),
        ("2025-06-05", 10, True),
        ("2025-06-10", 10, True),
        ("2025-06-11", 10, False),
        ("2025-06-15", 10, False),
        ("2025-06-15", None, True),
    ],
)
def test_an_item_at_the_bank_counts_through_the_bank_risk_days(
    category: str, as_of: str, days: int | None, *, counts: bool
) -> None:
    paper = line(category, "1000.00", due_on=day("2025-05-31"), flags="B")
    found = exposure_of(paper, as_of=day(as_of), bank_risk_days=days)
    assert found == (Decimal("1000.00") if counts else 0)


def test_bank_risk_days_change_nothing_for_an_item_not_handed_to_the_bank() -> None:
    assert exposure_of(item("10.00", due=day("2020-01-01")), bank_risk_days=0) == Decimal("10.00")


def test_dates_at_the_end_of_the_calendar_can_be_reckoned_with() -> None:
    last = date(9999, 12, 30)
    papers = item("10.00", due=last, flags="B"), line("bills", "5.00", status="discount", due_on=last)
    found = exposure_of(*papers, bank_risk_days=36_500, bills={"discount_days": 36_500}, as_of=last)
    assert found == Decimal("15.00")
    assert exposure_of(*papers, overdue_grace_days=36_500, as_of=date.min) == Decimal("15.00")


def test_an_advance_lowers_exposure_from_the_day_the_bank_makes_it_effective() -> None:
    papers = item("100.00"), line("advances", "-40.00", since=TODAY)
    assert exposure_of(*papers, as_of=YESTERDAY) == Decimal("100.00")
    assert exposure_of(*papers) == Decimal("60.00")


@pytest.mark.parametrize("category", ["deliveries", "invoices", "ledger_balance"])
def test_papers_dated_before_the_calculation_start_are_left_out(category: str) -> None:
    basis: dict[str, Any] = {"balance_basis": "ledger_balance"} if category == "ledger_balance" else {}
    settings: dict[str, Any] = {"calculation_start": TODAY.isoformat(), **basis}
    assert exposure_of(line(category, "10.00", since=YESTERDAY), **settings) == 0
    assert exposure_of(line(category, "10.00", since=TODAY), **settings) == Decimal("10.00")
    assert exposure_of(line(category, "10.00"), **settings) == Decimal("10.00")


def test_provisional_items_count_only_on_request() -> None:
    paper = item("10.00", flags="V", due=YESTERDAY)
    assert exposure_of(paper) == 0
    assert exposure_of(paper, provisional_items=True) == Decimal("10.00")
    assert decided(None, facts(paper)).situation.overdue.amount == 0


@pytest.mark.parametrize(
    ("paper", "counts"),
    [
        (item("10.00", due=YESTERDAY), True),
        (item("10.00", due=TODAY), False),
        (item("10.00"), False),
        (line("invoices", "10.00", due_on=YESTERDAY), True),
        (line("invoices", "10.00", due_on=TODAY), False),
        (line("invoices", "10.00"), True),
        (line("orders", "10.00"), True),
        (line("bills", "10.00", status="issued"), True),
    ],
)
def test_overdue_only_leaves_out_what_is_not_past_due(paper: Line, *, counts: bool) -> None:
    assert exposure_of(paper, overdue_only=True) == (Decimal("10.00") if counts else 0)


@pytest.mark.parametrize(
    ("overdue_only", "include", "added"),
    [(True, True, "10.00"), (True, False, "0"), (False, False, "10.00")],
)
def test_the_document_under_check_is_left_out_only_together_with_overdue_only(
    *, overdue_only: bool, include: bool, added: str
) -> None:
    found = added_by(invoice("10.00"), overdue_only=overdue_only, include_current_document=include)
    assert found == Decimal(added)


@pytest.mark.parametrize(
    ("asked", "included", "added"),
    [
        (quotation("10.00"), ["orders"], "10.00"),
        (order("10.00"), ["orders"], "10.00"),
        (order("10.00"), ["open_items"], "0"),
        (delivery("10.00"), ["deliveries"], "10.00"),
        (delivery("10.00"), ["invoices", "open_items"], "0"),
        (invoice("10.00"), ["invoices"], "10.00"),
        (invoice("10.00"), ["open_items"], "10.00"),
        (invoice("10.00"), ["orders"], "0"),
        (delivery("-10.00"), ["deliveries"], "-10.00"),
        (invoice("-10.00"), ["invoices"], "-10.00"),
        (order("-10.00"), ["orders"], "0"),
        (quotation("-10.00"), ["orders"], "0"),
    ],
)
def test_the_document_under_check_counts_in_the_category_of_its_kind(
    asked: Document, included: list[str], added: str
) -> None:
    assert added_by(asked, categories=only(*included)) == Decimal(added)


def test_an_invoice_also_counts_where_only_the_ledger_balance_is_included() -> None:
    settings: dict[str, Any] = {"categories": only("open_items"), "balance_basis": "ledger_balance"}
    assert added_by(invoice("10.00"), **settings) == Decimal("10.00")


def test_the_document_under_check_counts_whatever_its_printed_or_confirmed_state() -> None:
    required = {"require_printed": True, "require_confirmed": True}
    assert added_by(order("10.00"), orders=required) == Decimal("10.00")


@pytest.mark.parametrize(("prepaid", "added"), [("0.00", "10.00"), ("4.00", "6.00"), ("12.00", "0")])
def test_the_prepaid_part_of_a_document_does_not_count(prepaid: str, added: str) -> None:
    settled = order("10.00").total._replace(amount=Decimal(prepaid))
    assert added_by(order("10.00", prepaid=settled)) == Decimal(added)


@pytest.mark.parametrize(
    ("asked", "passed_on", "added"),
    [
        (order("100.00"), "30.00", "70.00"),
        (order("100.00"), "130.00", "0"),
        (order("100.00"), "-30.00", "100.00"),
        (delivery("-100.00"), "-30.00", "-70.00"),
        (delivery("-100.00"), "-130.00", "0"),
    ],
)
def test_what_stored_followers_have_taken_over_is_not_counted_again(
    asked: Document, passed_on: str, added: str
) -> None:
    assert added_by(asked, facts(passed_on=Decimal(passed_on))) == Decimal(added)


def test_what_is_stored_under_the_same_number_is_taken_out_before_the_document_is_put_in() -> None:
    stored = line("orders", "70.00")
    exposure = decided(order("100.00"), facts(stored, adjustments=[stored.negated()])).situation.exposure
    assert (exposure.stored, exposure.current, exposure.projected) == figures(70, 0, 100)


def test_documents_on_hold_are_left_out_where_the_policy_says_so() -> None:
    on_hold = line("orders", "70.00")
    stored = facts(on_hold, item("5.00"), held=[on_hold.negated()])
    assert decided(None, stored).situation.exposure.current == Decimal("75.00")
    assert decided(None, stored, configuration(count_held=False)).situation.exposure.current == 5


def test_a_credit_balance_finances_new_orders_unless_exposure_is_floored_at_zero() -> None:
    stored = facts(item("-500.00"), limit="1000.00")
    financed = decided(order("1200.00"), stored).situation.exposure
    assert (financed.current, financed.projected) == figures(-500, 700)
    floored = decided(order("1200.00"), stored, configuration(floor_at_zero=True)).situation.exposure
    assert (floored.current, floored.projected) == figures(0, 1200)
    assert floored.by_category["open_items"] == -500


def test_each_currency_of_a_category_is_summed_exactly_and_converted_once() -> None:
    papers = [line("orders", "0.01", currency="USD") for _ in range(3)]
    stored = facts(*papers, line("deliveries", "0.01", currency="USD"))
    exposure = decided(None, stored, configuration(rates=[dollar_rate("0.5")])).situation.exposure
    assert exposure.by_category["orders"] == Decimal("0.02")  # 0.015, half-even; one by one it would be 0.00
    assert exposure.by_category["deliveries"] == Decimal("0.00")


def test_an_amount_without_a_rate_is_left_out_and_named() -> None:
    verdict = decided(order("10.00"), facts(line("orders", "99.00", currency="USD")))
    assert verdict.situation.exposure.current == 0
    assert codes(verdict) == [Code.RATE_MISSING]
    assert verdict.findings[0].params == {"pairs": ["USD/EUR"]}


def test_a_rate_that_no_included_category_needs_is_not_missed() -> None:
    stored = facts(line("orders", "99.00", currency="USD"))
    assert not decided(None, stored, configuration(categories=only("open_items"))).findings


def test_the_evaluation_is_in_the_currency_of_the_own_limit_else_of_the_company() -> None:
    settings = configuration(rates=[dollar_rate("0.5")])
    company = decided(None, facts(item("100.00")), settings).situation
    own = decided(None, facts(item("100.00"), limit=limit(usd("500.00"))), settings).situation
    assert (company.currency, company.exposure.current) == ("EUR", Decimal("100.00"))
    assert (own.currency, own.exposure.current) == ("USD", Decimal("200.00"))


def test_exposure_of_the_account_alone_leaves_out_other_members() -> None:
    situation = decided(None, facts(item("1.00"), item("2.00", own=False))).situation
    assert (situation.own.current, situation.whole_group.current) == figures(1, 3)
