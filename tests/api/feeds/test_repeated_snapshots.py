"""What is remembered of a source's last snapshot changes nothing but the time the next one takes."""

from typing import Any

import httpx

from tests.api.feeds.bodies import CSV, item, paper
from tests.api.feeds.calls import complaints, imported, places, put
from tests.api.feeds.conftest import Site
from tests.api.feeds.snapshots import NAMES, SNAPSHOTS, instant, send, snapshot


def ledger(many: int) -> list[dict[str, Any]]:
    """Enough entries for a few parts."""
    return [item(f"R-{number}", str(number + 1), version=1) for number in range(many)]


def test_lines_sent_again_mean_what_they_meant_and_what_was_written_meanwhile_counts(
    erp: httpx.Client, site: Site, acme: str
) -> None:
    lines = ledger(300)
    snapshot(erp, *lines, taken_at=instant(-9))
    put(erp, "/v1/ledger/open_item/R-1", paper("7", version=2))
    put(erp, "/v1/ledger/open_item/R-2", paper("9"))
    erp.delete("/v1/ledger/open_item/R-3")
    assert snapshot(erp, *lines, taken_at=instant(-8)) == {"unchanged": 297, "stale": 3}
    # R-2 still has its version, and says something else than the line.
    assert snapshot(erp, *lines, taken_at=instant(1)) == {
        "unchanged": 297, "stale": 1, "rejected": 1, "added": 1
    }  # fmt: skip
    assert snapshot(erp, *lines[:-1], count=299, taken_at=instant(2)) == {
        "unchanged": 297, "stale": 1, "rejected": 1, "closed": 1
    }  # fmt: skip
    assert site.drift(acme) == []


def test_control_figures_and_duplicates_are_found_in_lines_sent_again(erp: httpx.Client) -> None:
    lines = ledger(100)
    snapshot(erp, *lines, count=100, total="EUR:5050")
    assert snapshot(erp, *lines, count=100, total="EUR:5050") == {"unchanged": 100}
    assert complaints(send(erp, *lines, total="EUR:5051")) == {("query/total", "control_mismatch")}
    assert complaints(send(erp, *lines, count=101)) == {("query/count", "control_mismatch")}
    twice = send(erp, *lines, *lines).json()
    assert [line for line, _, code in places(twice) if code == "duplicate"] == list(range(101, 201))


def test_lines_sent_again_as_another_source_for_another_company_or_of_other_kinds_are_read_anew(
    erp: httpx.Client,
) -> None:
    lines = [{**each, "source": "sap", "company": "main"} for each in ledger(100)]
    assert snapshot(erp, *lines, source="sap") == {"added": 100}
    for query, code in (
        ({"source": "other"}, "source_mismatch"),
        ({"source": "sap", "company": "north"}, "company_mismatch"),
        ({"source": "sap", "kinds": "payment"}, "not_allowed"),
    ):
        report = send(erp, *lines, **query).json()
        assert report["rejected"] == 100
        assert {each for _, _, each in places(report)} == {code}
    assert snapshot(erp, *lines, source="sap") == {"unchanged": 100}


def test_rows_sent_again_under_another_header_are_read_anew(erp: httpx.Client) -> None:
    rows = "".join(f"open_item,{number},C-1,10,20,EUR\n" for number in range(50))
    first = imported(erp, SNAPSHOTS, f"kind,id,customer,open_amount,total,currency\n{rows}".encode(), **CSV)
    assert first["added"] == 50
    again = imported(erp, SNAPSHOTS, f"kind,id,customer,open_amount,total,currency\n{rows}".encode(), **CSV)
    assert again["unchanged"] == 50
    other = imported(erp, SNAPSHOTS, f"kind,id,customer,total,open_amount,currency\n{rows}".encode(), **CSV)
    assert other["changed"] == 50


def test_errors_are_told_again_with_their_lines_wherever_parts_end(erp: httpx.Client) -> None:
    lines = ledger(300)
    for position in (0, 77, 299):
        lines[position] = item(f"R-{position}", "x")
    for _ in range(2):
        report = send(erp, *lines).json()
        assert places(report) == [
            (position + 1, "/total/amount", "invalid_amount") for position in (0, 77, 299)
        ]
    table = "kind,id,customer,total,currency,label\n" + "".join(
        f'other,{number},C-1,10,EUR,"one\nline ""{number}"", too many"\n' for number in range(100)
    )
    for _ in range(2):
        report = imported(erp, f"{SNAPSHOTS}?source=tables", table.encode(), **CSV)
        assert places(report) == [(2 + 2 * number, "/label", "invalid_text") for number in range(100)]


def test_a_long_stream_is_read_by_helpers_as_by_the_service_itself(erp: httpx.Client) -> None:
    lines = ledger(12_000)
    lines[11_000] = item("R-11000", "x")
    for expected in ({"added": 11_999, "rejected": 1}, {"unchanged": 11_999, "rejected": 1}):
        answer = send(erp, *lines).json()
        assert {name: answer[name] for name in NAMES if answer[name]} == expected
        assert places(answer) == [(11_001, "/total/amount", "invalid_amount")]
