"""What one process has answered is in the very next check through another: papers and all kinds."""

from typing import Any

import pytest

from bench.trials.read_your_writes import alternate
from tests.api.feeds.bodies import CSV, item, ndjson
from tests.cli.neighbours import Alternation, current, deletes, imports, limit, two_doors
from tests.scenarios.erp import DAY, counted
from tests.service import JSON, Site, eur, ok


def test_documents_as_they_come_change_move_and_go(pair: Alternation) -> None:
    def stored(amount: str, **fields: Any) -> Any:
        return lambda erp: erp.store("order", "O-1", amount, **fields)

    pair.wrote(stored("100.00"), current, "100.00")
    pair.wrote(stored("70.00", open_amount="30.00"), current, "30.00")
    pair.wrote(stored("70.00", version=5), current, "70.00")
    pair.wrote(stored("80.00", version=6), current, "80.00")
    pair.wrote(
        lambda erp: erp.store("delivery", "D-1", "50.00", follows=[("order", "O-1")]),
        counted,
        {"orders": "30.00", "deliveries": "50.00"},
    )
    pair.wrote(stored("80.00", version=7, cancelled=True), counted, {"deliveries": "50.00"})
    pair.wrote(stored("80.00", version=8, customer="C-2"), current, "30.00", customer="C-2")
    pair.wrote(stored("80.00", version=9, customer="C-2", bill_to="C-1"), current, "80.00")
    pair.wrote(stored("80.00", version=10, customer="C-2"), current, "50.00")
    pair.wrote(deletes("/v1/documents/order/O-1", version=11), current, "0.00", customer="C-2")
    pair.wrote(deletes("/v1/documents/delivery/D-1"), current, "0.00")
    pair.wrote(stored("10.00", version=12), current, "10.00")
    pair.wrote(lambda erp: erp.store("invoice", "I-1", "5.00"), current, "15.00")
    pair.wrote(lambda erp: erp.store("invoice", "I-1", "5.00", posted=True), current, "10.00")


@pytest.mark.parametrize("version", [8, 9])
def test_what_is_stale_or_deleted_changes_nothing_anywhere(pair: Alternation, version: int) -> None:
    pair.wrote(lambda erp: erp.store("order", "O-1", "100.00", version=10), current, "100.00")
    stale = {"customer": "C-1", "total": eur("7.00"), "version": version}
    assert pair.writer.put("/v1/documents/order/O-1", stale)["status"] == "stale"
    assert [current(erp.check("order", "1.00")) for erp in (pair.reader, pair.writer)] == ["100.00"] * 2
    pair.wrote(deletes("/v1/documents/order/O-1", version=11), current, "0.00")
    assert pair.writer.put("/v1/documents/order/O-1", stale)["status"] == "stale"
    assert [current(erp.check("order", "1.00")) for erp in (pair.reader, pair.writer)] == ["0.00"] * 2


def test_ledger_entries_of_every_kind(pair: Alternation) -> None:
    def stored(kind: str, amount: str, **fields: Any) -> Any:
        return lambda erp: erp.store(kind, "L-1", amount, **fields)

    pair.wrote(stored("open_item", "100.00", due_date="2025-06-01"), counted, {"open_items": "100.00"})
    pair.wrote(
        stored("open_item", "100.00", due_date="2025-05-01"),
        lambda a: a["exposure"]["overdue"]["oldest_days"],
        60,
    )
    pair.wrote(
        stored("payment", "40.00", allocations=[{"item": "L-1", "amount": eur("40.00")}]), current, "60.00"
    )
    pair.wrote(stored("bill", "20.00", due_date="2025-09-01", state="issued"), current, "80.00")
    pair.wrote(stored("advance", "5.00", effective_on=DAY), current, "75.00")
    pair.wrote(stored("other", "3.00"), current, "78.00")
    pair.wrote(
        stored("open_item", "100.00", settled_on=DAY),
        lambda a: a["exposure"]["by_category"]["open_items"],
        "0.00",
    )
    pair.wrote(stored("balance", "500.00"), current, "500.00", **on_balances(pair))
    for kind in ("payment", "open_item", "bill", "advance", "other"):
        ok(pair.writer.caller.delete(f"/v1/ledger/{kind}/L-1"))
    pair.wrote(deletes("/v1/ledger/balance/L-1"), current, "0.00")


def on_balances(pair: Alternation) -> JSON:
    """Let what is counted come from ledger balances; nothing else has to be asked for it."""
    pair.writer.policy(
        balance_basis="ledger_balance", categories={"bills": False, "advances": False, "other": False}
    )
    return {}


def test_items_that_would_have_to_be_paid(pair: Alternation) -> None:
    def needed(answer: JSON) -> Any:
        payment = answer["remedy"]["payment_needed"]
        return payment and (payment["amount"], payment["items"])

    pair.writer.account(limit="100.00")
    large = {"total": "90.00", "kind": "invoice"}
    pair.wrote(
        lambda erp: erp.store("open_item", "P-2", "30.00", due_date="2025-08-01"),
        needed,
        ("20.00", ["P-2"]),
        **large,
    )
    pair.wrote(
        lambda erp: erp.store("open_item", "P-1", "30.00", due_date="2025-07-01"),
        needed,
        ("50.00", ["P-1", "P-2"]),
        **large,
    )
    pair.wrote(deletes("/v1/ledger/open_item/P-2"), needed, ("20.00", ["P-1"]), **large)


def test_streams_of_papers_and_of_master_data(pair: Alternation) -> None:
    order = {"kind": "order", "number": "O-1", "customer": "C-1", "total": eur("10.00")}
    pair.wrote(imports("/v1/documents:import", ndjson([order])), current, "10.00")
    pair.wrote(
        imports("/v1/documents:import", ndjson([order | {"total": eur("20.00")}]), atomic="true"),
        current,
        "20.00",
    )
    table = b"kind,id,customer,total,currency\nopen_item,I-1,C-1,4.00,EUR\nother,I-2,C-2,3.00,EUR\n"
    pair.wrote(imports("/v1/ledger:import", table, CSV), current, "24.00")
    pair.wrote(
        imports("/v1/ledger:import", ndjson([item("I-1", "4.00", customer="C-2")])),
        current,
        "7.00",
        customer="C-2",
    )
    pair.wrote(imports("/v1/documents:import", ndjson([order | {"deleted": True}])), current, "0.00")
    pair.wrote(imports("/v1/credit:import", ndjson([{"id": "C-1", "limit": eur("500.00")}])), limit, "500.00")
    pair.wrote(
        imports("/v1/customers:import", ndjson([{"id": "C-2", "risk_customer": "C-1"}])), current, "7.00"
    )


def test_snapshots_of_a_ledger(pair: Alternation) -> None:
    def taken(**amounts: str) -> Any:
        return imports(
            "/v1/ledger/snapshots", ndjson(item(name, amount) for name, amount in amounts.items()), source="s"
        )

    pair.wrote(taken(A="10.00", B="20.00"), current, "30.00")
    pair.wrote(taken(B="20.00", C="5.00"), current, "25.00")
    pair.wrote(lambda erp: erp.store("open_item", "B", "1.00", source="s"), current, "6.00")
    pair.wrote(taken(), current, "0.00")


def test_a_hundred_writes_of_all_kinds_are_each_in_the_next_check_of_every_account(
    sites: tuple[Site, Site], platform: str
) -> None:
    with two_doors(sites, platform) as (one, other):
        made = alternate(one, other, steps=100, seed=1)
    assert len(made) > 10
