import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.api.paging import read_cursor, write_cursor
from creditrisk.application.errors import InvalidRequest


def test_a_list_is_read_page_by_page_without_gap_or_repetition(client: httpx.Client) -> None:
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        params = {"limit": "3"} | ({} if cursor is None else {"cursor": cursor})
        page = client.get("/v1/orders", params=params).json()
        seen += page["items"]
        cursor = page["next"]
    assert seen == [f"order {number}" for number in range(10)]
    assert cursor is None


def test_a_page_that_ends_with_the_list_has_no_next(client: httpx.Client) -> None:
    assert client.get("/v1/orders?limit=10").json()["next"] is None
    assert client.get("/v1/orders?limit=9").json()["next"] is not None
    assert len(client.get("/v1/orders").json()["items"]) == 10


@pytest.mark.parametrize(
    "limit", ["0", "1001", "-1", "many", "1.5", "2.0", "+2", "2_0", "", "9" * 30, "9" * 5000]
)
def test_a_limit_is_1_to_1000(client: httpx.Client, limit: str) -> None:
    response = client.get("/v1/orders", params={"limit": limit})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "query/limit"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%%%",
        "\u00e9",
        "bnVsbA",
        write_cursor(("a",)),
        write_cursor((1, "a")),
        write_cursor(("a", 1, 2)),
        write_cursor(("\x00", 1)),
        write_cursor(("a", 1 << 63)),
        "W10",
        "a" * 1025,
    ],
)
def test_a_cursor_not_answered_by_this_list_is_invalid(client: httpx.Client, cursor: str) -> None:
    response = client.get("/v1/orders", params={"cursor": cursor})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "query/cursor"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_cursor_reads_back_as_the_key_it_was_made_of(text: str, number: int) -> None:
    assert read_cursor(write_cursor((text, number)), shape=(str, int)) == (text, number)


@given(st.text())
def test_no_text_breaks_the_reading_of_cursors(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_cursor(text, shape=(str, int, str, int))
