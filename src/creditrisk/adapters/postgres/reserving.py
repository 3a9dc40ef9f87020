"""Checks that reserve: those that wait at the same moment are decided in turn, in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from creditrisk.adapters.postgres.coalescing import Lanes
from creditrisk.adapters.postgres.decisions import decision_arguments, insert_decisions
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.fact_rows import reserved_line
from creditrisk.adapters.postgres.facts import Asking, joint_arguments
from creditrisk.adapters.postgres.hold_changes import change_hold
from creditrisk.adapters.postgres.kept_answers import keep_answers, take_turns
from creditrisk.adapters.postgres.papers import retried
from creditrisk.adapters.postgres.remembered_facts import RememberedFacts
from creditrisk.application.check import Effects
from creditrisk.application.errors import Unavailable
from creditrisk.application.holds import ReleaseSpent
from creditrisk.application.idempotency import AnsweredBefore, Keeping, TurnTaken
from creditrisk.application.reservations import Grant
from creditrisk.application.stored_facts import Question, StoredFacts
from creditrisk.domain.facts import Facts
from creditrisk.domain.money import format_amount
from creditrisk.domain.papers import Line

_FACTS: Final = "SELECT * FROM reserving_facts_5($1, $2, $3, $4, $5, $6)"

# Both at once, in this order.
_WRITE: Final = """
    SELECT write_reservations_2($1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15),
        write_decisions_2($1, $2, $3)
