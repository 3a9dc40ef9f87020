"""What would make a document pass: a smaller document, a payment, or waiting (docs/domain.md, Remedy).

Days are not searched one by one: only on a day on which some fact changes can the answer get better, so only
those are evaluated, with the very function that decides checks.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from creditrisk.domain.counting import (
    POSTED,
    days_at_bank,
    is_past_due,
    item_is_open,
    lowered,
)
from creditrisk.domain.decision import NotControlled, Outcome, Signal, Verdict, decide
from creditrisk.domain.facts import Check, Configuration, Facts
from creditrisk.domain.findings import CREDIT, Code, Finding, Severity
from creditrisk.domain.overdue import HALVES, OVERDUE
from creditrisk.domain.papers import BillStatus, Category, Flag, Line
from creditrisk.domain.policy import Policy
from creditrisk.domain.rule_checks import share_of, uses_more
from creditrisk.domain.situation import AppliedLimit, Situation
from creditrisk.domain.values import value

ZERO = Decimal(0)
HORIZON_DAYS = 365
"""How far ahead a better day is looked for."""

PAYABLE = HALVES | {Category.OPEN_ITEMS}
"""What a payment lowers, as category limits name it."""


@value
class Remedy:
    """What would make the document pass. Amounts in the currency of the evaluation."""

    headroom: Decimal | None
    """The largest total the document could have without exceeding a limit; None where no limit applies to
    it."""
    payment_needed: Decimal | None
    """The least payment today after which no credit finding is hard; None where money does not help."""
    items: tuple[str, ...]
    """Open items to pay, oldest first, that make up the payment."""
    green_on: date | None
    """First day within `HORIZON_DAYS` on which the same check, nothing else happening, is green."""
    unblocked_on: date | None
    """First day within `HORIZON_DAYS` on which the same check does not block."""


def find_remedy(
    verdict: Verdict, check: Check, facts: Facts, configuration: Configuration, *, as_of: date
) -> Remedy:
    """Work out the ways in which this document would pass."""
    cures = _cures(verdict)
    green_on, unblocked_on = _better_days(verdict, check, facts, configuration, as_of=as_of)
    return Remedy(
        headroom=headroom(verdict.situation),
        payment_needed=_least_payment(verdict.situation, cures) if cures else None,
        items=_items_to_pay(verdict.situation, cures) if cures else (),
        green_on=green_on,
        unblocked_on=unblocked_on,
    )


def headroom(situation: Situation) -> Decimal | None:
    """The least of (limit - exposure without the document) over the limits that apply, never below zero."""
    if situation.check.document is not None and situation.own.document == 0:
        return None
    least = None
    for applied in situation.applied:
        if applied.limit.refuses_all:
            return ZERO
        room = (applied.limit.amount or ZERO) - applied.exposure.current
        least = room if least is None else min(least, room)
    return None if least is None else max(least, ZERO)


class _Cure(NamedTuple):
    """What has to be paid so that one finding is hard no longer."""

    amount: Decimal
    helps: Callable[[Line], bool]
    """Whether paying an open item counts towards it."""
    on_account: bool = False
    """Whether money that pays no item does, too."""


def _cures(verdict: Verdict) -> Sequence[_Cure]:
    """For each hard credit finding one; none where money does not help against all of them."""
    cures = [
        _cure(finding, verdict.situation)
        for finding in verdict.findings
        if finding.severity is Severity.HARD and finding.code in CREDIT
    ]
    found = [cure for cure in cures if cure is not None]
    return found if len(found) == len(cures) else ()


def _cure(finding: Finding, situation: Situation) -> _Cure | None:
    overdue = partial(_is_tested, situation=situation)
    match finding.code, finding.observed, finding.threshold:
        case Code.OVERDUE_AMOUNT, Decimal() as observed, Decimal() as threshold if finding.rule is not None:
            return _cure_of_both(finding, situation, _Cure(observed - threshold, overdue))
        case (
            (Code.LIMIT_EXCEEDED | Code.GROUP_LIMIT_EXCEEDED | Code.LIMIT_USED),
            Decimal() as observed,
            Decimal() as threshold,
        ):
            return _cure_of_limits(
                [
                    (applied, observed - threshold)
                    for applied in situation.applied
                    if (applied.limit.source, applied.limit.id)
                    == (finding.params["source"], finding.params["id"])
                ],
                situation,
            )
        case Code.OVERDUE_AMOUNT, Decimal() as observed, Decimal() as threshold:
            return _Cure(observed - threshold, overdue)
        case Code.DAYS_OVERDUE, int(), int() as threshold:
            amount = situation.overdue.beyond(threshold, situation.converter)
            return _Cure(amount, partial(overdue, beyond=threshold)) if amount else None
        case Code.CATEGORY_LIMIT_EXCEEDED, Decimal() as observed, Decimal() as threshold if (
            finding.params["category"] in PAYABLE
        ):
            category = str(finding.params["category"])
            capped = partial(_is_capped, category=category, situation=situation)
            return _Cure(observed - threshold, capped, on_account=category != OVERDUE)
        case _:
            return None


def _cure_of_both(finding: Finding, situation: Situation, overdue: _Cure) -> _Cure:
    """A rule that needs two things exceeded is cured by less of either: of what is overdue, or of limits."""
    percent = Decimal(str(finding.params["percent"]))
    exceeded = [
        (applied, applied.exposure.projected - share_of(applied, percent, situation))
        for applied in situation.applied
        if uses_more(applied, percent, situation)
    ]
    used = _cure_of_limits(exceeded, situation)
    return overdue if used is None else min(overdue, used, key=lambda cure: cure.amount)


def _cure_of_limits(exceeded: Sequence[tuple[AppliedLimit, Decimal]], situation: Situation) -> _Cure | None:
    """What has to be paid so that no limit is exceeded, each given with its excess.

    A payment lowers exposure only where the posted balance is part of it, no further than the floor. Where
    only overdue items count, what is paid beyond them lowers nothing.
    """
    included = situation.configuration.included
    if included.isdisjoint(POSTED):
        return None
    only_overdue = situation.policy.overdue_only and Category.OPEN_ITEMS in included
    for applied, excess in exceeded:
        if applied.limit.refuses_all:
            return None
        if situation.policy.floor_at_zero and excess > applied.exposure.current:
            return None
        if only_overdue and excess > applied.exposure.overdue.amount:
            return None
    most = max((excess for _, excess in exceeded), default=ZERO)
    # An item of another member lowers what the group owes alone.
    of_group = all(applied.limit.whole_group for applied, excess in exceeded if excess > 0)

    def lowers(line: Line) -> bool:
        counts = _is_late if only_overdue else _is_open
        return (line.own or of_group) and counts(line, situation)

    return _Cure(most, lowers, on_account=not only_overdue) if most > 0 else None


def _is_open(line: Line, situation: Situation) -> bool:
    return item_is_open(line, situation.policy, situation.as_of)


def _is_late(line: Line, situation: Situation) -> bool:
    return _is_open(line, situation) and is_past_due(line, situation.policy, situation.as_of)


def _is_tested(line: Line, *, situation: Situation, beyond: int = 0) -> bool:
    """Whether the overdue tests see an item that is more than so many days past due."""
    policy = situation.policy
    return (line.own or policy.overdue_scope == "group") and situation.overdue.is_tested(
        line, policy, situation.as_of, beyond=beyond
    )


def _is_capped(line: Line, *, category: str, situation: Situation) -> bool:
    """Whether an item is part of what a cap on open items, or on a half of them, looks at."""
    if not line.own or not _is_open(line, situation):
        return False
    return category not in HALVES or (category == OVERDUE) == _is_late(line, situation)


def _least_payment(situation: Situation, cures: Sequence[_Cure]) -> Decimal:
    """The least that pays for all of them: the largest where what helps one helps the others, too."""
    if len(cures) == 1:
        return cures[0].amount
    # What money can be put to, by the cures that it helps; without an end where no item is paid.
    items: dict[frozenset[int], list[tuple[str, Decimal]]] = defaultdict(list)
    for line in situation.lines:
        if line.category == Category.OPEN_ITEMS and line.open_amount > 0:
            helped = frozenset(place for place, cure in enumerate(cures) if cure.helps(line))
            items[helped].append((line.currency, line.open_amount))
    purposes = defaultdict(
        Decimal, {helped: situation.converter.total(amounts) for helped, amounts in items.items()}
    )
    needed = dict(enumerate(cure.amount for cure in cures))
    purposes[frozenset(place for place, cure in enumerate(cures) if cure.on_account)] += sum(needed.values())
    paid = ZERO
    while needed:
        best = max(purposes, key=lambda helped: len(helped & needed.keys()))
        wanted = best & needed.keys()
        if not wanted:  # a cent of rounding
            break
        step = min(purposes[best], *(needed[place] for place in wanted))
        paid += step
        purposes[best] -= step
        if not purposes[best]:
            del purposes[best]
        needed = {
            place: rest
            for place, amount in needed.items()
            if (rest := amount - step if place in wanted else amount) > 0
        }
    return max(paid, *(cure.amount for cure in cures))


def _items_to_pay(situation: Situation, cures: Sequence[_Cure]) -> tuple[str, ...]:
    """The oldest items that make up what is needed for each; those first that fewest items help."""
    lines = lowered(
        [line for _, line in situation.facts.items],
        wanted={Category.OPEN_ITEMS},
        configuration=situation.configuration,
        as_of=situation.as_of,
        converter=situation.converter,
    )
    payable = [
        (place, line, amount)
        for place, line in enumerate(lines)
        if (amount := situation.converter.convert(line.open_amount, line.currency))
    ]
    chosen: set[int] = set()
    helping = [(cure.amount, [each for each in payable if cure.helps(each[1])]) for cure in cures]
    for needed, items in sorted(helping, key=lambda each: len(each[1])):
        left = needed - sum((amount for place, _, amount in items if place in chosen), ZERO)
        for place, _, amount in items:
            if left > 0 and place not in chosen:
                chosen.add(place)
                left -= amount
    return tuple(situation.facts.items[place].number for place in sorted(chosen))


_NEVER_GREEN = frozenset({NotControlled.CONTROL_OFF, NotControlled.EXCLUDED_SITE})


def _better_days(
    verdict: Verdict, check: Check, facts: Facts, configuration: Configuration, *, as_of: date
) -> tuple[date | None, date | None]:
    green_on = as_of if verdict.signal is Signal.GREEN else None
    unblocked_on = None if verdict.decision is Outcome.BLOCK else as_of
    if unblocked_on and (green_on or verdict.not_controlled in _NEVER_GREEN):
        return green_on, unblocked_on
    days = {
        day
        for day in _days_of_change(facts, configuration, as_of=as_of)
        if 0 < (day - as_of).days <= HORIZON_DAYS
    }
    for day in sorted(days):
        later = decide(check, facts, configuration, as_of=day)
        if green_on is None and later.signal is Signal.GREEN:
            green_on = day
        if unblocked_on is None and later.decision is not Outcome.BLOCK:
            unblocked_on = day
        if green_on and unblocked_on:
            break
    return green_on, unblocked_on


def _days_of_change(facts: Facts, configuration: Configuration, *, as_of: date) -> Iterator[date]:
    """The days on which some fact can turn in the customer's favour."""
    policy = configuration.policy
    halves_capped = not HALVES.isdisjoint(facts.account.category_limits)
    turning = {Category.ADVANCES, Category.BILLS}
    if halves_capped or policy.overdue_only or policy.bank_risk_days is not None:
        turning |= {Category.OPEN_ITEMS, Category.INVOICES}
    # An account may have thousands of lines, nearly all of which only wait for money.
    for line in [line for line in facts.lines if line.category in turning]:
        yield from _days_of_line(line, policy, halves_capped=halves_capped)
    for account in facts.accounts:
        yield from _later(account.ignore_until, 1)
        for block in account.manual_blocks:
            yield from _later(block.period.end, 1)
    limits = [facts.account.limit, *(member.limit for member in facts.members)]
    periods = [t.period for limit in limits for t in limit.temporary] + [
        c.period for limit in limits for c in limit.covers
    ]
    if facts.group is not None:
        periods += [temporary.period for temporary in facts.group.temporary]
    for period in periods:
        yield from _later(period.start, 0)
        yield from _later(period.end, 1)
    yield from configuration.rates.days_after(as_of)


def _days_of_line(line: Line, policy: Policy, *, halves_capped: bool) -> Iterator[date]:
    match line.category:
        case Category.ADVANCES:
            yield from _later(line.since, 0)
        case Category.BILLS if line.status != BillStatus.ISSUED:
            yield from _later(line.due_on, days_at_bank(line, policy))
        case Category.OPEN_ITEMS | Category.INVOICES:
            if Flag.PRESENTED in line.flags and policy.bank_risk_days is not None:
                yield from _later(line.due_on, policy.bank_risk_days + 1)
            # Falling overdue helps where a credit begins to count, or where an item leaves a capped half.
            if halves_capped or (policy.overdue_only and line.open_amount < 0):
                yield from _later(line.due_on, policy.overdue_grace_days + 1)
        case _:
            return


def _later(day: date | None, days: int) -> Iterator[date]:
    """The day so many days later, if there is one: a date without end has no later one."""
    if day is not None and day.toordinal() + days < date.max.toordinal():
        yield date.fromordinal(day.toordinal() + days)
