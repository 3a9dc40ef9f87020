"""A feed that states documents again as they are leaves the reservation of an edit that is still to come."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api.feeds.bodies import NDJSON, ndjson
from tests.scenarios.erp import Erp, asked, counted
from tests.scenarios.reserving import exposure, reserve, resolve, status
from tests.service import JSON, eur, ok

INVOICE = {"kind": "invoice", "number": "I-1"}


def test_stating_it_again_leaves_the_reservation_of_an_edit(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.store("order", "SO-1", "500.00")
    granted = reserve(erp, "order", "800.00", "SO-1")
    answer = erp.store("order", "SO-1", "500.00")
    assert answer["status"] == "unchanged"
    assert answer["reservation"] == {
        "id": granted["id"], "status": "held", "amount": eur("800.00"), "exceeded": False,
    }  # fmt: skip
    assert status(erp, granted) == "held"
    assert counted(erp.exposure()) == {"orders": "500.00", "reservations": "300.00"}
    assert erp.check("order", "300.00")["decision"] == "block"
    erp.store("order", "SO-1", "800.00")
    assert status(erp, granted) == "consumed"
    assert counted(erp.exposure()) == {"orders": "800.00"}


def test_it_can_be_captured_released_and_extended_afterwards(erp: Erp) -> None:
    for number, how, body in (
        ("1", "capture", None),
        ("2", "release", None),
        ("3", "extend", {"ttl_seconds": 60}),
    ):
        erp.store("order", number, "100.00")
        granted = reserve(erp, "order", "150.00", number)
        erp.store("order", number, "100.00")
        ok(resolve(erp, granted, how, body))
    assert counted(erp.exposure()) == {"orders": "300.00", "reservations": "100.00"}


def test_a_stream_and_its_version_sent_again_leave_it_too(erp: Erp) -> None:
    order = {"kind": "order", "number": "SO-1", "customer": "C-1", "total": eur("500.00"), "version": 3}
    stream(erp, order)
    granted = reserve(erp, "order", "800.00", "SO-1")
    assert stream(erp, order)["unchanged"] == 1
    assert status(erp, granted) == "held"
    assert stream(erp, order | {"total": eur("600.00"), "version": 4})["accepted"] == 1
    assert status(erp, granted) == "consumed"
    assert counted(erp.exposure()) == {"orders": "600.00"}


def test_a_newer_version_ends_it_whatever_it_says(erp: Erp) -> None:
    erp.store("order", "SO-1", "500.00", version=3)
    granted = reserve(erp, "order", "800.00", "SO-1")
    assert erp.store("order", "SO-1", "500.00", version=4)["status"] == "unchanged"
    assert status(erp, granted) == "consumed"


@pytest.mark.parametrize("total", ["500.00", "300.00"])
def test_nothing_more_is_to_come_where_no_more_was_reserved_than_is_stored(erp: Erp, total: str) -> None:
    erp.store("order", "SO-1", "500.00")
    granted = reserve(erp, "order", total, "SO-1")
    assert erp.store("order", "SO-1", "500.00")["reservation"]["status"] == "consumed"
    assert status(erp, granted) == "consumed"
    assert counted(erp.exposure()) == {"orders": "500.00"}


def test_nor_where_no_more_was_captured(erp: Erp) -> None:
    erp.store("order", "SO-1", "500.00")
    granted = reserve(erp, "order", "800.00", "SO-1")
    ok(resolve(erp, granted, "capture", {"amount": eur("500.00")}))
    erp.store("order", "SO-1", "500.00")
    assert status(erp, granted) == "consumed"


def test_where_others_take_of_it_it_stays_and_adds_nothing(erp: Erp) -> None:
    erp.store("order", "SO-1", "500.00")
    erp.store("delivery", "DN-1", "200.00", follows=[("order", "SO-1")])
    granted = reserve(erp, "order", "500.00", "SO-1")
    erp.store("order", "SO-1", "500.00")
    assert status(erp, granted) == "held"
    assert counted(erp.exposure()) == {"orders": "300.00", "deliveries": "200.00"}


@pytest.mark.parametrize(
    ("stored", "edit"),
    [
        ({}, {"customer": "C-2"}),
        ({}, {"bill_to": "C-2"}),
        ({"fulfilled": True}, {}),
    ],
)
def test_the_same_amount_elsewhere_is_still_to_come(
    erp: Erp, stored: dict[str, Any], edit: dict[str, Any]
) -> None:
    erp.customer("C-2")
    erp.store("order", "SO-1", "500.00", **stored)
    granted = reserve(erp, "order", "500.00", "SO-1", **edit)
    erp.store("order", "SO-1", "500.00", **stored)
    assert status(erp, granted) == "held"
    erp.store("order", "SO-1", "500.00", **edit)
    assert status(erp, granted) == "consumed"


def test_what_was_changed_since_has_ended_it_however_often_it_is_stated(erp: Erp) -> None:
    erp.store("order", "SO-1", "500.00")
    erp.store("order", "SO-1", "500.00")
    granted = reserve(erp, "order", "800.00", "SO-1")
    erp.store("order", "SO-1", "800.00")
    erp.store("order", "SO-1", "800.00")
    assert status(erp, granted) == "consumed"
    assert counted(erp.exposure()) == {"orders": "800.00"}


def test_items_stated_again_say_nothing_of_an_invoice_that_grows(erp: Erp) -> None:
    erp.store("invoice", "I-1", "100.00")
    erp.store("open_item", "R-1", "100.00", document=INVOICE, open_amount="0.00")
    granted = reserve(erp, "invoice", "150.00", "I-1")
    assert counted(erp.exposure()) == {"reservations": "150.00"}
    erp.store("open_item", "R-1", "100.00", document=INVOICE, open_amount="0.00")
    assert status(erp, granted) == "held"
    assert counted(erp.exposure()) == {"reservations": "150.00"}


def test_an_invoice_in_the_ledger_ends_with_its_payment_whatever_is_stated_again(erp: Erp) -> None:
    erp.store("invoice", "I-1", "100.00")
    erp.store("open_item", "R-1", "100.00", document=INVOICE)
    granted = reserve(erp, "invoice", "100.00", "I-1")
    ok(resolve(erp, granted, "capture"))
    erp.store("payment", "P-1", "100.00", allocations=[{"item": "R-1", "amount": eur("100.00")}])
    erp.store("open_item", "R-1", "100.00", document=INVOICE)
    assert counted(erp.exposure()) == {}
    erp.store("invoice", "I-1", "100.00")
    assert status(erp, granted) == "consumed"


def test_what_is_stored_but_does_not_count_is_still_to_come(erp: Erp) -> None:
    erp.policy(orders={"require_confirmed": True})
    erp.store("order", "SO-1", "500.00")
    granted = reserve(erp, "order", "500.00", "SO-1")
    erp.store("order", "SO-1", "500.00")
    assert counted(erp.exposure()) == {"reservations": "500.00"}
    erp.store("order", "SO-1", "500.00", confirmed=True)
    assert status(erp, granted) == "consumed"
    assert counted(erp.exposure()) == {"orders": "500.00"}


@pytest.mark.parametrize("total", ["300.00", "200.00"])
def test_a_link_that_goes_is_still_to_go(erp: Erp, total: str) -> None:
    erp.store("order", "SO-1", "300.00")
    erp.store("delivery", "DN-1", "300.00", follows=[("order", "SO-1")])
    granted = reserve(erp, "delivery", total, "DN-1")
    before = exposure(erp)
    assert before == 300 + Decimal(total)
    erp.store("delivery", "DN-1", "300.00", follows=[("order", "SO-1")])
    assert (status(erp, granted), exposure(erp)) == ("held", before)


def test_an_edit_that_was_captured_and_is_not_made_ends_when_the_document_is_stated_again(erp: Erp) -> None:
    erp.store("order", "SO-1", "500.00")
    granted = reserve(erp, "order", "800.00", "SO-1")
    erp.store("order", "SO-1", "500.00")
    ok(resolve(erp, granted, "capture"))
    assert counted(erp.exposure()) == {"orders": "500.00", "reservations": "300.00"}
    erp.store("order", "SO-1", "500.00")
    assert status(erp, granted) == "consumed"
    assert counted(erp.exposure()) == {"orders": "500.00"}


def test_several_are_reserved_together_each_for_itself(erp: Erp) -> None:
    erp.store("order", "SO-1", "500.00")
    erp.store("order", "SO-2", "500.00")
    totals = {"SO-1": "800.00", "SO-2": "500.00", "SO-3": "100.00"}
    checks = [asked("order", total, number, reserve={"ttl_seconds": 900}) for number, total in totals.items()]
    results = ok(erp.caller.post("/v1/checks", json={"checks": checks}))["results"]
    for number, result in zip(totals, results, strict=True):
        erp.store("order", number, "500.00" if number != "SO-3" else "100.00")
        assert status(erp, result["reservation"]) == ("held" if number == "SO-1" else "consumed")


def stream(erp: Erp, order: JSON) -> Any:
    """Send an order as a stream does."""
    return ok(erp.caller.post("/v1/documents:import", content=ndjson([order]), headers=NDJSON))


def test_an_order_that_a_delivery_not_confirmed_yet_will_follow_is_still_to_come(erp: Erp) -> None:
    erp.policy(deliveries={"require_confirmed": True})
    erp.store("order", "O", "500.00")
    erp.store("delivery", "D", "800.00")
    reserve(erp, "delivery", "800.00", "D", follows=[("order", "O")])
    granted = reserve(erp, "order", "600.00", "O")
    erp.store("order", "O", "500.00")
    assert status(erp, granted) == "held"