"""

_TOGETHER: Final = 2
"""Transactions of one tenant at a time: one is decided while the other waits for the disk."""
_MOST_AT_ONCE: Final = 32
"""Reserving checks in one transaction; those of other processes wait for its locks."""

Decide = Callable[[StoredFacts], Effects | None]


@dataclass(slots=True)
class _Reserving:
    """One check that waits, and what came of it."""

    question: Question
    decide: Decide
    key_id: str
    keeping: Keeping | None = None
    effects: Effects | None = None
    failure: Exception | None = None
    deferred: bool = False
    """What an earlier one of the batch did has to be read first."""


class PostgresReservationBook:
    """The ReservationBook over one database."""

    def __init__(
        self, database: Database, remembered: RememberedFacts, *, new_id: Callable[[], UUID]
    ) -> None:
        self._database = database
        self._remembered = remembered
        self._new_id = new_id
        self._lanes = Lanes(self._together, together=_TOGETHER, most=_MOST_AT_ONCE, about=_account_of)

    async def decide(
        self,
        question: Question,
        decide: Decide,
        *,
        tenant: str,
        key_id: str,
        keeping: Keeping | None = None,
    ) -> Effects | None:
        """Read facts nobody else can reserve against, decide, commit what follows; see ReservationBook."""
        reserving = _Reserving(question, decide, key_id, keeping)
        done = await self._decided(reserving, tenant=tenant)
        while done.deferred:
            done = await self._decided(reserving, tenant=tenant)
        if done.failure is not None:
            raise done.failure
        if keeping is not None:
            keeping.kept = done.effects is not None
        return done.effects

    async def _decided(self, reserving: _Reserving, *, tenant: str) -> _Reserving:
        in_transaction = self._database.joint_connection is not None
        try:
            (done,) = await (self._together if in_transaction else self._lanes.ask)(tenant, [reserving])
        except asyncpg.QueryCanceledError as failure:
            raise Unavailable("what the check has to lock is locked for too long") from failure
        return done

    async def _together(self, tenant: str, waiting: Sequence[_Reserving]) -> Sequence[_Reserving]:
        attempts = count()
        while True:
            try:
                return await retried(
                    lambda: self._attempt(waiting, tenant=tenant, trusting=next(attempts) == 0)
                )
            except ReleaseSpent:
                continue  # what the others have used is read now

    async def _attempt(
        self, waiting: Sequence[_Reserving], *, tenant: str, trusting: bool
    ) -> Sequence[_Reserving]:
        """Lock, read, decide and write; ``trusting`` what is remembered to know which locks it takes."""
        async with self._database.plain_transaction(tenant) as connection:
            refusals = await _refusals(connection, waiting, tenant=tenant)
            going = [each for each, refusal in zip(waiting, refusals, strict=True) if refusal is None]
            facts = await self._facts(connection, going, tenant=tenant, trusting=trusting) if going else ()
            done = _decided_in_order(going, facts)
            await self._write(connection, done, tenant=tenant)
        decided = iter(done)
        return [
            next(decided) if refusal is None else replace(each, failure=refusal)
            for each, refusal in zip(waiting, refusals, strict=True)
        ]

    async def _facts(
        self, connection: Any, waiting: Sequence[_Reserving], *, tenant: str, trusting: bool
    ) -> Sequence[StoredFacts]:
        kept = self._database.joint_connection is None
        asking = [Asking.about(each.question, self._remembered, tenant=tenant) for each in waiting]
        arguments = [each.arguments(key_id=one.key_id) for each, one in zip(asking, waiting, strict=True)]
        rows = await connection.fetch(_FACTS, tenant, *joint_arguments(arguments), trusting)
        return [
            each.understood(row, self._remembered, kept=kept) for each, row in zip(asking, rows, strict=True)
        ]

    async def _write(self, connection: Any, done: Sequence[_Reserving], *, tenant: str) -> None:
        effects = [each.effects for each in done if each.effects]
        for each in effects:
            if each.hold is not None:
                await change_hold(connection, each.hold, each.record, new_id=self._new_id)
        records = [each.record for each in effects]
        grants = [each.grant for each in effects if each.grant is not None]
        if grants:
            arguments = (*decision_arguments(tenant, records, lazily=False), *_columns_of_grants(grants))
            await connection.execute(_WRITE, *arguments)
        elif records:
            await insert_decisions(connection, records)
        kept = [
            (each.keeping.identity, each.keeping.kept_answer(each.effects.answer))
            for each in done
            if each.keeping is not None and each.effects is not None
        ]
        await keep_answers(connection, kept, tenant=tenant)


async def _refusals(
    connection: Any, waiting: Sequence[_Reserving], *, tenant: str
) -> Sequence[TurnTaken | AnsweredBefore | None]:
    """Why checks under a key must not be carried out now."""
    identities = [each.keeping.identity for each in waiting if each.keeping is not None]
    turns = iter(await take_turns(connection, identities, tenant=tenant))
    return [None if each.keeping is None else next(turns) for each in waiting]


def _decided_in_order(waiting: Sequence[_Reserving], facts: Sequence[StoredFacts]) -> Sequence[_Reserving]:
    """Decide each knowing what those before it were granted."""
    granted = _Granted()
    done: list[_Reserving] = []
    for each, stored in zip(waiting, facts, strict=True):
        decided = replace(each)
        done.append(decided)
        if granted.hides(each.question, stored):
            decided.deferred = True
            continue
        try:
            decided.effects = each.decide(replace(stored, facts=granted.added_to(stored.facts)))
        except Exception as failure:  # noqa: BLE001 - it is the answer to this one, and the others go on
            decided.failure = failure
            continue
        if decided.effects is not None and decided.effects.grant is not None:
            granted.add(decided.effects.grant, stored)
    return done


@dataclass(slots=True)
class _Granted:
    """What was granted in a transaction so far, which the facts read at its beginning do not say."""

    grants: list[Grant] = field(default_factory=list)
    unclear: set[tuple[str, str]] = field(default_factory=set)
    """Accounts on which a grant changed more than it added: what papers give up, an earlier reservation."""

    def hides(self, question: Question, stored: StoredFacts) -> bool:
        """Whether what was granted has to be read to know what it means to this check."""
        document, accounts = question.document, _accounts_of(stored.facts)
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
        accounts = _accounts_of(facts)
        lines = [
            _line_of(grant, facts) for grant in self.grants if (grant.company, grant.account) in accounts
        ]
        return facts._replace(set_aside=[*facts.set_aside, *lines]) if lines else facts

    def add(self, grant: Grant, stored: StoredFacts) -> None:
        """Take note of a grant."""
        self.grants.append(grant)
        if grant.claims or not stored.alone:
            self.unclear |= _accounts_of(stored.facts)


def _account_of(reserving: _Reserving) -> tuple[str, str]:
    """Who probably bears it, so that most who would wait for each other's locks are asked together."""
    question = reserving.question
    return question.company, question.bill_to or question.customer


def _accounts_of(facts: Facts) -> set[tuple[str, str]]:
    """The accounts whose exposure is added up."""
    own = facts.account
    return {(own.company, own.customer), *((member.company, member.customer) for member in facts.members)}


def _line_of(grant: Grant, facts: Facts) -> Line:
    amount, currency = grant.amount
    own = (grant.company, grant.account) == (facts.account.company, facts.account.customer)
    return reserved_line(own=own, currency=currency, reservations=1, amount=amount)


def _columns_of_grants(grants: Sequence[Grant]) -> tuple[list[Any], ...]:
    """Reservations as write_reservations_2 takes them."""
    rows = [
        (
            grant.id,
            grant.company,
            grant.kind.value,
            grant.number,
            grant.customer,
            grant.account,
            grant.amount.amount,
            grant.amount.currency,
            grant.passed_on,
            orjson.dumps(_claims(grant)).decode(),
            grant.expires_at,
            grant.by,
        )
        for grant in grants
    ]
    return tuple(list(column) for column in zip(*rows, strict=True))


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
