"""Answers kept under an Idempotency-Key, in the transaction of what the request did."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson
import sqlalchemy as sa

from creditrisk.adapters.postgres.driver import driver_connection, silence_is_unavailable
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import lost_to_another_write
from creditrisk.adapters.postgres.repeating import repeat
from creditrisk.application.idempotency import (
    Answer,
    AnsweredBefore,
    KeptAnswer,
    RequestIdentity,
    TurnTaken,
)

SWEEP_SECONDS: Final = 600.0
_SWEPT_AT_ONCE: Final = 5_000

# Which requests have their turn now, and what is kept of those that were carried out.
_TAKE_TURNS: Final = """
    SELECT t.taken, t.fingerprint, t.status, t.headers, t.body
    FROM unnest($2::bytea[], $3::bigint[]) WITH ORDINALITY AS w (id, lock, place)
    LEFT JOIN LATERAL (
        SELECT true AS taken, k.fingerprint, k.status, k.headers::text AS headers, k.body
        FROM take_turn_1($1, w.id, w.lock) AS k
    ) AS t ON true
    ORDER BY w.place
"""
_KEEP: Final = """
    INSERT INTO kept_answer (tenant, id, fingerprint, status, headers, body, kept_at)
    SELECT $1, k.id, k.fingerprint, k.status, k.headers::jsonb, k.body, clock_timestamp()
    FROM unnest($2::bytea[], $3::bytea[], $4::integer[], $5::text[], $6::bytea[])
        AS k (id, fingerprint, status, headers, body)
    ON CONFLICT (tenant, id) DO UPDATE
    SET fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
        body = excluded.body, kept_at = excluded.kept_at
"""
_SWEEP: Final = sa.text("SELECT sweep_kept_answers_1(:most)")


class PostgresAnswerStore:
    """The AnswerStore over one database. Run `keep_sweeping` beside the service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def turn(self, identity: RequestIdentity) -> AsyncIterator["PostgresTurn | None"]:
        """Begin a turn; see AnswerStore.

        Raises:
            Unavailable: other writes were in the way. Everything is undone, so it can be sent again.
        """
        with lost_to_another_write():
            async with self._database.together(identity.tenant) as connection:
                turn = await _turn(await driver_connection(connection), identity)
                yield turn
                if turn is None or not turn.kept:
                    await connection.rollback()

    async def keep_sweeping(self) -> None:
        """Remove expired answers until cancelled."""
        await repeat(
            self.sweep,
            every=SWEEP_SECONDS,
            failing="expired answers could not be removed; trying again",
        )

    async def sweep(self) -> None:
        """Remove the expired answers of all tenants, a bounded number in each transaction."""
        removed = _SWEPT_AT_ONCE
        while removed == _SWEPT_AT_ONCE:
            async with self._database.of_no_tenant() as connection:
                removed = (await connection.execute(_SWEEP, {"most": _SWEPT_AT_ONCE})).scalar_one()


class PostgresTurn:
    """See Turn."""

    def __init__(self, connection: Any, identity: RequestIdentity, earlier: KeptAnswer | None) -> None:
        self._connection = connection
        self._identity = identity
        self.earlier = earlier
        self.kept = False

    async def keep(self, answer: KeptAnswer) -> None:
        """Keep an answer in the place of an expired one; see Turn."""
        with silence_is_unavailable():
            await keep_answers(self._connection, [(self._identity, answer)], tenant=self._identity.tenant)
        self.kept = True


async def _turn(connection: Any, identity: RequestIdentity) -> PostgresTurn | None:
    with silence_is_unavailable():
        (refusal,) = await take_turns(connection, [identity], tenant=identity.tenant)
    if isinstance(refusal, TurnTaken):
        return None
    return PostgresTurn(connection, identity, None if refusal is None else refusal.earlier)


def _lock_of(identity: RequestIdentity) -> int:
    # The lock is the transaction's, so it ends with whatever ends that. Two identities that share its 64 bits
    # only wait for one another.
    return int.from_bytes(identity.digest[:8], signed=True)


async def take_turns(
    connection: Any, identities: Sequence[RequestIdentity], *, tenant: str
) -> Sequence[TurnTaken | AnsweredBefore | None]:
    """Let each request have its turn in the driver's transaction, or say why it cannot."""
    if not identities:
        return ()
    digests = [identity.digest for identity in identities]
    rows = await connection.fetch(_TAKE_TURNS, tenant, digests, [_lock_of(each) for each in identities])
    # To two of one identity the lock would be given twice, as both are of one transaction.
    firsts = (digest not in digests[:place] for place, digest in enumerate(digests))
    return [_refusal(row, first=first) for row, first in zip(rows, firsts, strict=True)]


def _refusal(row: Any, *, first: bool) -> TurnTaken | AnsweredBefore | None:
    if row["taken"] is None or not first:
        return TurnTaken()
    if row["fingerprint"] is None:
        return None
    answer = Answer(status=row["status"], headers=orjson.loads(row["headers"]), body=row["body"])
    return AnsweredBefore(KeptAnswer(answer, row["fingerprint"]))


async def keep_answers(
    connection: Any, kept: Sequence[tuple[RequestIdentity, KeptAnswer]], *, tenant: str
) -> None:
    """Keep answers in the driver's transaction, each in the place of an expired one."""
    rows = [
        (
            identity.digest,
            answer.fingerprint,
            answer.answer.status,
            orjson.dumps(dict(answer.answer.headers)).decode(),
            answer.answer.body,
        )
        for identity, answer in kept
    ]
    if rows:
        await connection.execute(_KEEP, tenant, *(list(column) for column in zip(*rows, strict=True)))
