"""Kinds of rules of one's own (M26): what a package has to offer, and what it is told.

A kind is a function that is given the `values` of a rule and returns the check of that rule: a pure function
from `RuleFacts` to a `RuleHit`, or None where it finds nothing. The first is called once for each version of
a configuration, the second in every check. Neither may do I/O, read a clock or keep anything. How a package
makes its kinds known is in docs/operations.md, Rules of your own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from creditrisk.domain.account import Customer
from creditrisk.domain.papers import Document

UNITS: Final = frozenset({None, "days", "percent", "rank", "seconds"})
"""What figures of a hit may be in, besides the currency of the facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """What a rule of one's own may look at. Amounts are in `currency`, the account's."""

    company: str
    as_of: date
    checkpoint: str
    customer: Customer | None
    """The ordering customer; None: never heard of."""
    account: str
    """The customer whose account bears the document."""
    document: Document | None
    """None: the stored exposure alone is evaluated."""
    currency: str
    document_amount: Decimal
    """The document's amount at risk, converted."""
    current: Decimal
    """Exposure without the document."""
    projected: Decimal
    """Exposure with it."""
    limit: Decimal | None
    """The limit that binds; None: none applies."""
    overdue_amount: Decimal
    oldest_days: int
    """Days past due of the oldest open item; 0: none is."""


class RuleHit(NamedTuple):
    """What a rule of one's own found: shown as a finding `OWN_RULE`."""

    text: str | None = None
    """What it tells people; None: a sentence that names the kind."""
    observed: Decimal | int | None = None
    threshold: Decimal | int | None = None
    unit: str | None = None
    """Of both figures: the currency of the facts, or one of `UNITS`."""


RuleCheck = Callable[[RuleFacts], RuleHit | None]
"""Finds something, or nothing. Of an exclusion, finding something means that it is true."""

RuleKindMaker = Callable[[Mapping[str, Any]], RuleCheck]
"""Makes the check of a rule from its `values`.

Raises:
    ValueError: the values are none it accepts; the message is for whoever sets the rule. Anything else it
        raises refuses them, too, and only its name is told.
"""


class InstalledKind(NamedTuple):
    """A kind that a package offers."""

    make: RuleKindMaker
    version: str
    """Of the package: findings name it, so that a decision says what made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRule:
    """What a rule says of a kind of one's own."""

    kind: str
    values: Mapping[str, Any]
    version: str | None = None
    check: RuleCheck | None = None
    """None: the kind is not installed, or does not accept the values any more."""

    def bound(self, kinds: Mapping[str, InstalledKind]) -> "OwnRule":
        """The same with the check of the kind that is installed."""
        installed = kinds.get(self.kind)
        if installed is None:
            return self
        try:
            check = installed.make(self.values)
        except Exception:  # noqa: BLE001 - other people's code: whatever it raises, the rule has no check
            check = None
        return OwnRule(kind=self.kind, values=self.values, version=installed.version, check=check)
