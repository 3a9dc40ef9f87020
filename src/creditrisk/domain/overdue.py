"""What is past due, how long already, and what of it the overdue tests see (docs/domain.md, Overdue)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain

from creditrisk.domain.counting import NOT_DUE, item_is_open
from creditrisk.domain.facts import Configuration
from creditrisk.domain.papers import Category, Flag, Line
from creditrisk.domain.period import BANDS, band, days_past_due
from creditrisk.domain.policy import Policy
from creditrisk.domain.rates import Converter
from creditrisk.domain.values import value

ZERO = Decimal(0)
OVERDUE = "overdue"
HALVES = frozenset({OVERDUE, NOT_DUE})
"""The halves of open items, which a category limit may cap as well."""
_NOTHING_LATE = (0, "")
_NOTHING_BY_BAND = dict.fromkeys(BANDS, ZERO)

Late = Mapping[tuple[int, str], Decimal]
"""Positive open items past due: exact sums by days past due and currency."""


@value
class Overdue:
    """Open items past due, shown beside exposure and never added to it, in the evaluation's currency."""

    amount: Decimal
    oldest_days: int
    """Days past the due date of the oldest; 0 where nothing is overdue."""
    ageing: Mapping[str, Decimal]
    tested_amount: Decimal
    """As the overdue tests see it: without tolerated due dates and, where the policy says so, without
    disputed items."""
    tested_oldest_days: int
    not_due: Decimal
    """The other half of open items: everything open that is not overdue, credits included."""
    tested: Late
    """What `tested_amount` consists of."""

    def beyond(self, days: int, converter: Converter) -> Decimal:
        """The amount of tested items more than so many days past due."""
        return converter.total(
            (currency, amount) for (past, currency), amount in self.tested.items() if past > days
        )

    def is_tested(self, line: Line, policy: Policy, as_of: date, *, beyond: int = 0) -> bool:
        """Whether an open item is among what the tests see, more than so many days past due."""
        past = days_past_due(line.due_on, as_of)
        return (
            past > beyond
            and item_is_open(line, policy, as_of)
            and (policy.disputed_items_overdue or Flag.DISPUTED not in line.flags)
            and (past, line.currency) in self.tested
        )


def _from_tolerance(late: Late, tolerance: Decimal, converter: Converter) -> Late:
    """Without the due dates whose items together are below the tolerance.

    What has no rate cannot be shown to be small: it stays, so that no time limit is escaped by it.
    """
    if not tolerance:
        return late
    by_day: dict[int, Decimal] = defaultdict(Decimal)
    for (days, currency), amount in late.items():
        converted = converter.convert(amount, currency)
        by_day[days] += tolerance if converted is None else converted
    return {key: amount for key, amount in late.items() if by_day[key[0]] >= tolerance}


def overdue_of(
    lines: Sequence[Line],
    *,
    capped: Collection[str] = (),
    configuration: Configuration,
    as_of: date,
    converter: Converter,
) -> Overdue:
    """Age the positive open items, under either balance basis: credits do not hide an overdue invoice.

    `capped` names what category limits look at.

    The tests ignore a due date whose items together are below `overdue_tolerance`, and disputed items where
    the policy says so; what is shown does not.
    """
    policy = configuration.policy
    grace_days, open_items = policy.overdue_grace_days, Category.OPEN_ITEMS.value
    late: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    testable = late if policy.disputed_items_overdue else defaultdict[tuple[int, str], Decimal](Decimal)
    current: dict[str, Decimal] = defaultdict(Decimal)
    lowering: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.category != open_items or not item_is_open(line, policy, as_of):
            continue
        currency, amount = line.currency, line.open_amount
        if not amount:
            continue
        if line.credit:
            lowering[currency] += amount
            continue
        days = days_past_due(line.due_on, as_of)
        if days <= grace_days:
            current[currency] += amount
        else:
            late[days, currency] += amount
            if testable is not late and Flag.DISPUTED not in line.flags:
                testable[days, currency] += amount
    # Where neither exposure nor a limit looks at what is not due, nothing is missed for showing it.
    counts = Category.OPEN_ITEMS in configuration.included and not policy.overdue_only
    if not (counts or NOT_DUE in capped):
        current, lowering = (
            {each: half[each] for each in half if converter.knows(each)} for half in (current, lowering)
        )
    tolerance = converter.convert(policy.overdue_tolerance, policy.currency) or ZERO
    tested = _from_tolerance(testable, tolerance, converter)
    bands = _by_band(late)
    amount = converter.total(chain.from_iterable(sums.items() for sums in bands.values()))
    not_due = converter.total_of_sums(current)
    return Overdue(
        amount=amount,
        oldest_days=max(late, default=_NOTHING_LATE)[0],
        ageing=_ageing(bands, converter) | {NOT_DUE: not_due},
        not_due=converter.total([*current.items(), *lowering.items()]) if lowering else not_due,
        tested_amount=amount if tested is late else converter.total(_by_currency(tested)),
        tested_oldest_days=max(tested, default=_NOTHING_LATE)[0],
        tested=tested,
    )


def _by_band(late: Late) -> Mapping[str, Mapping[str, Decimal]]:
    """Exact sums by ageing band and currency."""
    bands: dict[str, dict[str, Decimal]] = {}
    for (days, currency), amount in late.items():
        sums = bands.setdefault(band(days), {})
        sums[currency] = sums[currency] + amount if currency in sums else amount
    return bands


def _ageing(bands: Mapping[str, Mapping[str, Decimal]], converter: Converter) -> dict[str, Decimal]:
    return _NOTHING_BY_BAND | {name: converter.total_of_sums(sums) for name, sums in bands.items()}


def _by_currency(late: Late) -> Iterable[tuple[str, Decimal]]:
    return ((currency, amount) for (_, currency), amount in late.items())
