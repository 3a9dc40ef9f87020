"""The whole ledger of a source at an instant: afterwards the source's entries equal it."""

import gzip
from typing import Any

import httpx
import pytest

from tests.api.feeds.bodies import CSV, eur, item, ndjson, paper
from tests.api.feeds.calls import complaints, exposure, imported, places, put, seen
from tests.api.feeds.conftest import Site
from tests.api.feeds.snapshots import NAMES, SNAPSHOTS, instant, now, send, snapshot, stored


def test_afterwards_the_entries_of_the_source_equal_the_snapshot(
    erp: httpx.Client, site: Site, acme: str
) -> None:
    first = [item("1", "10"), item("2", "20"), item("3", "30", customer="C-2")]
    assert snapshot(erp, *first) == {"added": 3}
    second = [item("2", "20"), item("3", "35", customer="C-1"), item("4", "40")]
    assert snapshot(erp, *second) == {"added": 1, "changed": 1, "closed": 1, "unchanged": 1}
    assert stored(erp, "1", "2", "3", "4") == ["2", "3", "4"]
    assert exposure(erp) == {"open_items": "95.00"}
    assert exposure(erp, "C-2") == {}
    assert site.drift(acme) == []
    assert snapshot(erp, *second) == {"unchanged": 3}
    assert snapshot(erp) == {"closed": 3}
    assert exposure(erp) == {}
    assert site.drift(acme) == []


def test_the_same_snapshot_may_be_sent_again(erp: httpx.Client) -> None:
    moment = now()
    assert snapshot(erp, item("1"), item("2"), taken_at=moment) == {"added": 2}
    assert snapshot(erp, item("1"), item("2"), taken_at=moment) == {"unchanged": 2}
    assert snapshot(erp, item("1", "5"), taken_at=moment) == {"changed": 1, "closed": 1}


def test_an_earlier_snapshot_than_the_last_one_is_refused(erp: httpx.Client) -> None:
    snapshot(erp, item("1"), taken_at=instant(-5))
    answer = send(erp, item("2"), taken_at=instant(-6))
    assert (answer.status_code, answer.json()["code"]) == (409, "snapshot_out_of_order")
    assert stored(erp, "1", "2") == ["1"]
    assert snapshot(erp, item("2"), taken_at=instant(-6), source="other") == {"added": 1}
    assert snapshot(erp, item("2"), taken_at=instant(-6), company="north") == {"added": 1}


def test_only_entries_of_the_source_and_the_kinds_are_closed(erp: httpx.Client) -> None:
    put(erp, "/v1/ledger/open_item/1", paper())
    put(erp, "/v1/ledger/open_item/2", paper(source="other"))
    put(erp, "/v1/ledger/balance/3", paper())
    put(erp, "/v1/documents/invoice/4", paper(source="default"))
    put(erp, "/v1/ledger/open_item/5", paper(), company="north")
    assert snapshot(erp, kinds="open_item,bill") == {"closed": 1}
    assert exposure(erp) == {"open_items": "100.00", "invoices": "100.00"}
    assert stored(erp, "3", kind="balance") == ["3"]
    assert erp.get("/v1/ledger/open_item/5", params={"company": "north"}).status_code == 200
    assert snapshot(erp, kinds=["balance", "payment"]) == {"closed": 1}


def test_an_entry_belongs_to_the_source_that_last_wrote_it(erp: httpx.Client) -> None:
    snapshot(erp, item("1"), item("2"), source="old")
    assert snapshot(erp, item("1"), source="new") == {"changed": 1}
    assert erp.get("/v1/ledger/open_item/1").json()["source"] == "new"
    assert snapshot(erp, source="old") == {"closed": 1}
    assert stored(erp, "1", "2") == ["1"]


def test_what_was_written_after_the_snapshot_was_taken_wins(erp: httpx.Client) -> None:
    put(erp, "/v1/ledger/open_item/1", paper("1"))
    put(erp, "/v1/ledger/open_item/2", paper("1"))
    moment = now()
    put(erp, "/v1/ledger/open_item/2", paper("2"))
    put(erp, "/v1/ledger/open_item/3", paper("2"))
    put(erp, "/v1/ledger/open_item/4", paper("2"))
    assert erp.delete("/v1/ledger/open_item/4").status_code == 200
    lines = [item("2", "1"), item("4", "2"), item("5", "2")]
    assert snapshot(erp, *lines, taken_at=moment) == {"added": 1, "closed": 1, "stale": 2}
    assert stored(erp, "1", "2", "3", "4", "5") == ["2", "3", "5"]
    assert exposure(erp) == {"open_items": "6.00"}


def test_a_snapshot_taken_while_the_last_one_was_on_its_way_is_not_stale(erp: httpx.Client) -> None:
    taken, retaken = instant(-10), instant(-9)
    snapshot(erp, item("1"), item("2"), taken_at=taken)
    assert snapshot(erp, item("1", "5"), taken_at=retaken) == {"changed": 1, "closed": 1}


