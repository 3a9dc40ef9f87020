"""The same papers under one policy after another, with nothing rebuilt in between."""

import pytest

from tests.scenarios.erp import DAY, Erp, counted
from tests.service import JSON

PAPERS: list[tuple[str, str, str, JSON]] = [
    ("order", "O-1", "1.00", {}),
    ("order", "O-2", "2.00", {"printed": True, "confirmed": True}),
    ("delivery", "D-1", "4.00", {}),
    ("delivery", "D-2", "8.00", {"printed": True}),
    ("invoice", "I-1", "16.00", {"printed": True}),
    ("invoice", "I-2", "32.00", {"confirmed": True}),
    ("open_item", "P-1", "64.00", {"due_date": "2025-05-01", "presented_on": "2025-04-01"}),
    ("bill", "B-1", "128.00", {"due_date": "2025-12-31"}),
    ("bill", "B-2", "256.00", {"due_date": "2025-05-01", "state": "returned"}),
    ("advance", "A-1", "512.00", {"effective_on": DAY}),
    ("other", "G-1", "1024.00", {}),
]

UNDER: dict[str, JSON] = {
    "standard": {
        "orders": "3.00", "deliveries": "12.00", "invoices": "48.00", "open_items": "64.00",
        "bills": "128.00", "unpaid_bills": "256.00", "advances": "-512.00", "other": "1024.00",
    },
    "fluentis": {
        "orders": "2.00", "deliveries": "8.00", "invoices": "16.00", "open_items": "64.00",
        "bills": "128.00", "unpaid_bills": "256.00", "advances": "-512.00", "other": "1024.00",
    },
    "mtj": {"invoices": "32.00", "open_items": "64.00", "other": "1024.00"},
    "duir": {
        "orders": "3.00", "deliveries": "12.00", "invoices": "48.00", "advances": "-512.00",
        "other": "1024.00",
    },
}  # fmt: skip


@pytest.fixture
def portfolio(erp: Erp) -> Erp:
    """C-1 has a paper of every kind, and no limit."""
    for kind, number, total, fields in PAPERS:
        erp.store(kind, number, total, **fields)
    return erp


def test_a_preset_takes_effect_with_the_next_check(portfolio: Erp) -> None:
    for preset in ("standard", "duir", "mtj", "fluentis", "standard", "mtj", "duir"):
        portfolio.policy(preset)
        answer = portfolio.check("order", "0.00", "X-1")
        assert (preset, counted(answer)) == (preset, UNDER[preset])
        assert answer["policy"]["preset"] == preset


def test_every_parameter_is_explained_with_its_source_and_value_in_each_preset(erp: Erp) -> None:
    answer = erp.get("/v1/presets")
    names = {parameter["name"] for parameter in answer["parameters"]}
    assert all(p["meaning"] and p["source"] and p["accepts"] for p in answer["parameters"])
    assert {"standard", "fluentis", "mtj", "duir"} <= {preset["name"] for preset in answer["items"]}
    for preset in answer["items"]:
        assert preset["parameters"].keys() == names
        assert set(preset["differs"]) <= names
        erp.policy(preset["name"])
        assert erp.get("/v1/policy")["parameters"] == preset["parameters"]
