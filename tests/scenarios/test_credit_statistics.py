"""Statistics of an account over windows of months (M47 to M50), from papers and stored calculations."""

from typing import Any

import pytest

from tests.scenarios.erp import DAY, Erp, money
from tests.service import JSON, eur


def statistics(erp: Erp, *months: int, as_of: str = DAY) -> list[JSON]:
    """The windows of the account of C-1."""
    query: JSON = {"as_of": as_of, "months": list(months)}
    answer = erp.caller.get("/v1/customers/C-1/behaviour", params=query)
    assert answer.is_success, answer.text
    windows = answer.json()["windows"]
    assert isinstance(windows, list)
    return windows


def item(erp: Erp, number: str, total: str, date: str, due: str, **fields: Any) -> None:
    erp.store("open_item", number, total, date=date, due_date=due, **fields)


@pytest.fixture
def shop(erp: Erp) -> Erp:
    """C-1 may owe 20,000. It owed 10,000 from 2025-01-01 for 90 days, and 5,000 since 2025-06-01."""
    erp.account(limit="20000.00")
    item(erp, "R-1", "10000.00", "2025-01-01", "2025-01-31", settled_on="2025-04-01")
    item(erp, "R-2", "5000.00", "2025-06-01", "2025-06-20")
    return erp


def test_the_worked_windows(shop: Erp) -> None:
    half, year = statistics(shop, 6, 12)
    assert (half["from"], half["days"], year["from"], year["days"]) == ("2024-12-31", 182, "2024-07-01", 365)
    assert (half["turnover"], half["dso"]) == (eur("15000.00"), "60.67")
    assert (half["average_balance"], half["limit_percent"]) == (eur("5769.23"), "28.85")
    assert (year["turnover"], year["dso"]) == (eur("15000.00"), "121.67")
    assert (year["average_balance"], year["limit_percent"]) == (eur("2876.71"), "14.38")


def test_what_is_before_the_window_plays_no_part(shop: Erp) -> None:
    (month,) = statistics(shop, 1)
    assert (month["from"], month["days"]) == ("2025-05-31", 31)
    assert (month["turnover"], month["dso"], month["average_balance"]) == (
        eur("5000.00"),
        "31",
        eur("4838.71"),
    )


def test_somebody_who_became_a_customer_meanwhile_has_had_fewer_days(shop: Erp) -> None:
    shop.customer("C-1", customer_since="2025-04-01")
    half, month = statistics(shop, 6, 1)
    assert (half["days"], month["days"]) == (90, 31)


def test_a_window_of_a_year_is_the_dso_of_the_account(shop: Erp) -> None:
    whole = shop.get("/v1/customers/C-1/behaviour", as_of=DAY)
    assert whole["windows"] == []
    (year,) = statistics(shop, 12)
    assert (year["dso"], year["average_balance"]) == (whole["dso"], whole["average_balance"])


def test_exposure_in_percent_of_the_limit_is_that_of_stored_calculations(shop: Erp) -> None:
    assert [each["exposure_percent"] for each in statistics(shop, 12)] == [None]
    for as_of, limit in (("2025-05-31", "10000.00"), ("2025-06-30", "20000.00")):
        shop.account(limit=limit)
        shop.post("/v1/customers/C-1/calculations", {"as_of": as_of})
    half, month = statistics(shop, 6, 1)
    assert (half["exposure_percent"], half["exposure_days"]) == ("37.5", 2)
    (later,) = statistics(shop, 1, as_of="2025-07-01")
    assert (later["exposure_percent"], later["exposure_days"]) == ("25", 1)
    assert (month["exposure_percent"], month["exposure_days"]) == ("37.5", 2)


def test_of_several_calculations_of_a_day_the_newest_counts(shop: Erp) -> None:
    for limit in ("10000.00", "20000.00", None):
        shop.account(limit=limit)
        shop.post("/v1/customers/C-1/calculations", {"as_of": DAY})
    assert [(each["exposure_percent"], each["exposure_days"]) for each in statistics(shop, 1)] == [(None, 0)]


def test_without_a_limit_there_is_no_percentage(shop: Erp) -> None:
    for unlimited in (False, True):
        shop.account(unlimited=unlimited)
        assert [each["limit_percent"] for each in statistics(shop, 12)] == [None]


def test_balances_are_aged(shop: Erp) -> None:
    item(shop, "R-3", "100.00", "2025-01-01", "2025-03-01")
    item(shop, "R-4", "40.00", "2025-06-01", "2025-07-01")
    shop.store("open_item", "R-5", money("10.00", "USD"), date="2025-06-01", due_date="2025-05-01")
    shop.put("/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": "0.5"}]})
    aged = shop.get("/v1/customers/C-1/behaviour", as_of=DAY)["aged_balances"]
    assert {band: amount["amount"] for band, amount in aged.items()} == {
        "not_due": "40.00",
        "1-30": "5000.00",
        "31-60": "5.00",
        "61-90": "0.00",
        "over_90": "100.00",
    }


@pytest.mark.parametrize("months", [["0"], ["61"], ["x"], ["1", "2", "3", "4", "5"]])
def test_windows_that_are_none_are_refused(erp: Erp, months: list[str]) -> None:
    assert erp.caller.get("/v1/customers/C-1/behaviour", params={"months": months}).status_code == 422
