from typing import Any

import httpx
import pytest

from tests.api.configuration.site import Site
from tests.api.parts import complaints

JPY = {"currency": "JPY"}  # has no decimals


def test_a_company_that_never_set_a_policy_has_standard_in_version_0(admin: httpx.Client) -> None:
    answer = admin.get("/v1/policy")

    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"0"'
    policy = answer.json()
    assert (policy["company"], policy["preset"], policy["version"]) == ("main", "standard", 0)
    assert policy["overrides"] == {}
    assert policy["parameters"]["warn_percent"] == "80"
    assert policy["parameters"]["categories"]["bills"] is True
    assert (policy["updated_by"], policy["updated_at"]) == (None, None)


def test_overrides_are_laid_over_the_preset_key_by_key(admin: httpx.Client) -> None:
    overrides = {"currency": "CZK", "max_days_overdue": 30, "categories": {"bills": True}}

    answer = admin.put("/v1/policy", json={"preset": "duir", "overrides": overrides})

    assert answer.status_code == 200
    policy = answer.json()
    assert (policy["preset"], policy["version"], policy["overrides"]) == ("duir", 1, overrides)
    parameters = policy["parameters"]
    assert (parameters["currency"], parameters["max_days_overdue"]) == ("CZK", 30)
    assert parameters["categories"]["bills"] is True  # duir has it false
    assert parameters["categories"]["unpaid_bills"] is False
    assert policy["updated_by"] == "Anna"
    assert policy["updated_at"] is not None
    assert admin.get("/v1/policy").json() == policy


def test_every_parameter_of_the_contract_is_answered(admin: httpx.Client) -> None:
    explained = {each["name"] for each in admin.get("/v1/presets").json()["parameters"]}

    assert set(admin.get("/v1/policy").json()["parameters"]) == explained


def test_a_policy_that_was_set_is_replaced_only_by_who_has_seen_it(admin: httpx.Client) -> None:
    body = {"preset": "mtj"}
    assert admin.put("/v1/policy", json=body).headers["ETag"] == '"1"'

    assert admin.put("/v1/policy", json=body).status_code == 428
    assert admin.put("/v1/policy", json=body, headers={"If-Match": '"0"'}).status_code == 412
    replaced = admin.put("/v1/policy", json=body, headers={"If-Match": '"1"'})
    assert (replaced.status_code, replaced.headers["ETag"]) == (200, '"2"')
    assert admin.put("/v1/policy", json=body, headers={"If-Match": "*"}).headers["ETag"] == '"3"'


def test_the_first_policy_may_name_the_version_answered_before_there_was_one(admin: httpx.Client) -> None:
    tag = admin.get("/v1/policy").headers["ETag"]

    assert admin.put("/v1/policy", json={}, headers={"If-Match": tag}).status_code == 200
    assert admin.put("/v1/policy", json={}, headers={"If-Match": tag}).status_code == 412


