"""Snapshots in PostgreSQL: copied beside the papers, compared, and the difference written in one transaction.

The rules are in the database, in the functions compare_snapshot_2 and write_snapshot_2.
"""

from array import array
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import lost_to_another_write, stage_numbered_papers
from creditrisk.application.errors import FieldError
from creditrisk.application.papers import PaperStatement
from creditrisk.application.snapshots import (
    SnapshotOrder,
    SnapshotOutcome,
    SnapshotOutOfOrder,
    SnapshotRefused,
    StagedLine,
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
_COMPARE: Final = sa.text(
    "SELECT compare_snapshot_2(:company, :source, :kinds, :taken_at, :closes)"
).bindparams(sa.bindparam("kinds", type_=sa.ARRAY(sa.Text)))
_WRITE: Final = sa.text(
    "SELECT added, changed, closed, unchanged, stale"
    " FROM write_snapshot_2(:company, :source, :kinds, :taken_at)"
).bindparams(sa.bindparam("kinds", type_=sa.ARRAY(sa.Text)))
_CONFLICTS: Final = sa.text("SELECT line FROM staged_conflict ORDER BY line")

_TWICE_ERROR: Final = FieldError("/id", "duplicate", "is an entry of an earlier line")


class PostgresSnapshotStore:
    """The SnapshotStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replace(
        self, order: SnapshotOrder, lines: AsyncIterator[StagedLine], *, tenant: str
    ) -> SnapshotOutcome:
        """Make the source's entries equal to the lines; see SnapshotStore.

        The lines can be read only once, so a deadlock is not retried here: it ends in Unavailable.
        """
        staging = _Staging(lines, order)
        with lost_to_another_write():
            async with self._database.transaction(tenant) as connection:
                taken_at = await _instant_of(connection, order, tenant=tenant)
                await stage_numbered_papers(connection, staging.rows())
                await connection.execute(_MEMORY)
                await connection.execute(_ANALYZE)
                await _require_control_figures(connection, order)
                name = f"snapshot\x1f{tenant}\x1f{order.company}\x1f{order.source}"
                await connection.execute(_ALONE, {"name": name})
                await _instant_of(connection, order, tenant=tenant)
                return await _replace(connection, order, taken_at, closes=staging.all_known)


class _Staging:
    """Passes lines on to the staging table, and knows whether each said which entry it means."""

    def __init__(self, lines: AsyncIterator[StagedLine], order: SnapshotOrder) -> None:
        self.all_known = True
        self._lines = lines
        self._order = order

    async def rows(self) -> AsyncIterator[tuple[int, PaperStatement]]:
        async for number, key, statement in self._lines:
            if statement is not None:
                yield number, statement
            elif key is not None:
                yield number, PaperStatement(company=self._order.company, kind=key.kind, number=key.id)
            else:
                self.all_known = False


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
