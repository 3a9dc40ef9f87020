"""Rows of the portfolio as a Parquet file. Importing it starts a thread, which is Arrow's."""

from collections.abc import Sequence
from typing import IO, Final

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
