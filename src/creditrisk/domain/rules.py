"""Rules: blocks and exclusions that administrators set, as in Dynamics 365 (M16, docs/domain.md, Rules).

A blocking rule makes a finding; an exclusion cancels findings. What each kind compares is in `rule_checks`,
what is left of the findings in `rule_judgement`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from creditrisk.domain.money import Money


class RuleKind(StrEnum):
    """What a rule looks at."""

    DAYS_OVERDUE = "days_overdue"
    """Days past due of the oldest open item (M17)."""
    ACCOUNT_STATUS = "account_status"
    """The customer's account status (M18)."""
    PAYMENT_TERMS = "payment_terms"
    """The document's terms of payment (M19)."""
    LIMIT_EXPIRED = "limit_expired"
    """Days since a limit expired (M20)."""
    OVERDUE_AMOUNT = "overdue_amount"
    """What is overdue, together with how much of a limit is used (M21)."""
    DOCUMENT_AMOUNT = "document_amount"
    """The document's total (M22)."""
    LIMIT_USED = "limit_used"
    """How much of a limit is used (M23)."""


class RuleScope(StrEnum):
    """Whose documents a rule is for, the most specific first."""

    CUSTOMER = "customer"
    """One ordering customer's."""
    GROUP = "group"
    """Those of a management group's customers (M42)."""
    ALL = "all"


WIDTH = {scope: width for width, scope in enumerate(RuleScope)}
"""How far a scope reaches: an exclusion cancels only blocks of wider ones (M27)."""


class Keyed(NamedTuple):
    """What a rule about a status or about terms asks for, or what a check has of it."""

    kind: RuleKind
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as an administrator set it, with the fields of its kind."""

    id: str
    kind: RuleKind
    exclusion: bool = False
    scope: RuleScope = RuleScope.ALL
    scope_id: str | None = None
    """The customer or management group; None for all."""
    risk_group: str | None = None
    """Narrows any scope to customers of this risk group."""
    active: bool = True
    """False: kept, and not looked at."""
    release_document: bool = False
    """An exclusion that releases the document from every rule and from every credit finding."""
    days: int | None = None
    amount: Money | None = None
    percent: Decimal | None = None
    """Percent of a limit."""
    account_status: str | None = None
    payment_terms: str | None = None

    @property
    def keyed(self) -> Keyed | None:
        """The status or terms the rule is about; None for rules that compare figures."""
        code = self.account_status or self.payment_terms
        return None if code is None else Keyed(self.kind, code)

    @property
    def value_type(self) -> tuple[str, ...]:
        """What an exclusion must share with a block to cancel it: which figures are given; else the code."""
        if self.keyed is not None:
            return (self.keyed.code,)
        given = (("days", self.days), ("amount", self.amount), ("percent", self.percent))
        return tuple(name for name, value in given if value is not None)

    @property
    def values(self) -> tuple[Decimal, ...]:
        """The figures the rule compares with, in the order of `value_type`; none where it compares none."""
        days = None if self.days is None else Decimal(self.days)
        amount = None if self.amount is None else self.amount.amount
        return tuple(value for value in (days, amount, self.percent) if value is not None)

    def may_cancel(self, block: "Rule") -> bool:
        """Whether this exclusion, when true, cancels what the block finds (M27, steps 3 to 6).

        Only of its own kind and value type, and only where the exclusion is the more specific of the two.
        """
        return (
            self.kind is block.kind
            and WIDTH[self.scope] < WIDTH[block.scope]
            and self.value_type == block.value_type
        )


class _Place(NamedTuple):
    """Where a rule is looked up: all that decides whether it concerns a check at all."""

    scope: RuleScope
    scope_id: str | None
    risk_group: str | None
    keyed: Keyed | None


Ladder = Sequence[Rule]
"""Rules of which none after one that finds nothing, or is not true, can find anything or be true."""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """A company's rules, indexed: those that have nothing to say cost a check next to nothing.

    Make it with `build`.
    """

    _by_place: Mapping[_Place, Sequence[Ladder]]

    @classmethod
    def build(cls, rules: Iterable[Rule]) -> "RuleBook":
        """Index the active rules."""
        by_place: dict[_Place, list[Rule]] = {}
        for rule in sorted((rule for rule in rules if rule.active), key=lambda rule: rule.id):
            place = _Place(rule.scope, rule.scope_id, rule.risk_group, rule.keyed)
            by_place.setdefault(place, []).append(rule)
        return cls({place: _ladders(kept) for place, kept in by_place.items()})

    def concerning(
        self, *, customer: str, group: str | None, risk_group: str | None, keyed: Collection[Keyed]
    ) -> Iterator[Ladder]:
        """List the rules that a check has to look at, the most specific scope first.

        `keyed` are the statuses and terms it has; rules about others do not come.
        """
        if not self._by_place:
            return
        scopes = [(RuleScope.CUSTOMER, customer), (RuleScope.ALL, None)]
        if group is not None:
            scopes.insert(1, (RuleScope.GROUP, group))
        risk_groups = [None] if risk_group is None else [None, risk_group]
        for scope, scope_id in scopes:
            for narrowed in risk_groups:
                for key in (None, *keyed):
                    yield from self._by_place.get(_Place(scope, scope_id, narrowed, key), ())


def _ladders(rules: Iterable[Rule]) -> Sequence[Ladder]:
    """Put rules of one place that compare one figure in order: lowest block, highest exclusion first."""
    kept: dict[tuple[object, ...], list[Rule]] = {}
    for rule in rules:
        currency = None if rule.amount is None else rule.amount.currency
        alone = rule.id if len(rule.values) > 1 else None
        kept.setdefault((rule.kind, rule.exclusion, rule.value_type, currency, alone), []).append(rule)
    return tuple(
        tuple(sorted(ladder, key=lambda rule: rule.values, reverse=ladder[0].exclusion))
        for ladder in kept.values()
    )


NO_RULES = RuleBook.build(())
