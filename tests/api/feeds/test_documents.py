import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.api.feeds.bodies import eur, paper
from tests.api.feeds.calls import complaints, exposure, put
from tests.api.feeds.conftest import Site

ORDER = "/v1/documents/order/SO-1"


def test_a_document_counts_as_soon_as_it_is_stated(erp: httpx.Client) -> None:
    assert put(erp, ORDER, paper("120.00")) == {"status": "created", "over_limit": False}
    assert exposure(erp) == {"orders": "120.00"}


def test_a_document_is_shown_with_every_field_of_its_kind(erp: httpx.Client) -> None:
    stated = paper(
        "1200.5",
        open_amount=eur("700"),
        prepaid=eur("0"),
        type="STD",
        date="2026-11-22",
        due_date="2026-12-22",
        printed=True,
        site="BRANCH-2",
        bill_to="C-2",
        payment_terms="NET30",
        cash_discount="2-10",
        payment_method="transfer",
        owner="u1",
        processed_by="u2",
        follows=[
            {"kind": "quotation", "number": "Q-1", "total": eur("600")},
            {"kind": "order", "number": "SO-0"},
        ],
        version=7,
        source="shop",
    )
    put(erp, ORDER, stated)
    shown = erp.get(ORDER).json()
    assert shown.pop("stated_at").endswith("Z")
    assert shown == {
        **stated,
        "company": "main",
        "kind": "order",
        "number": "SO-1",
        "total": eur("1200.50"),
        "open_amount": eur("700.00"),
        "prepaid": eur("0.00"),
        "follows": [
            {"kind": "quotation", "number": "Q-1", "total": eur("600.00")},
            {"kind": "order", "number": "SO-0", "total": None},
        ],
        "confirmed": False,
        "cancelled": False,
        "fulfilled": False,
        "force_fulfilled": False,
    }


@pytest.mark.parametrize("kind", ["quotation", "order", "delivery", "invoice"])
def test_what_is_shown_of_a_document_says_the_same_when_it_is_stated_again(
    erp: httpx.Client, kind: str
) -> None:
    path = f"/v1/documents/{kind}/1"
    put(erp, path, paper(version=1, date="2026-11-22"))
    shown = erp.get(path).json()
    for answered in ("kind", "number", "stated_at"):
        del shown[answered]
    assert put(erp, path, shown)["status"] == "unchanged"


def test_versions_decide_what_a_statement_does(erp: httpx.Client) -> None:
    assert put(erp, ORDER, paper("100", version=2))["status"] == "created"
    assert put(erp, ORDER, paper("100.00", version=2))["status"] == "unchanged"
    assert put(erp, ORDER, paper("90", version=1))["status"] == "stale"
    assert put(erp, ORDER, paper("80", version=3))["status"] == "changed"
    assert put(erp, ORDER, paper("70"))["status"] == "changed"
    assert erp.get(ORDER).json()["version"] == 3


def test_the_stored_version_with_other_content_is_a_conflict_that_changes_nothing(erp: httpx.Client) -> None:
    put(erp, ORDER, paper("100", version=2))
    answer = erp.put(ORDER, json=paper("90", version=2))
    assert (answer.status_code, answer.json()["code"]) == (409, "version_conflict")
    assert erp.get(ORDER).json()["total"] == eur("100.00")


def test_a_deleted_document_is_gone_and_an_older_statement_does_not_bring_it_back(erp: httpx.Client) -> None:
    put(erp, ORDER, paper(version=2))
    assert erp.delete(ORDER, params={"version": 1}).json() == {"status": "stale"}
    assert erp.delete(ORDER, params={"version": 3}).json() == {"status": "deleted"}
    assert erp.get(ORDER).status_code == 404
    assert put(erp, ORDER, paper(version=2))["status"] == "stale"
    assert erp.delete(ORDER, params={"version": 3}).json() == {"status": "unchanged"}
    assert put(erp, ORDER, paper(version=4))["status"] == "created"
    assert erp.delete(ORDER).json() == {"status": "deleted"}


def test_deleting_what_never_was_is_not_found_unless_a_version_is_to_stay(erp: httpx.Client) -> None:
    assert erp.delete(ORDER).status_code == 404
    assert erp.delete(ORDER, params={"version": 5}).json() == {"status": "deleted"}
    assert put(erp, ORDER, paper(version=5))["status"] == "stale"


