"""Rows of the portfolio as files.

Rows are made ready piece by piece in the process that evaluated them; the file is put together from pieces.
"""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import IO, Final, Protocol

from creditrisk.application.portfolio_rows import COLUMNS, ColumnType, Value

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