def test_a_refused_policy_changes_nothing(admin: httpx.Client) -> None:
    admin.put("/v1/policy", json={"preset": "duir"})
    before = admin.get("/v1/policy").json()

    admin.put("/v1/policy", json={"preset": "mtj"})
    admin.put("/v1/policy", json={"overrides": {"currency": "XYZ"}}, headers={"If-Match": "*"})

    assert admin.get("/v1/policy").json() == before


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"max_day_overdue": 30}, [("/overrides/max_day_overdue", "unknown_parameter")]),
        ({"max_days_overdue": "30"}, [("/overrides/max_days_overdue", "wrong_type")]),
        ({"max_days_overdue": -1}, [("/overrides/max_days_overdue", "invalid_value")]),
        ({"orders": {"amount": "half"}}, [("/overrides/orders/amount", "invalid_value")]),
        ({"categories": {"order": True}}, [("/overrides/categories/order", "unknown_parameter")]),
        ({"bills": {"discount_days": True}}, [("/overrides/bills/discount_days", "wrong_type")]),
        (JPY | {"new_account": {"limit": "0.5"}}, [("/overrides/new_account/limit", "invalid_value")]),
        ({"time_zone": "Europe/Atlantis"}, [("/overrides/time_zone", "invalid_value")]),
        (
            {"currency": "XYZ", "grouping": "relation:"},
            [("/overrides/currency", "invalid_value"), ("/overrides/grouping", "invalid_value")],
        ),
    ],
)  # fmt: skip
def test_parameters_that_are_not_accepted_are_all_named(
    admin: httpx.Client, overrides: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert complaints(admin.put("/v1/policy", json={"overrides": overrides})) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"preset": "sap"}, [("/preset", "unknown_preset")]),
        ({"preset": 1}, [("/preset", "wrong_type")]),
        ({"overrides": []}, [("/overrides", "wrong_type")]),
        ({"overrides": {"cash_methods": ["\u0000"]}}, [("/overrides", "invalid_text")]),
        ({"presets": "duir"}, [("/presets", "unknown_field")]),
        ({"company": "south"}, [("/company", "company_mismatch")]),
    ],
)
def test_a_body_that_breaks_the_contract_is_refused(
    admin: httpx.Client, body: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert complaints(admin.put("/v1/policy?company=north", json=body)) == expected


def test_a_refusal_stays_small_whatever_was_sent(admin: httpx.Client) -> None:
    overrides = {f"{number}{'x' * 2_000}": 0 for number in range(300)}

    refused = admin.put("/v1/policy", json={"overrides": overrides})

    assert len(complaints(refused)) == 100
    assert len(refused.content) < 100_000


def test_companies_have_policies_of_their_own(admin: httpx.Client) -> None:
    admin.put("/v1/policy?company=north", json={"preset": "duir"})
    admin.put("/v1/policy", json={"company": "south", "preset": "mtj"})

    presets = {
        company: admin.get("/v1/policy", params={"company": company}).json()["preset"]
        for company in ("main", "north", "south")
    }
    assert presets == {"main": "standard", "north": "duir", "south": "mtj"}


def test_another_tenant_sees_nothing_of_a_policy(admin: httpx.Client, stranger: httpx.Client) -> None:
    admin.put("/v1/policy", json={"preset": "duir"})

    assert stranger.get("/v1/policy").json()["version"] == 0


def test_a_policy_needs_the_scope_and_the_company(site: Site, acme: str, northerner: httpx.Client) -> None:
    with site.caller(site.key_of(acme, ["check", "limits", "admin"])) as other:
        assert other.get("/v1/policy").json()["code"] == "scope_missing"
        assert other.put("/v1/policy", json={}).status_code == 403
        assert other.get("/v1/presets").status_code == 403

    assert northerner.get("/v1/policy?company=north").status_code == 200
    assert northerner.put("/v1/policy?company=north", json={}).status_code == 200
    assert northerner.get("/v1/policy").json()["code"] == "company_forbidden"
    assert northerner.put("/v1/policy", json={}).status_code == 403


def test_presets_are_listed_with_what_they_do_differently(admin: httpx.Client) -> None:
    answer = admin.get("/v1/presets").json()

    presets = {preset["name"]: preset for preset in answer["items"]}
    assert next(iter(presets)) == "standard"
    assert presets["standard"]["differs"] == []
    assert presets["fluentis"]["differs"] == [
        "orders",
        "deliveries",
        "invoices",
        "expired_limit",
        "warn_percent",
    ]
    assert presets["fluentis"]["parameters"]["warn_percent"] is None
    assert presets["duir"]["parameters"]["bank_risk_days"] == 0
    assert all(preset["title"] and preset["description"] for preset in presets.values())
    days = next(each for each in answer["parameters"] if each["name"] == "max_days_overdue")
    assert days["accepts"] == "null | days, 0 to 36500"
    assert days["default"] is None
    assert days["meaning"]
    assert days["source"] == "C5, M17"
