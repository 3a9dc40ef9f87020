"""Streams written as CSV: a header row, then a line for each object.

``currency`` is one column for all amounts of a row, which are plain decimals; an object of kind and number is
written ``kind:number``; lists and other objects are JSON in the cell; an empty cell is an absent field.
"""

import csv
import re
import types
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from creditrisk.api.problems import Refusal
from creditrisk.api.refusals import pointer_of
from creditrisk.api.streams import LONGEST_LINE, TOO_LONG, RawLine, Record
from creditrisk.api.strict_json import parse_json
from creditrisk.api.wire import MoneyIn
from creditrisk.application.errors import FieldError, InvalidRequest

CURRENCY: Final = "currency"

_INTEGER: Final = re.compile(r"-?[0-9]{1,20}")

_NOT_UTF8: Final = FieldError("", "malformed_csv", "must be UTF-8")
_NOT_CSV: Final = FieldError("", "malformed_csv", "must be CSV as RFC 4180 has it")
_OTHER_SEPARATORS: Final = frozenset(";\t|")
_WRONG_LENGTH: Final = FieldError("", "malformed_csv", "must have as many cells as the header")


# A cell may be as long as a row, as the allocations of a large payment; Python's own bound is an eighth.
csv.field_size_limit(LONGEST_LINE)


class Column(Enum):
    """How the cells of a column are written."""

    TEXT = auto()
    INTEGER = auto()
    BOOLEAN = auto()
    MONEY = auto()
    DOCUMENT = auto()
    JSON = auto()


def columns_of(models: Iterable[type[BaseModel]]) -> dict[str, Column]:
    """Return the columns that tables of these objects may have, by the types of their fields."""
    columns = {
        name: _column(field.annotation) for model in models for name, field in model.model_fields.items()
    }
    if Column.MONEY in columns.values():
        columns[CURRENCY] = Column.TEXT
    return columns


def _column(annotation: Any) -> Column:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in {Union, types.UnionType}:
        (annotation,) = (member for member in get_args(annotation) if member is not type(None))
        return _column(annotation)
    if annotation in {bool, int}:
        return Column.BOOLEAN if annotation is bool else Column.INTEGER
    if isinstance(annotation, type) and issubclass(annotation, MoneyIn):
        return Column.MONEY
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Column.DOCUMENT if set(annotation.model_fields) == {"kind", "number"} else Column.JSON
    return Column.JSON if get_origin(annotation) in {tuple, dict} else Column.TEXT


async def open_table(lines: AsyncIterator[RawLine], columns: Mapping[str, Column]) -> AsyncIterator[Record]:
    """Read the header, and return the rows behind it.

    Raises:
        InvalidRequest: there is no header, or it names a column twice or one not among ``columns``.
    """
    rows = _rows(lines)
    async for _, _, header in rows:
        if isinstance(header, FieldError):
            raise InvalidRequest("The header cannot be read.", errors=[header])
        complaints = list(_complaints(header, columns))
        if complaints:
            raise InvalidRequest("The header has columns that cannot be read.", errors=complaints)
        return _records(rows, header, columns)
    raise InvalidRequest("The table has no header.", code="header_missing")


def _complaints(header: Sequence[str], columns: Mapping[str, Column]) -> Iterator[FieldError]:
    for position, name in enumerate(header):
        pointer = pointer_of(("body", name))
        if name not in columns:
            separated = not _OTHER_SEPARATORS.isdisjoint(name)
            detail = "is not a column of this import" + (": commas separate them" if separated else "")
            yield FieldError(pointer, "unknown_field", detail)
        elif name in header[:position]:
            yield FieldError(pointer, "duplicate", "is a column already")


class OpenRow:
    """The row that lines are being added to; a quoted cell may go over several lines."""

    def __init__(self) -> None:
        self.quoted = False
        """Whether the row goes on in the next line."""
        self.size = 0

    def take(self, raw: bytes | None) -> str | FieldError:
        """Return the next line, which begins a new row unless the last one goes on, or what is wrong."""
        if not self.quoted:
            self.size = 0
        self.size += LONGEST_LINE + 1 if raw is None else len(raw)
        line = _decoded(raw) if raw is not None and self.size <= LONGEST_LINE else TOO_LONG
        self.quoted = isinstance(line, str) and _ends_quoted(line, quoted=self.quoted)
        return line


async def _rows(
    lines: AsyncIterator[RawLine],
) -> AsyncIterator[tuple[int, int, list[str] | FieldError]]:
    """Yield (first line, length, cells or what is wrong)."""
    first = 0
    row = OpenRow()
    parts: list[str] = []
    async for number, raw in lines:
        if not row.quoted:
            first, parts = number, []
        line = row.take(raw)
        if isinstance(line, FieldError):
            yield first, 0, line
            continue
        parts.append(line)
        if not row.quoted and (line or len(parts) > 1):
            yield first, row.size, _cells("\n".join(parts))
    if row.quoted:
        yield first, row.size, _NOT_CSV


def _decoded(raw: bytes) -> str | FieldError:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return _NOT_UTF8


def _ends_quoted(line: str, *, quoted: bool) -> bool:
    """Whether a quoted cell is still open at the end of a line, which Python's reader does not tell."""
    if '"' not in line:
        return quoted
    position = 0
    while True:
        if quoted:
            position = line.find('"', position) + 1
            if not position:
                return True
            if line.startswith('"', position):
                position += 1  # two quotes in a quoted cell stand for one
                continue
            quoted = False
        elif line.startswith('"', position):
            quoted = True
            position += 1
            continue
        position = line.find(",", position) + 1
        if not position:
            return False


def _cells(text: str) -> list[str] | FieldError:
    try:
        (cells,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError):
        return _NOT_CSV
    return cells


async def _records(
    rows: AsyncIterator[tuple[int, int, list[str] | FieldError]],
    header: Sequence[str],
    columns: Mapping[str, Column],
) -> AsyncIterator[Record]:
    async for line, size, cells in rows:
        if isinstance(cells, FieldError):
            yield Record(line, size, None, (cells,))
        elif len(cells) != len(header):
            yield Record(line, size, None, (_WRONG_LENGTH,))
        else:
            yield _record(line, size, dict(zip(header, cells, strict=True)), columns)


def _record(line: int, size: int, cells: Mapping[str, str], columns: Mapping[str, Column]) -> Record:
    value: dict[str, Any] = {}
    errors = []
    for name, cell in cells.items():
        if cell == "" or name == CURRENCY:
            continue
        try:
            value[name] = _value(cell, columns[name], currency=cells.get(CURRENCY, ""))
        except Refusal:
            errors.append(FieldError(f"/{name}", "malformed_json", "must be JSON"))
    return Record(line, size, None if errors else value, tuple(errors))


def _value(cell: str, column: Column, *, currency: str) -> Any:
    """Read a cell; one that is not written like its column stays text, which the field then refuses."""
    match column:
        case Column.INTEGER if _INTEGER.fullmatch(cell):
            return int(cell)
        case Column.BOOLEAN if cell in {"true", "false"}:
            return cell == "true"
        case Column.MONEY:
            return {"amount": cell, CURRENCY: currency} if currency else {"amount": cell}
        case Column.DOCUMENT if ":" in cell:
            kind, _, number = cell.partition(":")
            return {"kind": kind, "number": number}
        case Column.JSON:
            return parse_json(cell.encode())
    return cell
