import gzip
import json

import httpx
import pytest

from tests.api.feeds.bodies import CSV, NDJSON, eur, item, ndjson, paper
from tests.api.feeds.calls import counts, exposure, imported, places, seen
from tests.api.feeds.conftest import Site

LEDGER = "/v1/ledger:import"
DOCUMENTS = "/v1/documents:import"


def test_good_lines_are_kept_and_every_complaint_names_its_line(erp: httpx.Client) -> None:
    stream = ndjson([item("1", "10"), item("2", "x"), item("3", "20"), {"kind": "bill"}]) + b"{nonsense\n[]\n"
    report = imported(erp, LEDGER, stream)
    assert counts(report) == (2, 0, 0, 4)
    assert places(report) == [
        (2, "/total/amount", "invalid_amount"),
        (4, "/id", "required"),
        (5, "", "malformed_json"),
        (6, "", "wrong_type"),
    ]
    assert exposure(erp) == {"open_items": "30.00"}


def test_lines_do_what_a_put_would_have_done(erp: httpx.Client) -> None:
    imported(erp, LEDGER, ndjson([item("1", version=2), item("2", version=2), item("3", version=2)]))
    again = [
        item("1", version=2),
        item("2", version=1),
        item("3", "1", version=2),
        item("3", "5", version=3),
        {"kind": "open_item", "id": "1", "deleted": True, "version": 9},
        {"kind": "open_item", "id": "none", "deleted": True},
    ]
    report = imported(erp, LEDGER, ndjson(again))
    assert counts(report) == (2, 2, 1, 1)
    assert places(report) == [(3, "/version", "version_conflict")]
    assert exposure(erp) == {"open_items": "105.00"}


def test_later_lines_of_a_stream_win_over_earlier_ones(erp: httpx.Client) -> None:
    report = imported(erp, LEDGER, ndjson(item("1", str(amount)) for amount in range(1, 101)))
    assert counts(report) == (100, 0, 0, 0)
    assert exposure(erp) == {"open_items": "100.00"}


def test_documents_come_in_a_stream_too(erp: httpx.Client, site: Site, acme: str) -> None:
    delivery = paper("40", follows=[{"kind": "order", "number": "SO/1"}])
    stream = ndjson(
        [
            {"kind": "delivery", "number": "D-1", **delivery},
            {"kind": "order", "number": "SO/1", **paper("100")},
            {"kind": "order", "number": "SO-2", **paper("1", invoiced=True)},
            {"kind": "order", "id": "SO-3", **paper("1")},
            {"kind": "bill", "number": "SO-4", **paper("1")},
            {"kind": "order", "number": "SO-5", **paper(follows=[{"kind": "order", "number": "SO-5"}])},
            {"kind": "invoice", "number": "I-1", **paper(presented_on="2999-01-01")},
        ]
    )
    report = imported(erp, DOCUMENTS, stream)
    assert counts(report) == (2, 0, 0, 5)
    assert places(report) == [
        (3, "/invoiced", "unknown_field"),
        (4, "/number", "required"),
        (5, "/kind", "not_allowed"),
        (6, "/follows/0", "duplicate"),
        (7, "/presented_on", "in_the_future"),
    ]
    assert exposure(erp) == {"orders": "60.00", "deliveries": "40.00"}
    assert site.drift(acme) == []


def test_a_deleted_line_may_repeat_the_paper_but_have_no_unknown_field(erp: httpx.Client) -> None:
    imported(erp, LEDGER, ndjson([item("1"), item("2")]))
    stream = ndjson([item("1", "nonsense", deleted=True), item("2", deleted=True, colour="red")])
    report = imported(erp, LEDGER, stream)
    assert counts(report) == (1, 0, 0, 1)
    assert places(report) == [(2, "/colour", "unknown_field")]


