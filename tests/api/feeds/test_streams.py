import csv
import gzip
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.api.csv_lines import Column, open_table
from creditrisk.api.problems import Refusal
from creditrisk.api.streams import LONGEST_LINE, RawLine, Record, cut_into_lines, inflated
from creditrisk.application.errors import InvalidRequest

COLUMNS = {"a": Column.TEXT, "b": Column.TEXT, "c": Column.TEXT}


async def arriving(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def pieces_of(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The data cut at some of its places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


async def lines(pieces: Iterable[bytes]) -> list[RawLine]:
    return [line async for line in cut_into_lines(arriving(pieces))]


async def table(text: str) -> list[Record]:
    rows = await open_table(cut_into_lines(arriving([text.encode()])), COLUMNS)
    return [record async for record in rows]


@given(st.lists(st.binary().filter(lambda line: b"\n" not in line)), st.lists(st.integers(0)))
async def test_lines_are_the_same_wherever_the_stream_is_cut(stated: list[bytes], cuts: list[int]) -> None:
    data = b"".join(line + b"\n" for line in stated)
    read = await lines(pieces_of(data, cuts))
    assert [line.number for line in read] == list(range(1, len(stated) + 1))
    assert read == await lines([data])


@given(st.lists(st.binary(max_size=100_000), max_size=3), st.lists(st.integers(0)))
async def test_a_compressed_stream_is_the_plain_one(members: list[bytes], cuts: list[int]) -> None:
    data = b"".join(map(gzip.compress, members))
    pieces = [piece async for piece in inflated(arriving(pieces_of(data, cuts)))]
    assert b"".join(pieces) == b"".join(members)


async def test_what_is_decompressed_comes_in_small_pieces_however_well_it_was_compressed() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 50_000
    sizes = [len(piece) async for piece in inflated(arriving([bomb]))]
    assert (sum(sizes), max(sizes)) == (50_000_000, 16_384)


@pytest.mark.parametrize(
    "data",
    [
        b"plain",
        gzip.compress(b"x", mtime=0)[:-1],
        gzip.compress(b"x", mtime=0) + b"rest",
        b"\x1f\x8b\x08" + bytes(20),
    ],
)
async def test_a_stream_that_cannot_be_decompressed_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        _ = [piece async for piece in inflated(arriving([data]))]
    assert (refusal.value.status, refusal.value.code) == (400, "malformed_gzip")


async def test_a_line_that_is_too_long_is_passed_over_and_the_next_one_read() -> None:
    longest = b"x" * LONGEST_LINE
    read = await lines([longest, b"\n", longest, b"y\nz\n", longest, longest])
    assert [(line.number, line.text is None) for line in read] == [
        (1, False),
        (2, True),
        (3, False),
        (4, True),
    ]


async def test_line_ends_of_windows_and_a_byte_order_mark_are_no_part_of_a_line() -> None:
    assert await lines([b"\xef\xbb\xbfa\r\nb\r\n"]) == [RawLine(1, b"a"), RawLine(2, b"b")]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)
rows = st.lists(st.tuples(texts, texts, texts).filter(any))


@given(rows, st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
async def test_a_table_is_read_as_spreadsheets_write_it(
    stated: Sequence[tuple[str, str, str]], end: str, quoting: int
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=end, quoting=quoting)  # type: ignore[arg-type] # a plain int
    writer.writerows([("a", "b", "c"), *stated])
    read = await table(written.getvalue())
    assert [record.value for record in read] == [
        {name: cell for name, cell in zip("abc", cells, strict=True) if cell} for cells in stated
    ]


async def test_a_row_is_known_by_its_first_line() -> None:
    read = await table('a,b,c\n1,2,3\n\n"4\n4",5,6\n7,8,9')
    assert [record.line for record in read] == [2, 4, 6]


@pytest.mark.parametrize("row", ["1,2", "1,2,3,4", '"1"x,2,3', '1,2,"3', "1,2,3" + "3" * LONGEST_LINE])
async def test_a_broken_row_does_not_spoil_the_others(row: str) -> None:
    good, broken = await table(f"a,b,c\n1,2,3\n{row}")
    assert good.value == {"a": "1", "b": "2", "c": "3"}
    assert broken.value is None
    assert [error.code for error in broken.errors] in (["malformed_csv"], ["too_long"])


async def test_a_quote_within_a_cell_without_quotes_is_a_plain_character() -> None:
    read = await table('a,b,c\n1,5" pipe,3\n4,5,6\n')
    assert [record.value for record in read] == [
        {"a": "1", "b": '5" pipe', "c": "3"},
        {"a": "4", "b": "5", "c": "6"},
    ]


async def test_rows_that_only_open_and_close_quotes_take_no_time() -> None:
    read = await table("a,b,c\n" + 'x"y,"z\n' + '""\n' * 300_000)
    assert all(record.value is None for record in read)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a,d,e/f", [("/d", "unknown_field"), ("/e~1f", "unknown_field")]),
        ("a,b,a", [("/a", "duplicate")]),
        ('"a', [("", "malformed_csv")]),
        ("", []),
    ],
)
async def test_a_header_with_columns_nobody_knows_is_refused_at_once(
    header: str, expected: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        await table(header)
    assert [(error.pointer, error.code) for error in refusal.value.errors] == expected
