import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.api.feeds.bodies import eur, paper
from tests.api.feeds.calls import complaints, exposure, put

ITEM = "/v1/ledger/open_item/R-1"
BILL = "/v1/ledger/bill/B-1"


def bill(amount: str = "100.00", **fields: Any) -> dict[str, Any]:
    return paper(amount, **{"due_date": "2026-12-31", **fields})


FULL = {
    "open_item": paper(
        "100.00",
        date="2026-10-01",
        open_amount=eur("40.00"),
        due_date="2026-10-31",
        provisional=True,
        disputed=True,
        presented_on="2026-10-02",
        settled_on="2026-10-20",
        document={"kind": "invoice", "number": "I:1"},
        version=1,
        source="erp",
    ),
    "bill": bill(
        date="2026-10-01",
        state="presented",
        presentation="after_collection",
        bank_credited=True,
        posted_back=True,
        settled_on="2026-10-20",
        version=1,
        source="erp",
    ),
    "advance": paper(date="2026-10-01", effective_on="2027-01-01", version=1, source="erp"),
    "balance": paper("-100.00", date="2026-10-01", version=1, source="erp"),
    "payment": paper(
        date="2026-10-01",
        value_date="2026-10-02",
        allocations=[
            {"item": "R-1", "amount": eur("60.00")},
            {"item": "R-2", "amount": {"amount": "700", "currency": "JPY"}},
        ],
        version=1,
        source="erp",
    ),
    "other": paper(
        "-100.00",
        date="2026-10-01",
        open_amount=eur("-40.00"),
        due_date="2026-10-31",
        label="Consignment, Lager Süd",
        version=1,
        source="erp",
    ),
}


@pytest.mark.parametrize("kind", FULL)
def test_an_entry_is_shown_as_it_was_stated(erp: httpx.Client, kind: str) -> None:
    path = f"/v1/ledger/{kind}/{quote('1/2', safe='')}"
    put(erp, path, FULL[kind])
    shown = erp.get(path).json()
    assert shown.pop("stated_at").endswith("Z")
    assert shown == {**FULL[kind], "company": "main", "kind": kind, "id": "1/2"}
    del shown["kind"], shown["id"]
    assert put(erp, path, shown)["status"] == "unchanged"


@pytest.mark.parametrize("kind", FULL)
def test_fields_left_out_are_shown_with_their_default(erp: httpx.Client, kind: str) -> None:
    path = f"/v1/ledger/{kind}/1"
    put(erp, path, bill() if kind == "bill" else paper())
    shown = erp.get(path).json()
    assert set(shown) == {*FULL[kind], "company", "kind", "id", "stated_at"}
    assert shown["source"] == "default"
    assert shown.get("state") == ("issued" if kind == "bill" else None)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("open_item", paper("100", open_amount=eur("30")), {"open_items": "30.00"}),
        ("open_item", paper("-100"), {"open_items": "-100.00"}),
        ("open_item", paper("100", settled_on="2026-01-01"), {}),
        ("bill", bill("100"), {"bills": "100.00"}),
        ("bill", bill("100", state="returned"), {"unpaid_bills": "100.00"}),
        ("bill", bill("100", state="returned", posted_back=True), {}),
        ("bill", bill("100", state="settled"), {}),
        ("advance", paper("100", effective_on="2020-01-01"), {"advances": "-100.00"}),
        ("advance", paper("100"), {}),
        ("payment", paper("100", allocations=[{"item": "X", "amount": eur("60")}]), {"open_items": "-40.00"}),
        ("payment", paper("-100"), {"open_items": "100.00"}),
        ("other", paper("100"), {"other": "100.00"}),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else value,
)
def test_an_entry_counts_as_it_is_stated(
    erp: httpx.Client, kind: str, body: dict[str, Any], expected: dict[str, str]
) -> None:
    put(erp, f"/v1/ledger/{kind}/1", body)
    assert exposure(erp) == expected


def test_an_item_that_names_its_invoice_takes_the_invoice_out(erp: httpx.Client) -> None:
    put(erp, "/v1/documents/invoice/I-1", paper("50"))
    put(erp, ITEM, paper("50", document={"kind": "invoice", "number": "I-1"}))
    assert exposure(erp) == {"open_items": "50.00"}
    assert erp.delete(ITEM).json() == {"status": "deleted"}
    assert exposure(erp) == {"invoices": "50.00"}


def test_a_payment_lowers_the_items_it_settles_in_any_order_of_arrival(erp: httpx.Client) -> None:
    put(erp, "/v1/ledger/payment/P-1", paper("30", allocations=[{"item": "R-1", "amount": eur("30")}]))
    put(erp, ITEM, paper("100"))
    assert exposure(erp) == {"open_items": "70.00"}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (BILL, paper(), ("/due_date", "required")),
        (BILL, bill(state="presented"), ("/presentation", "required")),
        (BILL, bill(state="lost"), ("/state", "not_allowed")),
        (BILL, bill("-1"), ("/total", "out_of_range")),
        (BILL, bill(open_amount=eur("1")), ("/open_amount", "unknown_field")),
        ("/v1/ledger/advance/1", paper("-1"), ("/total", "out_of_range")),
        ("/v1/ledger/advance/1", paper(due_date="2026-01-01"), ("/due_date", "unknown_field")),
        ("/v1/ledger/balance/1", paper(open_amount=eur("1")), ("/open_amount", "unknown_field")),
        ("/v1/ledger/payment/1", paper(allocations=[{"item": "1"}]), ("/allocations/0/amount", "required")),
        ("/v1/ledger/other/1", paper(label="a\nb"), ("/label", "invalid_text")),
        (ITEM, paper(prepaid=eur("1")), ("/prepaid", "unknown_field")),
        (ITEM, paper(document="invoice:1"), ("/document", "wrong_type")),
        (ITEM, paper(open_amount=eur("-1")), ("/open_amount", "opposite_sign")),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_a_slip_is_refused_with_its_place(
    erp: httpx.Client, path: str, body: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert complaints(erp.put(path, json=body)) == {expected}
    assert erp.get(path).status_code == 404


@pytest.mark.parametrize("field", ["settled_on", "presented_on"])
def test_what_frees_credit_at_once_cannot_have_happened_tomorrow(erp: httpx.Client, field: str) -> None:
    # Where the day begins first it may be tomorrow already, but never the day after.
    today = datetime.now(UTC).date()
    answer = erp.put(ITEM, json=paper(**{field: (today + timedelta(days=2)).isoformat()}))
    assert complaints(answer) == {(f"/{field}", "in_the_future")}
    put(erp, ITEM, paper(**{field: today.isoformat()}))


def test_versions_and_deletion_work_as_for_documents(erp: httpx.Client) -> None:
    assert put(erp, ITEM, paper("1", version=2))["status"] == "created"
    assert put(erp, ITEM, paper("1", version=1))["status"] == "stale"
    assert erp.put(ITEM, json=paper("2", version=2)).json()["code"] == "version_conflict"
    assert erp.delete(ITEM, params={"version": 3}).json() == {"status": "deleted"}
    assert put(erp, ITEM, paper("1", version=3))["status"] == "stale"
    assert erp.delete("/v1/ledger/open_item/none").status_code == 404
