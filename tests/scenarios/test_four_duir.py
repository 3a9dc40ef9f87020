"""Duir's traffic light, feature by feature, beside what the other scenarios prove (docs/sources.md)."""

import pytest

from tests.scenarios.erp import DAY, Erp, codes, counted, found
from tests.service import JSON, eur

STORED_BUT_NOT_PROCESSED = {"save": "allowed", "proceed": "refused", "print": "unmarked"}


@pytest.fixture
def duir(erp: Erp) -> Erp:
    """C-1 has an own risk of 100 in a company that works like Duir."""
    erp.policy("duir")
    erp.account(limit="100.00")
    return erp


def test_d4_d6_risk_is_orders_deliveries_and_invoices_less_credit_notes_and_effective_advances(
    duir: Erp,
) -> None:
    duir.store("order", "O-1", "1.00")
    duir.store("order", "O-2", "2.00", confirmed=True, printed=True)
    duir.store("delivery", "D-1", "4.00")
    duir.store("delivery", "D-2", "8.00", invoiced=True)
    duir.store("invoice", "I-1", "16.00", due_date=DAY)
    duir.store("invoice", "N-1", "-3.00", due_date=DAY)
    duir.store("open_item", "P-1", "32.00", due_date=DAY)
    duir.store("bill", "B-1", "64.00", due_date="2025-12-31")
    duir.store("bill", "B-2", "128.00", due_date="2025-12-31", state="returned")
    duir.store("advance", "A-1", "5.00", effective_on=DAY)
    duir.store("advance", "A-2", "9.00", effective_on="2025-07-01")
    duir.store("advance", "A-3", "11.00")
    assert counted(duir.exposure()) == {
        "orders": "3.00",
        "deliveries": "4.00",
        "invoices": "13.00",
        "open_items": "32.00",
        "advances": "-5.00",
    }
    assert duir.exposure()["exposure"]["current"] == "47.00"
    assert counted(duir.exposure(as_of="2025-07-01"))["advances"] == "-14.00"


PADLOCK: list[tuple[str, JSON, str, str]] = [
    # amount, operator, light, decision
    ("80.00", {"strict": True}, "green", "allow"),
    ("80.01", {"strict": True}, "yellow", "allow"),
    ("100.00", {"strict": True}, "yellow", "allow"),
    ("100.01", {"strict": True}, "red", "block"),
    ("80.00", {"strict": False}, "green", "allow"),
    ("100.00", {"strict": False}, "yellow", "allow"),
    ("100.01", {"strict": False}, "red", "warn"),
    ("100.01", {"strict": True, "roles": ["supervisor"]}, "red", "warn"),
]


@pytest.mark.parametrize(("amount", "operator", "light", "decision"), PADLOCK)
def test_d3_d8_d9_d12_the_light_is_the_same_for_all_and_stops_who_has_a_closed_padlock(
    duir: Erp, amount: str, operator: JSON, light: str, decision: str
) -> None:
    for kind in ("order", "delivery", "invoice"):
        answer = duir.check(kind, amount, "X-1", operator={"id": "u1", **operator})
        assert (kind, answer["signal"], answer["decision"]) == (kind, light, decision)
        assert "UTILISATION_HIGH" not in codes(answer)
        stopped = answer["obligations"] == STORED_BUT_NOT_PROCESSED
        assert (stopped, answer["hold"] is not None) == (decision == "block", decision == "block")


def test_d5_only_a_settlement_collects_before_the_bank_risk_days_are_over(duir: Erp) -> None:
    duir.policy("duir", bank_risk_days=10)
    stated: list[tuple[JSON, str, JSON]] = [
        ({}, "2026-06-30", {"open_items": "100.00"}),
        ({"presented_on": "2025-06-01"}, "2025-06-30", {"open_items": "100.00"}),
        ({"presented_on": "2025-06-01"}, "2025-07-10", {"open_items": "100.00"}),
        ({"presented_on": "2025-06-01"}, "2025-07-11", {}),
        # Returned by the bank: it is at the customer's again, until somebody settles it.
        ({"presented_on": None}, "2025-07-11", {"open_items": "100.00"}),
        ({"presented_on": None, "settled_on": "2025-06-15"}, "2025-06-16", {}),
        ({"presented_on": "2025-06-01", "settled_on": "2025-06-15"}, "2025-06-16", {}),
    ]
    for fields, day, expected in stated:
        duir.store("open_item", "P-1", "100.00", due_date=DAY, **fields)
        assert (fields, day, counted(duir.exposure(as_of=day))) == (fields, day, expected)


def test_d7_a_work_centre_without_control_is_dark_and_its_papers_count_elsewhere(duir: Erp) -> None:
    duir.account(limit="100.00", excluded_sites=["PLANT-2"])
    dark = duir.check("order", "500.00", "O-1", site="PLANT-2")
    assert (dark["signal"], dark["decision"], dark["not_controlled"]) == ("off", "allow", "excluded_site")
    duir.store("order", "O-1", "500.00", site="PLANT-2")
    assert duir.check("order", "1.00", "O-2", site="PLANT-1")["signal"] == "red"


def test_d10_d11_a_supervisor_processes_the_order_by_saving_it_again_and_both_names_are_kept(
    duir: Erp,
) -> None:
    clerk, chief = {"id": "clerk", "strict": True}, {"id": "chief", "strict": True, "roles": ["supervisor"]}
    hold = duir.check("order", "150.00", "O-1", operator=clerk)["hold"]["id"]
    duir.store("order", "O-1", "150.00", owner="clerk")
    assert duir.get("/v1/documents/order/O-1")["processed_by"] is None
    answer = duir.check("order", "150.00", "O-1", operator=chief)
    assert (answer["decision"], answer["signal"]) == ("warn", "red")
    assert (answer["hold"], found(answer, "LIMIT_EXCEEDED")["demoted_by"]) == (
        {"id": hold, "status": "released"},
        "role",
    )
    assert answer["obligations"]["proceed"] == "allowed"
    kept = duir.get(f"/v1/holds/{hold}")
    assert (kept["owner"], kept["closed_by"], kept["authorised_amount"]) == ("clerk", "chief", eur("150.00"))
    stored = duir.get("/v1/documents/order/O-1")
    assert (stored["owner"], stored["processed_by"]) == ("clerk", "chief")
    for checkpoint in ("save", "confirm", "ship"):
        again = duir.check("order", "150.00", "O-1", operator=clerk, checkpoint=checkpoint)
        assert (checkpoint, again["decision"]) == (checkpoint, "allow")
    assert duir.check("order", "150.01", "O-1", operator=clerk)["decision"] == "block"