def test_what_a_later_snapshot_named_is_its_sources_even_unchanged(erp: httpx.Client) -> None:
    for moment in (instant(-3), instant(-1)):
        snapshot(erp, item("1"), taken_at=moment)
    assert snapshot(erp, item("1", "5"), taken_at=instant(-2), source="other") == {"stale": 1}


def test_versions_count_as_for_single_entries(erp: httpx.Client) -> None:
    snapshot(erp, *(item(id_, version=2) for id_ in "1234"))
    answer = send(
        erp,
        item("1", "5", version=1),
        item("2", "5", version=2),
        item("3", version=3),
        item("4", "5", version=3),
    )
    report = answer.json()
    assert {name: report[name] for name in NAMES if report[name]} == {
        "stale": 1, "rejected": 1, "unchanged": 1, "changed": 1
    }  # fmt: skip
    assert places(report) == [(2, "/version", "version_conflict")]
    assert [erp.get(f"/v1/ledger/open_item/{id_}").json()["version"] for id_ in "1234"] == [2, 2, 3, 3]
    assert exposure(erp) == {"open_items": "305.00"}


def test_an_entry_that_was_left_out_by_mistake_comes_back_in_its_version(erp: httpx.Client) -> None:
    snapshot(erp, item("1", version=2))
    assert snapshot(erp) == {"closed": 1}
    assert put(erp, "/v1/ledger/open_item/1", paper(version=2))["status"] == "stale"
    assert snapshot(erp, item("1", version=1)) == {"stale": 1}
    assert snapshot(erp, item("1", version=2)) == {"added": 1}


def test_an_entry_whose_line_is_rejected_stays_as_it_was(erp: httpx.Client) -> None:
    snapshot(erp, item("1"), item("2"), item("3"))
    answer = send(
        erp,
        item("1", "x"),
        item("2", settled_on="2999-01-01"),
        item("4", source="other"),
        item("5", company="north"),
        {"kind": "balance", "id": "6", **paper()},
        item("7", deleted=True),
        kinds="open_item",
    )
    report = answer.json()
    assert (report["closed"], report["rejected"]) == (1, 6)
    assert places(report) == [
        (1, "/total/amount", "invalid_amount"),
        (2, "/settled_on", "in_the_future"),
        (3, "/source", "source_mismatch"),
        (4, "/company", "company_mismatch"),
        (5, "/kind", "not_allowed"),
        (6, "/deleted", "not_allowed"),
    ]
    assert stored(erp, "1", "2", "3", "4", "5", "7") == ["1", "2"]
    assert exposure(erp) == {"open_items": "200.00"}


@pytest.mark.parametrize("line", [b"{nonsense\n", b'{"kind": "open_item"}\n', b"[]\n"])
def test_while_nobody_knows_which_entry_a_line_means_nothing_is_closed(
    erp: httpx.Client, line: bytes
) -> None:
    snapshot(erp, item("1"), item("2"))
    report = imported(erp, SNAPSHOTS, ndjson([item("1", "5")]) + line)
    assert {name: report[name] for name in NAMES if report[name]} == {"changed": 1, "rejected": 1}
    assert stored(erp, "1", "2") == ["1", "2"]


def test_the_same_id_twice_is_refused_and_nothing_changes(erp: httpx.Client) -> None:
    snapshot(erp, item("1"))
    answer = send(
        erp, item("2"), item("3"), item("2"), {"kind": "balance", "id": "2", **paper()}, item("3", "x")
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "snapshot_rejected")
    assert places(answer.json()) == [
        (3, "/id", "duplicate"), (5, "/total/amount", "invalid_amount"), (5, "/id", "duplicate")
    ]  # fmt: skip
    assert stored(erp, "1", "2", "3") == ["1"]
    journal = seen(erp, answer.json()["import_id"])
    assert (journal["status"], journal["kind"], journal["lines"]) == ("failed", "snapshot", 5)
    assert sorted(places(journal)) == sorted(places(answer.json()))


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"count": 3}, "query/count"),
        ({"total": "EUR:100.00"}, "query/total"),
        ({"total": ["EUR:80.00", "USD:1"]}, "query/total"),
        ({"total": "USD:0.01"}, "query/total"),
    ],
)
def test_control_figures_that_do_not_match_are_refused_and_nothing_changes(
    erp: httpx.Client, query: dict[str, Any], pointer: str
) -> None:
    snapshot(erp, item("1"))
    answer = send(erp, item("2", "100"), item("3", "-20"), **query)
    assert complaints(answer) == {(pointer, "control_mismatch")}
    assert stored(erp, "1", "2", "3") == ["1"]
    assert places(seen(erp, answer.json()["import_id"])) == [(0, pointer, "control_mismatch")]


