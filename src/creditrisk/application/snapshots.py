"""Snapshots: the whole ledger of one source at an instant. Afterwards the source's entries equal it.

Closed is what the source said before and the snapshot does not name; what was written after the snapshot was
taken wins over it. An entry belongs to the source that last wrote it.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from creditrisk.application.errors import Conflict, FieldError, InvalidRequest, TooManyRequests
from creditrisk.application.import_journal import Counts, ImportJournal, JobStatus, LineError
from creditrisk.application.import_lines import ReadLine
from creditrisk.application.import_record import ImportRecord
from creditrisk.application.ingest import VERSION_CONFLICT, complaints_about
from creditrisk.application.keys import Principal
from creditrisk.application.papers import PaperStatement

KIND: Final = "snapshot"
"""What the journal calls these imports."""

_LINES_BETWEEN_REPORTS: Final = 10_000

# A clock, or the offset of an instant, may be wrong by hours. A slip of years would shut out every later
# snapshot.
_LATEST_AHEAD: Final = timedelta(days=1)
_FIRST_YEAR: Final = 1900


class EntryKey(NamedTuple):
    """Which ledger entry of the snapshot's company and source a line is about."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotLine:
    """A line as read. ``key`` is None where it cannot be read, ``statement`` where there are ``errors``."""

    key: EntryKey | None
    statement: PaperStatement | None
    errors: Sequence[FieldError] = ()


class StagedLine(NamedTuple):
    """A line on its way into the store; without ``statement`` it was rejected, and its entry stays as it was.

    A ``key`` of None means that nobody knows which entry that is.
    """

    number: int
    key: EntryKey | None
    statement: PaperStatement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotOrder:
    """What a snapshot is of, and the figures by which the sender knows it.

    ``taken_at`` None: when the store begins with it. ``count`` is the number of lines; ``totals`` are the
    sums of the signed open amounts by currency.
    """

    company: str
    source: str
    kinds: tuple[str, ...]
    taken_at: datetime | None = None
    count: int | None = None
    totals: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotOutcome:
    """What a snapshot did to entries; ``conflicts`` are lines whose version is stored with other content."""

    added: int
    changed: int
    closed: int
    unchanged: int
    stale: int
    conflicts: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotReport:
    """How a snapshot ended. ``stored`` False: nothing changed, and ``errors`` say why."""

    import_id: UUID
    counts: Counts
    stored: bool
    errors: Sequence[LineError]


class SnapshotOutOfOrder(Conflict):
    """The source's last snapshot was taken later than this one."""

    default_code = "snapshot_out_of_order"


class SnapshotRefused(Exception):
    """Duplicate entries or wrong control figures; nothing was stored.

    ``errors`` pairs lines with complaints, line 0 being the snapshot as a whole; at most 1,000 of them.
    """

    def __init__(self, errors: Sequence[tuple[int, FieldError]]) -> None:
        super().__init__("the snapshot contradicts itself or its control figures")
        self.errors = errors


class SnapshotStore(Protocol):
    """Puts the entries of a source in the place of those it stated before."""

    async def replace(
        self, order: SnapshotOrder, lines: AsyncIterator[StagedLine], *, tenant: str
    ) -> SnapshotOutcome:
        """Make the source's entries equal to the lines, in one transaction.

        Checks go on meanwhile against the old state. Snapshots of one source wait for each other.

        Raises:
            SnapshotOutOfOrder: a later one is stored.
            SnapshotRefused: an entry comes twice, or a total is another one.
        """


def not_the_total(currency: str) -> FieldError:
    """Complain about the sum of one currency."""
    detail = f"is not the sum of the open amounts in {currency}"
    return FieldError("query/total", "control_mismatch", detail)


class Snapshots:
    """Takes in snapshots. Each keeps a transaction open, so only ``together`` run at a time."""

    def __init__(
        self,
        *,
        store: SnapshotStore,
        journal: ImportJournal,
        new_id: Callable[[], UUID],
        now: Callable[[], datetime],
        together: int = 2,
    ) -> None:
        self._store = store
        self._journal = journal
        self._new_id = new_id
        self._now = now
        self._free = together

    async def run(
        self, lines: AsyncIterator[ReadLine[SnapshotLine]], *, order: SnapshotOrder, principal: Principal
    ) -> SnapshotReport:
        """Make the source's entries equal to ``lines``.

        Whatever ``lines`` raises ends the snapshot as failed and is passed on; nothing has changed then.

        Raises:
            InvalidRequest: it was taken in the future, or before 1900.
            SnapshotOutOfOrder: the source's last snapshot was taken later.
            TooManyRequests: other snapshots are running.
        """
        if order.taken_at is not None:
            self._require_sane(order.taken_at)
        if not self._free:
            raise TooManyRequests("Other snapshots are running.", retry_after=5)
        self._free -= 1
        try:
            record = ImportRecord(self._journal, self._new_id(), principal)
            async with record.running(kind=KIND, company=order.company):
                stored = await self._work_through(lines, order=order, record=record)
                await record.record(JobStatus.DONE if stored else JobStatus.FAILED)
        finally:
            self._free += 1
        return SnapshotReport(
            import_id=record.id, counts=record.counts, stored=stored, errors=record.answered
        )

    def _require_sane(self, taken_at: datetime) -> None:
        if taken_at > self._now() + _LATEST_AHEAD:
            error = FieldError("query/taken_at", "in_the_future", "must not be later than tomorrow")
        elif taken_at.year < _FIRST_YEAR:
            error = FieldError("query/taken_at", "out_of_range", "must not be before the year 1900")
        else:
            return
        raise InvalidRequest("The snapshot cannot have been taken then.", errors=[error])

    async def _work_through(
        self, lines: AsyncIterator[ReadLine[SnapshotLine]], *, order: SnapshotOrder, record: ImportRecord
    ) -> bool:
        staged = self._examined(lines, count=order.count, record=record)
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

    async def _examined(
        self, lines: AsyncIterator[ReadLine[SnapshotLine]], *, count: int | None, record: ImportRecord
    ) -> AsyncIterator[StagedLine]:
        """Pass on what is good, and of the rest the keys; at the end there must have been ``count`` lines."""
        now = self._now()
        async for line in lines:
            record.counts.lines += 1
            read = line.item or SnapshotLine(key=None, statement=None, errors=line.errors)
            if read.statement is not None:
                read = replace(read, errors=complaints_about(read.statement, now=now))
            if read.errors:
                record.reject(line.number, read.errors)
            yield StagedLine(line.number, read.key, None if read.errors else read.statement)
            if record.is_full or not record.counts.lines % _LINES_BETWEEN_REPORTS:
                await record.record(JobStatus.RUNNING)
        if count is not None and count != record.counts.lines:
            error = FieldError("query/count", "control_mismatch", "is not the number of lines")
            raise SnapshotRefused([(0, error)])
