"""Overdue: what is past due, in which age, and what of it the tests see (docs/domain.md, Exposure)."""

from datetime import timedelta

import pytest

from tests.builders import (
    TODAY,
    configuration,
    decided,
    facts,
    figures,
    item,
)

YESTERDAY = TODAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("days", "band"),
    [(0, "not_due"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"), (91, "over_90")],
)
def test_overdue_items_are_aged_by_days_past_due(days: int, band: str) -> None:
    overdue = decided(None, facts(item("10.00", due=TODAY - timedelta(days=days)))).situation.overdue
    assert {name for name, amount in overdue.ageing.items() if amount} == {band}
    assert overdue.amount == (10 if days else 0)
    assert overdue.oldest_days == days


def test_days_past_due_count_from_the_due_date_once_the_grace_days_are_over() -> None:
    settings = configuration(overdue_grace_days=3)

    def oldest(days: int) -> int:
        stored = facts(item("10.00", due=TODAY - timedelta(days=days)))
        return decided(None, stored, settings).situation.overdue.oldest_days

    assert (oldest(3), oldest(4)) == (0, 4)


def test_credits_do_not_hide_an_overdue_item_and_items_without_due_date_are_never_overdue() -> None:
    stored = facts(item("10.00", due=YESTERDAY), item("-50.00", due=YESTERDAY), item("7.00"))
    overdue = decided(None, stored).situation.overdue
    assert (overdue.amount, overdue.not_due) == figures(10, -43)


def test_the_overdue_tests_read_open_items_under_either_balance_basis() -> None:
    settings = configuration(balance_basis="ledger_balance")
    assert decided(None, facts(item("10.00", due=YESTERDAY)), settings).situation.overdue.tested_amount == 10


@pytest.mark.parametrize(("tolerance", "tested"), [("9.99", "10.00"), ("10.00", "10.00"), ("10.01", "0")])
def test_a_due_date_whose_items_together_are_below_the_tolerance_is_shown_but_not_tested(
    tolerance: str, tested: str
) -> None:
    stored = facts(item("4.00", due=YESTERDAY), item("6.00", due=YESTERDAY))
    overdue = decided(None, stored, configuration(overdue_tolerance=tolerance)).situation.overdue
    assert (overdue.amount, overdue.tested_amount) == figures(10, tested)
    assert overdue.tested_oldest_days == (1 if overdue.tested_amount else 0)


def test_an_overdue_item_without_a_rate_cannot_hide_behind_the_tolerance() -> None:
    stored = facts(item("1.00", due=YESTERDAY, currency="USD"))
    overdue = decided(None, stored, configuration(overdue_tolerance="5.00")).situation.overdue
    assert overdue.tested_oldest_days == 1


def test_disputed_items_can_be_left_out_of_the_overdue_tests() -> None:
    stored = facts(item("10.00", due=YESTERDAY, flags="D"), item("3.00", due=YESTERDAY))
    assert decided(None, stored).situation.overdue.tested_amount == 13
    lenient = decided(None, stored, configuration(disputed_items_overdue=False)).situation.overdue
    assert (lenient.amount, lenient.tested_amount) == figures(13, 3)
