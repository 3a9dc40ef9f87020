"""Imports: a stream of lines of any length, kept in chunks or all or nothing, every complaint numbered.

What a line means and where it goes is the target's business (papers, customers, credit accounts); this module
knows how streams are worked through. Memory does not grow with the stream.
"""

import contextlib
from array import array
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from creditrisk.application.errors import Forbidden, NotFound, TooManyRequests
from creditrisk.application.import_journal import (
    Counts,
    ImportFilter,
    ImportJob,
    ImportJournal,
    JobStatus,
    LineError,
)
from creditrisk.application.import_lines import Applied, ImportTarget, ReadLine, RejectedItems
from creditrisk.application.import_record import ImportRecord
from creditrisk.application.keys import Principal

CHUNK_LINES: Final = 1_000
CHUNK_BYTES: Final = 4_194_304

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """How an import ended. ``errors`` are the first 1,000 complaints."""

    import_id: UUID
    counts: Counts
    stored: bool
    """False: it was all or nothing, and nothing it was."""
    errors: Sequence[LineError]


class Imports:
    """Works through streams of lines.

    All-or-nothing imports keep a transaction open as long as their stream lasts, so of these only
    ``together`` run at a time. Chunks are committed as they come, ``apart`` from a transaction that the
    request may run in; otherwise a slow stream would hold up other writers.
    """

    def __init__(
        self,
        *,
        journal: ImportJournal,
        new_id: Callable[[], UUID],
        apart: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
        together: int = 2,
    ) -> None:
        self._journal = journal
        self._new_id = new_id
        self._apart = apart
        self._free = together

    async def get(self, import_id: UUID, *, principal: Principal) -> ImportJob:
        """Return an import the caller may see: of a company the key reaches, or of the key's own making.

        Raises:
            NotFound: there is none.
            Forbidden: it is of a company the key does not reach, or of several, and of another key's making.
        """
        job = await self._journal.find(import_id, tenant=principal.tenant)
        if job is None:
            raise NotFound("There is no such import.")
        if not _may_see(job, principal):
            raise Forbidden("The API key does not reach what was imported.", code="company_forbidden")
        return job

    async def list(
        self,
        *,
        company: str | None,
        kind: str | None,
        status: JobStatus | None,
        before: UUID | None,
        limit: int,
        principal: Principal,
    ) -> Sequence[ImportJob]:
        """List the imports the caller may see, the last begun first."""
        wanted = ImportFilter(
            companies=principal.companies, own=principal.key_id, company=company, kind=kind, status=status
        )
        return await self._journal.list(wanted, tenant=principal.tenant, before=before, limit=limit)

    async def errors(
        self, job: ImportJob, *, after: tuple[int, str, str] | None, limit: int, principal: Principal
    ) -> Sequence[LineError]:
        """List the complaints of an import that `get` returned."""
        return await self._journal.errors(job.id, tenant=principal.tenant, after=after, limit=limit)

    async def run(
        self,
        lines: AsyncIterator[ReadLine[T]],
        *,
        target: ImportTarget[T],
        company: str | None,
        atomic: bool,
        principal: Principal,
    ) -> ImportReport:
        """Work through ``lines``; ``atomic``: keep all of them or none.

        Whatever ``lines`` raises ends the import as failed and is passed on; what was stored by then stays,
        unless the import is atomic.

        Raises:
            TooManyRequests: other atomic imports are running.
        """
        if atomic and not self._free:
            raise TooManyRequests("Other imports of all or nothing are running.", retry_after=5)
        self._free -= atomic
        try:
            record = ImportRecord(self._journal, self._new_id(), principal)
            run = _Run(record, target)
            async with record.running(kind=target.name, company=company):
                if atomic:
                    stored = await run.all_or_nothing(lines)
                else:
                    with self._apart():
                        stored = await run.in_chunks(lines)
                await record.record(JobStatus.DONE if stored else JobStatus.FAILED)
        finally:
            self._free += atomic
        return ImportReport(import_id=record.id, counts=record.counts, stored=stored, errors=record.answered)


def _may_see(job: ImportJob, principal: Principal) -> bool:
    own = job.created_by == principal.key_id
    return own or principal.companies is None or (job.company is not None and principal.may_use(job.company))


class _Rejected(Exception):
    """Ends an all-or-nothing write from within its stream."""


class _Run(Generic[T]):
    """One import at work."""

    def __init__(self, record: ImportRecord, target: ImportTarget[T]) -> None:
        self._record = record
        self._target = target

    async def in_chunks(self, lines: AsyncIterator[ReadLine[T]]) -> bool:
        """Keep the good lines, chunk by chunk."""
        chunk: list[tuple[int, T]] = []
        size = 0
        async for line in lines:
            item = self._examined(line)
            if item is not None:
                chunk.append((line.number, item))
                size += line.size
            if len(chunk) >= CHUNK_LINES or size >= CHUNK_BYTES or self._record.is_full:
                await self._keep(chunk)
                chunk, size = [], 0
        await self._keep(chunk)
        return True

    async def all_or_nothing(self, lines: AsyncIterator[ReadLine[T]]) -> bool:
        """Keep all lines, or say what is wrong with them. After an error the rest is only examined."""
        positions = _Positions()

        async def good() -> AsyncIterator[T]:
            async for line in lines:
                item = self._examined(line)
                if item is not None and not self._record.counts.rejected:
                    positions.add(line.number)
                    yield item
                if self._record.is_full:
                    await self._record.record(JobStatus.RUNNING)
            if self._record.counts.rejected:
                raise _Rejected

        try:
            applied = await self._target.write_all(good(), principal=self._record.principal)
        except _Rejected:
            return False
        except RejectedItems as rejected:
            for position, errors in rejected.errors:
                self._record.reject(positions.line_at(position), errors)
            return False
        for outcome, number in applied.items():
            self._count(outcome, number)
        return True

    def _examined(self, line: ReadLine[T]) -> T | None:
        self._record.counts.lines += 1
        errors = line.errors
        if line.item is not None and not errors:
            errors = self._target.complaints_about(line.item)
        if not errors:
            return line.item
        self._record.reject(line.number, errors)
        return None

    async def _keep(self, chunk: Sequence[tuple[int, T]]) -> None:
        if chunk:
            items = [item for _, item in chunk]
            outcomes = await self._target.write(items, principal=self._record.principal)
            for (number, _), outcome in zip(chunk, outcomes, strict=True):
                if isinstance(outcome, Applied):
                    self._count(outcome, 1)
                else:
                    self._record.reject(number, outcome)
        await self._record.record(JobStatus.RUNNING)

    def _count(self, outcome: Applied, number: int) -> None:
        counts = self._record.counts
        match outcome:
            case Applied.ACCEPTED:
                counts.accepted += number
            case Applied.UNCHANGED:
                counts.unchanged += number
            case Applied.STALE:
                counts.stale += number


class _Positions:
    """The line number of every item, as long as there are few gaps in 16 bytes for each gap.

    Items are not the lines one by one: blank lines and line breaks within a cell lie between them.
    """

    def __init__(self) -> None:
        self._items = 0
        self._first = array("q")  # position of the first item behind a gap
        self._shift = array("q")  # line number less position, from there on

    def add(self, line: int) -> None:
        """Note the line of the next item."""
        self._items += 1
        if not self._shift or line - self._items != self._shift[-1]:
            self._first.append(self._items)
            self._shift.append(line - self._items)

    def line_at(self, position: int) -> int:
        """Return the line of the item at a position, from 1."""
        return position + self._shift[bisect_right(self._first, position) - 1]