def test_a_table_says_the_same_as_json_lines(erp: httpx.Client) -> None:
    table = (
        "kind,id,customer,date,due_date,total,open_amount,currency,disputed,document,allocations,version,deleted\r\n"
        "open_item,R-1,C-1,2026-10-01,2026-10-31,100,,EUR,true,invoice:I:1,,1,\r\n"
        'open_item,"R,""2""",C-1,,,50,20.5,EUR,false,,,,\r\n'
        'payment,P-1,C-1,,,10,,EUR,,,"[{""item"": ""R-1"",\n ""amount"": {""amount"": ""10"", '
        '""currency"": ""EUR""}}]",,\r\n'
        "\r\n"
        "open_item,R-9,,,,,,,,,,3,true\r\n"
    )
    report = imported(erp, LEDGER, table, **CSV)
    assert (counts(report), places(report)) == ((4, 0, 0, 0), [])
    assert exposure(erp) == {"open_items": "110.50"}
    first = erp.get("/v1/ledger/open_item/R-1").json()
    assert (first["document"], first["disputed"], first["version"]) == (
        {"kind": "invoice", "number": "I:1"},
        True,
        1,
    )
    assert erp.get("/v1/ledger/open_item/R%2C%222%22").json()["open_amount"] == eur("20.50")


def test_cells_that_do_not_fit_their_column_are_complained_about(erp: httpx.Client) -> None:
    table = (
        "kind,id,customer,total,currency,provisional,document,version,allocations\n"
        "open_item,1,C-1,10,EUR,yes,,,\n"
        "open_item,2,C-1,10,EUR,,invoice,,\n"
        "open_item,3,C-1,10,EUR,,,1.0,\n"
        "open_item,4,C-1,10,,,,,\n"
        "payment,5,C-1,10,EUR,,,,[\n"
        "open_item,6,C-1,10,EUR\n"
        "open_item,7,C-1,10,EUR,,,,[]\n"
    )
    report = imported(erp, LEDGER, table, **CSV)
    assert places(report) == [
        (2, "/provisional", "wrong_type"),
        (3, "/document", "wrong_type"),
        (4, "/version", "wrong_type"),
        (5, "/total/currency", "required"),
        (6, "/allocations", "malformed_json"),
        (7, "", "malformed_csv"),
        (8, "/allocations", "unknown_field"),
    ]


def test_an_unknown_column_is_refused_before_anything_is_stored(erp: httpx.Client) -> None:
    answer = erp.post(LEDGER, content="kind,id,colour\nopen_item,1,red\n", headers=CSV)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/colour", "unknown_field")


def test_a_stream_may_be_compressed(erp: httpx.Client) -> None:
    stream = ndjson(item(str(number)) for number in range(2_500))
    report = imported(erp, LEDGER, gzip.compress(stream), **{"Content-Encoding": "gzip"})
    assert counts(report) == (2_500, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"{}", {"Content-Type": "text/csv; charset=latin-1"}, 415),
        (b"{}", {**NDJSON, "Content-Encoding": "br"}, 415),
        (b"{}", {**NDJSON, "Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"{}" * 1000, mtime=0)[:-9], {**NDJSON, "Content-Encoding": "gzip"}, 400),
        (b"", CSV, 422),
    ],
)
def test_what_is_no_stream_is_a_problem(
    erp: httpx.Client, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = erp.post(LEDGER, content=content, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b'{"kind": "open_item", "id": "\\ud800"}',
        b'{"kind": NaN}',
        b'{"kind": "open_item", "kind": "bill"}',
        b"[" * 100_000,
        b'{"version": ' + b"9" * 5_000 + b"}",
        b'{"a\\u0000b": 1, "kind": "open_item", "id": "1"}',
        b'{"kind": "open_item", "id": "a\\u0000b"}',
        b'{"kind": ["open_item"], "id": "1"}',
        b"null",
        b"x" * 2_000_000,
        json.dumps({**item("1", colour={"a": 1}), **{f"f{n}": n for n in range(500)}}).encode(),
    ],
    ids=lambda line: line[:20],
)
def test_no_line_breaks_an_import(erp: httpx.Client, line: bytes) -> None:
    report = imported(erp, LEDGER, line + b"\n" + ndjson([item("good")]))
    assert counts(report) == (1, 0, 0, 1)
    assert {error["line"] for error in report["errors"]} == {1}
    assert seen(erp, report["import_id"])["rejected"] == 1


