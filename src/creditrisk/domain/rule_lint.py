"""What is odd about a set of rules: those that do nothing, and those that get into each other's way.

Nothing here is wrong by itself, and only what holds for every check is remarked: a rule that a check may make
use of gets no remark.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from creditrisk.domain.rules import WIDTH, Rule, RuleKind, RuleScope


class Oddity(StrEnum):
    """What is odd about a rule."""

    INACTIVE = "inactive"
    """It is not looked at."""
    LIMIT_CHECK_OFF = "limit_check_off"
    """It is about the use of limits, and the policy's `limit_check` is off."""
    DUPLICATE = "duplicate"
    """Another one says exactly the same."""
    SHADOWED = "shadowed"
    """A stricter block, or an exclusion that is true more often, of the same place makes it superfluous."""
    CANCELS_NOTHING = "cancels_nothing"
    """An exclusion, and no block of its kind and value type stands at a less specific level."""
    NEVER_MEETS = "never_meets"
    """An exclusion that is never true where the blocks it could cancel find something."""
    SAME_LEVEL = "same_level"
    """An exclusion that would have to cancel a block of its own level, which none does."""
    RELEASED = "released"
    """A block, and an exclusion that releases documents is true for part of what it would find."""


class Remark(NamedTuple):
    """Something odd about one rule."""

    rule: str
    oddity: Oddity
    other: str | None = None
    """The rule it has to do with."""


def lint(rules: Sequence[Rule], *, limit_check: str, about: str | None = None) -> list[Remark]:
    """Look over the rules of a company under its policy's `limit_check`; remarks come in the rules' order.

    ``about`` is the id of the only rule to remark on; None: all of them.
    """
    places: dict[tuple[RuleKind, RuleScope, str | None], list[Rule]] = defaultdict(list)
    blocks: dict[RuleKind, list[Rule]] = defaultdict(list)
    releases: dict[RuleKind, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.active:
            places[rule.kind, rule.scope, rule.scope_id].append(rule)
            if not rule.exclusion:
                blocks[rule.kind].append(rule)
            elif rule.release_document:
                releases[rule.kind].append(rule)
    remarks: list[Remark] = []
    for rule in rules:
        if about not in {None, rule.id}:
            continue
        if not rule.active:
            remarks.append(Remark(rule.id, Oddity.INACTIVE))
            continue
        if rule.kind is RuleKind.LIMIT_USED and limit_check == "off":
            remarks.append(Remark(rule.id, Oddity.LIMIT_CHECK_OFF))
        remarks += _overlaps(rule, places[rule.kind, rule.scope, rule.scope_id])
        if rule.exclusion:
            remarks += _idle_exclusion(rule, blocks[rule.kind])
        else:
            remarks += _released(rule, releases[rule.kind])
    return remarks


def _overlaps(rule: Rule, of_its_place: Sequence[Rule]) -> Iterator[Remark]:
    for other in of_its_place:
        if other is rule or other.exclusion is not rule.exclusion:
            continue
        same = _says_the_same(rule, other)
        if same and other.id < rule.id:
            yield Remark(rule.id, Oddity.DUPLICATE, other.id)
            return
        if not same and _makes_superfluous(other, rule):
            yield Remark(rule.id, Oddity.SHADOWED, other.id)
            return


def _idle_exclusion(rule: Rule, blocks: Sequence[Rule]) -> Iterator[Remark]:
    if rule.release_document:
        return
    concerned = [block for block in blocks if _may_share_customers(rule, block)]
    cancelled = [block for block in concerned if rule.may_cancel(block)]
    if any(not _comparable(rule, block) or _meet(rule, block) for block in cancelled):
        return
    if cancelled:
        yield Remark(rule.id, Oddity.NEVER_MEETS, cancelled[0].id)
        return
    level = [b for b in concerned if b.scope is rule.scope and b.value_type == rule.value_type]
    if level:
        yield Remark(rule.id, Oddity.SAME_LEVEL, level[0].id)
    else:
        yield Remark(rule.id, Oddity.CANCELS_NOTHING)


def _released(rule: Rule, releases: Sequence[Rule]) -> Iterator[Remark]:
    for other in releases:
        if (
            other.value_type == rule.value_type
            and _covers(other, rule)
            and _comparable(other, rule)
            and _meet(other, rule)
        ):
            yield Remark(rule.id, Oddity.RELEASED, other.id)
            return


# Places


def _same_place(one: Rule, other: Rule) -> bool:
    return (one.scope, one.scope_id) == (other.scope, other.scope_id)


def _covers(wide: Rule, narrow: Rule) -> bool:
    """Whether every document that concerns the narrow rule concerns the wide one."""
    place = wide.scope is RuleScope.ALL or _same_place(wide, narrow)
    return place and wide.risk_group in {None, narrow.risk_group}


def _may_share_customers(one: Rule, other: Rule) -> bool:
    """Whether some customer may be concerned by both; a customer may be in any group."""
    if WIDTH[one.scope] == WIDTH[other.scope] and one.scope_id != other.scope_id:
        return False
    return None in {one.risk_group, other.risk_group} or one.risk_group == other.risk_group


# Values


def _says_the_same(one: Rule, other: Rule) -> bool:
    return (
        (one.risk_group, one.release_document, one.value_type)
        == (
            other.risk_group,
            other.release_document,
            other.value_type,
        )
        and one.values == other.values
        and _comparable(one, other)
    )


def _makes_superfluous(other: Rule, rule: Rule) -> bool:
    """Whether, of one place and one type, the other rule holds or frees all that the rule does."""
    if other.value_type != rule.value_type or not _covers(other, rule) or not _comparable(other, rule):
        return False
    if rule.release_document and not other.release_document:
        return False
    if rule.exclusion:
        return _all_compare(other, rule, lambda larger, smaller: larger >= smaller)
    return _all_compare(other, rule, lambda smaller, larger: smaller <= larger)


def _meet(exclusion: Rule, block: Rule) -> bool:
    """Whether the exclusion can be true where the block finds something.

    Days are whole: below 62 and above 61 there is nothing.
    """
    if exclusion.days is not None and block.days is not None:
        return exclusion.days > block.days + 1
    return _all_compare(exclusion, block, lambda true_below, found_above: true_below > found_above)


def _comparable(one: Rule, other: Rule) -> bool:
    """Nothing is known of amounts in two currencies, nor of other values of a kind of one's own."""
    if one.own != other.own:
        return False
    return one.amount is None or other.amount is None or one.amount.currency == other.amount.currency


def _all_compare(one: Rule, other: Rule, holds: Callable[[Decimal, Decimal], bool]) -> bool:
    """Whether a comparison holds of every value that two rules of one value type have."""
    return all(holds(mine, its) for mine, its in zip(one.values, other.values, strict=True))
