"""What an account owes, category by category, whether or not the policy counts it as exposure.

The figures of the exposure report (F27): they describe the account, where exposure is what is held against a
limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from creditrisk.domain.behaviour import Numbers, total_numbers
from creditrisk.domain.counting import lowered
from creditrisk.domain.exposure import Changes, Exposure, tally_of
from creditrisk.domain.facts import Configuration, Facts
from creditrisk.domain.overdue import HALVES, Overdue, overdue_of
from creditrisk.domain.papers import Category, Flag, Line, reserved_alone
from creditrisk.domain.rates import Converter

ZERO = Decimal(0)

OUTSTANDING = (Category.OPEN_ITEMS, Category.BILLS, Category.UNPAID_BILLS, Category.INVOICES)
"""What DSO compares with turnover (F27): sold and invoiced, and not paid yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivables:
    """One account on one day, in the converter's currency."""

    by_category: dict[str, Decimal]
    """Every category, included in exposure or not."""
    exposure: Decimal
    """What the policy counts of it, all categories together."""
    overdue: Decimal
    lateness: Numbers
    """Of all items past due, the days since they were due."""
    provisional_payments: Decimal
    """Credits of provisional postings, as a positive amount; for information (F8)."""
    overdue_provisional: Decimal
    """What is past due of provisional postings (F13)."""

    @property
    def outstanding(self) -> Decimal:
        """What DSO is about."""
        return sum((self.by_category[category] for category in OUTSTANDING), ZERO)


def receivables_of(
    facts: Facts, *, configuration: Configuration, as_of: date, converter: Converter
) -> Receivables:
    """Add up what the account itself owes; other members of its group play no part.

    Papers count as the policy says, but for two things that are about limits: whether a category is included,
    and whether items count before they are due (`overdue_only`).
    """
    lines = [line for line in facts.lines if line.own]

    def exposure(counting: Configuration) -> Exposure:
        tally = tally_of(
            lines, capped=list(Category), configuration=counting, as_of=as_of, converter=converter
        )
        changes = Changes(
            held=[line for line in facts.held if line.own],
            reserved=reserved_alone(facts.reserved),
            set_aside=[line for line in facts.set_aside if line.own],
        )
        return tally.exposure_with(
            changes,
            document_amount=ZERO,
            configuration=counting,
            as_of=as_of,
            converter=converter,
        )

    policy = configuration.policy
    amounts = exposure(_without_leniency(configuration, provisional_items=policy.provisional_items))
    provisional = lowered(
        [line for line in lines if Flag.PROVISIONAL in line.flags],
        wanted=(),
        configuration=_without_leniency(configuration, provisional_items=True),
        as_of=as_of,
        converter=converter,
    )
    of_provisional = _overdue(provisional, configuration, as_of=as_of, converter=converter)
    return Receivables(
        by_category={category: amounts.capped[category] for category in Category},
        exposure=(exposure(configuration) if policy.overdue_only else amounts).current,
        overdue=amounts.overdue.amount,
        lateness=_lateness(amounts.overdue, converter),
        provisional_payments=-converter.total(
            (line.currency, line.open_amount)
            for line in provisional
            if line.category == Category.OPEN_ITEMS and line.credit
        ),
        overdue_provisional=of_provisional.amount,
    )


def _without_leniency(configuration: Configuration, *, provisional_items: bool) -> Configuration:
    """The same configuration without what the policy leaves out of tests and of limits alone."""
    policy = replace(
        configuration.policy,
        overdue_only=False,
        overdue_tolerance=ZERO,
        disputed_items_overdue=True,
        provisional_items=provisional_items,
    )
    return replace(configuration, policy=policy)


def _overdue(
    lines: Sequence[Line], configuration: Configuration, *, as_of: date, converter: Converter
) -> Overdue:
    seen = _without_leniency(configuration, provisional_items=True)
    return overdue_of(lines, capped=HALVES, configuration=seen, as_of=as_of, converter=converter)


def _lateness(overdue: Overdue, converter: Converter) -> Numbers:
    """F27, what the due-date deviation averages: without leniency, all that is past due is tested."""
    return total_numbers(
        Numbers.of(converted, days)
        for (days, currency), amount in overdue.tested.items()
        if (converted := converter.convert(amount, currency)) is not None
    )
