"""Reserving credit, in the words of the trade."""

from decimal import Decimal
from typing import Any

import httpx

from tests.scenarios.erp import Erp, codes
from tests.service import JSON

QUARTER_OF_AN_HOUR = {"ttl_seconds": 900}


def reserve(
    erp: Erp, kind: str, total: str | JSON, number: str, *, seconds: int = 900, **fields: Any
) -> JSON:
    """Check a document and reserve for it; it must be granted."""
    answer = erp.check(kind, total, number, reserve={"ttl_seconds": seconds}, **fields)
    assert answer["reservation"], codes(answer)
    granted = answer["reservation"]
    assert isinstance(granted, dict)
    return granted


def reserved(erp: Erp) -> str:
    """What is reserved on the account of C-1."""
    amount = erp.exposure()["exposure"]["by_category"]["reservations"]
    assert isinstance(amount, str)
    return amount


def exposure(erp: Erp, **query: str) -> Decimal:
    """The exposure of the account of C-1, or of another one."""
    return Decimal(erp.exposure(**query)["exposure"]["current"])


def status(erp: Erp, reservation: JSON) -> str:
    """The state of a reservation now."""
    state = erp.get(f"/v1/reservations/{reservation['id']}")["status"]
    assert isinstance(state, str)
    return state


def resolve(erp: Erp, reservation: JSON, how: str, body: JSON | None = None) -> httpx.Response:
    """Capture, release or extend a reservation."""
    return erp.caller.post(f"/v1/reservations/{reservation['id']}/{how}", json=body)
