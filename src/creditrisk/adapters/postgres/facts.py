"""The hot read: every fact of checks in one statement, for all that ask at the same moment."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from creditrisk.adapters.postgres.coalescing import Lanes
from creditrisk.adapters.postgres.fact_rows import (
    NOTHING_STORED,
    account_facts,
    feeds_of,
    operator_of,
    papers_of,
    with_document,
    with_reserved,
)
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.adapters.postgres.remembered_facts import RememberedAccount, RememberedFacts
from creditrisk.application.standings import Standings
from creditrisk.application.stored_facts import Question, StoredFacts
from creditrisk.domain.facts import Facts
from creditrisk.domain.money import Money, format_amount
from creditrisk.domain.papers import Document

# A row for each question, in their order.
_READ: Final = "select * from facts_of_checks_3($1, $2, $3, $4, $5)"

_TOGETHER: Final = 2
"""Statements of one tenant at a time, of which one has taken long."""
_LONG: Final = 0.02
"""Seconds after which what is asked waits no more for the statement under way; few take as long."""
_MOST_AT_ONCE: Final = 64
_ROUNDS: Final = 4
"""Of the event loop: in so many an answer is sent, and the next request read, validated and asked about."""


class FactsArguments(NamedTuple):
    """One question as the SQL functions take it."""

    key: str
    company: str
    customer: str
    bill_to: str | None
    operator: str | None
    document: Mapping[str, Any] | None
    stamp: str | None
    """Of what is remembered of the account's papers."""
    mark: str | None
    """Of what is remembered of the account, its papers included."""


class Asking(NamedTuple):
    """A question, and what the process remembers of its account when it asks."""

    tenant: str
    question: Question
    known: RememberedAccount | None

    @classmethod
    def about(cls, question: Question, remembered: RememberedFacts, *, tenant: str) -> "Asking":
        """Ask with what is remembered."""
        return cls(tenant, question, remembered.find(_key(tenant, question)))

    @property
    def account(self) -> tuple[str, str, str]:
        """The tenant, the company and the customer asked about."""
        return self.tenant, self.question.company, self.question.customer

    def arguments(self, *, key_id: str, documented: bool = True) -> FactsArguments:
        """The question as the SQL functions take it; `documented` False: whatever the document."""
        question = self.question
        return FactsArguments(
            key_id,
            question.company,
            question.customer,
            question.bill_to,
            question.operator,
            _asked_document(question.document) if documented else None,
            self.known.stamp if self.known else None,
            self.known.mark if self.known else None,
        )

    def understood(self, row: Any, remembered: RememberedFacts, *, kept: bool) -> StoredFacts:
        """Give the row that answers the question its meaning.

        `kept` False: nobody may remember it, as what was read may be undone yet, with a version that another
        write then has; or nobody needs to.
        """
        known = self._account(row)
        if known is not self.known and kept:
            remembered.keep(_key(self.tenant, self.question), known)
        facts, about = known.facts, NOTHING_STORED
        if row["document"] is not None:
            facts, about = with_document(facts, orjson.loads(row["document"]))
        if row["reserved"] is not None:
            facts = with_reserved(facts, orjson.loads(row["reserved"]))
        return StoredFacts(
            facts=facts.asked_by(
                None if row["operator"] is None else operator_of(row["operator"]),
                feeds=() if row["feeds"] is None else feeds_of(row["feeds"]),
            ),
            standings=known.standings,
            config_version=row["config_version"],
            key_live=row["key_live"],
            now=row["now"],
            today=row["today"],
            open_hold=about.open_hold,
            owner=about.owner,
            alone=about.alone and not (facts.reserved or facts.is_claimed),
        )

    def _account(self, row: Any) -> RememberedAccount:
        """The account as the row says it is: as it was, in other words, or another one."""
        known, account, stamp, mark = self.known, row["account"], row["stamp"], row["mark"]
        if known is not None and account is None:
            return known
        if known is not None and (known.stamp, known.account) == (stamp, account):
            return known if known.mark == mark else known._replace(mark=mark)
        return RememberedAccount(account, stamp, mark, self._facts(row), Standings())

    def _facts(self, row: Any) -> Facts:
        account = orjson.loads(row["account"])
        if row["papers"] is None and self.known is not None:
            return account_facts(account, lines=self.known.facts.lines, items=self.known.facts.items)
        lines, items = papers_of(orjson.loads(row["papers"]))
        return account_facts(account, lines=lines, items=items)


class PostgresFactsReader:
    """Reads facts outside any explicit transaction."""

    def __init__(self, pool: ReadPool, remembered: RememberedFacts, *, spare_processor: bool = False) -> None:
        """With a ``spare_processor`` one half of those who ask is read while the process decides the other.

        Without one that would only be more statements: all processors have work already.
        """
        self._pool = pool
        self._remembered = remembered
        self._lanes = Lanes(
            self._fetch,
            together=_TOGETHER,
            most=_MOST_AT_ONCE,
            patience=_LONG,
            halves=spare_processor,
            rounds=0 if spare_processor else _ROUNDS,
        )

    async def read(
        self, questions: Sequence[Question], *, tenant: str, key_id: str, keep: bool = True
    ) -> Sequence[StoredFacts]:
        """The facts for each question, in order, all of one moment; see FactsReader.

        Raises:
            Unavailable: the database does not answer.
        """
        joined = self._pool.in_transaction
        kept = keep and not joined
        asking = [Asking.about(question, self._remembered, tenant=tenant) for question in questions]
        asked = [each.arguments(key_id=key_id) for each in asking]
        # What a request has written is seen by its own connection alone.
        rows = await (self._fetch if joined else self._lanes.ask)(tenant, asked)
        return [
            each.understood(row, self._remembered, kept=kept) for each, row in zip(asking, rows, strict=True)
        ]

    async def _fetch(self, tenant: str, asked: Sequence[FactsArguments]) -> Sequence[Any]:
        return await self._pool.fetch(_READ, tenant, *in_common([each._asdict() for each in asked]))


def in_common(asked: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str], list[str], str]:
    """Questions as the SQL functions take several: keys, companies and operators, each once, and all as JSON.

    One text, because the driver looks at each element of an array twice before it sends any.
    """
    return (
        list({each["key"] for each in asked}),
        list({each["company"] for each in asked}),
        list({each["operator"] for each in asked if each["operator"] is not None}),
        orjson.dumps(asked).decode(),
    )


def _key(tenant: str, question: Question) -> tuple[str, ...]:
    return tenant, question.company, question.customer, question.bill_to or ""


def _asked_document(document: Document | None) -> Mapping[str, Any] | None:
    """The document as the SQL functions take it.

    None where nothing can be stored about it: it has no number and follows none.
    """
    if document is None or (document.number is None and not document.follows):
        return None

    def plain(money: Money) -> dict[str, str]:
        return {"total": format_amount(*money), "currency": money.currency}

    return {
        "kind": document.kind,
        "number": document.number,
        **plain(document.total),
        "follows": [
            {"kind": followed.kind, "number": followed.number, **plain(document.takes(followed))}
            for followed in document.follows
        ],
    }
