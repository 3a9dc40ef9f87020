"""From the records of a stream to what its lines say: one reader for each kind of stream."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from creditrisk.api.company import choose_company
from creditrisk.api.csv_lines import Column, open_table
from creditrisk.api.refusals import field_errors
from creditrisk.api.streams import CSV, Record, json_records, lines_of, media_type_of
from creditrisk.application.errors import FieldError, Forbidden, InvalidRequest
from creditrisk.application.import_lines import ReadLine
from creditrisk.application.keys import Principal

MOST_COMPLAINTS: Final = 20
"""How many complaints one line can give rise to."""

Model = TypeVar("Model", bound=BaseModel)
T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class LineRejected(Exception):
    """A line breaks the contract; pointers lead into its object."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("the line breaks the contract")
        self.errors = errors[:MOST_COMPLAINTS]


class LineReader(Protocol[T_co]):
    """Knows what the objects of one kind of stream say."""

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns a table may have."""

    def read(self, value: dict[str, Any]) -> T_co:
        """Return what an object says.

        Raises:
            LineRejected: it breaks the contract.
        """


async def open_lines(request: Request, reader: LineReader[T]) -> AsyncIterator[ReadLine[T]]:
    """Begin to read the body of a request as a stream of lines.

    Raises:
        Refusal: 415, the body is not a stream we read. Reading on may raise 400: damaged, or stalled.
        InvalidRequest: it is a table whose header has an unknown column.
    """
    media_type = media_type_of(request)
    lines = lines_of(request)
    records = await open_table(lines, reader.columns) if media_type == CSV else json_records(lines)
    return _read(records, reader)


async def _read(records: AsyncIterator[Record], reader: LineReader[T]) -> AsyncIterator[ReadLine[T]]:
    async for line, size, value, errors in records:
        if value is None:
            yield ReadLine(line, size, None, errors)
            continue
        try:
            read = ReadLine(line, size, reader.read(value))
        except LineRejected as rejected:
            read = ReadLine(line, size, None, rejected.errors)
        yield read


def validated(model: type[Model], value: Any) -> Model:
    """Read a part of a line.

    Raises:
        LineRejected: it breaks the contract.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        located = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise LineRejected(*field_errors(located)) from None


def chosen_company(caller: Principal, *, query: str | None, line: str | None) -> str:
    """Return the company a line is about.

    Raises:
        LineRejected: it is another one than the query's, or the key does not reach it.
    """
    try:
        return choose_company(caller, query=query, body=line)
    except InvalidRequest as mismatch:
        raise LineRejected(*mismatch.errors) from None
    except Forbidden as forbidden:
        complaint = FieldError("/company", forbidden.code, "is a company the API key does not reach")
        raise LineRejected(complaint) from None
