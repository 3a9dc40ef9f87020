"""Answers kept under an Idempotency-Key, in the transaction of what the request did."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import lost_to_another_write
from creditrisk.adapters.postgres.tables import kept_answer
from creditrisk.application.idempotency import Answer, KeptAnswer, RequestIdentity

SWEEP_SECONDS: Final = 600.0
_SWEPT_AT_ONCE: Final = 5_000

_TAKE_TURN: Final = sa.text(
    "SELECT fingerprint, status, headers, body FROM take_turn_1(:tenant, :id, :lock)"
).columns(headers=JSONB)
_SWEEP: Final = sa.text("SELECT sweep_kept_answers_1(:most)")

_log: Final = structlog.get_logger(__name__)


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
                turn = await _turn(connection, identity)
                yield turn
                if turn is None or not turn.kept:
                    await connection.rollback()

    async def keep_sweeping(self) -> None:
        """Remove expired answers until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except Exception:  # noqa: BLE001 - expired answers are not given out; removing them can wait
                _log.exception("expired answers could not be removed; trying again later")

    async def sweep(self) -> None:
        """Remove the expired answers of all tenants, a bounded number in each transaction."""
        removed = _SWEPT_AT_ONCE
        while removed == _SWEPT_AT_ONCE:
            async with self._database.engine.begin() as connection:
                removed = (await connection.execute(_SWEEP, {"most": _SWEPT_AT_ONCE})).scalar_one()


class PostgresTurn:
    """See Turn."""

    def __init__(
        self, connection: AsyncConnection, identity: RequestIdentity, earlier: KeptAnswer | None
    ) -> None:
        self._connection = connection
        self._identity = identity
        self.earlier = earlier
        self.kept = False

    async def keep(self, answer: KeptAnswer) -> None:
        """Keep an answer in the place of an expired one; see Turn."""
        values: dict[str, Any] = {
            "fingerprint": answer.fingerprint,
            "status": answer.answer.status,
            "headers": dict(answer.answer.headers),
            "body": answer.answer.body,
            "kept_at": sa.func.clock_timestamp(),
        }
        statement = insert(kept_answer).values(
            tenant=self._identity.tenant, id=self._identity.digest, **values
        )
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["tenant", "id"], set_=values)
        )
        self.kept = True


async def _turn(connection: AsyncConnection, identity: RequestIdentity) -> PostgresTurn | None:
    # The lock is the transaction's, so it ends with whatever ends that. Two identities that share its 64 bits
    # only wait for one another.
    digest = identity.digest
    lock = int.from_bytes(digest[:8], signed=True)
    taken = await connection.execute(_TAKE_TURN, {"tenant": identity.tenant, "id": digest, "lock": lock})
    row = taken.one_or_none()
    if row is None:
        return None
    earlier = None
    if row.fingerprint is not None:
        answer = Answer(status=row.status, headers=row.headers, body=row.body)
        earlier = KeptAnswer(answer, row.fingerprint)
    return PostgresTurn(connection, identity, earlier)
