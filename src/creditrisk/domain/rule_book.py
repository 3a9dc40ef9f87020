"""A company's rules, compiled once for each version of its configuration."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from creditrisk.domain.rule_ladders import Group, grouped
from creditrisk.domain.rules import Keyed, Rule, RuleKind, RuleScope


class _Place(NamedTuple):
    """Where a rule is looked up: all that decides whether it concerns a check at all."""

    scope: RuleScope
    scope_id: str | None
    risk_group: str | None
    keyed: Keyed | None


@dataclass(frozen=True, slots=True)
class RuleBook:
    """A company's rules, indexed: those that have nothing to say cost a check next to nothing.

    Make it with `build`.
    """

    _by_place: Mapping[_Place, Sequence[Group]]

    @property
    def empty(self) -> bool:
        """Whether no rule is active."""
        return not self._by_place

    @classmethod
    def build(cls, rules: Iterable[Rule]) -> "RuleBook":
        """Index the active rules."""
        by_place: dict[_Place, list[Rule]] = {}
        for rule in sorted((rule for rule in rules if rule.active), key=lambda rule: rule.id):
            place = _Place(rule.scope, rule.scope_id, rule.risk_group, rule.keyed)
            by_place.setdefault(place, []).append(rule)
        return cls({place: _groups(kept) for place, kept in by_place.items()})

    def concerning(
        self, *, customer: str, group: str | None, risk_group: str | None, keyed: Collection[Keyed]
    ) -> Iterator[Group]:
        """List the rules that a check has to look at, the most specific scope first.

        `keyed` are the statuses and terms it has; rules about others do not come.
        """
        scopes = [(RuleScope.CUSTOMER, customer), (RuleScope.ALL, None)]
        if group is not None:
            scopes.insert(1, (RuleScope.GROUP, group))
        risk_groups = [None] if risk_group is None else [None, risk_group]
        for scope, scope_id in scopes:
            for narrowed in risk_groups:
                for key in (None, *keyed):
                    yield from self._by_place.get(_Place(scope, scope_id, narrowed, key), ())


def _groups(rules: Iterable[Rule]) -> Sequence[Group]:
    """Put rules of one place that compare the same figures in one currency together."""
    kept: dict[tuple[object, ...], list[Rule]] = {}
    for rule in rules:
        currency = None if rule.amount is None else rule.amount.currency
        alone = rule.id if rule.kind is RuleKind.OWN else None  # nothing is known of their order
        does = rule.kind, rule.exclusion, rule.release_document, rule.value_type
        kept.setdefault((*does, currency, alone), []).append(rule)
    return tuple(map(grouped, kept.values()))


NO_RULES = RuleBook.build(())
