"""Rows of the portfolio as files.

Rows are made ready piece by piece in the process that evaluated them; the file is put together from pieces.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from typing import IO, Any, Final, Protocol

import pyarrow as pa
from pyarrow import parquet

from creditrisk.application.portfolio_rows import COLUMNS, ColumnType, Value

ROW_GROUP: Final = 50_000
"""Rows of a row group, about: a piece is not divided."""

_ARROW_TYPES: Final[dict[ColumnType, pa.DataType]] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.FLAG: pa.bool_(),
    ColumnType.NUMBER: pa.int32(),
    ColumnType.DECIMAL: pa.decimal128(38, 4),
    ColumnType.DAY: pa.date32(),
}
_SCHEMA: Final = pa.schema([(name, _ARROW_TYPES[type_]) for name, type_ in COLUMNS])
_FLAGS: Final = [place for place, (_, type_) in enumerate(COLUMNS) if type_ is ColumnType.FLAG]


class PortfolioFile(Protocol):
    """A file that is being written."""

    def add(self, piece: bytes) -> None:
        """Append a piece of rows."""

    def finish(self) -> None:
        """Write what is still missing; nothing can be added after that."""


def csv_piece(rows: Iterable[Sequence[Value]]) -> bytes:
    """Write rows as CSV in UTF-8: absent values empty, flags `true` and `false`."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_in_words, rows))
    return text.getvalue().encode()


def _in_words(row: Sequence[Value]) -> list[Value]:
    words = list(row)
    for place in _FLAGS:
        words[place] = "true" if words[place] else "false"
    return words


class CsvFile:
    """CSV with a header, which waits for the first rows: where there are none to come, a pipe stays empty."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._header = (",".join(column.name for column in COLUMNS) + "\n").encode()

    def add(self, piece: bytes) -> None:
        """Append a `csv_piece`."""
        self._file.write(self._header + piece)
        self._header = b""

    def finish(self) -> None:
        """Write the header where no rows were added; every piece was complete."""
        self.add(b"")


def parquet_piece(rows: Sequence[Sequence[Value]]) -> bytes:
    """Make rows ready for a Parquet file: amounts as decimals of four places, days as dates."""
    columns = zip(*rows, strict=True)
    arrays = [_array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=True)]
    batch = pa.record_batch(arrays, schema=_SCHEMA)
    return bytes(batch.serialize())


def _array(values: Sequence[Value], type_: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(type_) or pa.types.is_date(type_):
        return pa.array(values, pa.string()).cast(type_)
    return pa.array(values, type_)


class ParquetFile:
    """Parquet, with row groups of about `ROW_GROUP` rows."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._writer: parquet.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []

    def add(self, piece: bytes) -> None:
        """Append a `parquet_piece`."""
        self._waiting.append(pa.ipc.read_record_batch(pa.py_buffer(piece), _SCHEMA))
        if sum(batch.num_rows for batch in self._waiting) >= ROW_GROUP:
            self._write_group()

    def finish(self) -> None:
        """Write the last row group and the footer."""
        self._write_group()
        self._begun().close()

    def _begun(self) -> parquet.ParquetWriter:
        # Not before there are rows, or their end: a writer that is let go closes itself, and complains where
        # an evaluation that failed at its beginning has closed the file.
        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._file, _SCHEMA, compression="zstd")
        return self._writer

    def _write_group(self) -> None:
        if self._waiting:
            self._begun().write_table(pa.Table.from_batches(self._waiting, _SCHEMA))
            self._waiting.clear()


FORMATS: Final[dict[str, tuple[Callable[[Any], bytes], Callable[[IO[bytes]], PortfolioFile]]]] = {
    "csv": (csv_piece, CsvFile),
    "parquet": (parquet_piece, ParquetFile),
}
"""By name: how a piece is made, and how a file is begun."""
