"""Reservations in chains of documents that come in another order, move or shrink: nothing is freed early."""

from decimal import Decimal

import pytest

from tests.scenarios.erp import Erp, counted, figures
from tests.scenarios.reserving import exposure, reserve, resolve, status
from tests.service import JSON, eur, ok

OF_THE_ORDER = [("order", "O")]
OF_THE_DELIVERY = [("delivery", "D")]
INVOICE = {"kind": "invoice", "number": "V"}


def test_what_a_delivery_took_of_a_closed_order_is_no_room_in_another_one(erp: Erp) -> None:
    erp.store("order", "O", "100.00")
    erp.store("delivery", "D", "100.00", follows=OF_THE_ORDER)
    erp.store("order", "O", "100.00", fulfilled=True)
    erp.store("order", "O-2", "200.00")
    reserve(erp, "delivery", "100.00", "D", follows=[("order", "O-2")])
    assert counted(erp.exposure()) == {"orders": "200.00", "deliveries": "100.00"}


def test_what_a_delivery_took_of_an_unknown_order_is_no_room_in_another_one(erp: Erp) -> None:
    erp.store("delivery", "D", "100.00", follows=OF_THE_ORDER)
    erp.store("order", "O-2", "200.00")
    reserve(erp, "delivery", "100.00", "D", follows=[("order", "O-2")])
    assert exposure(erp) == 300


def test_what_a_delivery_took_of_another_account_is_no_room_in_this_one(erp: Erp) -> None:
    erp.store("order", "O", "100.00", customer="C-2")
    erp.store("delivery", "D", "100.00", follows=OF_THE_ORDER)
    erp.store("order", "O-2", "200.00")
    reserve(erp, "delivery", "100.00", "D", follows=[("order", "O-2")])
    assert exposure(erp) == 300


def test_a_delivery_that_comes_after_its_invoice_frees_nothing_of_its_order(erp: Erp) -> None:
    erp.store("invoice", "I", "400.00", follows=OF_THE_DELIVERY)
    erp.store("order", "O", "300.00")
    assert figures(erp.check("delivery", "400.00", "D", follows=OF_THE_ORDER))[2] == "400.00"
    reserve(erp, "delivery", "400.00", "D", follows=OF_THE_ORDER)
    assert exposure(erp) == 700
    erp.store("delivery", "D", "400.00", follows=OF_THE_ORDER)
    assert exposure(erp) == 400


def test_an_invoice_that_comes_before_its_reserved_delivery_counts_beside_the_order(erp: Erp) -> None:
    erp.store("order", "O", "300.00")
    granted = reserve(erp, "delivery", "400.00", "D", follows=OF_THE_ORDER)
    assert exposure(erp) == 400
    erp.store("invoice", "I", "400.00", follows=OF_THE_DELIVERY)
    assert exposure(erp) == 700
    ok(resolve(erp, granted, "release"))
    assert exposure(erp) == 700
    erp.store("delivery", "D", "400.00", follows=OF_THE_ORDER)
    assert exposure(erp) == 400


def test_a_link_that_moves_from_what_is_taken_twice_frees_no_more_than_comes_back(erp: Erp) -> None:
    erp.store("delivery", "D", "300.00")
    erp.store("order", "O", "250.00")
    erp.store("invoice", "I", "300.00", follows=OF_THE_ORDER)
    reserve(erp, "invoice", "50.00", "I", follows=[("delivery", "D", "150.00")])
    assert exposure(erp) == 600


@pytest.mark.parametrize("order", ["stored", "reserved"])
def test_a_delivery_corrected_after_its_invoice_gives_its_order_back_what_it_no_longer_takes(
    erp: Erp, order: str
) -> None:
    if order == "stored":
        erp.store("order", "O", "300.00")
    else:
        reserve(erp, "order", "300.00", "O")
    erp.store("delivery", "D", "200.00", follows=OF_THE_ORDER)
    erp.store("invoice", "I", "200.00", follows=OF_THE_DELIVERY)
    answer = erp.check("delivery", "100.00", "D", follows=OF_THE_ORDER, reserve={"ttl_seconds": 900})
    assert answer["exposure"]["projected"] == "400.00"
    assert exposure(erp) == 400
    erp.store("delivery", "D", "100.00", follows=OF_THE_ORDER)
    assert exposure(erp) == 400


