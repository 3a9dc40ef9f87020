"""The stream of a snapshot, cut into parts that are read together."""

import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from starlette.requests import Request

from creditrisk.api.csv_lines import OpenRow, open_table
from creditrisk.api.snapshot_reader import COLUMNS, SnapshotReader, numbered
from creditrisk.api.streams import CSV, RawLine, media_type_of, runs_of
from creditrisk.application.errors import FieldError
from creditrisk.application.snapshot_parts import RawPart

_Lines = Sequence[bytes | None]

_LINES_USUAL: Final = 32
_LINES_MAX: Final = 256
_PART_BYTES_MAX: Final = 65_536
_BATCH_BYTES: Final = 262_144
"""How much is read together, and sent to another process at once."""


async def open_parts(
    request: Request, reader_of: Callable[[_Lines], SnapshotReader]
) -> tuple[SnapshotReader, AsyncIterator[Sequence[RawPart]]]:
    """Begin to read the body of a request as the stream of a snapshot.

    ``reader_of`` makes the reader from the header of a table, without lines where there is none.

    Raises:
        Refusal: 415, the body is not a stream we read. Reading on may raise 400: damaged, or stalled.
        InvalidRequest: it is a table whose header has an unknown column.
    """
    is_table = media_type_of(request) == CSV
    runs = runs_of(request)
    header: list[bytes | None] = []
    begun: Sequence[RawLine] = ()
    if is_table:
        header, begun = await _header_of(runs)
        await open_table(numbered(header), COLUMNS)
    reader = reader_of(header)
    cutter = _Cutter(reader.fingerprint_of, is_table=is_table)
    return reader, _batches(cutter, begun, runs)


async def _header_of(
    runs: AsyncIterator[Sequence[RawLine]],
) -> tuple[list[bytes | None], Sequence[RawLine]]:
    """Return the lines of the first row, and what has arrived behind it."""
    header: list[bytes | None] = []
    row = OpenRow()
    async for run in runs:
        for position, (_, raw) in enumerate(run):
            header.append(raw)
            read = row.take(raw)
            if isinstance(read, FieldError) or (not row.quoted and any(header)):
                return header, run[position + 1 :]
    return header, ()


async def _batches(
    cutter: "_Cutter", begun: Sequence[RawLine], runs: AsyncIterator[Sequence[RawLine]]
) -> AsyncIterator[Sequence[RawPart]]:
    cutter.add(begun)
    async for run in runs:
        cutter.add(run)
        if cutter.size >= _BATCH_BYTES:
            yield cutter.taken()
    cutter.end()
    yield cutter.taken()


class _Cutter:
    """Cuts lines into parts. Where one ends is said by its last line, so that the same lines are cut alike.

    ``size`` are the bytes in parts that were not `taken` yet.
    """

    def __init__(self, fingerprint_of: Callable[[_Lines], bytes], *, is_table: bool) -> None:
        self.size = 0
        self._fingerprint_of = fingerprint_of
        self._row = OpenRow() if is_table else None
        self._parts: list[RawPart] = []
        self._number = 1
        self._lines: list[bytes | None] = []
        self._bytes = 0

    def add(self, run: Sequence[RawLine]) -> None:
        """Add lines."""
        row = self._row
        for number, raw in run:
            if not self._lines:
                self._number = number
            self._lines.append(raw)
            self._bytes += len(raw or b"")
            if row is not None:
                row.take(raw)
                if row.quoted:
                    continue
            ends = raw is None or not zlib.crc32(raw) % _LINES_USUAL
            if ends or len(self._lines) >= _LINES_MAX or self._bytes >= _PART_BYTES_MAX:
                self.end()

    def end(self) -> None:
        """End the part, since no line follows."""
        if self._lines:
            self._parts.append(RawPart(self._number, self._lines, self._fingerprint_of(self._lines)))
            self.size += self._bytes
        self._lines, self._bytes = [], 0

    def taken(self) -> Sequence[RawPart]:
        """Give the parts that are complete, and forget them."""
        parts, self._parts, self.size = self._parts, [], 0
        return parts
