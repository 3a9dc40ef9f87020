"""Snapshots in PostgreSQL: copied beside the papers, compared, and the difference written in one transaction.

The rules are in the database, in the functions compare_snapshot_2 and write_snapshot_3.
"""

from array import array
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import (
    CHARACTERS_IN_ONE_COPY,
    ROWS_IN_ONE_COPY,
    WITHOUT_TIME_LIMIT,
    copy_records,
    lost_to_another_write,
)
from creditrisk.application.errors import FieldError
from creditrisk.application.snapshot_parts import StagedPart
from creditrisk.application.snapshot_store import (
    SnapshotOrder,
    SnapshotOutcome,
    SnapshotOutOfOrder,
    SnapshotRefused,
    not_the_total,
)

_ERRORS_SHOWN: Final = 1_000

_BEGIN: Final = sa.text(
    """
    SELECT max(taken_at) AS last, clock_timestamp() AS now FROM snapshot
    WHERE tenant = :tenant AND company = :company AND source = :source
    """
)
# The next snapshot of the source waits here until this one is stored or given up, and then looks at what is.
_ALONE: Final = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(CAST(:name AS text), 0))")
_ANALYZE: Final = sa.text("ANALYZE staged_paper")
_MEMORY: Final = sa.text("SET LOCAL work_mem = '64MB'")
_TWICE: Final = sa.text(
    """
    WITH twice AS (
        SELECT kind, number, min(line) AS first FROM staged_paper GROUP BY kind, number HAVING count(*) > 1
    )
    SELECT s.line FROM staged_paper AS s JOIN twice AS t USING (kind, number)
    WHERE s.line > t.first
    ORDER BY s.line LIMIT :shown
    """
)
# What an entry says by itself, whatever others take of it. The subquery calls the function once for each.
_TOTALS: Final = sa.text(
    """
    SELECT (line).currency AS currency, sum((line).open_amount) AS total
    FROM (
        SELECT line_of(kind, customer, true, content, '{}', 0) AS line FROM staged_paper
        WHERE content IS NOT NULL
        OFFSET 0
    ) AS lines
    WHERE (line).currency = ANY (:currencies)
    GROUP BY 1
    """
)
_STAGE_PAPERS: Final = sa.text(
    """
    CREATE TEMPORARY TABLE staged_paper (
        line integer, kind text COLLATE "C", number text COLLATE "C", customer text COLLATE "C",
        version bigint, content jsonb
    ) ON COMMIT DROP
    """
)
_ENTRY_COLUMNS: Final = ("line", "kind", "number", "customer", "version", "content")
_STAGE_PARTS: Final = sa.text(
    "CREATE TEMPORARY TABLE staged_part (fingerprint bytea, entries bytea) ON COMMIT DROP"
)
_REMEMBERED: Final = sa.text(
    """
    SELECT fingerprint, entries FROM snapshot_part
    WHERE tenant = :tenant AND company = :company AND source = :source AND kinds = :kinds
        AND fingerprint = ANY (:fingerprints)
    """
).bindparams(sa.bindparam("fingerprints", type_=sa.ARRAY(sa.LargeBinary)))
_FORGET: Final = sa.text(
    """
    DELETE FROM snapshot_part AS p
    WHERE tenant = :tenant AND company = :company AND source = :source AND kinds = :kinds
        AND NOT EXISTS (SELECT FROM staged_part AS s WHERE s.fingerprint = p.fingerprint)
    """
)
_REMEMBER: Final = sa.text(
    """
    INSERT INTO snapshot_part (tenant, company, source, kinds, fingerprint, entries)
    SELECT :tenant, :company, :source, :kinds, fingerprint, entries FROM staged_part WHERE entries IS NOT NULL
    ON CONFLICT DO NOTHING
    """
)
_NOW: Final = sa.text("SELECT clock_timestamp()")
_COMPARE: Final = sa.text(
    "SELECT compare_snapshot_2(:company, :source, :kinds, :taken_at, :closes)"
).bindparams(sa.bindparam("kinds", type_=sa.ARRAY(sa.Text)))
_WRITE: Final = sa.text(
    "SELECT added, changed, closed, unchanged, stale"
    " FROM write_snapshot_3(:company, :source, :kinds, :taken_at)"
).bindparams(sa.bindparam("kinds", type_=sa.ARRAY(sa.Text)))
_CONFLICTS: Final = sa.text("SELECT line FROM staged_conflict ORDER BY line")

_TWICE_ERROR: Final = FieldError("/id", "duplicate", "is an entry of an earlier line")


