"""Payment behaviour as formulas: terms granted, days taken to pay, and the credit that follows from both.

All averages of days are weighted by amounts, the way banks do it: an amount times its days are its *numbers*,
and an average is the numbers of all divided by the amounts of all (docs/domain.md, Payment behaviour).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from creditrisk.domain.money import EXACT

ZERO = Decimal(0)
YEAR_DAYS = 365
"""Days of a year, in leap years too: both systems the formulas come from divide by it."""

_TWO_DECIMALS = Decimal("0.01")


class Numbers(NamedTuple):
    """Amounts of one currency beside the sum of each amount times its days."""

    amount: Decimal = ZERO
    numbers: Decimal = ZERO

    @classmethod
    def of(cls, amount: Decimal, days: int | Decimal) -> "Numbers":
        """The numbers of one amount."""
        return cls(amount, EXACT.multiply(amount, Decimal(days)))

    def plus(self, other: "Numbers") -> "Numbers":
        """Both together."""
        return Numbers(EXACT.add(self.amount, other.amount), EXACT.add(self.numbers, other.numbers))

    @property
    def average(self) -> Decimal | None:
        """Days on average, unrounded; None where the amounts come to nothing."""
        return EXACT.divide(self.numbers, self.amount) if self.amount else None


NOTHING = Numbers()


def total_numbers(parts: Iterable[Numbers]) -> Numbers:
    """All of them together."""
    total = NOTHING
    for part in parts:
        total = total.plus(part)
    return total


class Collection(NamedTuple):
    """One row of money received: the amount, when it was due, and when it was there."""

    amount: Decimal
    due_on: date
    value_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How late money was on average."""

    amount: Decimal
    average_due_date: date
    average_value_date: date
    """Both rounded to whole days, half a day to the later one."""
    days: Decimal
    """Value date less due date, not rounded; negative where the money came early."""


def average_delay(collections: Sequence[Collection]) -> Delay | None:
    """F29: average value date less average due date, both weighted by the amounts.

    Days are counted from the value date of the first row, which cancels out. None where the amounts, which
    must not be negative, come to nothing.
    """
    if not collections:
        return None
    first = collections[0].value_on
    due = total_numbers(Numbers.of(each.amount, (each.due_on - first).days) for each in collections)
    value = total_numbers(Numbers.of(each.amount, (each.value_on - first).days) for each in collections)
    if due.average is None or value.average is None:
        return None
    return Delay(
        amount=due.amount,
        average_due_date=_day(first, due.average),
        average_value_date=_day(first, value.average),
        days=EXACT.subtract(value.average, due.average),
    )


def _day(first: date, days: Decimal) -> date:
    """The day so many days later; half a day makes it the later one."""
    exact = EXACT.add(Decimal(first.toordinal()), days)
    return date.fromordinal(int(exact.to_integral_value(ROUND_HALF_UP)))


def estimated_credit(*, turnover: Decimal, multiplier: Decimal, average_days: Decimal) -> Decimal:
    """F24: the credit a customer needs to buy as before on its terms, in the turnover's currency, unrounded.

    Turnover of 12 months / 365 x multiplier x average days of the terms granted. Where credit notes outweigh
    the invoices it is 0.
    """
    product = EXACT.multiply(EXACT.multiply(max(turnover, ZERO), multiplier), average_days)
    return EXACT.divide(product, Decimal(YEAR_DAYS))


def days_of_sales(*, as_of: date, customer_since: date | None, period: int = YEAR_DAYS) -> int:
    """M48: the days that turnover of a period stands for; fewer of somebody who became a customer since."""
    if customer_since is None:
        return period
    return min(max((as_of - customer_since).days, 1), period)


def days_sales_outstanding(*, outstanding: Numbers, turnover: Decimal) -> Decimal:
    """F27, M48: how many days of sales are not paid yet; 0 where nothing was sold.

    The numbers of `outstanding` are what is owed times `days_of_sales`; those of several accounts add up.
    """
    return EXACT.divide(outstanding.numbers, turnover) if turnover > 0 else ZERO


def whole_days(days: Decimal) -> int:
    """Days as people set them: rounded half to even."""
    return int(days.to_integral_value(ROUND_HALF_EVEN))


def format_days(days: Decimal) -> str:
    """Write days: rounded half to even to two decimals, without trailing zeros: `45`, `121.67`, `-2.5`."""
    rounded = EXACT.quantize(days, _TWO_DECIMALS)
    return format(rounded.normalize(EXACT), "f") if rounded else "0"
