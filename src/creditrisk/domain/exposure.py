"""Exposure: what the counted lines of an account, or of a group of accounts, add up to.

Sums are exact per category and currency, and each such sum is converted once (docs/domain.md, Exposure;
docs/domain.md, Money and dates).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from creditrisk.domain.counting import (
    counted_amount,
    included_categories,
)
from creditrisk.domain.facts import Configuration
from creditrisk.domain.overdue import NOT_DUE, OVERDUE, Overdue, overdue_of
from creditrisk.domain.papers import Category, Line, Reserved
from creditrisk.domain.rates import Converter

__all__ = [
    "Exposure",
    "Overdue",
    "calculate_exposure",
    "counted_amount",
    "included_categories",
]

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Money at risk from one account or from all members of its group, in the currency of the evaluation."""

    by_category: Mapping[str, Decimal]
    """Counted amounts without the document under check, every category present."""
    capped: Mapping[str, Decimal]
    """What the account's category limits look at: included categories, those it caps although the policy
    leaves them out, and both halves of open items."""
    current: Decimal
    """Sum of `by_category`, not below zero where the policy floors it."""
    document: Decimal
    """What the document under check adds."""
    stored: Decimal
    """Exposure as stored, the document's stored version included and nothing floored."""
    unfloored: Decimal
    """Sum of `by_category`."""
    overdue: Overdue

    @property
    def projected(self) -> Decimal:
        """Exposure once the document is saved."""
        return self.current + self.document

    @property
    def lowers(self) -> bool:
        """Whether saving the document leaves strictly less exposure than is stored now."""
        return self.unfloored + self.document < self.stored


class _Sums:
    """Exact sums per category and currency."""

    def __init__(self) -> None:
        self.amounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def add(self, lines: Iterable[Line], *, configuration: Configuration, as_of: date) -> None:
        for line in lines:
            amount = counted_amount(line, configuration=configuration, as_of=as_of)
            if amount is not None:
                self.amounts[line.category, line.currency] += amount

    def add_reserved(
        self, reserved: Iterable[Reserved], *, with_document: bool, configuration: Configuration, as_of: date
    ) -> None:
        """Add what is reserved beside stored papers; `with_document`: the change of that by the document."""
        included = included_categories(configuration.policy)
        for each in reserved:
            stored = None
            if each.line is not None and each.line.category in included:
                stored = counted_amount(each.line, configuration=configuration, as_of=as_of)
            amount = each.beyond(stored or ZERO, with_document=with_document)
            if with_document:
                amount -= each.beyond(stored or ZERO, with_document=False)
            self.amounts[Category.RESERVATIONS, each.currency] += amount

    def converted(self, converter: Converter, *, wanted: Collection[str]) -> dict[str, Decimal]:
        """One sum per wanted category, each currency converted once; a rate no one needs is not missed."""
        result: dict[str, Decimal] = dict.fromkeys(wanted, ZERO)
        for (category, currency), amount in self.amounts.items():
            if amount and category in result:
                result[category] += converter.convert(amount, currency) or ZERO
        return result


def calculate_exposure(
    lines: Sequence[Line],
    *,
    adjustments: Sequence[Line],
    held: Sequence[Line],
    reserved: Sequence[Reserved],
    document_amount: Decimal,
    capped: Collection[str],
    configuration: Configuration,
    as_of: date,
    converter: Converter,
) -> Exposure:
    """Add up what counts.

    `lines` are exactly as stored; `adjustments` are what the document under check changes in them; `reserved`
    are the documents whose reservations meet papers among them;
    `document_amount` is what the document itself adds, in the currency of the evaluation; `capped` names the
    categories that category limits look at.
    """
    policy = configuration.policy
    included = included_categories(policy)
    wanted = included.union(capped)
    sums = _Sums()
    sums.add(lines, configuration=configuration, as_of=as_of)
    if not policy.count_held:
        sums.add(held, configuration=configuration, as_of=as_of)
    sums.add_reserved(reserved, with_document=False, configuration=configuration, as_of=as_of)
    amounts = sums.converted(converter, wanted=wanted)
    stored = unfloored = _total(amounts, included)
    if adjustments or any(each.passed for each in reserved):
        sums.add(adjustments, configuration=configuration, as_of=as_of)
        sums.add_reserved(reserved, with_document=True, configuration=configuration, as_of=as_of)
        amounts = sums.converted(converter, wanted=wanted)
        unfloored = _total(amounts, included)
    overdue = overdue_of(lines, configuration=configuration, as_of=as_of, converter=converter)
    halves = overdue
    if adjustments:
        changed = [*lines, *adjustments]
        halves = overdue_of(changed, configuration=configuration, as_of=as_of, converter=converter)
    return Exposure(
        by_category={each.value: amounts[each] if each in included else ZERO for each in Category},
        capped={**amounts, OVERDUE: halves.amount, NOT_DUE: halves.not_due},
        current=max(unfloored, ZERO) if policy.floor_at_zero else unfloored,
        document=document_amount,
        stored=stored,
        unfloored=unfloored,
        overdue=overdue,
    )


def _total(amounts: Mapping[str, Decimal], included: frozenset[str]) -> Decimal:
    return sum((amount for category, amount in amounts.items() if category in included), ZERO)
