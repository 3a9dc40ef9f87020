"""What checks ask to know, and what is told them: the port of the one read."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from creditrisk.application.standings import Standings
from creditrisk.domain.facts import Check, Facts
from creditrisk.domain.papers import Document
from creditrisk.domain.values import value


@value
class StoredFacts:
    """What one read brought back beside the facts themselves."""

    facts: Facts
    standings: Standings
    """What the account amounts to; the same one for as long as the same is stored about it and its papers."""
    config_version: int
    key_live: bool
    now: datetime
    today: date
    open_hold: str | None = None
    """Id of the document's open rule hold."""
    owner: str | None = None
    """The stored document's owner."""
    alone: bool = True
    """Nothing is stored or reserved under the document's number, and no reservation meets other papers."""


class Question(NamedTuple):
    """Whose facts are wanted."""

    company: str
    customer: str
    bill_to: str | None = None
    """Bears the document whatever the customer's risk customer is; the customer itself: its account alone."""
    operator: str | None = None
    document: Document | None = None


class FactsReader(Protocol):
    """Reads everything checks need to know, in one statement for all of them."""

    async def read(
        self, questions: Sequence[Question], *, tenant: str, key_id: str, keep: bool = True
    ) -> Sequence[StoredFacts]:
        """The facts for each question, in order, all of one moment.

        `keep` False: nobody will soon ask again, so nothing of it needs to be remembered.
        """


def question_of(check: Check) -> Question:
    """Whose facts a check needs."""
    return Question(
        check.company,
        check.customer,
        bill_to=check.document.bill_to if check.document else None,
        operator=check.operator.id,
        document=check.document,
    )
