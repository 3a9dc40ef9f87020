"""The formats in which the command `evaluate` writes its table."""

from collections.abc import Callable, Sequence
from typing import IO, NamedTuple

from creditrisk.adapters.portfolio_files import CsvFile, PortfolioFile, csv_piece
from creditrisk.application.portfolio_rows import Value


class FileFormat(NamedTuple):
    """How a file of the portfolio is written."""

    make_piece: Callable[[Sequence[Sequence[Value]]], bytes]
    begin: Callable[[IO[bytes]], PortfolioFile]


def file_format(name: str) -> FileFormat:
    """Find a format by its name, `csv` or `parquet`."""
    if name == "csv":
        return FileFormat(csv_piece, CsvFile)
    # Its library starts a thread, which a process that is to be forked must not have.
    from creditrisk.adapters.portfolio_parquet import ParquetFile, parquet_piece

    return FileFormat(parquet_piece, ParquetFile)
