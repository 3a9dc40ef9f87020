"""What a check projects is what is stored once the document is saved as it was checked."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios.erp import Erp, money
from tests.service import JSON


def nothing(_: Erp) -> None:
    """The document is the first one."""


def stored(erp: Erp) -> None:
    """The document is stored already."""
    erp.store("order", "O-1", "800.00")


def delivered_in_part(erp: Erp) -> None:
    """A part of the order is delivered."""
    erp.store("order", "O-1", "1000.00", prepaid="500.00")
    erp.store("delivery", "D-9", "400.00", follows=[("order", "O-1", "400.00")])


def delivered_twice(erp: Erp) -> None:
    """More than the order is delivered."""
    erp.store("order", "O-1", "1000.00")
    erp.store("delivery", "D-8", "700.00", follows=[("order", "O-1")])
    erp.store("delivery", "D-9", "700.00", follows=[("order", "O-1")])


def delivered(erp: Erp) -> None:
    """The delivery under check is stored with another amount."""
    erp.store("order", "O-1", "1000.00")
    erp.store("delivery", "D-1", "400.00", follows=[("order", "O-1", "400.00")])


def delivered_and_invoiced(erp: Erp) -> None:
    """Order, delivery and invoice, each following the one before."""
    delivered(erp)
    erp.store("invoice", "I-1", "250.00", follows=[("delivery", "D-1", "250.00")])


def totals(erp: Erp) -> None:
    """Orders count with their total, delivered or not."""
    erp.policy(orders={"amount": "total"})
    delivered_in_part(erp)


def dollars(erp: Erp) -> None:
    """The order is in another currency than the account."""
    erp.put("/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": "0.5"}]})
    erp.store("order", "O-1", money("1000.00", "USD"))
    erp.store("delivery", "D-9", money("400.00", "USD"), follows=[("order", "O-1", "400.00")])


def elsewhere(erp: Erp) -> None:
    """The order is stored for another customer."""
    erp.store("order", "O-1", "800.00", customer="C-2")


def posted(erp: Erp) -> None:
    """The invoice is stored."""
    erp.store("invoice", "I-1", "300.00", due_date="2025-07-31")


Document = tuple[str, str, str | JSON, dict[str, Any]]
ORDER: Document = ("order", "O-1", "1200.00", {"prepaid": "500.00"})
SMALL_ORDER: Document = ("order", "O-1", "300.00", {})
DELIVERY: Document = ("delivery", "D-1", "600.00", {"follows": [("order", "O-1")]})
PART: Document = ("delivery", "D-1", "600.00", {"follows": [("order", "O-1", "100.00")]})
RETURN: Document = ("delivery", "D-1", "-50.00", {})
INVOICE: Document = ("invoice", "I-1", "350.00", {"follows": [("delivery", "D-1")], "due_date": "2025-07-31"})
CREDIT_NOTE: Document = ("invoice", "I-1", "-50.00", {})
DOLLARS: Document = ("order", "O-1", money("1200.00", "USD"), {})


@pytest.mark.parametrize(
    ("before", "document"),
    [
        (nothing, ORDER),
        (nothing, RETURN),
        (nothing, ("order", "O-1", "-50.00", {})),
        (stored, ORDER),
        (stored, DELIVERY),
        (stored, PART),
        (delivered_in_part, ORDER),
        (delivered_in_part, SMALL_ORDER),
        (delivered_in_part, DELIVERY),
        (delivered_in_part, PART),
        (delivered_twice, ORDER),
        (delivered_twice, PART),
        (delivered, ORDER),
        (delivered, DELIVERY),
        (delivered, PART),
        (delivered, RETURN),
        (delivered, INVOICE),
        (delivered_and_invoiced, INVOICE),
        (delivered_and_invoiced, DELIVERY),
        (delivered_and_invoiced, RETURN),
        (delivered_and_invoiced, CREDIT_NOTE),
        (totals, ORDER),
        (totals, SMALL_ORDER),
        (totals, DELIVERY),
        (dollars, DOLLARS),
        (elsewhere, ORDER),
        (posted, INVOICE),
        (posted, CREDIT_NOTE),
    ],
)
def test_the_projected_exposure_is_the_stored_one_once_the_document_is_saved(
    erp: Erp, before: Callable[[Erp], None], document: Document
) -> None:
    kind, number, total, fields = document
    before(erp)
    erp.store("open_item", "P-1", "10000.00")
    projected = erp.check(kind, total, number, **fields)["exposure"]["projected"]
    erp.store(kind, number, total, **fields)
    assert erp.exposure()["exposure"]["current"] == projected
