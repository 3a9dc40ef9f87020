"""What is granted in a transaction: to the checks decided after it, and to the statement that writes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from creditrisk.adapters.postgres.fact_rows import reserved_line
from creditrisk.application.reservations import Grant
from creditrisk.application.stored_facts import Question, StoredFacts
from creditrisk.domain.facts import Facts
from creditrisk.domain.money import format_amount
from creditrisk.domain.papers import Kind


@dataclass(slots=True)
class Granted:
    """What was granted in a transaction so far, which the facts read at its beginning do not say."""

    sums: dict[tuple[str, str, str], tuple[int, Decimal]] = field(default_factory=dict)
    """How many reservations of an account in a currency, and how much they are."""
    documents: set[tuple[str, Kind, str]] = field(default_factory=set)
    """Those reserved for: company, kind and number."""
    unclear: set[tuple[str, str]] = field(default_factory=set)
    """Accounts on which a grant changed more than it added: what papers give up, an earlier reservation."""

    def hides(self, question: Question, stored: StoredFacts) -> bool:
        """Whether what was granted has to be read to know what it means to this check."""
        document, accounts = question.document, stored.facts.summed
        if document is not None and (question.company, document.kind, document.number) in self.documents:
            return True
        if accounts & self.unclear:
            return True
        plain = stored.alone and document is not None and not document.follows
        return not plain and not accounts.isdisjoint((company, account) for company, account, _ in self.sums)

    def added_to(self, facts: Facts) -> Facts:
        """The facts as they would be read now."""
        accounts, risk_account = facts.summed, (facts.account.company, facts.account.customer)
        lines = [
            reserved_line(
                own=(company, account) == risk_account,
                currency=currency,
                reservations=reservations,
                amount=amount,
            )
            for (company, account, currency), (reservations, amount) in self.sums.items()
            if (company, account) in accounts
        ]
        return facts._replace(set_aside=[*facts.set_aside, *lines]) if lines else facts

    def add(self, grant: Grant, stored: StoredFacts) -> None:
        """Take note of a grant."""
        self.documents.add((grant.company, grant.kind, grant.number))
        place = grant.company, grant.account, grant.amount.currency
        reservations, amount = self.sums.get(place, (0, Decimal(0)))
        self.sums[place] = reservations + 1, amount + grant.amount.amount
        if grant.claims or not stored.alone:
            self.unclear |= stored.facts.summed


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