def test_an_empty_stream_does_nothing(erp: httpx.Client) -> None:
    assert counts(imported(erp, LEDGER, b"\n\n")) == (0, 0, 0, 0)
    assert counts(imported(erp, LEDGER, "kind,id\n", **CSV)) == (0, 0, 0, 0)


def test_all_or_nothing_stores_all(erp: httpx.Client, site: Site, acme: str) -> None:
    imported(erp, LEDGER, ndjson([item("0", version=5), item("1", version=1)]))
    stream = ndjson(item(str(number), version=1) for number in range(1_500))
    report = imported(erp, f"{LEDGER}?atomic=true", stream)
    assert counts(report) == (1_498, 1, 1, 0)
    assert site.drift(acme) == []


def test_all_or_nothing_with_an_error_is_a_problem_and_stores_nothing(erp: httpx.Client) -> None:
    stream = ndjson([item("1"), item("2", "x"), item("3"), item("4", customer="")])
    answer = erp.post(f"{LEDGER}?atomic=true", content=stream, headers=NDJSON)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    problem = answer.json()
    assert problem["code"] == "import_rejected"
    assert places(problem) == [(2, "/total/amount", "invalid_amount"), (4, "/customer", "invalid_identifier")]
    assert erp.get("/v1/ledger/open_item/1").status_code == 404
    journal = seen(erp, problem["import_id"])
    assert (journal["status"], counts(journal)) == ("failed", (0, 0, 0, 2))
    assert places(journal) == places(problem)


def test_all_or_nothing_finds_the_lines_of_conflicts_behind_blank_lines_and_broken_cells(
    erp: httpx.Client,
) -> None:
    imported(erp, LEDGER, ndjson([item("2", version=1), item("4", version=1)]))
    table = (
        "kind,id,customer,total,currency,version,label\n"
        "open_item,1,C-1,1,EUR,1,\n"
        "\n"
        "open_item,2,C-1,1,EUR,1,\n"
        'other,3,C-1,1,EUR,1,"a b\n'  # a line break is no character of a label
        'c"\n'
        "open_item,4,C-1,1,EUR,1,\n"
    )
    answer = erp.post(f"{LEDGER}?atomic=true", content=table, headers=CSV)
    assert places(answer.json()) == [(5, "/label", "invalid_text")]
    answer = erp.post(f"{LEDGER}?atomic=true", content=table.replace("a b\n", "a b"), headers=CSV)
    assert places(answer.json()) == [(4, "/version", "version_conflict"), (6, "/version", "version_conflict")]
    assert erp.get("/v1/ledger/open_item/1").status_code == 404


def test_the_company_of_a_line_and_of_the_query_must_agree(erp: httpx.Client) -> None:
    stream = ndjson([item("1"), item("2", company="north"), item("3", company="south")])
    report = imported(erp, f"{LEDGER}?company=north", stream)
    assert (counts(report), places(report)) == ((2, 0, 0, 1), [(3, "/company", "company_mismatch")])
    assert erp.get("/v1/ledger/open_item/1", params={"company": "north"}).status_code == 200
    assert seen(erp, report["import_id"])["company"] == "north"


def test_a_key_limited_to_companies_feeds_only_these(site: Site, acme: str) -> None:
    with site.caller(acme, "ingest", companies=frozenset({"north"})) as northern:
        stream = ndjson([item("1"), item("2", company="north")])
        report = imported(northern, LEDGER, stream)
        assert (counts(report), places(report)) == ((1, 0, 0, 1), [(1, "/company", "company_forbidden")])
        assert northern.post(f"{LEDGER}?company=south", content=stream, headers=NDJSON).status_code == 403
        assert seen(northern, report["import_id"])["accepted"] == 1


def test_an_import_is_shown_to_those_it_concerns(erp: httpx.Client, site: Site, acme: str) -> None:
    mixed = imported(erp, LEDGER, ndjson([item("1")]))["import_id"]
    north = imported(erp, f"{LEDGER}?company=north", ndjson([item("1")]))["import_id"]
    with site.caller(acme, "ingest", companies=frozenset({"north"})) as northern:
        assert northern.get(f"/v1/imports/{mixed}").json()["code"] == "company_forbidden"
        assert northern.get(f"/v1/imports/{north}").status_code == 200
    with site.caller("stranger", "ingest") as stranger:
        assert stranger.get(f"/v1/imports/{north}").status_code == 404
    assert erp.get("/v1/imports/nonsense").status_code == 404


