"""What documents that are reserved give back, or take after more was given back than there was.

Nothing counts for less than the check said: orders that count whole again, and credit notes beyond what was
invoiced.
"""

from decimal import Decimal

import pytest

from tests.scenarios.erp import Erp, Followed, figures
from tests.scenarios.half_dollars import HALF, hundreds
from tests.scenarios.reserving import exposure, reserve, resolve
from tests.service import ok

QUARTER_OF_AN_HOUR = {"ttl_seconds": 900}
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
    assert exposure(erp) == max(before, projected) if currency == "EUR" else exposure(erp) >= projected
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
