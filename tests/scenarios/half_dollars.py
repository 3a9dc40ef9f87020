"""Amounts in euros, or in dollars of which each is half a euro: twice as many are as much."""

from tests.scenarios.erp import money
from tests.service import JSON

HALF: JSON = {"rates": [{"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": "0.5"}]}


def hundreds(euros: int, currency: str) -> JSON:
    """So many hundred euros, in euros or in dollars."""
    return money(f"{euros * (2 if currency == 'USD' else 1)}00.00", currency)
