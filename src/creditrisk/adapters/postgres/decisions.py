"""Decision records: buffered and flushed in batches, because one INSERT each would cost as much as the check.

A killed process loses at most the last flush interval; shutdown flushes; a full buffer makes checks wait.
Decisions that change a hold do not come here: they are written with the hold (`holds`). Those of a request
with an Idempotency-Key are written in its transaction.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa

from creditrisk.adapters.postgres.driver import driver_connection, silence_is_unavailable
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.adapters.postgres.repeating import repeat
from creditrisk.adapters.postgres.tables import decision
from creditrisk.application.decisions import DecisionFilter, DecisionRecord

FLUSH_SECONDS: Final = 0.03
MOST_BUFFERED: Final = 10_000
_MOST_AT_ONCE: Final = 1_000
"""Of one statement: PostgreSQL takes no array of more than 256 MiB."""

_MAKE_PARTITIONS: Final = sa.text("SELECT ensure_decision_partitions_2(current_date, 3)")


_WRITE: Final = "SELECT write_decisions_2($1, $2, $3)"


async def insert_decisions(connection: Any, records: Sequence[DecisionRecord]) -> None:
    """Insert records of one tenant in the transaction of the driver's connection."""
    await connection.execute(_WRITE, *decision_arguments(records[0].tenant, records, lazily=False))


def decision_arguments(
    tenant: str, records: Sequence[DecisionRecord | orjson.Fragment], *, lazily: bool
) -> tuple[Any, ...]:
    """Records of one tenant, some of them written already, as write_decisions_2 takes them."""
    return tenant, lazily, orjson.dumps(records).decode()


class _Buffered(NamedTuple):
    """A record on its way."""

    tenant: str
    written: orjson.Fragment
    """As JSON, written at once: later its hundreds of objects would be out of the processor's caches."""


class PostgresDecisionLog:
    """Keeps decisions. Run `keep_flushing` beside the service, and `flush` once more at its end."""

    def __init__(self, database: Database, plain: ReadPool) -> None:
        self._database = database
        self._plain = plain
        self._buffer: list[_Buffered] = []
        self._room = asyncio.Condition()
        self._flushing = asyncio.Lock()

    async def prepare(self) -> None:
        """Make the partitions of the coming months; what is later falls into the default partition."""
        async with self._database.of_no_tenant() as connection:
            await connection.execute(_MAKE_PARTITIONS)

    async def append(self, record: DecisionRecord) -> None:
        """Keep a plain decision soon; waits while the buffer is full.

        Where the request runs in one transaction, the decision is kept with it.
        """
        connection = self._database.joint_connection
        if connection is not None:
            with silence_is_unavailable():
                await insert_decisions(await driver_connection(connection), [record])
            return
        if len(self._buffer) >= MOST_BUFFERED:
            async with self._room:
                await self._room.wait_for(lambda: len(self._buffer) < MOST_BUFFERED)
        self._buffer.append(_Buffered(record.tenant, orjson.Fragment(orjson.dumps(record))))

    async def keep_flushing(self) -> None:
        """Flush until cancelled; while the database does not answer, the filling buffer holds checks back."""
        await repeat(self.flush, every=FLUSH_SECONDS, failing="decisions could not be written; trying again")

    async def flush(self) -> None:
        """Write what is buffered now."""
        async with self._flushing:
            records, self._buffer = self._buffer, []
            if not records:
                return
            by_tenant: dict[str, list[orjson.Fragment]] = defaultdict(list)
            for tenant, written in records:
                by_tenant[tenant].append(written)
            try:
                while by_tenant:
                    tenant = next(iter(by_tenant))
                    some = by_tenant[tenant][:_MOST_AT_ONCE]
                    # Apart, because they are decisions of other requests than the one that reads.
                    with self._database.apart():
                        await self._plain.fetch(_WRITE, *decision_arguments(tenant, some, lazily=True))
                    by_tenant[tenant] = by_tenant[tenant][_MOST_AT_ONCE:]
                    if not by_tenant[tenant]:
                        del by_tenant[tenant]
            finally:
                unwritten = [_Buffered(each, written) for each, left in by_tenant.items() for written in left]
                self._buffer = unwritten + self._buffer
                async with self._room:
                    self._room.notify_all()

    async def get(self, decision_id: UUID, *, tenant: str) -> DecisionRecord | None:
        """One decision, also one made a moment ago by this process."""
        await self.flush()
        query = sa.select(decision).where(decision.c.tenant == tenant, decision.c.id == decision_id)
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _record(row)

    async def list(
        self, wanted: DecisionFilter, *, tenant: str, after: UUID | None, limit: int
    ) -> Sequence[DecisionRecord]:
        """Decisions in the order they were made, those after `after`."""
        await self.flush()
        query = sa.select(decision).where(decision.c.tenant == tenant).order_by(decision.c.id).limit(limit)
        if wanted.companies is not None:
            query = query.where(decision.c.company == sa.any_(sa.literal(sorted(wanted.companies))))
        if wanted.customer is not None:
            query = query.where(decision.c.customer == wanted.customer)
        if wanted.decision is not None:
            query = query.where(decision.c.decision == wanted.decision)
        if wanted.since is not None:
            query = query.where(decision.c.decided_at >= wanted.since)
        if after is not None:
            query = query.where(decision.c.id > after)
        async with self._database.transaction(tenant) as connection:
            return [_record(row) for row in (await connection.execute(query)).mappings()]

    async def newest(
        self, company: str, *, tenant: str, before: str | None, limit: int
    ) -> Sequence[DecisionRecord]:
        """Decisions of a company, the newest first; see NewestDecisions."""
        await self.flush()
        query = (
            sa.select(decision)
            .where(decision.c.tenant == tenant, decision.c.company == company)
            .order_by(decision.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(decision.c.id < UUID(before))
        async with self._database.transaction(tenant) as connection:
            return [_record(row) for row in (await connection.execute(query)).mappings()]

    async def last_passed_by(self, *, tenant: str, company: str, kind: str, number: str) -> str | None:
        """The operator whose check last let a document pass (D11); None where there was none."""
        await self.flush()
        query = (
            sa.select(decision.c.operator)
            .where(
                decision.c.tenant == tenant,
                decision.c.company == company,
                decision.c.kind == kind,
                decision.c.number == number,
                decision.c.decision != "block",
            )
            .order_by(decision.c.id.desc())
            .limit(1)
        )
        async with self._database.transaction(tenant) as connection:
            return (await connection.execute(query)).scalar_one_or_none()


def _record(row: sa.RowMapping) -> DecisionRecord:
    return DecisionRecord(**{**row, "id": str(row["id"])})
