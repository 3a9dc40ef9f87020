"""Proposed lines over HTTP: filtered, adjusted, rounded off, with days stated or counted."""

from typing import Any

import httpx
import pytest

from tests.api.adjustments.journals import EXPIRY, journal, policy
from tests.api.parts import complaints
from tests.service import JSON, eur, ok

TO_TEN_UP: JSON = {"unit": "10", "direction": "up"}


def generated(caller: httpx.Client, *, kind: str = "credit_limit", **order: Any) -> list[JSON]:
    """The lines of a new draft with nothing but proposals."""
    home = journal(caller, kind=kind)
    days = {"expires_on": EXPIRY} if kind == "credit_limit" else {}
    ok(caller.post(f"{home}/lines:generate", json=days | order))
    lines: list[JSON] = ok(caller.get(home))["lines"]
    return lines


def limits(lines: list[JSON]) -> dict[str, str]:
    """The new limits by owner."""
    return {each["customer"] or each["credit_group"]: each["limit"]["amount"] for each in lines}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({}, {"C-1": "12345.00", "C-2": "20000.00"}),
        ({"adjustment": {"percent": "10"}}, {"C-1": "13579.50", "C-2": "22000.00"}),
        ({"adjustment": {"percent": "-100"}}, {"C-1": "0.00", "C-2": "0.00"}),
        ({"adjustment": {"amount": eur("-500.00")}}, {"C-1": "11845.00", "C-2": "19500.00"}),
        ({"rounding": TO_TEN_UP}, {"C-1": "12350.00", "C-2": "20000.00"}),
        ({"rounding": {"unit": "10", "direction": "down"}}, {"C-1": "12340.00", "C-2": "20000.00"}),
        (
            {"adjustment": {"percent": "10"}, "rounding": {"unit": "1000"}},
            {"C-1": "14000.00", "C-2": "22000.00"},
        ),
        ({"source": "credit_groups", "adjustment": {"percent": "1"}}, {"ALPS": "50500.00"}),
        ({"source": "credit_groups", "filter": {"credit_group": "ALPS"}}, {"ALPS": "50000.00"}),
        ({"source": "credit_groups", "filter": {"credit_group": "NONE"}}, {}),
        ({"filter": {"customers": ["C-2", "C-9"]}}, {"C-2": "20000.00"}),
        ({"filter": {"country": "DE"}}, {"C-1": "12345.00"}),
        ({"filter": {"country": "DE", "management_group": "SOUTH"}}, {}),
    ],
)
def test_lines_are_made_of_the_limits_there_are(
    anna: httpx.Client, order: JSON, expected: dict[str, str]
) -> None:
    lines = generated(anna, **order)
    assert limits(lines) == expected
    assert all(each["proposed"] and each["expires_on"] == EXPIRY for each in lines)


def test_only_members_customers_of_a_group_a_status_or_a_risk_group(anna: httpx.Client) -> None:
    ok(anna.put("/v1/management-groups/SOUTH", json={}))
    ok(anna.put("/v1/account-statuses/WATCH", json={}))
    said = {"credit_group": "ALPS", "management_group": "SOUTH", "account_status": "WATCH", "risk_group": "B"}
    for name, value in said.items():
        ok(anna.put("/v1/customers/C-2", json={name: value}))
        assert limits(generated(anna, filter={name: value})) == {"C-2": "20000.00"}, name


def test_who_has_no_limit_or_no_bound_is_passed_over(anna: httpx.Client) -> None:
    ok(anna.put("/v1/customers/C-3/credit", json={"unlimited": True, "limit": eur("5.00")}))
    ok(anna.put("/v1/customers/C-2/credit", json={}, headers={"If-Match": "*"}))
    ok(anna.put("/v1/credit-groups/SEA", json={}))
    assert limits(generated(anna)) == {"C-1": "12345.00"}
    assert limits(generated(anna, source="credit_groups")) == {"ALPS": "50000.00"}


def test_days_may_be_counted(anna: httpx.Client) -> None:
    (line, _) = generated(anna, as_of="2026-11-26", expires_in_days=90, expires_on=None)
    assert line["expires_on"] == "2027-02-24"
    (line, _) = generated(anna, kind="temporary", as_of="2026-11-26", from_in_days=0, to="2026-12-31")
    assert (line["from"], line["to"], line["expires_on"]) == ("2026-11-26", "2026-12-31", None)


