"""Exposure on the coming days, if what falls due is paid and nothing else happens (F12).

Waiting alone frees credit: bills leave the risk of the bank, advances become effective, limits begin and end.
What customers pay frees more. Both are foreseen by evaluating the account on each day with what is stored
now, less the items that are paid by then (docs/domain.md, Forecast).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from creditrisk.domain.counting import counted_amount, item_is_open
from creditrisk.domain.exposure import Exposure
from creditrisk.domain.papers import Category, Flag, Line
from creditrisk.domain.situation import Situation, situation_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastDay:
    """The account at the end of a day. Amounts in the currency of the evaluation."""

    day: date
    situation: Situation
    falling_due: Decimal
    """What of exposure is paid that day; credits that fall due lower it."""
    bills_released: Decimal
    """By how much bills at risk are less than the day before."""
    advances_effective: Decimal
    """What the bank makes effective that day."""


def forecast(today: Situation, *, days: int, delay_days: int) -> Iterator[ForecastDay]:
    """The reference date and so many days after it, each in turn.

    Items and invoices are paid `delay_days` after their due date (F29: the account's average delay is a good
    guess). What should have been paid before the reference date, or states no due date, stays open.
    """
    outlook = _Outlook(today, delay_days)
    before = today
    for n in range(days + 1):
        day = today.as_of + timedelta(days=n)
        later = outlook.on(day)
        yield ForecastDay(
            day=day,
            situation=later,
            falling_due=outlook.falling_due(day),
            bills_released=outlook.decrease(Category.BILLS, before, later),
            advances_effective=outlook.decrease(Category.ADVANCES, before, later),
        )
        before = later


class _Outlook:
    """What is known today about later days."""

    def __init__(self, today: Situation, delay_days: int) -> None:
        self._today = today
        self._delay_days = delay_days
        self._of_group = today.exposure is today.whole_group
        self._included = today.configuration.included

    def on(self, day: date) -> Situation:
        """The account on a later day, without what is paid by then."""
        today = self._today
        lines: list[Line] = []
        for line in today.facts.lines:
            paid_on = self._paid_on(line)
            if paid_on is None or not today.as_of.toordinal() <= paid_on <= day.toordinal():
                lines.append(line)
            elif line.category == Category.OPEN_ITEMS and Flag.PROVISIONAL not in line.flags:
                lines.append(_off_the_balance(line))
        facts = today.facts._replace(lines=lines)
        return situation_of(today.check, facts, today.configuration, as_of=day)

    def falling_due(self, day: date) -> Decimal:
        """What of exposure is paid on a day."""
        return self._today.converter.total(
            (line.currency, self._amount(line, day))
            for line in self._today.lines
            if self._paid_on(line) == day.toordinal() and (line.own or self._of_group)
        )

    def decrease(self, category: Category, before: Situation, later: Situation) -> Decimal:
        """By how much a category is less than the day before."""
        return self._exposure(before).by_category[category] - self._exposure(later).by_category[category]

    def _exposure(self, situation: Situation) -> Exposure:
        """Of the same accounts on every day, whichever limit binds then."""
        return situation.whole_group if self._of_group else situation.own

    def _paid_on(self, line: Line) -> int | None:
        """The ordinal of the day on which it is paid, which may lie behind the calendar; None: not known."""
        if line.category not in {Category.OPEN_ITEMS, Category.INVOICES} or line.due_on == date.max:
            return None
        return line.due_on.toordinal() + self._delay_days

    def _amount(self, line: Line, day: date) -> Decimal:
        if line.category in self._included:
            return counted_amount(line, configuration=self._today.configuration, as_of=day) or Decimal(0)
        on_balance = line.category == Category.OPEN_ITEMS and Category.LEDGER_BALANCE in self._included
        counts = on_balance and Flag.PROVISIONAL not in line.flags
        return line.open_amount if counts and item_is_open(line, self._today.policy, day) else Decimal(0)


def _off_the_balance(line: Line) -> Line:
    """What a payment takes off the ledger balance, which a policy may count in place of the items."""
    return line.negated()._replace(
        category=Category.LEDGER_BALANCE, flags="", due_on=date.max, since=date.min, credit=False
    )