def test_imports_are_listed_last_first_to_those_who_may_see_them(
    erp: httpx.Client, site: Site, acme: str
) -> None:
    mixed = imported(erp, LEDGER, ndjson([item("1"), item("2", "x")]))["import_id"]
    north = imported(erp, f"{LEDGER}?company=north", ndjson([item("1")]))["import_id"]
    snapshot = imported(erp, "/v1/ledger/snapshots?source=sap", ndjson([item("3")]))["import_id"]
    failed = erp.post(f"{LEDGER}?atomic=true", content=ndjson([item("1", "x")]), headers=NDJSON)

    def listed(caller: httpx.Client = erp, **query: str | int) -> list[str]:
        answer = caller.get("/v1/imports", params=query)
        assert answer.status_code == 200, answer.text
        return [job["import_id"] for job in answer.json()["items"]]

    everything = [failed.json()["import_id"], snapshot, north, mixed]
    assert listed() == everything
    assert listed(status="failed") == everything[:1]
    assert listed(status="running") == []
    assert listed(kind="snapshot") == [snapshot]
    assert listed(company="north") == [north]
    shown = erp.get("/v1/imports").json()["items"][3]
    assert shown == {
        name: value for name, value in seen(erp, mixed).items() if name not in {"errors", "next"}
    }

    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = erp.get("/v1/imports", params={"limit": 3, **cursor}).json()
        pages.append([job["import_id"] for job in page["items"]])
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert pages == [everything[:3], everything[3:]]

    with site.caller(acme, "ingest", companies=frozenset({"north"})) as northern:
        own = imported(northern, f"{LEDGER}?company=north", ndjson([item("9")]))["import_id"]
        assert listed(northern) == [own, north]
        answer = northern.get("/v1/imports", params={"company": "main"})
        assert (answer.status_code, answer.json()["code"]) == (403, "company_forbidden")
    with site.caller("stranger", "ingest") as stranger:
        assert listed(stranger) == []
    with site.caller(acme, "check") as clerk:
        assert clerk.get("/v1/imports").status_code == 403
    answer = erp.get("/v1/imports", params={"status": "gone"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query/status")


def test_the_answer_has_the_first_thousand_complaints_and_the_journal_all(erp: httpx.Client) -> None:
    report = imported(erp, LEDGER, ndjson(item(str(number), "x") for number in range(2_100)))
    assert counts(report) == (0, 0, 0, 2_100)
    assert [error["line"] for error in report["errors"]] == list(range(1, 1_001))
    found: list[int] = []
    cursor = None
    while True:
        page = seen(erp, report["import_id"], limit=1000, **({"cursor": cursor} if cursor else {}))
        found += [error["line"] for error in page["errors"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == list(range(1, 2_101))


@pytest.mark.parametrize("stream", ["documents", "ledger", "customers", "credit"])
def test_the_examples_of_the_documentation_can_be_sent_as_they_are(erp: httpx.Client, stream: str) -> None:
    erp.put("/v1/customers/C-1001", json={})
    path = f"/v1/{stream}:import"
    content = erp.get("/openapi.json").json()["paths"][path]["post"]["requestBody"]["content"]
    assert set(content) == {"application/x-ndjson", "text/csv"}
    for media_type, described in content.items():
        for example in described["examples"].values():
            report = imported(erp, path, example["value"], **{"Content-Type": media_type})
            assert (report["rejected"], report["stale"]) == (0, 0)


def test_a_cell_may_be_as_long_as_a_row(erp: httpx.Client) -> None:
    allocations = [{"item": f"I-{number}", "amount": eur("1")} for number in range(3_000)]
    cell = json.dumps(allocations).replace('"', '""')
    assert len(cell) > 131_072
    table = f'kind,id,customer,total,currency,allocations\npayment,P,C-1,9000,EUR,"{cell}"\n'
    assert counts(imported(erp, "/v1/ledger:import", table, **CSV)) == (1, 0, 0, 0)
