"""Parts of a snapshot's stream: some lines in a row that are read together.

What a part says depends on nothing but its bytes and on what the snapshot is of, so a part that came in an
earlier snapshot need not be read again. Where parts end depends on lines alone, not on how many came before;
lines that come in between change the part they are in, and no other.
"""

import zlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import orjson

from creditrisk.application.errors import FieldError

T = TypeVar("T")

_FAST: Final = 1
"""zlib's level; parts are compressed while somebody waits."""


Entry = tuple[int, str, str, str | None, int | None, str | None]
"""A ledger entry as a line says it: line, kind, id, customer, version, content.

The line counts from the part's first one, from 0; the content is that of a `PaperStatement`, as JSON. Without
customer and content the line was rejected, and the entry stays as it was. A plain tuple, because millions of
them go from process to process and into COPY.
"""


class RawPart(NamedTuple):
    """Some lines as they came, the first one's number, and a fingerprint of what they say.

    A line that is too long is None.
    """

    number: int
    lines: Sequence[bytes | None]
    fingerprint: bytes


class ReadPart(NamedTuple):
    """What some lines say. ``records`` counts them without blank ones, ``rejected`` says what is wrong.

    ``all_known`` False: of some lines nobody knows which entry they are about. ``kept`` is what is to be
    remembered of a part without errors.
    """

    records: int
    entries: Sequence[Entry]
    rejected: Sequence[tuple[int, Sequence[FieldError]]] = ()
    all_known: bool = True
    kept: bytes | None = None


class StagedPart(NamedTuple):
    """A part that has been read, on its way into the store; ``read.kept`` is None if it is remembered."""

    number: int
    fingerprint: bytes
    read: ReadPart


class PartReader(Protocol):
    """Knows what the lines of one snapshot say. It can be sent to another process."""

    async def read(self, parts: Sequence[RawPart], now: datetime) -> Sequence[ReadPart]:
        """Return what each part says."""


class Helpers(Protocol):
    """Other processes that work for this one, which has requests to answer."""

    def lent(self) -> AbstractAsyncContextManager["Call"]:
        """Give a way to call functions in other processes, as soon as it is worth it."""


class Call(Protocol):
    """Calls a coroutine function with arguments, perhaps in another process."""

    async def __call__(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Return what the function does."""


def keep(records: int, entries: Sequence[Entry]) -> bytes:
    """Write down a part that has no errors."""
    return zlib.compress(orjson.dumps([records, entries]), _FAST)


def recall(kept: bytes) -> ReadPart:
    """Return what was written down."""
    records, entries = orjson.loads(zlib.decompress(kept))
    return ReadPart(records, entries)
