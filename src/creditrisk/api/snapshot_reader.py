"""What the lines of a snapshot say, part by part; perhaps in another process."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from creditrisk import __version__
from creditrisk.api.csv_lines import columns_of, open_table
from creditrisk.api.ledger import LEDGER_BODIES
from creditrisk.api.line_readers import LineRejected, validated
from creditrisk.api.paper_lines import EntryKey, PaperLines
from creditrisk.api.streams import RawLine, Record, json_record
from creditrisk.application.errors import FieldError
from creditrisk.application.ingest import complaints_about
from creditrisk.application.keys import Principal
from creditrisk.application.papers import PaperStatement
from creditrisk.application.snapshot_parts import Entry, RawPart, ReadPart, keep

_NOT_DELETED: Final = FieldError("/deleted", "not_allowed", "is not for a snapshot: leave out what is gone")
_OTHER_KIND: Final = FieldError("/kind", "not_allowed", "is not a kind of this snapshot")
_OTHER_SOURCE: Final = FieldError("/source", "source_mismatch", "differs from the source of the snapshot")
COLUMNS: Final = columns_of([EntryKey, *LEDGER_BODIES.values()])
"""Those a table may have."""


class SnapshotReader:
    """Reads lines of one snapshot. Of one that breaks the contract its entry is still wanted.

    ``header`` are the lines of a table's header.
    """

    def __init__(
        self,
        *,
        caller: Principal,
        company: str,
        source: str,
        kinds: Collection[str],
        header: Sequence[bytes | None] = (),
    ) -> None:
        self._lines = PaperLines(caller=caller, company=company, ledger=True)
        self._source = source
        self._kinds = kinds
        self._header = header
        # Everything but its lines that decides what a part says; another release may read it otherwise.
        decisive = [__version__, company, source, sorted(kinds), b"\n".join(_plain(header)).hex()]
        self._key = hashlib.blake2b(orjson.dumps(decisive), digest_size=32).digest()

    def fingerprint_of(self, lines: Sequence[bytes | None]) -> bytes:
        """Return what only these lines have, in a snapshot in which they say the same."""
        return hashlib.blake2b(b"\n".join(_plain(lines)), digest_size=16, key=self._key).digest()

    async def read(self, parts: Sequence[RawPart], now: datetime) -> Sequence[ReadPart]:
        """Return what each part says; see PartReader."""
        read = []
        for part in parts:
            read.append(await self._read(part, now))
            await asyncio.sleep(0)  # others want an answer, too
        return read

    async def _read(self, part: RawPart, now: datetime) -> ReadPart:
        records = 0
        all_known = True
        entries: list[Entry] = []
        rejected: list[tuple[int, Sequence[FieldError]]] = []
        for line, _, value, errors in await self._records(part):
            records += 1
            if value is None:
                rejected.append((line, errors))
                all_known = False
                continue
            try:
                entries.append(self._entry(line, value, now))
            except LineRejected as refused:
                rejected.append((line, refused.errors))
                key = _key_of(value)
                if key is None:
                    all_known = False
                else:
                    entries.append((line, key.kind, key.id, None, None, None))
        kept = None if rejected else keep(records, entries)
        return ReadPart(records, entries, rejected, all_known, kept)

    async def _records(self, part: RawPart) -> Iterable[Record]:
        if not self._header:
            read = (json_record(number, line) for number, line in enumerate(part.lines))
            return (record for record in read if record is not None)
        lines = numbered((*self._header, *part.lines), first=-len(self._header))
        return [record async for record in await open_table(lines, COLUMNS)]

    def _entry(self, line: int, value: dict[str, Any], now: datetime) -> Entry:
        statement = self._lines.read(value)
        self._require_part(statement)
        errors = complaints_about(statement, now=now)
        if errors:
            raise LineRejected(*errors)
        content = orjson.dumps(statement.content).decode()
        return line, statement.kind, statement.number, statement.customer, statement.version, content

    def _require_part(self, statement: PaperStatement) -> None:
        if statement.deleted:
            raise LineRejected(_NOT_DELETED)
        if statement.kind not in self._kinds:
            raise LineRejected(_OTHER_KIND)
        if statement.source not in {None, self._source}:
            raise LineRejected(_OTHER_SOURCE)


def _key_of(value: Mapping[str, Any]) -> EntryKey | None:
    """Return which entry a line means that says something wrong about it, None where that cannot be read."""
    try:
        return validated(EntryKey, {name: value[name] for name in ("kind", "id") if name in value})
    except LineRejected:
        return None


def _plain(lines: Iterable[bytes | None]) -> Iterator[bytes]:
    # A part with a line too long is not remembered, so what stands for it does not matter.
    return (b"" if line is None else line for line in lines)


async def numbered(lines: Iterable[bytes | None], *, first: int = 0) -> AsyncIterator[RawLine]:
    """Give lines as those of a stream."""
    for number, line in enumerate(lines, first):
        yield RawLine(number, line)