class PostgresSnapshotStore:
    """The SnapshotStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self, *, tenant: str) -> datetime:
        """The instant by the clock that dates what is written; see SnapshotStore."""
        async with self._database.transaction(tenant) as connection:
            instant: datetime = (await connection.execute(_NOW)).scalar_one()
        return instant

    async def remembered(
        self, order: SnapshotOrder, fingerprints: Sequence[bytes], *, tenant: str
    ) -> Mapping[bytes, bytes]:
        """Return what was kept of parts; see SnapshotStore."""
        async with self._database.transaction(tenant) as connection:
            found = await connection.execute(
                _REMEMBERED, _part_key(order, tenant) | {"fingerprints": list(fingerprints)}
            )
            return {row.fingerprint: row.entries for row in found}

    async def replace(
        self, order: SnapshotOrder, parts: AsyncIterator[StagedPart], *, tenant: str
    ) -> SnapshotOutcome:
        """Make the source's entries equal to the parts; see SnapshotStore.

        They can be read only once, so a deadlock is not retried here: it ends in Unavailable.
        """
        with lost_to_another_write():
            async with self._database.transaction(tenant) as connection:
                taken_at = await _instant_of(connection, order, tenant=tenant)
                all_known = await _stage(connection, parts)
                await connection.execute(_MEMORY)
                await connection.execute(_ANALYZE)
                await _require_control_figures(connection, order)
                name = f"snapshot\x1f{tenant}\x1f{order.company}\x1f{order.source}"
                await connection.execute(_ALONE, {"name": name})
                await _instant_of(connection, order, tenant=tenant)
                for statement in (_FORGET, _REMEMBER):
                    await connection.execute(statement, _part_key(order, tenant))
                return await _replace(connection, order, taken_at, closes=all_known)


async def _stage(connection: AsyncConnection, parts: AsyncIterator[StagedPart]) -> bool:
    """Copy parts into temporary tables of this transaction; return whether each line named its entry."""
    await connection.execute(WITHOUT_TIME_LIMIT)
    await connection.execute(_STAGE_PAPERS)
    await connection.execute(_STAGE_PARTS)
    all_known = True
    entries: list[tuple[Any, ...]] = []
    kept: list[tuple[bytes, bytes | None]] = []
    size = 0
    async for number, fingerprint, read in parts:
        all_known = all_known and read.all_known
        entries += [(number + line, *entry) for line, *entry in read.entries]
        kept.append((fingerprint, read.kept))
        size += sum([len(content) for *_, content in read.entries if content])
        if len(entries) >= ROWS_IN_ONE_COPY or size >= CHARACTERS_IN_ONE_COPY:
            await _copy(connection, entries, kept)
            entries, kept, size = [], [], 0
    await _copy(connection, entries, kept)
    return all_known


async def _copy(
    connection: AsyncConnection,
    entries: Sequence[tuple[Any, ...]],
    parts: Sequence[tuple[bytes, bytes | None]],
) -> None:
    await copy_records(connection, "staged_part", parts, ("fingerprint", "entries"))
    await copy_records(connection, "staged_paper", entries, _ENTRY_COLUMNS)


def _part_key(order: SnapshotOrder, tenant: str) -> dict[str, str]:
    kinds = ",".join(sorted(order.kinds))
    return {"tenant": tenant, "company": order.company, "source": order.source, "kinds": kinds}


async def _instant_of(connection: AsyncConnection, order: SnapshotOrder, *, tenant: str) -> datetime:
    """Return when the snapshot was taken.

    Raises:
        SnapshotOutOfOrder: the stored one was taken later.
    """
    feed = {"tenant": tenant, "company": order.company, "source": order.source}
    stored = (await connection.execute(_BEGIN, feed)).one()
    taken_at: datetime = order.taken_at or stored.now
    if stored.last is not None and taken_at < stored.last:
        raise SnapshotOutOfOrder("The source's last snapshot was taken later than this one.")
    return taken_at


async def _require_control_figures(connection: AsyncConnection, order: SnapshotOrder) -> None:
    twice = (await connection.execute(_TWICE, {"shown": _ERRORS_SHOWN})).scalars().all()
    errors = [(line, _TWICE_ERROR) for line in twice]
    if order.totals:
        found = await connection.execute(_TOTALS, {"currencies": sorted(order.totals)})
        sums = {row.currency: row.total for row in found}
        errors += [
            (0, not_the_total(currency))
            for currency, total in order.totals.items()
            if sums.get(currency, 0) != total
        ]
    if errors:
        raise SnapshotRefused(errors)


async def _replace(
    connection: AsyncConnection, order: SnapshotOrder, taken_at: datetime, *, closes: bool
) -> SnapshotOutcome:
    what = {
        "company": order.company,
        "source": order.source,
        "kinds": list(order.kinds),
        "taken_at": taken_at,
    }
    await connection.execute(_COMPARE, what | {"closes": closes})
    counts = (await connection.execute(_WRITE, what)).mappings().one()
    conflicts = await connection.stream_scalars(_CONFLICTS)
    return SnapshotOutcome(**counts, conflicts=array("q", [line async for line in conflicts]))
