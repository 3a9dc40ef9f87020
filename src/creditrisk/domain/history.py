"""What an account has bought and paid lately, as stored papers tell it (docs/domain.md, Payment behaviour).

The rows are sums: papers that agree in everything asked here were added up when they were read.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from creditrisk.domain.behaviour import NOTHING, YEAR_DAYS, Numbers, total_numbers
from creditrisk.domain.facts import Configuration
from creditrisk.domain.rates import Converter

ZERO = Decimal(0)


class Record(StrEnum):
    """How surely a paper is the only record of its sale."""

    SURE = "sure"
    """An invoice that an open item names or that is not posted yet; an item whose invoice is not stored."""
    POSTED = "posted"
    """An invoice marked as posted that no open item names."""
    UNNAMED = "unnamed"
    """An open item that names no invoice: perhaps the posting of one of those."""


class Sales(NamedTuple):
    """Totals of invoices, or of open items in their place; credit notes are negative."""

    record: Record
    type: str
    """The ERP's type of the invoice; empty for items."""
    currency: str
    this_year: bool
    """Dated in the calendar year of the reference date."""
    amount: Decimal


class Terms(NamedTuple):
    """Instalments of sales that were granted the same number of days."""

    record: Record
    type: str
    currency: str
    days: int
    amount: Decimal


class Days(NamedTuple):
    """Amounts of one currency with the same number of days."""

    currency: str
    days: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The months, 12 unless others are asked for, up to and including the reference date."""

    sales: Sequence[Sales] = ()
    terms: Sequence[Terms] = ()
    delays: Sequence[Days] = ()
    """What was paid, with the days from the due date to the money; negative where it came early."""
    payments: Sequence[Days] = ()
    """What was paid, with the days from the paper's date to the money, never negative."""
    balances: Sequence[Days] = ()
    """What was owed, with the days on which it was."""
    customer_since: date | None = None
    """Since when it has been a customer; None: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """A history in one currency. Those of several accounts add up."""

    turnover_12m: Decimal = ZERO
    turnover_ytd: Decimal = ZERO
    terms: Numbers = NOTHING
    delays: Numbers = NOTHING
    payments: Numbers = NOTHING
    balances: Numbers = NOTHING
    """The numbers are of the days on which it was owed."""

    def plus(self, other: "Habits") -> "Habits":
        """Both together."""
        return Habits(
            turnover_12m=self.turnover_12m + other.turnover_12m,
            turnover_ytd=self.turnover_ytd + other.turnover_ytd,
            terms=self.terms.plus(other.terms),
            delays=self.delays.plus(other.delays),
            payments=self.payments.plus(other.payments),
            balances=self.balances.plus(other.balances),
        )


YEAR = 12
"""Months of a year."""


def months_before(as_of: date, months: int = YEAR) -> date:
    """The day after which so many months up to the reference date begin.

    The last day of a month that has no such day: 28 February for the 29th a year later.
    """
    year, month = divmod(as_of.year * YEAR + as_of.month - 1 - months, YEAR)
    return date(year, month + 1, min(as_of.day, monthrange(year, month + 1)[1]))


def period_days(as_of: date, months: int = YEAR) -> int:
    """How many days those months have: of 12 months 365 or 366."""
    return (as_of - months_before(as_of, months)) // timedelta(days=1)


def days_sold_in(as_of: date, months: int) -> int:
    """How many days turnover of those months stands for: whole years have 365 each, as DSO has it."""
    years, rest = divmod(months, YEAR)
    return period_days(as_of, months) if rest else years * YEAR_DAYS


def habits_of(history: History, *, configuration: Configuration, converter: Converter) -> Habits:
    """Add a history up in the converter's currency; amounts without a rate are left out and named by it.

    Sales of types that are not under credit control are left out. Posted invoices that no item names, and
    items that name none, may be two records of the same sales: the larger of both sums counts, in twelve
    months as since New Year.
    """
    sales = [each for each in history.sales if configuration.document_type(each.type or None).credit]

    def turnover(*records: Record, this_year: bool = False) -> Decimal:
        return converter.total(
            (each.currency, each.amount)
            for each in sales
            if each.record in records and (each.this_year or not this_year)
        )

    def counted_in(*, this_year: bool) -> tuple[Record, Record]:
        larger = max(
            (Record.POSTED, Record.UNNAMED), key=lambda record: turnover(record, this_year=this_year)
        )
        return Record.SURE, larger

    counted = counted_in(this_year=False)
    return Habits(
        turnover_12m=turnover(*counted),
        turnover_ytd=turnover(*counted_in(this_year=True), this_year=True),
        terms=_numbers(
            (
                Days(each.currency, each.days, each.amount)
                for each in history.terms
                if each.record in counted and configuration.document_type(each.type or None).credit
            ),
            converter,
        ),
        delays=_numbers(history.delays, converter),
        payments=_numbers(history.payments, converter),
        balances=_numbers(history.balances, converter),
    )


def _numbers(rows: Iterable[Days], converter: Converter) -> Numbers:
    """The numbers of rows, each row's amount converted once."""
    return total_numbers(
        Numbers.of(amount, row.days)
        for row in rows
        if (amount := converter.convert(row.amount, row.currency)) is not None
    )
