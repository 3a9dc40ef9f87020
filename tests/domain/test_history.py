"""From stored sales and payments to the figures of one account (docs/domain.md, Payment behaviour)."""

from datetime import date
from decimal import Decimal

import pytest

from creditrisk.domain.behaviour import Numbers
from creditrisk.domain.facts import Configuration
from creditrisk.domain.history import Days, Habits, History, Record, Sales, Terms, habits_of, period_days
from creditrisk.domain.policy import DocumentType
from creditrisk.domain.rates import Converter
from tests.builders import TODAY, configuration, day, dollar_rate, figures

SURE, POSTED, UNNAMED = Record.SURE, Record.POSTED, Record.UNNAMED


def habits(history: History, settings: Configuration | None = None) -> tuple[Habits, Converter]:
    settings = settings or configuration()
    converter = Converter(settings.rates, "EUR", "default", TODAY)
    return habits_of(history, configuration=settings, converter=converter), converter


def sold(record: Record, amount: str, *, type: str = "", currency: str = "EUR", now: bool = False) -> Sales:
    return Sales(record, type, currency, now, Decimal(amount))


@pytest.mark.parametrize(
    ("sales", "turnover"),
    [
        ([(SURE, "100")], 100),
        ([(SURE, "100"), (SURE, "-30")], 70),
        # Posted invoices that no item names are in the ledger under another name.
        ([(SURE, "100"), (POSTED, "40"), (UNNAMED, "40")], 140),
        ([(POSTED, "40"), (UNNAMED, "15")], 40),
        ([(POSTED, "15"), (UNNAMED, "40")], 40),
        ([(UNNAMED, "40")], 40),
        ([], 0),
    ],
)
def test_a_sale_counts_once_whatever_records_there_are_of_it(
    sales: list[tuple[Record, str]], turnover: int
) -> None:
    found, _ = habits(History(sales=[sold(record, amount) for record, amount in sales]))
    assert found.turnover_12m == turnover


def test_terms_are_those_of_the_sales_that_count() -> None:
    history = History(
        sales=[sold(POSTED, "40"), sold(UNNAMED, "15")],
        terms=[Terms(POSTED, "", "EUR", 30, Decimal(40)), Terms(UNNAMED, "", "EUR", 90, Decimal(15))],
    )
    assert habits(history)[0].terms == Numbers(Decimal(40), Decimal(1200))


def test_sales_since_new_year_are_part_of_those_of_twelve_months() -> None:
    found, _ = habits(History(sales=[sold(SURE, "100"), sold(SURE, "60", now=True)]))
    assert (found.turnover_12m, found.turnover_ytd) == figures(160, 60)


@pytest.mark.parametrize(("earlier", "now"), [(POSTED, UNNAMED), (UNNAMED, POSTED)])
def test_which_records_count_since_new_year_is_told_by_those_since_then(earlier: Record, now: Record) -> None:
    found, _ = habits(History(sales=[sold(earlier, "1000"), sold(now, "300", now=True)]))
    assert (found.turnover_12m, found.turnover_ytd) == figures(1000, 300)


def test_types_that_are_not_under_credit_control_are_no_credit_sales() -> None:
    settings = configuration(types={"CASH": DocumentType(credit=False, exclude_block=False)})
    history = History(
        sales=[sold(SURE, "100"), sold(SURE, "60", type="CASH")],
        terms=[Terms(SURE, "", "EUR", 30, Decimal(100)), Terms(SURE, "CASH", "EUR", 0, Decimal(60))],
    )
    found, _ = habits(history, settings)
    assert (found.turnover_12m, found.terms.average) == figures(100, 30)


def test_amounts_are_converted_and_those_without_a_rate_are_named() -> None:
    settings = configuration(rates=[dollar_rate()])
    history = History(
        sales=[sold(SURE, "100"), sold(SURE, "60", currency="USD"), sold(SURE, "7", currency="CHF")],
        delays=[Days("USD", 10, Decimal(60)), Days("EUR", 20, Decimal(10)), Days("CHF", 99, Decimal(1))],
    )
    found, converter = habits(history, settings)
    assert found.turnover_12m == 130
    assert found.delays.average == Decimal("12.5")
    assert converter.missing == (("CHF", "EUR"),)


@pytest.mark.parametrize(
    ("as_of", "days"),
    [("2025-06-30", 365), ("2024-06-30", 366), ("2024-02-29", 366), ("2025-02-28", 366), ("2023-02-28", 365)],
)
def test_twelve_months_are_a_year_by_the_calendar(as_of: str, days: int) -> None:
    assert period_days(day(as_of)) == days


def test_histories_of_two_accounts_add_up() -> None:
    one, _ = habits(History(sales=[sold(SURE, "1")], balances=[Days("EUR", 3, Decimal(10))]))
    other, _ = habits(History(sales=[sold(SURE, "2", now=True)], payments=[Days("EUR", 5, Decimal(10))]))
    both = one.plus(other)
    assert (both.turnover_12m, both.turnover_ytd) == figures(3, 2)
    assert (both.balances.numbers, both.payments.average) == figures(30, 5)


def test_the_day_a_year_before_a_leap_day_is_the_last_of_february() -> None:
    assert period_days(date(2024, 2, 29)) == (date(2024, 2, 29) - date(2023, 2, 28)).days
