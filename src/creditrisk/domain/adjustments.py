"""What a limit becomes when it is adjusted: by a percentage or an amount, rounded off (M36)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from creditrisk.domain.money import EXACT, Money, quantise

ZERO: Final = Decimal(0)
HUNDRED: Final = Decimal(100)

Convert = Callable[[Decimal, str], Decimal | None]
"""Converts an amount of a currency; None where there is no rate."""


class Rounding(StrEnum):
    """Where an amount between two multiples of a unit goes."""

    UP = "up"
    DOWN = "down"
    NEAREST = "nearest"
    """Half a unit goes up."""


_MODES: Final = {
    Rounding.UP: ROUND_CEILING,
    Rounding.DOWN: ROUND_FLOOR,
    Rounding.NEAREST: ROUND_HALF_UP,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """By how much limits change. Exactly one of ``percent`` and ``amount`` is set; both may be negative."""

    percent: Decimal | None = None
    amount: Money | None = None
    unit: Decimal | None = None
    """The result is a multiple of it, in the limit's currency; None: of the minor unit."""
    rounding: Rounding = Rounding.NEAREST


def round_off(amount: Decimal, *, unit: Decimal, rounding: Rounding) -> Decimal:
    """The multiple of ``unit``, which is above 0, that ``rounding`` makes of an amount of 0 or more."""
    steps = EXACT.divide(amount, unit).to_integral_value(_MODES[rounding], context=EXACT)
    return EXACT.multiply(steps, unit)


def adjusted(limit: Money, adjustment: Adjustment, *, convert: Convert) -> Money | None:
    """The limit after an adjustment, never below 0; None where an amount lacks a rate into its currency.

    ``convert`` is into the currency of the limit.
    """
    if adjustment.percent is not None:
        change: Decimal | None = EXACT.divide(EXACT.multiply(limit.amount, adjustment.percent), HUNDRED)
    else:
        assert adjustment.amount is not None  # noqa: S101 - one of both is set
        change = convert(*adjustment.amount)
    if change is None:
        return None
    amount = max(EXACT.add(limit.amount, change), ZERO)
    if adjustment.unit is not None:
        amount = round_off(amount, unit=adjustment.unit, rounding=adjustment.rounding)
    return Money(quantise(amount, limit.currency), limit.currency)


@dataclass(frozen=True, slots=True)
class DayRule:
    """A day that is stated, or so many days after the reference date; exactly one of both is set."""

    day: date | None = None
    days: int | None = None

    def on(self, as_of: date) -> date:
        """The day it means on a reference date."""
        if self.day is not None:
            return self.day
        return as_of + timedelta(days=self.days or 0)