def test_control_figures_are_the_lines_and_the_signed_open_amounts_of_each_currency(
    erp: httpx.Client,
) -> None:
    dollars = {"amount": "7", "currency": "USD"}
    lines = [
        item("1", "100", open_amount=eur("60")),
        item("2", "-20"),
        item("3", "50", settled_on="2026-01-01"),
        item("4", total=dollars),
        {"kind": "payment", "id": "5", **paper("30", allocations=[{"item": "1", "amount": eur("10")}])},
        {"kind": "advance", "id": "6", **paper("5")},
        item("7", "x"),
    ]  # fmt: skip
    report = snapshot(erp, *lines, count=7, total=["EUR:15", "USD:7.00"])
    assert report == {"added": 6, "rejected": 1}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"kinds": "order"}, ("query/kinds", "not_allowed")),
        ({"kinds": ""}, ("query/kinds", "not_allowed")),
        ({"total": "100"}, ("query/total", "invalid_total")),
        ({"total": "EUR:1,00"}, ("query/total", "invalid_amount")),
        ({"total": "XXX:1"}, ("query/total", "unknown_currency")),
        ({"total": ["EUR:1", "EUR:1"]}, ("query/total", "duplicate")),
        ({"count": -1}, ("query/count", "out_of_range")),
        ({"count": "4.0"}, ("query/count", "wrong_type")),
        ({"taken_at": "2026-11-22"}, ("query/taken_at", "invalid_instant")),
        ({"taken_at": "2999-01-01T00:00:00Z"}, ("query/taken_at", "in_the_future")),
        ({"taken_at": "9999-12-31T23:59:59Z"}, ("query/taken_at", "in_the_future")),
        ({"taken_at": "0001-01-01T00:00:00Z"}, ("query/taken_at", "out_of_range")),
        ({"source": ""}, ("query/source", "invalid_identifier")),
    ],
)
def test_what_the_query_cannot_mean_is_refused(
    erp: httpx.Client, query: dict[str, str], expected: tuple[str, str]
) -> None:
    assert complaints(send(erp, item("1"), **query)) == {expected}
    assert stored(erp, "1") == []


def test_a_snapshot_may_be_a_table_and_compressed(erp: httpx.Client) -> None:
    table = (
        "kind,id,customer,total,currency,document\nopen_item,1,C-1,10,EUR,invoice:I-1\nbalance,2,C-1,5,EUR,\n"
    )
    report = imported(erp, SNAPSHOTS, gzip.compress(table.encode()), **CSV, **{"Content-Encoding": "gzip"})
    assert report["added"] == 2
    assert exposure(erp) == {"open_items": "10.00"}


def test_entries_of_a_snapshot_take_from_each_other_and_give_back_when_closed(
    erp: httpx.Client, site: Site, acme: str
) -> None:
    put(erp, "/v1/documents/invoice/I-1", paper("50"))
    owed = item("R-1", "50", document={"kind": "invoice", "number": "I-1"})
    paid = {
        "kind": "payment", "id": "P-1",
        **paper("30", allocations=[{"item": "R-1", "amount": eur("30")}]),
    }  # fmt: skip
    snapshot(erp, paid, owed)
    assert exposure(erp) == {"open_items": "20.00"}
    snapshot(erp, owed)
    assert exposure(erp) == {"open_items": "50.00"}
    assert site.drift(acme) == []
    snapshot(erp)
    assert exposure(erp) == {"invoices": "50.00"}
    assert site.drift(acme) == []


def test_a_snapshot_makes_its_feed_fresh_in_its_company_even_unchanged(erp: httpx.Client) -> None:
    snapshot(erp, item("1"), source="sap", taken_at=instant(-600))
    check = {"customer": "C-1", "document": {"kind": "order", "total": {"amount": "1", "currency": "EUR"}}}
    feed = erp.post("/v1/check", json=check).json()["freshness"]["sap"]
    assert feed["age_seconds"] < 60


def test_the_answer_and_the_journal_say_the_same(erp: httpx.Client) -> None:
    answer = send(erp, item("1"), item("2", "x")).json()
    journal = seen(erp, answer["import_id"])
    assert {name: journal[name] for name in NAMES} == {name: answer[name] for name in NAMES}
    assert (journal["status"], journal["lines"], journal["company"]) == ("done", 2, "main")
    assert places(journal) == places(answer)


def test_a_key_limited_to_companies_takes_snapshots_of_these_alone(site: Site, acme: str) -> None:
    with site.caller(acme, "ingest", companies=frozenset({"north"})) as northern:
        assert send(northern, item("1")).status_code == 403
        assert snapshot(northern, item("1"), company="north") == {"added": 1}
    with site.caller(acme, "check") as clerk:
        assert send(clerk, item("1")).status_code == 403


def test_the_examples_of_the_documentation_can_be_sent_as_they_are(erp: httpx.Client) -> None:
    content = erp.get("/openapi.json").json()["paths"][SNAPSHOTS]["post"]["requestBody"]["content"]
    for media_type, described in content.items():
        for example in described["examples"].values():
            report = imported(erp, SNAPSHOTS, example["value"], **{"Content-Type": media_type})
            assert report["rejected"] == 0
