"""Limits adjusted and rounded off, with the figures of docs/domain.md."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.adjustments import Adjustment, DayRule, Rounding, adjusted, round_off
from creditrisk.domain.money import Money
from tests.builders import eur, usd

D = Decimal


def halved(amount: Decimal, currency: str) -> Decimal | None:
    """One EUR is two USD, and there is no rate of anything else."""
    return {"EUR": amount, "USD": amount / 2}.get(currency)


@pytest.mark.parametrize(
    ("limit", "adjustment", "becomes"),
    [
        ("10000.00", Adjustment(percent=D(10)), "11000.00"),
        ("10000.00", Adjustment(percent=D(-25)), "7500.00"),
        ("10000.00", Adjustment(percent=D("33.3333")), "13333.33"),
        ("10000.00", Adjustment(amount=eur("2500.00")), "12500.00"),
        ("10000.00", Adjustment(amount=usd("-5000.00")), "7500.00"),
        ("10000.00", Adjustment(amount=eur("-12000.00")), "0.00"),
        ("0.00", Adjustment(percent=D(50)), "0.00"),
        ("12345.00", Adjustment(percent=D(0), unit=D(10), rounding=Rounding.UP), "12350.00"),
        ("12345.00", Adjustment(percent=D(0), unit=D(10), rounding=Rounding.DOWN), "12340.00"),
        ("12345.00", Adjustment(percent=D(0), unit=D(10), rounding=Rounding.NEAREST), "12350.00"),
        ("12344.99", Adjustment(percent=D(0), unit=D(10), rounding=Rounding.NEAREST), "12340.00"),
        ("12340.00", Adjustment(percent=D(0), unit=D(10), rounding=Rounding.UP), "12340.00"),
        ("12345.00", Adjustment(percent=D(10), unit=D(500), rounding=Rounding.UP), "14000.00"),
    ],
)
def test_a_limit_is_adjusted_and_rounded_off(limit: str, adjustment: Adjustment, becomes: str) -> None:
    assert adjusted(eur(limit), adjustment, convert=halved) == eur(becomes)


def test_an_amount_without_a_rate_adjusts_nothing() -> None:
    change = Adjustment(amount=Money.parse("100", "JPY"))
    assert adjusted(eur("1.00"), change, convert=halved) is None


@given(
    st.decimals("0", "100000000", places=2),
    st.sampled_from(["0.05", "1", "10", "12.5", "1000"]),
)
def test_rounding_off_gives_the_multiples_on_both_sides(amount: Decimal, unit: str) -> None:
    step = D(unit)
    down, nearest, up = (
        round_off(amount, unit=step, rounding=each) for each in (Rounding.DOWN, Rounding.NEAREST, Rounding.UP)
    )
    assert down <= amount <= up
    assert nearest in {down, up}
    assert abs(nearest - amount) <= step / 2
    assert down % step == up % step == 0
    assert up - down in {0, step}


def test_a_day_is_stated_or_so_many_days_away() -> None:
    today = date(2026, 11, 26)
    assert DayRule(day=date(2027, 1, 1)).on(today) == date(2027, 1, 1)
    assert DayRule(days=90).on(today) == date(2027, 2, 24)
    assert DayRule(days=0).on(today) == today
