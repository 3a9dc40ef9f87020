"""Scores: figures of a customer give points, and points a risk group (M44, M45).

A *figure* is what a scoring group looks at: a number (days, years, an amount in the company's currency) or a
code. One that nobody knows is None, and scores 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, NamedTuple

from creditrisk.domain.money import EXACT

ZERO: Final = Decimal(0)
TWO_DECIMALS: Final = Decimal("0.01")

Figure = Decimal | str | None


class ScoringType(StrEnum):
    """What a scoring group looks at."""

    USER_DEFINED = "user_defined"
    """An attribute of the customer, a number or a code."""
    AVERAGE_PAYMENT_DAYS = "average_payment_days"
    CUSTOMER_SINCE = "customer_since"
    IN_BUSINESS_SINCE = "in_business_since"
    DSO = "dso"
    AVERAGE_BALANCE = "average_balance"
    MANAGEMENT_GROUP = "management_group"
    ACCOUNT_STATUS = "account_status"
    COUNTRY = "country"


CODED: Final = frozenset({ScoringType.MANAGEMENT_GROUP, ScoringType.ACCOUNT_STATUS, ScoringType.COUNTRY})
"""The types whose figure is always a code."""


class Range(NamedTuple):
    """Numbers from one to another, both included; None: no bound on that side."""

    low: Decimal | None
    high: Decimal | None

    def holds(self, number: Decimal) -> bool:
        """Whether it contains a number."""
        return (self.low is None or self.low <= number) and (self.high is None or number <= self.high)

    def meets(self, other: "Range") -> bool:
        """Whether some number is in both."""
        return _not_after(self.low, other.high) and _not_after(other.low, self.high)


def _not_after(low: Decimal | None, high: Decimal | None) -> bool:
    return low is None or high is None or low <= high


def first_overlap(ranges: Sequence[Range]) -> tuple[int, int] | None:
    """Positions of a range and of an earlier one that it overlaps; None where none does."""
    for n, each in enumerate(ranges):
        for m, earlier in enumerate(ranges[:n]):
            if each.meets(earlier):
                return n, m
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringGroup:
    """Points for what one figure is (M44)."""

    id: str
    type: ScoringType
    attribute: str | None = None
    """Of a user defined group: the customer's attribute it looks at."""
    ranges: Sequence[tuple[Range, Decimal]] = ()
    """In order, not overlapping, with their scores."""
    values: Mapping[str, Decimal] | None = None
    """Scores by code, in the place of ranges."""

    def score(self, figure: Figure) -> Decimal:
        """The points for a figure; 0 where nothing is said about it."""
        if figure is None:
            return ZERO
        if self.values is not None:
            code = figure if isinstance(figure, str) else format(figure.normalize(EXACT), "f")
            return self.values.get(code, ZERO)
        number = as_number(figure)
        if number is None:
            return ZERO
        return next((score for range_, score in self.ranges if range_.holds(number)), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskGroup:
    """Customers whose scores add up to a number in its range (M45)."""

    id: str
    range: Range


class Part(NamedTuple):
    """What one scoring group made of a customer."""

    group: ScoringGroup
    figure: Figure
    score: Decimal


class RiskScore(NamedTuple):
    """The sum of all scores, the risk group whose range contains it, and where it comes from."""

    score: Decimal
    risk_group: str | None
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCustomer:
    """The figures of a customer, from what is known of it and how it pays.

    Days, years and amounts are rounded to two decimals: ranges end on .99, and nothing may fall between two.
    """

    average_payment_days: Decimal | None
    dso: Decimal | None
    average_balance: Decimal | None
    """In the company's currency."""
    customer_since: date | None = None
    in_business_since: date | None = None
    management_group: str | None = None
    account_status: str | None = None
    country: str | None = None
    attributes: Mapping[str, object] | None = None


def figure_of(customer: ScoredCustomer, group: ScoringGroup, *, as_of: date) -> Figure:
    """What a scoring group looks at."""
    match group.type:
        case ScoringType.USER_DEFINED:
            return _attribute((customer.attributes or {}).get(group.attribute or group.id))
        case ScoringType.CUSTOMER_SINCE:
            return years_since(customer.customer_since, as_of=as_of)
        case ScoringType.IN_BUSINESS_SINCE:
            return years_since(customer.in_business_since, as_of=as_of)
        case ScoringType.MANAGEMENT_GROUP | ScoringType.ACCOUNT_STATUS | ScoringType.COUNTRY:
            code: str | None = getattr(customer, group.type.value)
            return code
        case _:
            number: Decimal | None = getattr(customer, group.type.value)
            return None if number is None else EXACT.quantize(number, TWO_DECIMALS)


def _attribute(stated: object) -> Figure:
    """A number or a code; anything else the ERP keeps is no figure."""
    if isinstance(stated, bool) or stated is None:
        return None
    if isinstance(stated, int | float):
        return Decimal(str(stated))
    return stated if isinstance(stated, str) else None


def as_number(figure: Figure) -> Decimal | None:
    """The number that a figure is or is written as; None where it is a code."""
    if not isinstance(figure, str):
        return figure
    try:
        number = Decimal(figure)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def years_since(begun: date | None, *, as_of: date) -> Decimal | None:
    """Years from a day to another, rounded down to two decimals; whole on anniversaries, never negative.

    Rounded down, so that nobody has been there for 5 years the day before.
    """
    if begun is None:
        return None
    if begun >= as_of:
        return ZERO
    years = as_of.year - begun.year
    if _anniversary(begun, as_of.year) > as_of:
        years -= 1
    last, following = _anniversary(begun, begun.year + years), _anniversary(begun, begun.year + years + 1)
    part = EXACT.divide(Decimal((as_of - last).days), Decimal((following - last).days))
    return EXACT.add(Decimal(years), part).quantize(TWO_DECIMALS, rounding=ROUND_FLOOR, context=EXACT)


def _anniversary(begun: date, year: int) -> date:
    """The same day of another year; 28 February for a 29th."""
    try:
        return begun.replace(year=year)
    except ValueError:
        return begun.replace(year=year, day=28)


def score(
    customer: ScoredCustomer,
    *,
    groups: Sequence[ScoringGroup],
    risk_groups: Iterable[RiskGroup],
    as_of: date,
) -> RiskScore:
    """M45: the sum of the scores of all groups, and the risk group whose range contains it."""
    parts = []
    for group in groups:
        figure = figure_of(customer, group, as_of=as_of)
        parts.append(Part(group, figure, group.score(figure)))
    total = sum((part.score for part in parts), ZERO)
    found = next((each.id for each in risk_groups if each.range.holds(total)), None)
    return RiskScore(total, found, parts)
