from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.period import BANDS, InvalidPeriod, Period, band, days_past_due
from tests.strategies import days, periods

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
ONE_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "inside"),
    [
        (FIRST - ONE_DAY, False),
        (FIRST, True),
        (date(2026, 3, 15), True),
        (LAST, True),
        (LAST + ONE_DAY, False),
    ],
)
def test_a_period_includes_both_its_ends(day: date, inside: bool) -> None:  # noqa: FBT001 - a table's column
    assert Period(FIRST, LAST).contains(day) is inside


def test_a_period_without_an_end_never_ends() -> None:
    assert Period(FIRST, None).contains(date.max)
    assert not Period(FIRST, None).contains(FIRST - ONE_DAY)


def test_a_period_without_a_start_has_always_been() -> None:
    assert Period(None, LAST).contains(date.min)
    assert not Period(None, LAST).contains(LAST + ONE_DAY)
    assert Period().contains(FIRST)


def test_a_period_may_be_a_single_day() -> None:
    assert Period(FIRST, FIRST).contains(FIRST)


def test_a_period_cannot_end_before_it_begins() -> None:
    with pytest.raises(InvalidPeriod):
        Period(LAST, FIRST)


@pytest.mark.parametrize(
    ("due_on", "past"),
    [
        (date(2026, 3, 1), 30),
        (date(2026, 3, 30), 1),
        (date(2026, 3, 31), 0),
        (date(2026, 4, 1), -1),
        (date.max, None),
    ],
)
def test_days_past_due_count_from_the_due_date_itself(due_on: date, past: int | None) -> None:
    counted = days_past_due(due_on, date(2026, 3, 31))
    assert counted == past if past is not None else counted < 0


@pytest.mark.parametrize(
    ("past", "name"),
    [
        *((-400, "not_due"), (-1, "not_due"), (0, "not_due")),
        *((1, "1-30"), (30, "1-30")),
        *((31, "31-60"), (60, "31-60")),
        *((61, "61-90"), (90, "61-90")),
        *((91, "over_90"), (4000, "over_90")),
    ],
)
def test_ageing_bands_are_thirty_days_wide_and_begin_the_day_after_the_due_date(past: int, name: str) -> None:
    assert band(past) == name


def test_the_bands_are_named_from_the_youngest_to_the_oldest() -> None:
    assert BANDS == ("not_due", "1-30", "31-60", "61-90", "over_90")


@given(st.integers(-10_000, 10_000), st.integers(0, 10_000))
def test_getting_older_never_leads_to_a_younger_band(past: int, more: int) -> None:
    assert BANDS.index(band(past + more)) >= BANDS.index(band(past))


@given(periods(), days())
def test_a_day_lies_in_a_period_exactly_when_it_is_neither_before_nor_after_it(
    period: Period, day: date
) -> None:
    before = period.start is not None and day < period.start
    after = period.end is not None and day > period.end
    assert period.contains(day) is not (before or after)
