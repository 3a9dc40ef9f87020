"""Snapshots: the whole ledger of one source at an instant. Afterwards the source's entries equal it.

Closed is what the source said before and the snapshot does not name; what was written after the snapshot was
taken wins over it. An entry belongs to the source that last wrote it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from creditrisk.application.errors import FieldError, InvalidRequest, TooManyRequests
from creditrisk.application.import_journal import Counts, ImportJournal, JobStatus, LineError
from creditrisk.application.import_record import ImportRecord
from creditrisk.application.ingest import VERSION_CONFLICT
from creditrisk.application.keys import Principal
from creditrisk.application.snapshot_parts import Helpers, PartReader, RawPart, StagedPart
from creditrisk.application.snapshot_reading import SnapshotReading
from creditrisk.application.snapshot_store import SnapshotOrder, SnapshotRefused, SnapshotStore

KIND: Final = "snapshot"
"""What the journal calls these imports."""

# A clock, or the offset of an instant, may be wrong by hours. A slip of years would shut out every later
# snapshot.
_LATEST_AHEAD: Final = timedelta(days=1)
_FIRST_YEAR: Final = 1900


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotReport:
    """How a snapshot ended. ``stored`` False: nothing changed, and ``errors`` say why."""

    import_id: UUID
    counts: Counts
    stored: bool
    errors: Sequence[LineError]


class _Source:
    """Snapshots of one source pass its ``door`` one by one and then wait for their ``turn``, as they came."""

    def __init__(self) -> None:
        self.door = asyncio.Lock()
        self.turn = asyncio.Lock()


class Snapshots:
    """Takes in snapshots: those of one source in turn, and as many of others as may run ``together``.

    Each keeps a transaction open. Those that wait for their turn have read nothing yet and keep nothing.
    """

    def __init__(
        self,
        *,
        store: SnapshotStore,
        journal: ImportJournal,
        helpers: Helpers,
        new_id: Callable[[], UUID],
        now: Callable[[], datetime],
        together: int = 2,
        waiting: int = 16,
    ) -> None:
        self._store = store
        self._journal = journal
        self._helpers = helpers
        self._new_id = new_id
        self._now = now
        self._places = asyncio.Semaphore(together)
        self._admitted = 0
        self._most = together + waiting
        # An entry lives as long as its users.
        self._sources: WeakValueDictionary[tuple[str, str, str], _Source] = WeakValueDictionary()

    async def run(
        self,
        batches: AsyncIterator[Sequence[RawPart]],
        *,
        reader: PartReader,
        order: SnapshotOrder,
        principal: Principal,
    ) -> SnapshotReport:
        """Make the source's entries equal to what ``reader`` finds in the stream.

        Whatever ``batches`` raises ends the snapshot as failed and is passed on; nothing has changed then.

        Raises:
            InvalidRequest: it was taken in the future, or before 1900.
            SnapshotOutOfOrder: the source's last snapshot was taken later.
            TooManyRequests: many others wait for their turn.
        """
        if order.taken_at is not None:
            self._require_sane(order.taken_at)
        async with self._turn(order, tenant=principal.tenant) as dated:
            record = ImportRecord(self._journal, self._new_id(), principal)
            async with record.running(kind=KIND, company=dated.company):
                async with self._helpers.lent() as call:
                    reading = SnapshotReading(
                        self._store, reader, call, order=dated, now=self._now(), record=record
                    )
                    async with aclosing(reading.staged(batches)) as staged:
                        stored = await self._replace(staged, order=dated, record=record)
                await record.record(JobStatus.DONE if stored else JobStatus.FAILED)
        return SnapshotReport(
            import_id=record.id, counts=record.counts, stored=stored, errors=record.answered
        )

    @asynccontextmanager
    async def _turn(self, order: SnapshotOrder, *, tenant: str) -> AsyncIterator[SnapshotOrder]:
        """Wait for the turn; give the order with its instant, which is that of its arrival if it has none."""
        if self._admitted == self._most:
            raise TooManyRequests("Many snapshots are waiting for their turn.", retry_after=5)
        self._admitted += 1
        source = self._sources.setdefault((tenant, order.company, order.source), _Source())
        try:
            async with source.door:
                if order.taken_at is None:
                    # Before it waits for its turn: what is written meanwhile is newer than the extract.
                    order = replace(order, taken_at=await self._store.now(tenant=tenant))
            # With no pause since the clock was read, so that turns come in the order of these instants.
            async with source.turn, self._places:
                yield order
        finally:
            self._admitted -= 1

    def _require_sane(self, taken_at: datetime) -> None:
        if taken_at > self._now() + _LATEST_AHEAD:
            error = FieldError("query/taken_at", "in_the_future", "must not be later than tomorrow")
        elif taken_at.year < _FIRST_YEAR:
            error = FieldError("query/taken_at", "out_of_range", "must not be before the year 1900")
        else:
            return
        raise InvalidRequest("The snapshot cannot have been taken then.", errors=[error])

    async def _replace(
        self, staged: AsyncIterator[StagedPart], *, order: SnapshotOrder, record: ImportRecord
    ) -> bool:
        try:
            outcome = await self._store.replace(order, staged, tenant=record.principal.tenant)
        except SnapshotRefused as refused:
            for line, error in refused.errors:
                record.complain(line, [error])
            return False
        counts = record.counts
        counts.added, counts.changed, counts.closed = outcome.added, outcome.changed, outcome.closed
        counts.accepted = outcome.added + outcome.changed
        counts.unchanged, counts.stale = outcome.unchanged, outcome.stale
        for line in outcome.conflicts:
            record.reject(line, [VERSION_CONFLICT])
            if record.is_full:
                await record.record(JobStatus.RUNNING)
        return True
