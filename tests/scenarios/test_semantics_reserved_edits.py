"""Reserving for documents that are stored or follow others: nothing counts twice, and nothing is freed early.

Storing a document as it was reserved adds nothing to exposure.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.erp import Erp, counted, figures
from tests.scenarios.half_dollars import HALF, hundreds
from tests.scenarios.reserving import exposure, reserve, resolve
from tests.service import eur, ok

OF_THE_ORDER = [("order", "O")]


def test_a_stored_delivery_that_is_checked_again_takes_nothing_more_of_its_order(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.store("order", "O", "1000.00")
    erp.store("delivery", "D", "300.00", follows=OF_THE_ORDER)
    granted = reserve(erp, "delivery", "300.00", "D", follows=OF_THE_ORDER)
    assert counted(erp.exposure()) == {"orders": "700.00", "deliveries": "300.00"}
    assert erp.check("order", "300.00", "X", reserve={"ttl_seconds": 900})["decision"] == "block"
    ok(resolve(erp, granted, "capture"))
    assert exposure(erp) == 1000
    erp.store("delivery", "D", "300.00", follows=OF_THE_ORDER)
    assert exposure(erp) == 1000


@pytest.mark.parametrize("reserved_only", [False, True])
def test_a_larger_delivery_takes_more_of_its_order(erp: Erp, *, reserved_only: bool) -> None:
    if reserved_only:
        reserve(erp, "order", "1000.00", "O")
    else:
        erp.store("order", "O", "1000.00")
    erp.store("delivery", "D", "300.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "500.00", "D", follows=OF_THE_ORDER)
    assert exposure(erp) == 1000


def test_a_delivery_that_becomes_dearer_takes_as_much_as_before(erp: Erp) -> None:
    erp.store("order", "O", "1000.00")
    erp.store("delivery", "D", "300.00", follows=[("order", "O", "100.00")])
    reserve(erp, "delivery", "500.00", "D", follows=[("order", "O", "100.00")])
    assert counted(erp.exposure()) == {"orders": "900.00", "deliveries": "300.00", "reservations": "200.00"}


def test_an_invoice_that_is_checked_again_takes_nothing_more_of_its_delivery(erp: Erp) -> None:
    erp.store("delivery", "D", "1000.00")
    erp.store("invoice", "I", "400.00", follows=[("delivery", "D")])
    reserve(erp, "invoice", "400.00", "I", follows=[("delivery", "D")])
    assert exposure(erp) == 1000


def test_a_link_that_moves_gives_back_what_it_took(erp: Erp) -> None:
    erp.store("order", "O", "300.00")
    erp.store("order", "O2", "500.00")
    erp.store("delivery", "D", "300.00", follows=OF_THE_ORDER)
    assert exposure(erp) == 800
    reserve(erp, "delivery", "300.00", "D", follows=[("order", "O2")])
    assert exposure(erp) == 800
    erp.store("delivery", "D", "300.00", follows=[("order", "O2")])
    assert counted(erp.exposure()) == {"orders": "500.00", "deliveries": "300.00"}


def test_a_link_that_goes_leaves_room_for_what_comes_back(erp: Erp) -> None:
    erp.store("order", "O", "300.00")
    erp.store("delivery", "D", "300.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "300.00", "D")
    assert exposure(erp) == 600
    erp.store("delivery", "D", "300.00")
    assert exposure(erp) == 600


def test_a_smaller_delivery_leaves_room_for_nothing(erp: Erp) -> None:
    erp.store("order", "O", "1000.00")
    for number in ("D", "D2"):
        erp.store("delivery", number, "600.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "100.00", "D2", follows=OF_THE_ORDER)
    assert exposure(erp) == 1200
    erp.store("delivery", "D2", "100.00", follows=OF_THE_ORDER)
    assert exposure(erp) == 1000


@pytest.mark.parametrize("orders", ["open", "total"])
def test_what_is_given_back_counts_where_others_take_what_is_left(erp: Erp, orders: str) -> None:
    erp.policy(orders={"amount": orders})
    erp.store("order", "O", "100.00")
    erp.store("delivery", "D", "800.00", follows=OF_THE_ORDER)
    reserve(erp, "invoice", "800.00", "I", follows=[("delivery", "D")])
    assert exposure(erp) == 800
    answer = erp.check("delivery", "100.00", "D", reserve={"ttl_seconds": 900})
    assert figures(answer)[2] == "900.00"
    assert exposure(erp) == 900
    erp.store("delivery", "D", "100.00")
    assert exposure(erp) == 900


@pytest.mark.parametrize("preceding", ["stored", "reserved"])
@pytest.mark.parametrize(("currency", "other"), [("EUR", "stored"), ("USD", "stored"), ("USD", "reserved")])
def test_what_others_take_is_not_given_back_to_make_room(
    erp: Erp, preceding: str, currency: str, other: str
) -> None:
    erp.put("/v1/rates", HALF)
    if preceding == "stored":
        erp.store("order", "O", "100.00")
    else:
        reserve(erp, "order", "100.00", "O")
    erp.store("order", "O2", "100.00")
    erp.store("delivery", "D", "40.00", follows=OF_THE_ORDER)
    if other == "stored":
        erp.store("delivery", "D2", hundreds(1, currency), follows=OF_THE_ORDER)
    else:
        reserve(erp, "delivery", hundreds(1, currency), "D2", follows=OF_THE_ORDER)
    before = exposure(erp)
    reserve(erp, "delivery", "40.00", "D", follows=[("order", "O2")])
    assert exposure(erp) == before


def test_an_order_that_does_not_count_has_nothing_to_give_back(erp: Erp) -> None:
    erp.policy(categories={"orders": False})
    erp.store("order", "O", "300.00")
    erp.store("delivery", "D", "300.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "300.00", "D")
    assert exposure(erp) == 300


@pytest.mark.parametrize(
    ("change", "left"),
    [({"total": "400.00", "cancelled": True}, "1200.00"), ({"total": "100.00"}, "1200.00")],
)
def test_what_followers_give_back_is_reserved_again(erp: Erp, change: dict[str, Any], left: str) -> None:
    erp.store("order", "O", "1000.00")
    erp.store("delivery", "D", "400.00", follows=OF_THE_ORDER)
    assert reserve(erp, "order", "1200.00", "O")["amount"] == eur("800.00")
    assert exposure(erp) == 1200
    erp.store("delivery", "D", follows=OF_THE_ORDER, **change)
    assert exposure(erp) == Decimal(left)
    erp.store("order", "O", "1200.00")
    assert exposure(erp) == Decimal(left)


def test_followers_give_back_no_more_than_they_could_take(erp: Erp) -> None:
    erp.store("delivery", "D", "900.00", follows=OF_THE_ORDER)
    reserve(erp, "order", "500.00", "O")
    ok(erp.caller.delete("/v1/documents/delivery/D"))
    assert counted(erp.exposure()) == {"reservations": "500.00"}


def test_a_follower_that_shrinks_leaves_the_reserved_document_what_it_no_longer_takes(erp: Erp) -> None:
    reserve(erp, "order", "500.00", "O")
    erp.store("delivery", "D", "900.00", follows=OF_THE_ORDER)
    assert figures(erp.check("delivery", "300.00", "D", follows=OF_THE_ORDER)) == (
        "200.00",
        "300.00",
        "500.00",
    )


def test_one_of_two_followers_that_took_too_much_gives_nothing_back(erp: Erp) -> None:
    reserve(erp, "order", "500.00", "O")
    for number in ("D", "D2"):
        erp.store("delivery", number, "400.00", follows=OF_THE_ORDER)
    assert figures(erp.check("delivery", "100.00", "D", follows=OF_THE_ORDER)) == (
        "400.00",
        "100.00",
        "500.00",
    )


def test_a_captured_part_gets_back_no_more_than_it_had(erp: Erp) -> None:
    granted = reserve(erp, "order", "1000.00", "O")
    ok(resolve(erp, granted, "capture", {"amount": eur("300.00")}))
    erp.store("delivery", "D", "600.00", follows=OF_THE_ORDER)
    assert figures(erp.check("delivery", "100.00", "D", follows=OF_THE_ORDER)) == (
        "200.00",
        "100.00",
        "300.00",
    )


@pytest.mark.parametrize("items", [["800.00"], ["500.00", "300.00"], ["500.00"]])
def test_an_invoice_in_the_ledger_is_reserved_for_what_its_items_do_not_say(
    erp: Erp, items: list[str]
) -> None:
    erp.account(limit="1000.00")
    erp.store("invoice", "I", "800.00")
    for place, amount in enumerate(items):
        document = {"kind": "invoice", "number": "I"}
        erp.store("open_item", f"R-{place}", amount, document=document)
    reserve(erp, "invoice", "800.00", "I")
    assert exposure(erp) == 800
    assert figures(erp.check("order", "100.00", "X")) == ("800.00", "100.00", "900.00")


def test_a_document_that_moves_within_a_group_is_counted_there_once(erp: Erp) -> None:
    erp.policy(grouping="credit_group")
    erp.put("/v1/credit-groups/G", {"limit": eur("1500.00")})
    for customer in ("C-1", "C-2"):
        erp.customer(customer, credit_group="G")
        erp.account(customer, "1000.00")
    erp.store("order", "O", "800.00")
    reserve(erp, "order", "850.00", "O", customer="C-2")

    def of_the_group(customer: str) -> list[str]:
        answer = erp.check("order", "100.00", "X", customer=customer)
        assert answer["decision"] != "block"
        return [each["current"] for each in answer["limits"] if each["source"] == "group"]

    assert of_the_group("C-1") == of_the_group("C-2") == ["850.00"]
    assert [figures(erp.check("order", "1.00", customer=each))[0] for each in ("C-1", "C-2")] == [
        "800.00",
        "850.00",
    ]


def test_what_is_made_of_a_document_that_moves_within_a_group_is_counted_once(erp: Erp) -> None:
    erp.policy(grouping="credit_group")
    erp.put("/v1/credit-groups/G", {"limit": eur("1500.00")})
    for customer in ("C-1", "C-2"):
        erp.customer(customer, credit_group="G")
    erp.store("order", "O", "800.00")
    reserve(erp, "order", "850.00", "O", customer="C-2")
    answer = erp.check("delivery", "600.00", "D", customer="C-2", follows=OF_THE_ORDER)
    (group,) = [each for each in answer["limits"] if each["source"] == "group"]
    assert (group["current"], group["projected"]) == ("250.00", "850.00")


@pytest.mark.parametrize(
    ("stored", "kind", "total", "number", "follows", "projected"),
    [
        ([("order", "O", "500.00"), ("delivery", "D", "500.00")], "delivery", "300.00", "D2", True, 800),
        ([("order", "O", "500.00"), ("delivery", "D", "500.00")], "order", "700.00", "O", False, 1200),
        ([("delivery", "D", "400.00")], "order", "1000.00", "O", False, 1400),
        ([("order", "O", "1000.00"), ("delivery", "D", "400.00")], "order", "1200.00", "O", False, 1600),
        ([("order", "O", "1000.00")], "delivery", "300.00", "D", True, 1300),
    ],
)
def test_orders_that_count_whole_are_reserved_whole(
    erp: Erp,
    stored: list[tuple[str, str, str]],
    *,
    kind: str,
    total: str,
    number: str,
    follows: bool,
    projected: int,
) -> None:
    erp.policy(orders={"amount": "total"})
    for paper, name, amount in stored:
        erp.store(paper, name, amount, follows=OF_THE_ORDER if paper == "delivery" else [])
    links = OF_THE_ORDER if follows else []
    answer = erp.check(kind, total, number, follows=links, reserve={"ttl_seconds": 900})
    assert Decimal(answer["exposure"]["projected"]) == projected
    assert exposure(erp) == projected
    erp.store(kind, number, total, follows=links)
    assert exposure(erp) <= projected


@pytest.mark.parametrize("stored", ["not", "closed", "unconfirmed"])
def test_orders_that_count_whole_are_reserved_whole_wherever_they_are_not_counted_yet(
    erp: Erp, stored: str
) -> None:
    erp.policy(orders={"amount": "total", "require_confirmed": True})
    if stored != "not":
        erp.store("order", "O", "500.00", confirmed=stored == "closed", fulfilled=stored == "closed")
    reserve(erp, "delivery", "400.00", "D", follows=[("order", "O", "100.00")])
    answer = erp.check("order", "600.00", "O", reserve={"ttl_seconds": 900})
    assert figures(answer)[2] == "1000.00"
    assert counted(erp.exposure()) == {"reservations": "1000.00"}
    assert figures(erp.check("delivery", "400.00", "D", follows=OF_THE_ORDER))[2] == "1000.00"


def test_a_return_that_is_reserved_for_nothing_adds_nothing(erp: Erp) -> None:
    erp.store("order", "O", "800.00")
    erp.store("delivery", "D", "-300.00")
    erp.store("invoice", "I", "-300.00", follows=[("delivery", "D")])
    assert exposure(erp) == 500
    assert reserve(erp, "delivery", "-300.00", "D")["amount"] == eur("0.00")
    assert exposure(erp) == 500


def test_a_document_that_is_not_there_yet_frees_nothing(erp: Erp) -> None:
    erp.account(limit="500.00")
    erp.store("order", "O", "500.00")
    granted = reserve(erp, "delivery", "100.00", "D", follows=[("order", "O", "400.00")])
    assert counted(erp.exposure()) == {"orders": "500.00"}
    ok(resolve(erp, granted, "release"))
    assert counted(erp.exposure()) == {"orders": "500.00"}
