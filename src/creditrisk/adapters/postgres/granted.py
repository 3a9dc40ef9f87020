"""What is granted in a transaction: to the checks decided after it, and to the statement that writes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from creditrisk.adapters.postgres.fact_rows import reserved_line
from creditrisk.application.reservations import Grant
from creditrisk.application.stored_facts import Question, StoredFacts
from creditrisk.domain.facts import Facts
from creditrisk.domain.money import format_amount
from creditrisk.domain.papers import Line


@dataclass(slots=True)
class Granted:
    """What was granted in a transaction so far, which the facts read at its beginning do not say."""

    grants: list[Grant] = field(default_factory=list)
    unclear: set[tuple[str, str]] = field(default_factory=set)
    """Accounts on which a grant changed more than it added: what papers give up, an earlier reservation."""

    def hides(self, question: Question, stored: StoredFacts) -> bool:
        """Whether what was granted has to be read to know what it means to this check."""
        document, accounts = question.document, stored.facts.summed
        if document is not None and any(
            (grant.company, grant.kind, grant.number) == (question.company, document.kind, document.number)
            for grant in self.grants
        ):
            return True
        if accounts & self.unclear:
            return True
        plain = stored.alone and document is not None and not document.follows
        return not plain and not accounts.isdisjoint((each.company, each.account) for each in self.grants)

    def added_to(self, facts: Facts) -> Facts:
        """The facts as they would be read now."""
        accounts = facts.summed
        lines = [
            _line_of(grant, facts) for grant in self.grants if (grant.company, grant.account) in accounts
        ]
        return facts._replace(set_aside=[*facts.set_aside, *lines]) if lines else facts

    def add(self, grant: Grant, stored: StoredFacts) -> None:
        """Take note of a grant."""
        self.grants.append(grant)
        if grant.claims or not stored.alone:
            self.unclear |= stored.facts.summed


def _line_of(grant: Grant, facts: Facts) -> Line:
    amount, currency = grant.amount
    own = (grant.company, grant.account) == (facts.account.company, facts.account.customer)
    return reserved_line(own=own, currency=currency, reservations=1, amount=amount)


def as_json(grants: Sequence[Grant]) -> str:
    """Reservations as write_grants_1 takes them."""
    return orjson.dumps([_as_data(grant) for grant in grants]).decode()


def _as_data(grant: Grant) -> dict[str, Any]:
    amount, currency = grant.amount
    return {
        "id": grant.id,
        "company": grant.company,
        "kind": grant.kind,
        "number": grant.number,
        "customer": grant.customer,
        "account": grant.account,
        "amount": format(amount, "f"),
        "currency": currency,
        "passed_on": format(grant.passed_on, "f"),
        "claims": _claims(grant),
        "is_edit": grant.is_edit,
        "expires_at": grant.expires_at,
        "by": grant.by,
    }


def _claims(grant: Grant) -> list[dict[str, str]]:
    return [
        {
            "kind": claim.kind,
            "number": claim.number,
            "currency": claim.amount.currency,
            "amount": format_amount(*claim.amount),
        }
        for claim in grant.claims
    ]