@pytest.mark.parametrize(
    ("captured", "left"),
    [("950.00", "950.00"), ("900.00", "900.00"), ("500.00", "900.00"), ("100.00", "900.00")],
)
def test_what_is_not_captured_is_given_back_by_a_delivery_as_well(erp: Erp, captured: str, left: str) -> None:
    erp.store("order", "O", "900.00")
    granted = reserve(erp, "delivery", "1000.00", "D", follows=[("order", "O", "900.00")])
    assert exposure(erp) == 1000
    ok(resolve(erp, granted, "capture", {"amount": eur(captured)}))
    assert exposure(erp) == Decimal(left)
    erp.store("delivery", "D", captured, follows=OF_THE_ORDER)
    assert exposure(erp) == Decimal(left)


def test_a_part_that_is_captured_for_another_member_adds_nothing_to_the_group(erp: Erp) -> None:
    erp.policy(grouping="credit_group")
    erp.put("/v1/credit-groups/G", {"limit": eur("500.00")})
    for customer in ("C-1", "C-2"):
        erp.customer(customer, credit_group="G")
    erp.store("order", "O", "500.00")
    erp.store("delivery", "D", "300.00", follows=OF_THE_ORDER)
    granted = reserve(erp, "delivery", "500.00", "D", customer="C-2", follows=OF_THE_ORDER)
    assert _of_the_group(erp) == "500.00"
    ok(resolve(erp, granted, "capture", {"amount": eur("250.00")}))
    assert _of_the_group(erp) == "500.00"


def _of_the_group(erp: Erp) -> str:
    answer = erp.check("order", "0.01")
    (group,) = [each["current"] for each in answer["limits"] if each["source"] == "group"]
    assert isinstance(group, str)
    return group


@pytest.mark.parametrize("captured", [False, True])
@pytest.mark.parametrize("end", [{"settled_on": "2025-06-01"}, {"open_amount": eur("0.00")}])
def test_an_invoice_that_is_paid_in_the_ledger_is_reserved_no_more(
    erp: Erp, end: JSON, *, captured: bool
) -> None:
    _reserve_a_posted_invoice(erp, captured=captured)
    erp.store("open_item", "L", "700.00", document=INVOICE, **end)
    assert exposure(erp) == 0


@pytest.mark.parametrize("captured", [False, True])
def test_a_reserved_invoice_that_is_gone_from_the_ledger_is_consumed(erp: Erp, *, captured: bool) -> None:
    granted = _reserve_a_posted_invoice(erp, captured=captured)
    ok(erp.caller.delete("/v1/ledger/open_item/L"))
    assert status(erp, granted) == "consumed"
    assert exposure(erp) == 0


def _reserve_a_posted_invoice(erp: Erp, *, captured: bool) -> JSON:
    erp.store("open_item", "L", "700.00", document=INVOICE)
    granted = reserve(erp, "invoice", "700.00", "V")
    if captured:
        ok(resolve(erp, granted, "capture"))
    assert exposure(erp) == 700
    return granted


