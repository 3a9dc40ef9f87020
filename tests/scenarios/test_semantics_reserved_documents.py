"""What is reserved is never counted beside the papers it stands for: edits and follow-on documents."""

import time
from decimal import Decimal

import pytest

from tests.api.feeds.bodies import item
from tests.api.feeds.snapshots import snapshot
from tests.scenarios.erp import Erp, counted, figures
from tests.scenarios.reserving import reserve, resolve, status
from tests.service import eur, ok

INVOICE = {"kind": "invoice", "number": "I-1"}


def test_an_edit_is_reserved_for_what_it_adds_to_the_stored_document(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.store("order", "SO-1", "500.00")
    assert reserve(erp, "order", "800.00", "SO-1")["amount"] == eur("800.00")
    assert counted(erp.exposure()) == {"orders": "500.00", "reservations": "300.00"}
    assert erp.check("order", "300.00")["decision"] == "block"
    erp.store("order", "SO-1", "800.00")
    assert counted(erp.exposure()) == {"orders": "800.00"}


def test_a_smaller_edit_frees_nothing_before_it_is_stored(erp: Erp) -> None:
    erp.store("order", "SO-1", "500.00")
    reserve(erp, "order", "200.00", "SO-1")
    assert counted(erp.exposure()) == {"orders": "500.00"}


def test_an_edit_is_reserved_in_full_where_the_stored_document_does_not_count(erp: Erp) -> None:
    erp.policy(orders={"require_confirmed": True})
    erp.store("order", "SO-1", "500.00")
    reserve(erp, "order", "800.00", "SO-1")
    assert counted(erp.exposure()) == {"reservations": "800.00"}


def test_a_reserved_delivery_is_not_counted_beside_its_order(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.store("order", "SO-1", "900.00")
    granted = reserve(erp, "delivery", "600.00", "DN-1", follows=[("order", "SO-1")])
    assert granted["amount"] == eur("600.00")
    assert counted(erp.exposure()) == {"orders": "900.00"}
    erp.store("delivery", "DN-1", "600.00", follows=[("order", "SO-1")])
    assert counted(erp.exposure()) == {"orders": "300.00", "deliveries": "600.00"}


def test_a_reserved_delivery_counts_in_full_once_its_order_is_closed(erp: Erp) -> None:
    erp.store("order", "SO-1", "600.00")
    reserve(erp, "delivery", "600.00", "DN-1", follows=[("order", "SO-1")])
    erp.store("order", "SO-1", "600.00", fulfilled=True)
    assert counted(erp.exposure()) == {"reservations": "600.00"}


def test_several_reserved_deliveries_take_no_more_of_an_order_than_there_is(erp: Erp) -> None:
    erp.store("order", "SO-1", "1000.00")
    for number in ("DN-1", "DN-2"):
        reserve(erp, "delivery", "600.00", number, follows=[("order", "SO-1")])
    assert sum(Decimal(amount) for amount in counted(erp.exposure()).values()) == Decimal("1200.00")
    for number in ("DN-2", "DN-1"):
        erp.store("delivery", number, "600.00", follows=[("order", "SO-1")])
        assert sum(Decimal(amount) for amount in counted(erp.exposure()).values()) == Decimal("1200.00")


def test_another_delivery_of_the_same_order_sees_what_is_left_of_it(erp: Erp) -> None:
    erp.store("order", "SO-1", "1000.00")
    reserve(erp, "delivery", "600.00", "DN-1", follows=[("order", "SO-1")])
    second = erp.check("delivery", "600.00", follows=[("order", "SO-1")])
    assert figures(second) == ("600.00", "600.00", "1200.00")


def test_a_delivery_is_not_counted_beside_the_reservation_of_its_order(erp: Erp) -> None:
    erp.account(limit="1000.00")
    reserve(erp, "order", "900.00", "SO-1")
    follows = [("order", "SO-1")]
    assert figures(erp.check("delivery", "600.00", follows=follows)) == ("300.00", "600.00", "900.00")
    reserve(erp, "delivery", "600.00", "DN-1", follows=follows)
    assert counted(erp.exposure()) == {"reservations": "900.00"}
    erp.store("delivery", "DN-1", "600.00", follows=follows)
    assert counted(erp.exposure()) == {"deliveries": "600.00", "reservations": "300.00"}
    erp.store("order", "SO-1", "900.00")
    assert counted(erp.exposure()) == {"deliveries": "600.00", "orders": "300.00"}


def test_an_order_is_checked_beside_the_reserved_delivery_made_from_it(erp: Erp) -> None:
    erp.store("order", "SO-1", "900.00")
    reserve(erp, "delivery", "600.00", "DN-1", follows=[("order", "SO-1")])
    assert figures(erp.check("order", "1000.00", "SO-1")) == ("600.00", "400.00", "1000.00")


def test_what_the_erp_states_of_the_order_afterwards_wins(erp: Erp) -> None:
    erp.store("order", "SO-1", "900.00", open_amount="900.00")
    reserve(erp, "delivery", "600.00", "DN-1", follows=[("order", "SO-1")])
    assert counted(erp.exposure()) == {"orders": "900.00"}
    erp.store("order", "SO-1", "900.00", open_amount="300.00")
    assert counted(erp.exposure()) == {"orders": "300.00", "reservations": "600.00"}


def test_a_part_captured_of_a_delivery_takes_that_part_of_its_order(erp: Erp) -> None:
    erp.store("order", "SO-1", "1000.00")
    granted = reserve(erp, "delivery", "600.00", "DN-1", follows=[("order", "SO-1")])
    ok(resolve(erp, granted, "capture", {"amount": eur("200.00")}))
    assert counted(erp.exposure()) == {"orders": "1000.00"}
    assert figures(erp.check("delivery", "800.00", follows=[("order", "SO-1")])) == (
        "200.00",
        "800.00",
        "1000.00",
    )


def test_a_policy_may_leave_reservations_out(erp: Erp) -> None:
    erp.policy(categories={"reservations": False})
    erp.store("order", "SO-1", "500.00")
    reserve(erp, "order", "800.00", "SO-1")
    reserve(erp, "delivery", "300.00", "DN-1", follows=[("order", "SO-1")])
    assert counted(erp.exposure()) == {"orders": "500.00"}
    assert figures(erp.check("order", "900.00", "SO-1")) == ("0.00", "900.00", "900.00")


def test_a_reservation_counts_in_full_where_its_stored_document_is_held_and_does_not_count(erp: Erp) -> None:
    erp.policy(count_held=False)
    erp.account(limit="1000.00")
    erp.store("order", "SO-1", "500.00")
    reserve(erp, "order", "600.00", "SO-1")
    assert counted(erp.exposure()) == {"orders": "500.00", "reservations": "100.00"}
    assert erp.check("order", "5000.00", "SO-1")["hold"]["status"] == "open"
    assert counted(erp.exposure()) == {"reservations": "600.00"}


@pytest.mark.parametrize("captured", [False, True])
def test_an_invoice_that_only_the_ledger_tells_of_is_not_counted_beside_its_reservation(
    erp: Erp, *, captured: bool
) -> None:
    granted = reserve(erp, "invoice", "100.00", "I-1")
    if captured:
        ok(resolve(erp, granted, "capture"))
    erp.store("open_item", "R-1", "100.00", document=INVOICE)
    assert counted(erp.exposure()) == {"open_items": "100.00"}
    assert status(erp, granted) == "consumed"
    assert resolve(erp, granted, "release").status_code == 409

    erp.store("invoice", "I-1", "100.00")
    assert counted(erp.exposure()) == {"open_items": "100.00"}
    ok(erp.caller.delete("/v1/ledger/open_item/R-1"))
    assert counted(erp.exposure()) == {"invoices": "100.00"}


def test_a_snapshot_tells_of_invoices_as_well(erp: Erp) -> None:
    granted = reserve(erp, "invoice", "100.00", "I-1")
    posted = item("R-1", "100.00", document=INVOICE)
    assert snapshot(erp.caller, posted, source="ledger") == {"added": 1}
    assert counted(erp.exposure()) == {"open_items": "100.00"}
    assert status(erp, granted) == "consumed"


def test_an_item_that_names_the_invoice_later_ends_its_reservation_and_one_that_did_before_does_not(
    erp: Erp,
) -> None:
    erp.store("open_item", "R-1", "100.00", document=INVOICE)
    granted = reserve(erp, "invoice", "150.00", "I-1")
    assert status(erp, granted) == "held"
    erp.store("open_item", "R-1", "100.00", due_date="2025-07-01", document=INVOICE)
    assert status(erp, granted) == "held"
    erp.store("open_item", "R-2", "50.00", document=INVOICE)
    assert status(erp, granted) == "consumed"
    assert counted(erp.exposure()) == {"open_items": "150.00"}


def test_an_item_posted_after_the_time_was_up_consumes_nothing(erp: Erp) -> None:
    granted = reserve(erp, "invoice", "100.00", "I-1", seconds=1)
    time.sleep(1.1)
    erp.store("open_item", "R-1", "100.00", document=INVOICE)
    assert status(erp, granted) == "expired"
    assert counted(erp.exposure()) == {"open_items": "100.00"}
