"""What documents that are reserved give back, or take after more was given back than there was.

Nothing counts for less than the check said: orders that count whole again, and credit notes beyond what was
invoiced.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.erp import Erp, Followed, figures
from tests.scenarios.half_dollars import HALF, hundreds
from tests.scenarios.reserving import QUARTER_OF_AN_HOUR, exposure, reserve, resolve
from tests.service import eur, ok

OF_THE_ORDER = [("order", "O")]
OF_THE_DELIVERY = [("delivery", "D")]


@pytest.mark.parametrize(
    ("taken", "edited", "links", "projected"),
    [
        ("400.00", "250.00", OF_THE_ORDER, 650),
        ("400.00", "250.00", [], 650),
        ("400.00", "400.00", [], 800),
        ("400.00", "500.00", [("order", "O", "100.00")], 900),
        # Taken further than there was.
        ("500.00", "350.00", OF_THE_ORDER, 750),
        ("700.00", "500.00", OF_THE_ORDER, 500),
        # Smaller by more than it gives back.
        ("700.00", "100.00", [("order", "O", "100.00")], 500),
    ],
)
@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_an_order_that_counts_whole_again_is_in_what_is_reserved(
    erp: Erp, *, currency: str, taken: str, edited: str, links: list[Followed], projected: int
) -> None:
    erp.put("/v1/rates", HALF)
    erp.policy(orders={"amount": "total"})
    erp.store("order", "O", hundreds(4, currency))
    erp.store("delivery", "D", taken, follows=OF_THE_ORDER)
    before = exposure(erp)
    answer = erp.check("delivery", edited, "D", follows=links, reserve=QUARTER_OF_AN_HOUR)
    assert Decimal(answer["exposure"]["projected"]) == projected
    assert exposure(erp) == max(before, projected)
    others = erp.check("order", "100.00", "X")
    assert Decimal(others["exposure"]["projected"]) >= projected + 100
    erp.store("delivery", "D", edited, follows=links)
    assert exposure(erp) == projected


def test_what_a_delivery_lessens_is_taken_off_one_of_its_orders(erp: Erp) -> None:
    erp.policy(orders={"amount": "total"})
    for number in ("O", "O2"):
        erp.store("order", number, "300.00")
    follows = [("order", "O", "300.00"), ("order", "O2", "300.00")]
    erp.store("delivery", "D", "600.00", follows=follows)
    answer = erp.check("delivery", "200.00", "D", reserve=QUARTER_OF_AN_HOUR)
    assert figures(answer)[2] == "800.00"
    assert exposure(erp) == 800
    erp.store("delivery", "D", "200.00")
    assert exposure(erp) == 800


def test_an_order_that_stays_taken_counts_no_more(erp: Erp) -> None:
    erp.policy(orders={"amount": "total"})
    erp.store("order", "O", "300.00")
    for number in ("D", "D2"):
        erp.store("delivery", number, "300.00", follows=OF_THE_ORDER)
    answer = erp.check("delivery", "100.00", "D", follows=OF_THE_ORDER, reserve=QUARTER_OF_AN_HOUR)
    assert figures(answer)[2] == "400.00"
    assert exposure(erp) == 600
    erp.store("delivery", "D", "100.00", follows=OF_THE_ORDER)
    assert exposure(erp) == 400


def test_an_order_that_does_not_count_is_not_counted_again(erp: Erp) -> None:
    erp.policy(orders={"amount": "total", "require_confirmed": True})
    erp.store("order", "O", "300.00")
    erp.store("delivery", "D", "300.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "100.00", "D", follows=OF_THE_ORDER)
    assert exposure(erp) == 300


@pytest.mark.parametrize(("invoiced", "delivered"), [("640.00", 750), ("500.00", 850), ("2000.00", 0)])
@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_an_invoice_takes_first_what_a_credit_note_gave_back_beyond_the_delivery(
    erp: Erp, *, currency: str, invoiced: str, delivered: int
) -> None:
    erp.put("/v1/rates", HALF)
    erp.store(
        "delivery", "D", hundreds(1, currency) | {"amount": "850.00" if currency == "EUR" else "1700.00"}
    )
    erp.store("invoice", "C", "-540.00", follows=[("delivery", "D", "-540.00")])
    assert exposure(erp) == 310
    projected = delivered + Decimal(invoiced) - 540
    answer = erp.check("invoice", invoiced, "I", follows=OF_THE_DELIVERY, reserve=QUARTER_OF_AN_HOUR)
    assert Decimal(answer["exposure"]["projected"]) == projected
    assert exposure(erp) == projected
    erp.store("invoice", "I", invoiced, follows=OF_THE_DELIVERY)
    assert exposure(erp) == projected


def test_invoices_take_together_what_a_credit_note_gave_back_beyond_the_delivery(erp: Erp) -> None:
    erp.store("delivery", "D", "850.00")
    erp.store("invoice", "C", "-540.00", follows=OF_THE_DELIVERY)
    first = reserve(erp, "invoice", "300.00", "I", follows=OF_THE_DELIVERY)
    assert exposure(erp) == 850 - 540 + 300
    answer = erp.check("invoice", "400.00", "I2", follows=OF_THE_DELIVERY, reserve=QUARTER_OF_AN_HOUR)
    assert figures(answer)[2] == "850.00"
    assert exposure(erp) == 850
    ok(resolve(erp, first, "release"))
    assert exposure(erp) == 850 - 540 + 400
    erp.store("invoice", "I2", "400.00", follows=OF_THE_DELIVERY)
    assert exposure(erp) == 850 - 540 + 400


def test_an_invoice_edited_smaller_gives_a_whole_delivery_nothing_back(erp: Erp) -> None:
    erp.store("delivery", "D", "850.00")
    erp.store("invoice", "C", "-540.00", follows=OF_THE_DELIVERY)
    erp.store("invoice", "I", "200.00", follows=OF_THE_DELIVERY)
    assert exposure(erp) == 510
    reserve(erp, "invoice", "100.00", "I", follows=OF_THE_DELIVERY)
    assert exposure(erp) == 510


def test_what_was_given_back_is_nobodys_to_take_elsewhere(erp: Erp) -> None:
    for number in ("D1", "D2"):
        erp.store("delivery", number, "100.00")
    erp.store("invoice", "C", "-54.00", follows=[("delivery", "D1")])
    follows = [("delivery", "D1", "50.00"), ("delivery", "D2", "50.00")]
    for number in ("A1", "A2"):
        reserve(erp, "invoice", "50.00", number, follows=follows)
        assert exposure(erp) >= 146
    assert Decimal(figures(erp.check("order", "10.00", "X"))[2]) >= 156
    for number in ("A1", "A2"):
        erp.store("invoice", number, "50.00", follows=follows)
    assert exposure(erp) == 100


def test_what_is_given_back_to_a_whole_delivery_makes_no_room(erp: Erp) -> None:
    for number in ("D1", "D2"):
        erp.store("delivery", number, "100.00")
    erp.store("invoice", "C", "-54.00", follows=[("delivery", "D1")])
    erp.store("invoice", "I", "20.00", follows=[("delivery", "D1")])
    assert exposure(erp) == 166
    reserve(erp, "invoice", "20.00", "I", follows=[("delivery", "D2")])
    assert exposure(erp) == 166
    erp.store("invoice", "I", "20.00", follows=[("delivery", "D2")])
    assert exposure(erp) == 146


def test_what_is_given_back_beyond_a_delivery_is_taken_first_by_others(erp: Erp) -> None:
    erp.store("delivery", "D", "85.00")
    erp.store("invoice", "C", "-54.00", follows=OF_THE_DELIVERY)
    erp.store("invoice", "I", "20.00", follows=OF_THE_DELIVERY)
    reserve(erp, "invoice", "40.00", "J", follows=OF_THE_DELIVERY)
    assert exposure(erp) == 85
    answer = erp.check("invoice", "20.00", "I", reserve=QUARTER_OF_AN_HOUR)
    assert figures(answer)[2] == "91.00"
    assert exposure(erp) == 91
    erp.store("invoice", "I", "20.00")
    assert exposure(erp) == 91


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_a_credit_note_gives_back_to_a_delivery_that_is_only_reserved(erp: Erp, currency: str) -> None:
    erp.put("/v1/rates", HALF)
    erp.store("invoice", "C", "-900.00", follows=OF_THE_DELIVERY)
    erp.store("invoice", "I", hundreds(6, currency), follows=OF_THE_DELIVERY)
    answer = erp.check("delivery", "800.00", "D", reserve=QUARTER_OF_AN_HOUR)
    assert figures(answer)[2] == "500.00"
    assert exposure(erp) == 500
    answer = erp.check("invoice", "400.00", "J", follows=OF_THE_DELIVERY, reserve=QUARTER_OF_AN_HOUR)
    assert figures(answer)[2] == "800.00"
    assert exposure(erp) == 800
    erp.store("delivery", "D", "800.00")
    erp.store("invoice", "J", "400.00", follows=OF_THE_DELIVERY)
    assert exposure(erp) == 800


def test_an_edit_lessens_what_it_gives_back_once(erp: Erp) -> None:
    erp.policy(orders={"amount": "total"})
    erp.store("order", "O", "400.00")
    erp.store("delivery", "DL", "100.00")
    erp.store("delivery", "D2", "300.00", follows=[("order", "O", "300.00")])
    erp.store("invoice", "I", "300.00", follows=[("order", "O", "150.00"), ("delivery", "DL", "100.00")])
    answer = erp.check("invoice", "150.00", "I", reserve=QUARTER_OF_AN_HOUR)
    assert figures(answer)[2] == "950.00"
    assert exposure(erp) == 950
    erp.store("invoice", "I", "150.00")
    assert exposure(erp) == 950


@pytest.mark.parametrize("links", [OF_THE_ORDER, []])
def test_two_deliveries_that_become_smaller_let_their_order_count_once(
    erp: Erp, links: list[Followed]
) -> None:
    erp.policy(orders={"amount": "total"})
    erp.store("order", "O", "400.00")
    for number in ("D1", "D2"):
        erp.store("delivery", number, "200.00", follows=OF_THE_ORDER)
    for number in ("D1", "D2"):
        answer = erp.check("delivery", "100.00", number, follows=links, reserve=QUARTER_OF_AN_HOUR)
        assert figures(answer)[2] == "700.00"
        assert exposure(erp) == 700
    erp.store("delivery", "D2", "100.00", follows=links)
    assert exposure(erp) == 700
    erp.store("delivery", "D1", "100.00", follows=links)
    assert exposure(erp) == 600


@pytest.mark.parametrize("links", [OF_THE_ORDER, []])
@pytest.mark.parametrize(("edited", "projected"), [("250.00", "650.00"), ("400.00", "800.00")])
def test_an_order_is_checked_as_it_will_count_again(
    erp: Erp, links: list[Followed], *, edited: str, projected: str
) -> None:
    erp.policy(orders={"amount": "total"})
    erp.store("order", "O", "400.00")
    erp.store("delivery", "D", "400.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", edited, "D", follows=links)
    again = projected if not links or edited == "250.00" else "400.00"
    answer = erp.check("order", "400.00", "O", reserve=QUARTER_OF_AN_HOUR)
    assert figures(answer)[2] == again
    assert exposure(erp) == Decimal(again)


def test_an_order_is_checked_as_stored_where_reservations_do_not_count(erp: Erp) -> None:
    erp.policy(orders={"amount": "total"}, categories={"reservations": False})
    erp.store("order", "O", "400.00")
    erp.store("delivery", "D", "400.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "250.00", "D", follows=OF_THE_ORDER)
    assert figures(erp.check("order", "400.00", "O")) == ("400.00", "0.00", "400.00")


def test_a_link_with_a_negative_amount_frees_nothing(erp: Erp) -> None:
    erp.store("delivery", "D1", "100.00")
    erp.store("delivery", "D2", "400.00")
    erp.store("invoice", "I", "200.00")
    follows = [("delivery", "D2", "250.00"), ("delivery", "D1", "-50.00")]
    reserve(erp, "invoice", "200.00", "I", follows=follows)
    assert exposure(erp) == 700


@pytest.mark.parametrize(
    ("stored", "taken", "edited"), [(None, 3, 3), (None, 10, 9), (4, 10, 9), (3, 10, 10)]
)
@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_an_order_that_is_reserved_counts_whole_again_as_well(
    erp: Erp, *, currency: str, stored: int | None, taken: int, edited: int
) -> None:
    erp.put("/v1/rates", HALF)
    erp.policy(orders={"amount": "total"})
    if stored:
        erp.store("order", "O", hundreds(stored, currency))
    erp.store("delivery", "D", f"{taken}00.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", f"{edited}00.00", "D")
    answer = erp.check("order", hundreds(10, currency), "O", reserve=QUARTER_OF_AN_HOUR)
    projected = Decimal(answer["exposure"]["projected"])
    assert projected == (edited + 10) * 100
    assert exposure(erp) == projected
    erp.store("order", "O", hundreds(10, currency))
    assert exposure(erp) == projected
    erp.store("delivery", "D", f"{edited}00.00")
    assert exposure(erp) == projected


@pytest.mark.parametrize("currency", ["EUR", "USD"])
@pytest.mark.parametrize("preceding", ["stored", "reserved"])
def test_what_another_account_will_take_stays_in_the_own_exposure_until_then(
    erp: Erp, *, currency: str, preceding: str
) -> None:
    erp.put("/v1/rates", HALF)
    erp.policy(grouping="credit_group")
    erp.put("/v1/credit-groups/G", {"limit": eur("9000.00")})
    for customer in ("C-1", "C-2"):
        erp.customer(customer, credit_group="G")
        erp.account(customer, "400.00")
    if preceding == "stored":
        erp.store("order", "O", "400.00")
    else:
        reserve(erp, "order", "400.00", "O")
    reserve(erp, "delivery", hundreds(1, currency), "D", customer="C-2", follows=OF_THE_ORDER)

    def own_and_group() -> list[str]:
        answer = erp.check("order", "100.00", "X")
        return [each["current"] for each in answer["limits"] if each["source"] in {"own", "group"}]

    assert own_and_group() == ["400.00", "400.00"]
    assert erp.check("order", "100.00", "X")["decision"] == "block"
    if preceding == "reserved":
        erp.store("order", "O", "400.00")
    erp.store("delivery", "D", hundreds(1, currency), customer="C-2", follows=OF_THE_ORDER)
    assert own_and_group() == ["300.00", "400.00"]


@pytest.mark.parametrize("currency", ["EUR", "USD"])
@pytest.mark.parametrize(
    "policy", [{"categories": {"deliveries": False}}, {"deliveries": {"require_confirmed": True}}]
)
def test_a_delivery_that_does_not_count_lessens_nothing_for_its_order(
    erp: Erp, policy: dict[str, Any], currency: str
) -> None:
    erp.put("/v1/rates", HALF)
    erp.policy(**policy)
    erp.store("order", "O", hundreds(10, currency))
    erp.store("delivery", "D", hundreds(6, currency), follows=OF_THE_ORDER)
    assert exposure(erp) == 400
    answer = erp.check(
        "delivery", hundreds(2, currency), "D", follows=OF_THE_ORDER, reserve=QUARTER_OF_AN_HOUR
    )
    reserved = exposure(erp)
    assert reserved == Decimal(answer["exposure"]["projected"])
    erp.store("delivery", "D", hundreds(2, currency), follows=OF_THE_ORDER)
    assert exposure(erp) == 800 <= reserved


def test_a_delivery_that_does_not_count_yet_takes_all_it_is_of_its_order(erp: Erp) -> None:
    erp.policy(deliveries={"require_confirmed": True})
    erp.store("order", "O", "500.00")
    erp.store("delivery", "D", "300.00")
    reserve(erp, "delivery", "300.00", "D", follows=OF_THE_ORDER)
    assert exposure(erp) == 500
    erp.store("delivery", "D", "300.00", follows=OF_THE_ORDER, confirmed=True)
    assert exposure(erp) == 500
