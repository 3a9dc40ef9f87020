"""Rules: blocks and exclusions that administrators set, as in Dynamics 365 (M16, docs/domain.md, Rules).

A blocking rule makes a finding; an exclusion cancels findings. What each kind compares is in `rule_checks`,
which of them a check looks at in `rule_book`, what is left of the findings in `rule_judgement`.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from creditrisk.domain.money import Money
from creditrisk.domain.own_rules import OwnRule


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
    OWN = "own"
    """What a kind that a package of the tenant's own offers looks at (M26)."""


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
    own: OwnRule | None = None
    """The kind of one's own, with its values."""

    @property
    def keyed(self) -> Keyed | None:
        """The status or terms the rule is about; None for rules that compare figures."""
        code = self.account_status or self.payment_terms
        return None if code is None else Keyed(self.kind, code)

    @property
    def value_type(self) -> tuple[str, ...]:
        """What an exclusion must share with a block to cancel it.

        Which figures are given; else the code, or the kind of one's own.
        """
        if self.keyed is not None:
            return (self.keyed.code,)
        if self.own is not None:
            return (self.own.kind,)
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