@pytest.mark.parametrize("number", ["SO/1", "a b", "50%", "?", "%2F", "Ä-1", "a:b", "..", "#"])
def test_a_number_may_have_any_printable_character(erp: httpx.Client, number: str) -> None:
    path = f"/v1/documents/order/{quote(number, safe='')}".replace("..", "%2E%2E")
    put(erp, path, paper())
    assert erp.get(path).json()["number"] == number


def test_a_number_is_the_same_however_its_accents_are_composed(erp: httpx.Client) -> None:
    put(erp, "/v1/documents/order/" + quote("\u00c4"), paper())
    assert put(erp, "/v1/documents/order/" + quote("A\u0308"), paper())["status"] == "unchanged"


def test_a_document_stated_for_another_customer_moves(erp: httpx.Client) -> None:
    put(erp, ORDER, paper("10"))
    put(erp, ORDER, paper("10", customer="C-2"))
    assert exposure(erp) == {}
    assert exposure(erp, "C-2") == {"orders": "10.00"}


def test_a_document_turned_into_the_next_one_is_not_counted_twice(erp: httpx.Client) -> None:
    put(erp, "/v1/documents/delivery/D-1", paper("40", follows=[{"kind": "order", "number": "SO-1"}]))
    put(erp, ORDER, paper("100"))
    assert exposure(erp) == {"orders": "60.00", "deliveries": "40.00"}


def test_the_answer_says_whether_the_account_is_over_its_limit_and_the_paper_is_stored_anyway(
    erp: httpx.Client,
) -> None:
    put(erp, ORDER, paper("100"))
    assert erp.put("/v1/customers/C-1/credit", json={"limit": eur("100")}).status_code == 200
    assert put(erp, ORDER, paper("100"))["over_limit"] is False
    assert put(erp, ORDER, paper("100.01")) == {"status": "changed", "over_limit": True}
    assert exposure(erp) == {"orders": "100.01"}


def test_over_limit_speaks_of_the_account_that_bears_the_document(erp: httpx.Client) -> None:
    put(erp, "/v1/documents/order/1", paper("10", customer="C-2"))
    assert erp.put("/v1/customers/C-2/credit", json={"limit": eur("10")}).status_code == 200
    assert put(erp, ORDER, paper("10"))["over_limit"] is False
    assert put(erp, ORDER, paper("10", bill_to="C-2"))["over_limit"] is True


