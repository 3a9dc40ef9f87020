"""Limits that a customer's risk group and figures give it (M46)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from creditrisk.domain.money import Money
from creditrisk.domain.scoring import Figure, as_number


class Operator(StrEnum):
    """How the figure of a scoring group is compared with the value of a line."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="

    def holds(self, figure: Figure, value: str) -> bool:
        """Whether a figure compares so with a value: as numbers where both are, else as codes."""
        if figure is None:
            return False
        number, other = as_number(figure), as_number(value)
        if number is None or other is None:
            same = figure == value
            return same if self is Operator.EQUAL else not same and self is Operator.NOT_EQUAL
        match self:
            case Operator.EQUAL:
                return number == other
            case Operator.NOT_EQUAL:
                return number != other
            case Operator.LESS:
                return number < other
            case Operator.AT_MOST:
                return number <= other
            case Operator.GREATER:
                return number > other
            case _:
                return number >= other


class AutomaticLine(NamedTuple):
    """A limit for customers whose figure compares with a value."""

    scoring_group: str
    operator: Operator
    value: str
    limit: Decimal
    """In the currency of the automatic limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticLimit:
    """Limits for the customers of a risk group whose account is in one currency (M46)."""

    id: str
    risk_group: str
    currency: str
    maximum_revenue: Decimal | None
    """Of 12 months, in the currency: with more than this it does not apply; None: with any."""
    lines: Sequence[AutomaticLine]


class Proposal(NamedTuple):
    """The limit that an automatic limit gives."""

    limit: Money
    automatic_limit: str


def automatic_limit(
    limits: Iterable[AutomaticLimit],
    *,
    risk_group: str,
    currency: str,
    figures: Mapping[str, Figure],
    revenue: Decimal | None,
) -> Proposal | None:
    """M46: the highest limit of all lines that the figures satisfy; None where they satisfy none.

    ``figures`` are by id of the scoring group. ``revenue`` is that of 12 months in the currency; where it is
    None nobody can say that it is not above a maximum, so what has one does not apply.
    """

    def applies(each: AutomaticLimit) -> bool:
        if each.risk_group != risk_group or each.currency != currency:
            return False
        if each.maximum_revenue is None:
            return True
        return revenue is not None and revenue <= each.maximum_revenue

    found = [
        Proposal(Money(line.limit, currency), each.id)
        for each in limits
        if applies(each)
        for line in each.lines
        if line.operator.holds(figures.get(line.scoring_group), line.value)
    ]
    return max(found, key=lambda proposal: proposal.limit.amount, default=None)
