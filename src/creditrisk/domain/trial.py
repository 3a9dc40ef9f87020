"""What another configuration would decide: checks judged under two of them, and the differences added up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from creditrisk.domain.decision import Outcome, Verdict
from creditrisk.domain.findings import Finding
from creditrisk.domain.rates import Converter

ZERO = Decimal(0)


class Change(NamedTuple):
    """What a check is answered now, and what it would be answered."""

    before: Outcome
    after: Outcome

    def turns(self, outcome: Outcome) -> bool:
        """Whether the other configuration makes it this outcome."""
        return self.after is outcome and self.before is not outcome

    def ends(self, outcome: Outcome) -> bool:
        """Whether the other configuration ends this outcome."""
        return self.before is outcome and self.after is not outcome


@dataclass(slots=True)
class Sum:
    """Documents and what they come to, in one currency."""

    documents: int = 0
    amount: Decimal = ZERO

    def add(self, documents: int, amount: Decimal) -> None:
        """Add documents and their amounts."""
        self.documents += documents
        self.amount += amount


@dataclass(slots=True)
class Tally:
    """Differences added up. Amounts are in the converter's currency; those without a rate are left out."""

    converter: Converter
    sums: dict[Change, Sum] = field(default_factory=lambda: defaultdict(Sum))

    def add(self, before: Verdict, after: Verdict) -> Change:
        """Add what one check comes to under both configurations."""
        change = Change(before.decision, after.decision)
        document = before.situation.check.document
        amount = self.converter.convert(*document.total) if document is not None else None
        self.sums[change].add(1, amount or ZERO)
        return change

    def more(self, outcome: Outcome) -> Sum:
        """What the other configuration answers so, and the present one does not."""
        return self._total(change for change in self.sums if change.turns(outcome))

    def fewer(self, outcome: Outcome) -> Sum:
        """What the present configuration answers so, and the other one would not."""
        return self._total(change for change in self.sums if change.ends(outcome))

    def _total(self, changes: Iterable[Change]) -> Sum:
        total = Sum()
        for change in changes:
            total.add(self.sums[change].documents, self.sums[change].amount)
        return total


def gained(before: Verdict, after: Verdict) -> Sequence[Finding]:
    """The findings that only the second verdict has; what differs only in its figures is the same."""
    known = {_identity(finding) for finding in before.findings}
    return [finding for finding in after.findings if _identity(finding) not in known]


def _identity(finding: Finding) -> tuple[object, ...]:
    about = tuple(finding.params.get(name) for name in ("source", "id", "category"))
    return (finding.code, finding.severity, finding.rule, finding.demoted_by, *about)
