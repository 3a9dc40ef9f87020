"""Bodies of any length, read in constant memory: decompressed piece by piece and cut into lines."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, NamedTuple

from starlette.requests import Request

from creditrisk.api.problems import Refusal
from creditrisk.api.strict_json import parse_json
from creditrisk.application.errors import FieldError

NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"

LONGEST_LINE: Final = 1_048_576
"""Bytes of a line, as many as a JSON body may have."""

SILENCE_SECONDS: Final = 60
"""How long nothing may arrive before the stream is given up; an import may hold a transaction open."""

_PIECE: Final = 16_384
_GZIP: Final = 31  # zlib's number for a gzip header and the largest window
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

TOO_LONG: Final = FieldError("", "too_long", f"is longer than {LONGEST_LINE} bytes")
_NOT_JSON: Final = FieldError(
    "", "malformed_json", "must be JSON in UTF-8, without a name twice or deep nesting"
)
_NO_OBJECT: Final = FieldError("", "wrong_type", "must be an object")


class RawLine(NamedTuple):
    """A line by its number, from 1; ``text`` is None where it is longer than a line may be."""

    number: int
    text: bytes | None


class Record(NamedTuple):
    """One object of a stream: its line, its length in bytes, and what it is or why it cannot be read."""

    line: int
    size: int
    value: dict[str, Any] | None
    errors: tuple[FieldError, ...] = ()


def media_type_of(request: Request) -> str:
    """Return how the stream is written: `NDJSON` or `CSV`.

    Raises:
        Refusal: 415, for any other media type, charset or content encoding than gzip.
    """
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    if media_type not in {NDJSON, CSV}:
        raise Refusal(415, f"The body must be {NDJSON} or {CSV}.")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if "charset=" in charset and "charset=utf-8" not in charset.split(";"):
        raise Refusal(415, "The body must be UTF-8.")
    if _encoding(request) not in {"identity", "gzip"}:
        raise Refusal(415, "The body must be plain, or compressed with gzip.")
    return media_type


def lines_of(request: Request) -> AsyncIterator[RawLine]:
    """Cut the body into lines, without their ends, as it arrives."""
    return cut_into_lines(_plain_pieces(request))


def runs_of(request: Request) -> AsyncIterator[Sequence[RawLine]]:
    """Cut the body into lines, without their ends, and give those together that arrive together."""
    return cut_into_runs(_plain_pieces(request))


def _plain_pieces(request: Request) -> AsyncIterator[bytes]:
    pieces = pieces_of(request)
    return inflated(pieces) if _encoding(request) == "gzip" else pieces


async def json_records(lines: AsyncIterator[RawLine]) -> AsyncIterator[Record]:
    """Read each line as a JSON object; blank lines are passed over."""
    async for number, text in lines:
        record = json_record(number, text)
        if record is not None:
            yield record


def json_record(number: int, text: bytes | None) -> Record | None:
    """Read a line as a JSON object; None: it is blank."""
    if text is None:
        return Record(number, 0, None, (TOO_LONG,))
    if not text or text.isspace():
        return None
    try:
        value = parse_json(text)
    except Refusal:
        return Record(number, len(text), None, (_NOT_JSON,))
    if not isinstance(value, dict):
        return Record(number, len(text), None, (_NO_OBJECT,))
    return Record(number, len(text), value)


def _encoding(request: Request) -> str:
    return request.headers.get("content-encoding", "identity").strip().lower()


async def pieces_of(request: Request) -> AsyncIterator[bytes]:
    """Give the body as it arrives, in small pieces.

    Raises:
        Refusal: 400, nothing arrived for a minute.
    """
    arriving = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                chunk = await anext(arriving)
        except StopAsyncIteration:
            return
        except TimeoutError:
            detail = f"Nothing of the stream arrived for {SILENCE_SECONDS} seconds."
            raise Refusal(400, detail, code="stream_stalled") from None
        for start in range(0, len(chunk), _PIECE):
            yield chunk[start : start + _PIECE]


async def inflated(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Decompress, never more than one piece at a time: a small stream may be a huge one.

    Raises:
        Refusal: 400, the stream is not gzip, damaged, or not all there.
    """
    inflater = zlib.decompressobj(_GZIP)
    begun = False
    try:
        async for compressed in pieces:
            if not compressed:
                continue
            begun = True
            rest = compressed
            while True:
                if inflater.eof:
                    inflater = zlib.decompressobj(_GZIP)  # gzip files may be joined
                piece = inflater.decompress(rest, _PIECE)
                yield piece
                rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
                # A full piece without input left may have left output inside.
                if not rest and (inflater.eof or len(piece) < _PIECE):
                    break
    except zlib.error:
        raise _broken_gzip("The stream is not gzip, or damaged.") from None
    if begun and not inflater.eof:
        raise _broken_gzip("The stream ends before the compressed data does.")


def _broken_gzip(detail: str) -> Refusal:
    return Refusal(400, detail, code="malformed_gzip")


async def cut_into_lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[RawLine]:
    """Cut pieces into lines, wherever the pieces begin and end."""
    async for run in cut_into_runs(pieces):
        for line in run:
            yield line


async def cut_into_runs(pieces: AsyncIterator[bytes]) -> AsyncIterator[Sequence[RawLine]]:
    """Cut pieces into lines, and give those together that end in the same piece."""
    number = 1
    rest = b""
    cut = False  # the line has become too long and is being passed over
    async for piece in pieces:
        first, *others = piece.split(b"\n")
        rest += first
        run = []
        for begun in others:
            run.append(_line(number, rest, cut=cut))
            number += 1
            rest, cut = begun, False
        if len(rest) > LONGEST_LINE:
            rest, cut = b"", True
        yield run
        # Reading a stream must not keep the process from answering others.
        await asyncio.sleep(0)
    if rest or cut:
        yield [_line(number, rest, cut=cut)]


def _line(number: int, text: bytes, *, cut: bool) -> RawLine:
    if cut or len(text) > LONGEST_LINE:
        return RawLine(number, None)
    if number == 1:
        text = text.removeprefix(_BYTE_ORDER_MARK)
    return RawLine(number, text.removesuffix(b"\r"))
