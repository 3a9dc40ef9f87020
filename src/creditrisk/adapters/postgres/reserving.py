"""Checks that reserve: those that wait at the same moment are decided in turn, in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.coalescing import Lanes
from creditrisk.adapters.postgres.decisions import insert_decisions
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.fact_rows import reserved_line
from creditrisk.adapters.postgres.facts import Asking, columns_of
from creditrisk.adapters.postgres.holds import PostgresHoldStore
from creditrisk.adapters.postgres.papers import retried
from creditrisk.adapters.postgres.remembered_facts import RememberedFacts
from creditrisk.application.check import Effects, Question, StoredFacts
from creditrisk.application.reservations import Grant
from creditrisk.domain.facts import Facts
from creditrisk.domain.money import format_amount
from creditrisk.domain.papers import Line

_FACTS: Final = "SELECT * FROM reserving_facts_2($1, $2, $3, $4, $5, $6, $7, $8)"

_WRITE: Final = """
    SELECT write_reservation_1(
        $1, g.id, g.company, g.kind, g.number, g.customer, g.account, g.amount, g.currency, g.passed_on,
        g.claims::jsonb, g.seconds, g.by)
    FROM unnest(
        $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::numeric[], $9::text[],
        $10::numeric[], $11::text[], $12::integer[], $13::text[]
    ) WITH ORDINALITY AS g (
        id, company, kind, number, customer, account, amount, currency, passed_on, claims, seconds, by,
        position)
    ORDER BY g.position
"""

_MOST_AT_ONCE: Final = 32
"""Reserving checks in one transaction; those of other processes wait for its locks."""

Decide = Callable[[StoredFacts], Effects | None]


@dataclass(slots=True)
class _Reserving:
    """One check that waits, and what came of it."""

    question: Question
    decide: Decide
    key_id: str
    effects: Effects | None = None
    failure: Exception | None = None
    deferred: bool = False
    """What an earlier one of the batch did has to be read first."""


class PostgresReservationBook:
    """The ReservationBook over one database."""

    def __init__(self, database: Database, remembered: RememberedFacts, holds: PostgresHoldStore) -> None:
        self._database = database
        self._remembered = remembered
        self._holds = holds
        self._lanes = Lanes(self._together, together=1, most=_MOST_AT_ONCE)

    async def decide(self, question: Question, decide: Decide, *, tenant: str, key_id: str) -> Effects | None:
        """Read facts nobody else can reserve against, decide, commit what follows; see ReservationBook."""
        reserving = _Reserving(question, decide, key_id)
        done = await self._decided(reserving, tenant=tenant)
        while done.deferred:
            done = await self._decided(reserving, tenant=tenant)
        if done.failure is not None:
            raise done.failure
        return done.effects

    async def _decided(self, reserving: _Reserving, *, tenant: str) -> _Reserving:
        in_transaction = self._database.joint_connection is not None
        (done,) = await (self._together if in_transaction else self._lanes.ask)(tenant, [reserving])
        return done

    async def _together(self, tenant: str, waiting: Sequence[_Reserving]) -> Sequence[_Reserving]:
        return await retried(lambda: self._attempt(waiting, tenant=tenant))

    async def _attempt(self, waiting: Sequence[_Reserving], *, tenant: str) -> Sequence[_Reserving]:
        kept = self._database.joint_connection is None
        async with self._database.transaction(tenant) as connection:
            asking = [Asking.about(each.question, self._remembered, tenant=tenant) for each in waiting]
            arguments = [each.arguments(key_id=one.key_id) for each, one in zip(asking, waiting, strict=True)]
            rows = await connection.exec_driver_sql(_FACTS, (tenant, *columns_of(arguments)))
            facts = [
                each.understood(row, self._remembered, kept=kept)
                for each, row in zip(asking, rows.mappings(), strict=True)
            ]
            done = _decided_in_order(waiting, facts)
            await self._write(connection, [each.effects for each in done if each.effects], tenant=tenant)
            return done

    async def _write(self, connection: AsyncConnection, effects: Sequence[Effects], *, tenant: str) -> None:
        granted = [each for each in effects if each.grant is not None]
        if granted:
            ends = await _write_grants(connection, [e.grant for e in granted if e.grant], tenant=tenant)
            for each, expires_at in zip(granted, ends, strict=True):
                if each.grant is not None:
                    each.answer["reservation"] = each.grant.shown(expires_at=expires_at)
        for each in effects:
            if each.hold is not None:
                await self._holds.change_within(connection, each.hold, each.record)
        if effects:
            await insert_decisions(connection, [each.record for each in effects])


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
        return replace(facts, set_aside=[*facts.set_aside, *lines]) if lines else facts

    def add(self, grant: Grant, stored: StoredFacts) -> None:
        """Take note of a grant."""
        self.grants.append(grant)
        if grant.claims or not stored.alone:
            self.unclear |= _accounts_of(stored.facts)


def _accounts_of(facts: Facts) -> set[tuple[str, str]]:
    """The accounts whose exposure is added up."""
    own = facts.account
    return {(own.company, own.customer), *((member.company, member.customer) for member in facts.members)}


def _line_of(grant: Grant, facts: Facts) -> Line:
    amount, currency = grant.amount
    own = (grant.company, grant.account) == (facts.account.company, facts.account.customer)
    return reserved_line(own=own, currency=currency, reservations=1, amount=amount)


async def _write_grants(
    connection: AsyncConnection, grants: Sequence[Grant], *, tenant: str
) -> Sequence[datetime]:
    """Write reservations, each in the place of its document's earlier one; answers when they end."""
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
            grant.seconds,
            grant.by,
        )
        for grant in grants
    ]
    columns = (list(column) for column in zip(*rows, strict=True))
    written = await connection.exec_driver_sql(_WRITE, (tenant, *columns))
    return written.scalars().all()


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