def test_a_document_names_the_operator_whose_check_last_let_it_pass(erp: httpx.Client) -> None:
    put(erp, ORDER, paper("10", processed_by="u1"))
    document = {"kind": "order", "number": "SO-1", "total": eur("10")}
    check = {"customer": "C-1", "document": document, "operator": {"id": "u2"}}
    answer = erp.post("/v1/check", json=check)
    assert answer.json()["decision"] == "allow", answer.text
    assert erp.get(ORDER).json()["processed_by"] == "u2"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"customer": None}, ("/customer", "wrong_type")),
        ({"total": None}, ("/total", "wrong_type")),
        ({"total": {"amount": 10, "currency": "EUR"}}, ("/total/amount", "wrong_type")),
        ({"total": {"amount": "10.001", "currency": "EUR"}}, ("/total/amount", "too_many_decimals")),
        ({"total": {"amount": "10", "currency": "XXX"}}, ("/total/currency", "unknown_currency")),
        ({"open_amount": {"amount": "1", "currency": "USD"}}, ("/open_amount", "other_currency")),
        ({"open_amount": eur("-1")}, ("/open_amount", "opposite_sign")),
        ({"prepaid": {"amount": "1", "currency": "USD"}}, ("/prepaid", "other_currency")),
        ({"prepaid": eur("-1")}, ("/prepaid", "out_of_range")),
        ({"version": -1}, ("/version", "out_of_range")),
        ({"version": 2**63}, ("/version", "out_of_range")),
        ({"version": True}, ("/version", "wrong_type")),
        ({"version": 1.0}, ("/version", "wrong_type")),
        ({"printed": "true"}, ("/printed", "wrong_type")),
        ({"date": "22.11.2026"}, ("/date", "invalid_date")),
        ({"due_date": "9999-12-31"}, ("/due_date", "out_of_range")),
        ({"site": ""}, ("/site", "invalid_identifier")),
        ({"follows": [{"kind": "order", "number": "SO-1"}]}, ("/follows/0", "duplicate")),
        ({"follows": [{"kind": "quotation", "number": "1"}] * 2}, ("/follows/1", "duplicate")),
        ({"follows": [{"kind": "bill", "number": "1"}]}, ("/follows/0/kind", "not_allowed")),
        ({"posted": True}, ("/posted", "unknown_field")),
        ({"invoiced": True}, ("/invoiced", "unknown_field")),
        ({"kind": "order"}, ("/kind", "unknown_field")),
        ({"deleted": True}, ("/deleted", "unknown_field")),
    ],
    ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else "",
)
def test_a_slip_is_refused_with_its_place_and_changes_nothing(
    erp: httpx.Client, fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    put(erp, ORDER, paper("10"))
    assert complaints(erp.put(ORDER, json=paper(**fields))) == {expected}
    assert erp.get(ORDER).json()["total"] == eur("10.00")


@pytest.mark.parametrize("missing", ["customer", "total"])
def test_customer_and_total_are_required(erp: httpx.Client, missing: str) -> None:
    body = paper()
    del body[missing]
    assert complaints(erp.put(ORDER, json=body)) == {(f"/{missing}", "required")}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("order", {"fulfilled": True}),
        ("order", {"force_fulfilled": True}),
        ("delivery", {"invoiced": True}),
        ("invoice", {"posted": True}),
        ("invoice", {"cancelled": True}),
    ],
)
def test_a_document_done_with_counts_no_more(erp: httpx.Client, kind: str, field: dict[str, bool]) -> None:
    put(erp, f"/v1/documents/{kind}/1", paper("10"))
    assert len(exposure(erp)) == 1
    put(erp, f"/v1/documents/{kind}/1", paper("10", **field))
    assert exposure(erp) == {}


def test_an_invoice_cannot_have_been_presented_tomorrow(erp: httpx.Client) -> None:
    answer = erp.put("/v1/documents/invoice/1", json=paper(presented_on="2999-01-01"))
    assert complaints(answer) == {("/presented_on", "in_the_future")}


@pytest.mark.parametrize("path", ["/v1/documents/bill/1", "/v1/ledger/order/1", "/v1/documents/orders/1"])
def test_a_kind_that_does_not_exist_is_refused(erp: httpx.Client, path: str) -> None:
    for answer in (erp.put(path, json=paper()), erp.get(path), erp.delete(path)):
        assert complaints(answer) == {("path/kind", "not_allowed")}


def test_company_in_query_and_body_must_agree(erp: httpx.Client) -> None:
    put(erp, ORDER, paper("1", company="north"), company="north")
    put(erp, ORDER, paper("2"), company="north")
    put(erp, ORDER, paper("3"))
    assert erp.get(ORDER, params={"company": "north"}).json()["total"] == eur("2.00")
    assert erp.get(ORDER).json()["total"] == eur("3.00")
    answer = erp.put(ORDER, json=paper(company="south"), params={"company": "north"})
    assert complaints(answer) == {("/company", "company_mismatch")}


def test_another_tenants_document_is_not_found(erp: httpx.Client, site: Site) -> None:
    put(erp, ORDER, paper())
    with site.caller("stranger", "ingest") as stranger:
        assert stranger.get(ORDER).status_code == 404
        assert stranger.delete(ORDER).status_code == 404
        assert put(stranger, ORDER, paper(), company="main")["status"] == "created"
        stranger.delete(ORDER)
    assert erp.get(ORDER).status_code == 200


def test_feeding_needs_the_scope_and_the_company(site: Site, acme: str) -> None:
    with site.caller(acme, "check", "policy") as curious:
        for answer in (curious.put(ORDER, json=paper()), curious.get(ORDER), curious.delete(ORDER)):
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    with site.caller(acme, "ingest", companies=frozenset({"north"})) as northern:
        assert northern.put(ORDER, json=paper()).json()["code"] == "company_forbidden"
        put(northern, ORDER, paper(company="north"))
        assert northern.get(ORDER).status_code == 403
