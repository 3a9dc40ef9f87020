"""Payment behaviour: the formulas, with the figures of docs/domain.md."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.behaviour import (
    NOTHING,
    Collection,
    Numbers,
    average_delay,
    days_of_sales,
    days_sales_outstanding,
    estimated_credit,
    format_days,
    total_numbers,
)
from tests.builders import TODAY, day, figures

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=2)
SOLD = st.decimals(min_value="0.01", max_value=10**9, places=2)
DAYS = st.integers(-400, 400)
ROWS = st.lists(
    st.builds(
        lambda amount, due, late: Collection(
            amount, TODAY + timedelta(days=due), TODAY + timedelta(days=due + late)
        ),
        SOLD,
        DAYS,
        DAYS,
    ),
    min_size=1,
    max_size=20,
)


def numbers(*parts: tuple[str, int]) -> Numbers:
    return total_numbers(Numbers.of(Decimal(amount), days) for amount, days in parts)


@pytest.mark.parametrize(
    ("instalments", "turnover", "multiplier", "days", "credit"),
    [
        ([("100000", 30), ("100000", 60)], "365000", "1", 45, 45_000),
        ([("100000", 30), ("100000", 60)], "365000", "1.5", 45, 67_500),
        ([("50000", 0), ("150000", 60)], "365000", "1", 45, 45_000),
        ([("100000", 90)], "73000", "1", 90, 18_000),
        ([("100000", 0)], "365000", "1", 0, 0),
        ([("100000", 30)], "-1000", "1", 30, 0),
    ],
)
def test_the_estimated_credit_is_what_turnover_and_terms_support(
    instalments: list[tuple[str, int]], turnover: str, multiplier: str, days: int, credit: int
) -> None:
    average = numbers(*instalments).average
    assert average == days
    estimate = estimated_credit(
        turnover=Decimal(turnover), multiplier=Decimal(multiplier), average_days=average
    )
    assert estimate == credit


@pytest.mark.parametrize(
    ("outstanding", "turnover", "days", "dso"),
    [
        ("50000", "150000", 365, "121.67"),
        ("50000", "150000", 183, "61"),
        ("365000", "365000", 365, "365"),
        ("0", "150000", 365, "0"),
        ("-10000", "365000", 365, "-10"),
        ("50000", "0", 365, "0"),
        ("50000", "-1", 365, "0"),
    ],
)
def test_dso_is_the_days_of_sales_that_are_not_paid(
    outstanding: str, turnover: str, days: int, dso: str
) -> None:
    owed = Numbers.of(Decimal(outstanding), days)
    assert format_days(days_sales_outstanding(outstanding=owed, turnover=Decimal(turnover))) == dso


@pytest.mark.parametrize(
    ("since", "days"),
    [
        (None, 365),
        ("2019-01-01", 365),
        ("2024-12-31", 365),
        ("2025-07-01", 183),
        ("2025-12-30", 1),
        ("2025-12-31", 1),
        ("2026-01-01", 1),
    ],
)
def test_a_new_customer_has_had_fewer_days_to_buy(since: str | None, days: int) -> None:
    found = days_of_sales(as_of=date(2025, 12, 31), customer_since=None if since is None else day(since))
    assert found == days


def test_the_average_delay_is_between_the_average_due_date_and_the_average_value_date() -> None:
    delay = average_delay(
        [
            Collection(Decimal(1000), day("2026-03-01"), day("2026-03-11")),
            Collection(Decimal(3000), day("2026-03-31"), day("2026-04-05")),
        ]
    )
    assert delay is not None
    assert (delay.average_due_date, delay.average_value_date) == (day("2026-03-24"), day("2026-03-30"))
    assert (delay.amount, delay.days) == figures(4000, "6.25")


@pytest.mark.parametrize("amounts", [[], ["0"], ["0", "0"]])
def test_of_nothing_there_is_no_average(amounts: list[str]) -> None:
    assert average_delay([Collection(Decimal(amount), TODAY, TODAY) for amount in amounts]) is None
    assert NOTHING.average is None


@given(ROWS)
def test_the_delay_does_not_depend_on_the_row_that_days_are_counted_from(rows: list[Collection]) -> None:
    one, other = average_delay(rows), average_delay(rows[::-1])
    assert one is not None
    assert other is not None
    assert format_days(one.days) == format_days(other.days)


@given(ROWS)
def test_the_delay_is_the_delays_of_the_rows_weighted_by_their_amounts(rows: list[Collection]) -> None:
    delay = average_delay(rows)
    late = [(each.value_on - each.due_on).days for each in rows]
    weighted = total_numbers(
        Numbers.of(each.amount, days) for each, days in zip(rows, late, strict=True)
    ).average
    assert delay is not None
    assert weighted is not None
    assert format_days(delay.days) == format_days(weighted)
    assert min(late) <= weighted <= max(late)


@given(SOLD, st.integers(0, 365), AMOUNTS, st.decimals(min_value=0, max_value=10, places=2))
def test_more_turnover_or_longer_terms_never_support_less_credit(
    turnover: Decimal, days: int, more: Decimal, multiplier: Decimal
) -> None:
    def credit(turnover: Decimal, days: int) -> Decimal:
        return estimated_credit(turnover=turnover, multiplier=multiplier, average_days=Decimal(days))

    assert credit(turnover, days) <= credit(turnover + more, days)
    assert credit(turnover, days) <= credit(turnover, days + 1)


@given(st.lists(st.tuples(AMOUNTS, DAYS), max_size=10), st.lists(st.tuples(AMOUNTS, DAYS), max_size=10))
def test_numbers_of_two_accounts_together_are_those_of_all_their_amounts(
    one: list[tuple[Decimal, int]], other: list[tuple[Decimal, int]]
) -> None:
    def total(rows: list[tuple[Decimal, int]]) -> Numbers:
        return total_numbers(Numbers.of(*row) for row in rows)

    assert total(one).plus(total(other)) == total(one + other)


@pytest.mark.parametrize(
    ("days", "text"),
    [
        ("45", "45"),
        ("45.00", "45"),
        ("40", "40"),
        ("-2.5", "-2.5"),
        ("121.6666", "121.67"),
        ("0.005", "0"),
        ("-0.001", "0"),
        ("1E+3", "1000"),
    ],
)
def test_days_are_written_with_up_to_two_decimals(days: str, text: str) -> None:
    assert format_days(Decimal(days)) == text


def test_figures_of_the_worked_account() -> None:
    terms = numbers(("146000", 30), ("100000", 30), ("119000", 60))
    assert terms.average is not None
    credit = estimated_credit(turnover=Decimal(365_000), multiplier=Decimal(1), average_days=terms.average)
    assert (format_days(terms.average), round(credit, 2)) == ("39.78", Decimal("39780.82"))
