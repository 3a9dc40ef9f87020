"""What exposure will be on the coming days, from stored papers (docs/domain.md, Forecast)."""

import pytest

from tests.scenarios.erp import DAY, Erp


def test_exposure_falls_with_what_is_due_and_with_bills_and_rises_with_nothing(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.store("open_item", "R-1", "100.00", due_date="2025-07-01")
    erp.store("bill", "B-1", "500.00", due_date="2025-07-02", state="presented", presentation="discount")
    erp.store("advance", "A-1", "60.00", effective_on="2025-07-01")
    erp.store("order", "O-1", "700.00")

    found = erp.get("/v1/customers/C-1/exposure/forecast", as_of=DAY, days="2", delay_days="0")

    assert (found["current"], found["currency"], found["as_of"]) == ("1300.00", "EUR", DAY)
    columns = (
        "date",
        "falling_due",
        "bills_released",
        "advances_effective",
        "exposure",
        "headroom",
        "signal",
    )
    assert [tuple(day[column] for column in columns) for day in found["days"]] == [
        ("2025-06-30", "0.00", "0.00", "0.00", "1300.00", "0.00", "red"),
        ("2025-07-01", "100.00", "0.00", "60.00", "1140.00", "0.00", "red"),
        ("2025-07-02", "0.00", "500.00", "0.00", "640.00", "360.00", "green"),
    ]
    assert [day["limit"] for day in found["days"]] == ["1000.00"] * 3


def test_a_month_is_foreseen_unless_said_otherwise(erp: Erp) -> None:
    found = erp.get("/v1/customers/C-1/exposure/forecast", as_of=DAY)
    assert (len(found["days"]), found["days"][-1]["date"]) == (31, "2025-07-30")
    assert found["days"][0]["limit"] is None


@pytest.mark.parametrize("query", [{"days": "366"}, {"days": "-1"}, {"delay_days": "366"}])
def test_more_than_a_year_is_not_foreseen(erp: Erp, query: dict[str, str]) -> None:
    answer = erp.caller.get("/v1/customers/C-1/exposure/forecast", params=query)
    assert [error["code"] for error in answer.json()["errors"]] == ["out_of_range"]


def test_nobody_has_no_forecast(erp: Erp) -> None:
    assert erp.caller.get("/v1/customers/NOBODY/exposure/forecast").status_code == 404
