"""How late an account pays, kept with it and reckoned with (docs/domain.md, Average delay)."""

from typing import Any

import pytest

from tests.scenarios.erp import DAY, Erp
from tests.service import JSON, eur

ROWS = [
    {"amount": eur("1000.00"), "due_date": "2026-03-01", "value_date": "2026-03-11"},
    {"amount": eur("3000.00"), "due_date": "2026-03-31", "value_date": "2026-04-05"},
]


def delay(erp: Erp, **body: Any) -> JSON:
    answer = erp.post("/v1/customers/C-1/average-delay", {"as_of": DAY, **body})
    assert isinstance(answer, dict)
    return answer


def worked_out(answer: JSON) -> tuple[Any, Any, Any]:
    return answer["average_delay"], answer["average_delay_days"], answer["applied"]


def settings(erp: Erp) -> JSON:
    answer = erp.get("/v1/customers/C-1/credit")
    assert isinstance(answer, dict)
    return answer


def paid_on(erp: Erp, **query: str) -> list[str]:
    """The days on which the forecast has something paid."""
    found = erp.get("/v1/customers/C-1/exposure/forecast", as_of=DAY, days="60", **query)
    return [day["date"] for day in found["days"] if day["falling_due"] != "0.00"]


def test_the_worked_rows(erp: Erp) -> None:
    assert worked_out(delay(erp, rows=ROWS)) == ("6.25", 6, False)
    assert settings(erp)["average_delay_days"] is None


def test_a_delay_is_kept_beside_everything_else_that_is_set(erp: Erp) -> None:
    erp.account(limit="500.00", max_days_overdue=30)
    assert worked_out(delay(erp, rows=ROWS, apply=True)) == ("6.25", 6, True)
    found = settings(erp)
    assert (found["average_delay_days"], found["limit"], found["max_days_overdue"]) == (6, eur("500.00"), 30)


def test_without_rows_stored_payments_tell(erp: Erp) -> None:
    erp.store("open_item", "R-1", "100.00", date="2025-02-01", due_date="2025-03-01")
    allocations = [{"item": "R-1", "amount": eur("100.00")}]
    erp.store("payment", "P-1", "100.00", allocations=allocations, value_date="2025-03-13")
    assert worked_out(delay(erp, apply=True)) == ("12", 12, True)


def test_half_a_day_goes_to_the_even_one(erp: Erp) -> None:
    rows = [
        {"amount": "1", "due_date": "2026-03-01", "value_date": "2026-03-02"},
        {"amount": "1", "due_date": "2026-03-01", "value_date": "2026-03-05"},
    ]
    assert worked_out(delay(erp, rows=rows)) == ("2.5", 2, False)


def test_nothing_is_kept_where_nothing_is_known(erp: Erp) -> None:
    assert worked_out(delay(erp)) == (None, None, False)
    answer = erp.caller.post("/v1/customers/C-1/average-delay", json={"as_of": DAY, "apply": True})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
        ("/apply", "nothing_to_average")
    ]


def test_a_delay_of_centuries_is_not_kept(erp: Erp) -> None:
    rows = [{"amount": "1", "due_date": "1900-01-01", "value_date": "2026-01-01"}]
    answer = erp.caller.post("/v1/customers/C-1/average-delay", json={"rows": rows, "apply": True})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
        ("/apply", "out_of_range")
    ]


@pytest.mark.parametrize(
    ("kept", "query", "days"),
    [
        (None, {}, ["2025-07-05"]),
        (6, {}, ["2025-07-11"]),
        (6, {"delay_days": "0"}, ["2025-07-05"]),
        (6, {"delay_days": "9"}, ["2025-07-14"]),
        (-6, {}, ["2025-07-05"]),
    ],
)
def test_a_forecast_reckons_with_the_delay_kept_unless_told_another(
    erp: Erp, kept: int | None, query: dict[str, str], days: list[str]
) -> None:
    erp.account(average_delay_days=kept)
    erp.store("open_item", "R-1", "100.00", due_date="2025-07-05")
    assert paid_on(erp, **query) == days


def test_the_delay_of_nobody_is_not_found(erp: Erp) -> None:
    assert erp.caller.post("/v1/customers/NOBODY/average-delay", json={}).status_code == 404