def test_an_amount_is_converted_into_the_currency_of_each_limit(anna: httpx.Client) -> None:
    ok(
        anna.put(
            "/v1/customers/C-2/credit",
            json={"limit": {"amount": "100", "currency": "JPY"}},
            headers={"If-Match": "*"},
        )
    )
    ok(anna.put("/v1/customers/C-3/credit", json={"limit": {"amount": "100.00", "currency": "USD"}}))
    rate = {"from": "EUR", "to": "USD", "date": "2020-01-01", "rate": "2"}
    ok(anna.put("/v1/rates", json={"rates": [rate]}))
    home = journal(anna)
    order = {"adjustment": {"amount": eur("10.00")}, "expires_on": EXPIRY}
    counts = ok(anna.post(f"{home}/lines:generate", json=order))
    assert counts == {"added": 2, "replaced": 0, "kept": 0, "without_rate": 1}
    assert limits(ok(anna.get(home))["lines"]) == {"C-1": "12355.00", "C-3": "120.00"}


@pytest.mark.parametrize(
    ("kind", "order", "complaint"),
    [
        ("credit_limit", {}, ("/expires_on", "wrong_days")),
        ("credit_limit", {"expires_on": EXPIRY, "from_in_days": 1, "to": EXPIRY}, ("/from", "wrong_days")),
        ("credit_limit", {"expires_on": EXPIRY, "expires_in_days": 1}, ("/expires_in_days", "not_allowed")),
        ("temporary", {}, ("/from", "wrong_days")),
        ("temporary", {"from_in_days": 2}, ("/to_in_days", "required")),
        ("temporary", {"from_in_days": 2, "to_in_days": 1}, ("/to", "wrong_days")),
        (
            "temporary",
            {"from_in_days": 1, "to_in_days": 2, "expires_on": EXPIRY},
            ("/expires_on", "wrong_days"),
        ),
        ("credit_limit", {"adjustment": {}}, ("/adjustment/amount", "one_of_both")),
        ("credit_limit", {"adjustment": {"percent": 10}}, ("/adjustment/percent", "wrong_type")),
        (
            "credit_limit",
            {"adjustment": {"percent": "1", "amount": eur("1.00")}},
            ("/adjustment/amount", "one_of_both"),
        ),
        ("credit_limit", {"rounding": {"unit": "0"}}, ("/rounding/unit", "out_of_range")),
        (
            "credit_limit",
            {"source": "credit_groups", "filter": {"country": "DE"}},
            ("/filter", "not_allowed"),
        ),
        (
            "credit_limit",
            {"source": "automatic_limits", "rounding": TO_TEN_UP},
            ("/rounding", "not_allowed"),
        ),
    ],
)
def test_what_cannot_be_meant_is_named(
    anna: httpx.Client, *, kind: str, order: JSON, complaint: tuple[str, str]
) -> None:
    home = journal(anna, kind=kind)
    assert complaint in complaints(anna.post(f"{home}/lines:generate", json=order))


def test_an_adjustment_makes_no_limit_of_more_digits_than_an_amount_has(anna: httpx.Client) -> None:
    most = {"limit": eur("999999999999999.99")}
    ok(anna.put("/v1/customers/C-1/credit", json=most, headers={"If-Match": "*"}))
    home = journal(anna)
    order = {"adjustment": {"percent": "99999"}, "expires_on": EXPIRY}
    refused = anna.post(f"{home}/lines:generate", json=order)
    assert complaints(refused) == [("/adjustment", "out_of_range")]
    assert ok(anna.get(home))["lines"] == []


def test_today_is_that_of_the_company(anna: httpx.Client) -> None:
    policy(anna, time_zone="Pacific/Kiritimati")
    (east, _) = generated(anna, expires_in_days=0, expires_on=None)
    policy(anna, time_zone="Pacific/Pago_Pago")
    (west, _) = generated(anna, expires_in_days=0, expires_on=None)
    assert east["expires_on"] > west["expires_on"]
