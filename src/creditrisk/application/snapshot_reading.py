"""Reading the stream of a snapshot: what is remembered is taken from there, the rest is read by helpers."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final

from creditrisk.application.errors import FieldError
from creditrisk.application.import_journal import JobStatus
from creditrisk.application.import_record import ImportRecord
from creditrisk.application.snapshot_parts import Call, PartReader, RawPart, StagedPart, recall
from creditrisk.application.snapshot_store import SnapshotOrder, SnapshotRefused, SnapshotStore

_LINES_BETWEEN_REPORTS: Final = 10_000
_BATCHES_READ_AHEAD: Final = 3


class SnapshotReading:
    """Reads the parts of one snapshot, several batches at a time, and passes them on in their order."""

    def __init__(
        self,
        store: SnapshotStore,
        reader: PartReader,
        call: Call,
        *,
        order: SnapshotOrder,
        now: datetime,
        record: ImportRecord,
    ) -> None:
        self._store = store
        self._reader = reader
        self._call = call
        self._order = order
        self._now = now
        self._record = record

    async def staged(self, batches: AsyncIterator[Sequence[RawPart]]) -> AsyncGenerator[StagedPart, None]:
        """Pass on what is good, and of the rest the keys; at the end there must have been ``count`` lines."""
        record = self._record
        reported = 0
        async with aclosing(self._in_order(batches)) as parts:
            async for part in parts:
                record.counts.lines += part.read.records
                for line, errors in part.read.rejected:
                    record.reject(part.number + line, errors)
                yield part
                if record.is_full or record.counts.lines >= reported + _LINES_BETWEEN_REPORTS:
                    reported = record.counts.lines
                    await record.record(JobStatus.RUNNING)
        if self._order.count not in {None, self._record.counts.lines}:
            error = FieldError("query/count", "control_mismatch", "is not the number of lines")
            raise SnapshotRefused([(0, error)])

    async def _in_order(self, batches: AsyncIterator[Sequence[RawPart]]) -> AsyncGenerator[StagedPart, None]:
        reading: deque[asyncio.Task[list[StagedPart]]] = deque()
        try:
            async for batch in batches:
                reading.append(asyncio.create_task(self._read(batch)))
                if len(reading) > _BATCHES_READ_AHEAD:
                    for part in await reading.popleft():
                        yield part
            while reading:
                for part in await reading.popleft():
                    yield part
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)

    async def _read(self, batch: Sequence[RawPart]) -> list[StagedPart]:
        fingerprints = [part.fingerprint for part in batch]
        tenant = self._record.principal.tenant
        remembered = await self._store.remembered(self._order, fingerprints, tenant=tenant)
        unknown = [part for part in batch if part.fingerprint not in remembered]
        read = iter(await self._call(self._reader.read, unknown, self._now) if unknown else ())
        staged = []
        for number, _, fingerprint in batch:
            kept = remembered.get(fingerprint)
            staged.append(StagedPart(number, fingerprint, next(read) if kept is None else recall(kept)))
            await asyncio.sleep(0)  # others want an answer, too
        return staged
