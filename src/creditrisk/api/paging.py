"""Lists: a limit, an opaque cursor, a stable order (docs/api.md, Lists)."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Generic, NamedTuple, TypeVar

import orjson
from fastapi import Query, params
from pydantic import ConfigDict, Field

from creditrisk.api.wire import DIGITS, WireModel
from creditrisk.application.errors import FieldError, InvalidRequest

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000

_MAX_CURSOR: Final = 1024

CursorKey = tuple[str | int, ...]


class Page(WireModel, Generic[T]):
    """One page of a list. ``next`` is the cursor of the following page, null on the last."""

    # The docstring does not reach the models made of this one for each kind of entry.
    model_config = ConfigDict(json_schema_extra={"description": "One page of a list."})

    items: Annotated[list[T], Field(description="The entries, in the list's order.")]
    next: Annotated[str | None, Field(description="Cursor of the following page; null on the last.")]


class PageRequest(NamedTuple):
    """Which page of a list is asked for.

    ``after`` is the sort key of the last item the caller has seen, None for the first page. Read
    ``limit + 1`` rows after it and hand them to ``page``.
    """

    limit: int
    after: CursorKey | None

    def page(self, rows: Sequence[R], *, key: Callable[[R], CursorKey], render: Callable[[R], T]) -> Page[T]:
        """Make the page from up to ``limit + 1`` rows in the list's order; ``key`` is a row's sort key."""
        shown = rows[: self.limit]
        following = write_cursor(key(shown[-1])) if len(rows) > self.limit else None
        return Page(items=[render(row) for row in shown], next=following)


def write_cursor(key: CursorKey) -> str:
    """Write the sort key of the last item shown as an opaque cursor."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode("ascii").rstrip("=")


def read_cursor(cursor: str, *, shape: tuple[type[str | int], ...]) -> CursorKey:
    """Read a cursor that ``write_cursor`` wrote for a key of types ``shape``.

    Raises:
        InvalidRequest: it was not.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        key = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError):
        key = None
    if not isinstance(key, list) or tuple(type(part) for part in key) != shape or not _is_bounded(key):
        raise invalid_cursor()
    return tuple(key)


def invalid_cursor() -> InvalidRequest:
    """Make the refusal of a cursor that this list cannot have answered."""
    complaint = FieldError("query/cursor", "invalid_cursor", "is not a cursor this list has answered")
    return InvalidRequest("The cursor is not valid.", errors=[complaint])


def _is_bounded(key: list[str | int]) -> bool:
    """Whether PostgreSQL can take the parts: text has no U+0000, a bigint 63 bits."""
    return all("\x00" not in part if isinstance(part, str) else abs(part) < 1 << 63 for part in key)


def paged(*shape: type[str | int]) -> params.Depends:
    """Take the page of a list sorted by a key of types ``shape``.

    As a route parameter: ``page: Annotated[PageRequest, paged(str)]``.
    """

    async def page_request(
        limit: Annotated[
            int, Query(ge=1, le=MAX_LIMIT, description="Entries of a page, at most."), DIGITS
        ] = DEFAULT_LIMIT,
        cursor: Annotated[
            str | None, Query(max_length=_MAX_CURSOR, description="`next` of the page before.")
        ] = None,
    ) -> PageRequest:
        return PageRequest(limit, None if cursor is None else read_cursor(cursor, shape=shape))

    return params.Depends(page_request)