@pytest.mark.parametrize(
    ("stored", "kind", "total", "follows", "expected"),
    [
        ({"D1": "76.00", "D2": "100.00"}, "invoice", "176.00", ["D1", "D2"], "176.00"),
        ({"D1": "50.00", "D2": "50.00", "D3": "50.00"}, "invoice", "150.00", ["D1", "D2", "D3"], "150.00"),
        ({"D1": "76.00", "D3": "279.00"}, "invoice", "232.00", ["D1", ("D3", "61.00")], "450.00"),
        ({"D1": "114.00"}, "invoice", "91.00", ["D0", "D1"], "114.00"),
        ({"D1": "100.00", "D2": "30.00"}, "invoice", "20.00", ["D1", "D2"], "130.00"),
    ],
)
@pytest.mark.parametrize("reserved", [False, True])
def test_a_collective_document_takes_of_each_what_there_is(
    erp: Erp,
    stored: dict[str, str],
    *,
    kind: str,
    total: str,
    follows: list[str | tuple[str, str]],
    expected: str,
    reserved: bool,
) -> None:
    for number, amount in stored.items():
        if reserved:
            reserve(erp, "delivery", amount, number)
        else:
            erp.store("delivery", number, amount)
    links = [("delivery", each) if isinstance(each, str) else ("delivery", *each) for each in follows]
    answer = erp.check(kind, total, "I", follows=links, reserve={"ttl_seconds": 900})
    assert exposure(erp) == max(Decimal(answer["exposure"]["projected"]), Decimal(expected))
    erp.store(kind, "I", total, follows=links)
    assert exposure(erp) == Decimal(answer["exposure"]["projected"]) <= Decimal(expected)


def test_a_closed_delivery_leaves_the_others_as_much_as_they_would_give(erp: Erp) -> None:
    erp.store("delivery", "D0", "100.00", invoiced=True)
    erp.store("delivery", "D1", "150.00")
    reserve(erp, "invoice", "150.00", "I", follows=[("delivery", "D0"), ("delivery", "D1")])
    assert exposure(erp) == 150


@pytest.mark.parametrize("reserved", [False, True])
def test_a_credit_note_takes_nothing_of_a_delivery_but_lowers(erp: Erp, *, reserved: bool) -> None:
    if reserved:
        reserve(erp, "delivery", "196.00", "D")
    else:
        erp.store("delivery", "D", "196.00")
    note = erp.check("invoice", "-10.00", "N", follows=OF_THE_DELIVERY)
    assert figures(note) == ("196.00", "-10.00", "186.00")
    erp.store("invoice", "N", "-10.00", follows=OF_THE_DELIVERY)
    assert exposure(erp) == 186
    assert figures(erp.check("invoice", "-20.00", "N", follows=OF_THE_DELIVERY))[2] == "176.00"


@pytest.mark.parametrize("first", ["unknown", "reserved", "closed", "smaller"])
def test_a_check_of_what_a_reserved_document_follows_leaves_to_it_what_others_do_not_give(
    erp: Erp, first: str
) -> None:
    erp.account(limit="999.00")
    links = [("order", "O-1"), ("order", "O-2")]
    erp.store("order", "O-2", "500.00")
    if first == "reserved":
        reserve(erp, "order", "100.00", "O-1")
    elif first != "unknown":
        erp.store("order", "O-1", "100.00", fulfilled=first == "closed")
    reserve(erp, "delivery", "500.00", "D", follows=links)
    answer = erp.check("order", "500.00", "O-1", reserve={"ttl_seconds": 900})
    assert (answer["exposure"]["projected"], answer["decision"]) == ("1000.00", "block")


def test_what_a_reserved_delivery_gives_back_is_taken_by_the_next_one_before_anything_else(erp: Erp) -> None:
    for number in ("O", "O-2", "O-4"):
        erp.store("order", number, "100.00")
    erp.store("delivery", "D1", "100.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "100.00", "D1", follows=[("order", "O-2")])
    assert exposure(erp) == 300
    reserve(erp, "delivery", "100.00", "D2", follows=[("order", "O"), ("order", "O-4")])
    assert exposure(erp) == 300


def test_what_the_checked_delivery_gives_back_is_taken_by_a_reserved_one_before_anything_else(
    erp: Erp,
) -> None:
    for number in ("O", "O-4"):
        erp.store("order", number, "100.00")
    erp.store("delivery", "D1", "100.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "100.00", "D2", follows=[("order", "O"), ("order", "O-4")])
    assert exposure(erp) == 200
    assert figures(erp.check("delivery", "100.00", "D1"))[2] == "300.00"
    reserve(erp, "delivery", "100.00", "D1")
    assert exposure(erp) == 300
    erp.store("delivery", "D1", "100.00")
    assert exposure(erp) == 300
