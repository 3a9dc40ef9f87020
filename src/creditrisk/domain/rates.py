"""Exchange rates and conversion into one currency (docs/domain.md, Money and dates; M40)."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from creditrisk.domain.money import EXACT, minor_unit, quantise

_ZERO = Decimal(0)


class InvalidRate(ValueError):
    """A rate that is not a finite number above zero."""


class Rate(NamedTuple):
    """From `day` on, 1 unit of `source` is worth `rate` units of `target`."""

    source: str
    target: str
    day: date
    rate: Decimal
    type: str = "default"


class AppliedRate(NamedTuple):
    """The rate by which `source` became `target`.

    `rate` is the figure as stored; where `inverse` is true it was stated for the opposite direction, and
    divides.
    """

    source: str
    target: str
    type: str
    day: date
    rate: Decimal
    inverse: bool

    def apply(self, amount: Decimal) -> Decimal:
        """Convert `amount` of the source currency and round once, half-even, to the target's minor unit."""
        exact = EXACT.divide(amount, self.rate) if self.inverse else EXACT.multiply(amount, self.rate)
        return quantise(exact, self.target)


class _History(NamedTuple):
    """Rates of one pair and type, oldest first."""

    days: tuple[date, ...]
    rates: tuple[Decimal, ...]

    def newest(self, as_of: date) -> tuple[date, Decimal] | None:
        """Return the newest rate not later than `as_of`."""
        at = bisect_right(self.days, as_of) - 1
        return None if at < 0 else (self.days[at], self.rates[at])


_NO_HISTORY = _History((), ())


@dataclass(frozen=True, slots=True)
class RateTable:
    """All rates of a company, indexed. Make it with `build`."""

    _histories: Mapping[tuple[str, str, str], _History]

    @classmethod
    def build(cls, rates: Iterable[Rate]) -> "RateTable":
        """Index `rates`; of several for the same pair, type and day the one given last counts.

        Raises:
            InvalidRate: a rate is not a finite number above zero.
        """
        by_key: dict[tuple[str, str, str], dict[date, Decimal]] = {}
        for rate in rates:
            if not (rate.rate.is_finite() and rate.rate > 0):
                raise InvalidRate(f"{rate.source} to {rate.target} on {rate.day} is not above zero")
            by_key.setdefault((rate.type, rate.source, rate.target), {})[rate.day] = rate.rate
        return cls({key: _history(by_day) for key, by_day in by_key.items()})

    def find(self, source: str, target: str, *, rate_type: str, as_of: date) -> AppliedRate | None:
        """Find the rate from `source` to `target` on the reference date.

        The newest direct rate not later than `as_of`; where there is none, the newest one of the opposite
        direction, inverted. Never a way over a third currency.
        """
        for key, inverse in (((rate_type, source, target), False), ((rate_type, target, source), True)):
            found = self._histories.get(key, _NO_HISTORY).newest(as_of)
            if found is not None:
                return AppliedRate(source, target, rate_type, found[0], found[1], inverse)
        return None

    def days_after(self, day: date) -> tuple[date, ...]:
        """List the days after `day` on which some rate, of whatever type, begins to count."""
        return tuple(sorted({each for kept in self._histories.values() for each in kept.days if each > day}))


def _history(by_day: Mapping[date, Decimal]) -> _History:
    days = tuple(sorted(by_day))
    return _History(days, tuple(by_day[day] for day in days))


class Converter:
    """Converts into one currency for one evaluation, and keeps which rates it used and which it lacked."""

    __slots__ = ("_found", "_minor_unit", "as_of", "rate_type", "table", "target")

    def __init__(self, table: RateTable, target: str, rate_type: str, as_of: date) -> None:
        self.table = table
        self.target = target
        self.rate_type = rate_type
        self.as_of = as_of
        self._found: dict[str, AppliedRate | None] = {}
        self._minor_unit = minor_unit(target)

    def continued(self) -> "Converter":
        """Another one that goes on from here: it knows the rates used and lacked so far."""
        other = Converter(self.table, self.target, self.rate_type, self.as_of)
        other._found = self._found.copy()
        return other

    def convert(self, amount: Decimal, currency: str) -> Decimal | None:
        """Convert `amount` of `currency`, rounded once, half-even, to the minor unit of the target currency.

        None where there is no rate: the amount is then left out of its sum and the pair is named in
        `missing`; it never becomes zero or one by itself. Zero needs no rate, being zero in every currency.
        """
        if currency == self.target or not amount:
            # Nearly all amounts are rounded already.
            rounded = amount and amount.same_quantum(self._minor_unit)
            return amount if rounded else quantise(amount, self.target)
        if currency not in self._found:
            self._found[currency] = self.table.find(
                currency, self.target, rate_type=self.rate_type, as_of=self.as_of
            )
        applied = self._found[currency]
        return None if applied is None else applied.apply(amount)

    def knows(self, currency: str) -> bool:
        """Whether there is a rate; asking misses none."""
        return currency == self.target or bool(
            self._found.get(currency)
            or self.table.find(currency, self.target, rate_type=self.rate_type, as_of=self.as_of)
        )

    def total(self, amounts: Iterable[tuple[str, Decimal]]) -> Decimal:
        """Add up amounts given with their currencies: exactly within each, every sum converted once.

        What has no rate is left out and named in `missing`.
        """
        exact: dict[str, Decimal] = {}
        for currency, amount in amounts:
            exact[currency] = exact[currency] + amount if currency in exact else amount
        return self.total_of_sums(exact)

    def total_of_sums(self, sums: Mapping[str, Decimal]) -> Decimal:
        """The same of amounts that are added up by currency already."""
        total = _ZERO
        for currency, amount in sums.items():
            total += self.convert(amount, currency) or _ZERO
        return total

    @property
    def used(self) -> tuple[AppliedRate, ...]:
        """The rates applied so far, in order of first use."""
        return tuple(applied for applied in self._found.values() if applied is not None)

    @property
    def missing(self) -> tuple[tuple[str, str], ...]:
        """The (source, target) pairs asked for so far without a rate, sorted: papers come in no order."""
        return tuple(
            (currency, self.target) for currency in sorted(self._found) if self._found[currency] is None
        )
