from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from creditrisk.api.credit import CategoryLimits
from creditrisk.domain.papers import Category
from tests.api.master_data.answers import complaints

CREDIT = "/v1/customers/C-1/credit"


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


EVERYTHING: dict[str, Any] = {
    "limit": eur("100000.00"),
    "unlimited": False,
    "mandatory": True,
    "expires_on": "2027-12-31",
    "category_limits": {"orders": eur("20000.00"), "overdue": eur("0.00")},
    "control": "monitor",
    "grouping": "relation:owner",
    "cash_only": True,
    "documents_blocked": ["delivery"],
    "always_authorise": ["order", "invoice"],
    "max_days_overdue": 30,
    "excluded_sites": ["BRANCH/2"],
    "ignore_until": "2026-12-31",
    "insured_amount": {"amount": "5000", "currency": "JPY"},
    "eligible_limit": eur("80000.00"),
    "review_on": "2027-01-15",
    "notes": "Pays late in summer.",
    "warning": {"text": "Call first.", "kinds": ["order"], "checkpoints": ["ship"]},
}


def open_item(caller: httpx.Client, number: str, amount: str, **more: Any) -> None:
    body = {"customer": "C-1", "date": "2020-01-01", "due_date": "2020-02-01", "total": eur(amount)}
    stored = caller.put(f"/v1/ledger/open_item/{number}", json=body | more)
    assert stored.status_code == 200, stored.text


def policy(caller: httpx.Client, **overrides: Any) -> None:
    etag = caller.get("/v1/policy").headers["ETag"]
    body = {"preset": "standard", "overrides": overrides}
    assert caller.put("/v1/policy", json=body, headers={"If-Match": etag}).status_code == 200


@pytest.mark.usefixtures("customer")
def test_an_account_is_answered_as_set(anna: httpx.Client) -> None:
    put = anna.put(CREDIT, json=EVERYTHING)
    assert put.status_code == 200, put.text
    seen = put.json()
    assert {name: seen[name] for name in EVERYTHING} == EVERYTHING
    assert (seen["company"], seen["customer"], seen["updated_by"]) == ("main", "C-1", "Anna")
    got = anna.get(CREDIT)
    assert got.json() == seen
    assert got.headers["ETag"] == put.headers["ETag"]


@pytest.mark.usefixtures("customer")
def test_an_account_nobody_has_set_is_answered_with_defaults(anna: httpx.Client) -> None:
    got = anna.get(CREDIT)
    assert got.status_code == 200
    seen = got.json()
    assert seen["limit"] is seen["control"] is seen["updated_by"] is seen["updated_at"] is None
    assert (seen["unlimited"], seen["cash_only"], seen["auto_blocked"]) == (False, False, False)
    assert seen["category_limits"] == {}
    assert got.headers["ETag"] == '"0"'


@pytest.mark.usefixtures("customer")
def test_an_account_nobody_has_set_begins_as_the_policy_says(anna: httpx.Client) -> None:
    new = {"limit": "500.00", "max_days_overdue": 10, "cash_only": True, "documents_blocked": ["order"]}
    policy(anna, new_account=new)
    seen = anna.get(CREDIT).json()
    assert seen["limit"] == eur("500.00")
    assert (seen["max_days_overdue"], seen["cash_only"]) == (10, True)
    assert seen["documents_blocked"] == ["order"]

    assert anna.put(CREDIT, json={}).json()["limit"] is None


@pytest.mark.usefixtures("customer")
def test_setting_an_account_replaces_all_of_it(anna: httpx.Client) -> None:
    first = anna.put(CREDIT, json=EVERYTHING)
    again = anna.put(CREDIT, json={"unlimited": True}, headers={"If-Match": first.headers["ETag"]})
    assert again.status_code == 200
    seen = again.json()
    assert (seen["unlimited"], seen["limit"], seen["warning"], seen["mandatory"]) == (True, None, None, False)


@pytest.mark.usefixtures("customer")
def test_an_account_once_set_is_replaced_only_by_whoever_has_seen_it(anna: httpx.Client) -> None:
    first = anna.put(CREDIT, json={})
    assert anna.put(CREDIT, json={}).status_code == 428
    assert anna.put(CREDIT, json={}, headers={"If-Match": '"0"'}).status_code == 412
    second = anna.put(CREDIT, json={"cash_only": True}, headers={"If-Match": first.headers["ETag"]})
    assert second.status_code == 200
    stale = anna.put(CREDIT, json={}, headers={"If-Match": first.headers["ETag"]})
    assert stale.status_code == 412
    assert anna.get(CREDIT).json() == second.json()
    assert anna.put(CREDIT, json={}, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.usefixtures("customer")
def test_the_tag_of_an_account_never_set_lets_it_be_set(anna: httpx.Client) -> None:
    etag = anna.get(CREDIT).headers["ETag"]
    assert anna.put(CREDIT, json={}, headers={"If-Match": '"7"'}).status_code == 412
    assert anna.put(CREDIT, json={}, headers={"If-Match": etag}).status_code == 200


@pytest.mark.usefixtures("customer")
def test_of_many_who_set_an_account_for_the_first_time_one_does(anna: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        limits = [{"limit": eur(f"{n}.00")} for n in range(8)]
        answers = list(pool.map(lambda body: anna.put(CREDIT, json=body), limits))
    assert sorted(answer.status_code for answer in answers) == [200] + 7 * [428]
    (won,) = (answer for answer in answers if answer.status_code == 200)
    assert anna.get(CREDIT).json()["limit"] == won.json()["limit"]


@pytest.mark.usefixtures("customer")
def test_papers_do_not_change_the_tag(anna: httpx.Client) -> None:
    before = anna.put(CREDIT, json={"limit": eur("10.00")}).headers["ETag"]
    open_item(anna, "R-1", "50.00")
    assert anna.get(CREDIT).headers["ETag"] == before


@pytest.mark.usefixtures("customer")
def test_an_account_over_its_limit_is_blocked_by_the_policy_until_the_limit_is_raised(
    anna: httpx.Client,
) -> None:
    policy(anna, auto_block=True, blocked_kinds=["delivery"])
    open_item(anna, "R-1", "50.00")
    first = anna.put(CREDIT, json={"limit": eur("10.00")})
    assert first.json()["auto_blocked"] is True
    assert anna.get(CREDIT).json()["auto_blocked"] is True
    raised = anna.put(CREDIT, json={"limit": eur("50.00")}, headers={"If-Match": first.headers["ETag"]})
    assert raised.json()["auto_blocked"] is False


@pytest.mark.usefixtures("customer")
def test_a_policy_may_refuse_a_limit_below_the_exposure(anna: httpx.Client) -> None:
    open_item(anna, "R-1", "50.00")
    policy(anna, limit_below_exposure="refuse")
    below = anna.put(CREDIT, json={"limit": eur("49.99")})
    assert complaints(below) == [("/limit", "limit_below_exposure")]
    unknown_rate = anna.put(CREDIT, json={"limit": {"amount": "60", "currency": "JPY"}})
    assert complaints(unknown_rate) == [("/limit", "rate_missing")]
    assert anna.get(CREDIT).json()["updated_by"] is None
    set_ = anna.put(CREDIT, json={"limit": eur("50.00")})
    assert set_.status_code == 200
    no_limit = anna.put(CREDIT, json={}, headers={"If-Match": set_.headers["ETag"]})
    assert no_limit.status_code == 200


@pytest.mark.usefixtures("customer")
def test_a_limit_for_all_companies_is_compared_with_the_exposure_in_all(anna: httpx.Client) -> None:
    open_item(anna, "R-1", "50.00")
    open_item(anna, "R-2", "50.00", company="north")
    policy(anna, limit_below_exposure="refuse", grouping="all_companies")
    assert anna.put(CREDIT, json={"limit": eur("99.99")}).status_code == 422
    assert anna.put(CREDIT, json={"limit": eur("100.00")}).status_code == 200


@pytest.mark.usefixtures("customer")
def test_without_such_a_policy_a_limit_may_lie_below_the_exposure(anna: httpx.Client) -> None:
    open_item(anna, "R-1", "50.00")
    assert anna.put(CREDIT, json={"limit": eur("0.00"), "mandatory": True}).status_code == 200


@pytest.mark.usefixtures("customer")
def test_each_company_has_its_own_account(anna: httpx.Client, northerner: httpx.Client) -> None:
    anna.put(CREDIT, json={"limit": eur("1.00")})
    north = northerner.put(CREDIT, json={"company": "north", "limit": eur("2.00")})
    assert north.status_code == 200
    assert anna.get(f"{CREDIT}?company=north").json()["limit"] == eur("2.00")
    assert anna.get(CREDIT).json()["limit"] == eur("1.00")
    assert northerner.get(CREDIT).status_code == 403
    assert northerner.put(CREDIT, json={}).status_code == 403
    assert {item["company"] for item in anna.get("/v1/companies").json()["items"]} == {"main", "north"}


def test_nobody_unknown_has_an_account(anna: httpx.Client) -> None:
    assert anna.get(CREDIT).status_code == 404
    assert anna.put(f"{CREDIT}?company=north", json={}).status_code == 404
    assert anna.get("/v1/companies").json()["items"] == []


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"limit": eur("-1.00")}, "/limit/amount", "out_of_range"),
        ({"limit": 100}, "/limit", "wrong_type"),
        ({"limits": eur("1.00")}, "/limits", "unknown_field"),
        ({"category_limits": {"drafts": eur("1.00")}}, "/category_limits/drafts", "unknown_field"),
        ({"category_limits": {"orders": eur("-1.00")}}, "/category_limits/orders/amount", "out_of_range"),
        ({"control": "strict"}, "/control", "not_allowed"),
        ({"grouping": "relation:"}, "/grouping", "not_allowed"),
        ({"grouping": "family"}, "/grouping", "not_allowed"),
        ({"documents_blocked": ["bill"]}, "/documents_blocked/0", "not_allowed"),
        ({"max_days_overdue": -1}, "/max_days_overdue", "out_of_range"),
        ({"max_days_overdue": 1.5}, "/max_days_overdue", "wrong_type"),
        ({"max_days_overdue": "30"}, "/max_days_overdue", "wrong_type"),
        ({"expires_on": "31.12.2027"}, "/expires_on", "invalid_date"),
        ({"excluded_sites": [""]}, "/excluded_sites/0", "invalid_identifier"),
        ({"warning": {"text": ""}}, "/warning/text", "too_short"),
        ({"warning": {"kinds": ["order"]}}, "/warning/text", "required"),
        ({"auto_blocked": False}, "/auto_blocked", "unknown_field"),
    ],
)
def test_a_slip_in_an_account_is_refused_at_its_place(
    anna: httpx.Client, body: dict[str, Any], pointer: str, code: str
) -> None:
    assert complaints(anna.put(CREDIT, json=body)) == [(pointer, code)]


def test_every_category_of_exposure_and_both_halves_of_open_items_can_be_capped() -> None:
    assert {*CategoryLimits.model_fields} == {*Category, "overdue", "not_due"}


@pytest.mark.usefixtures("customer")
def test_another_tenants_account_is_not_found(anna: httpx.Client, stranger: httpx.Client) -> None:
    anna.put(CREDIT, json={"limit": eur("1.00")})
    assert stranger.get(CREDIT).status_code == 404
    assert stranger.put(CREDIT, json={}, headers={"If-Match": "*"}).status_code == 404


@pytest.mark.usefixtures("customer")
def test_accounts_take_the_scope_limits(checker: httpx.Client) -> None:
    assert checker.get(CREDIT).status_code == 403
    assert checker.put(CREDIT, json={}).status_code == 403


@pytest.mark.usefixtures("customer")
def test_an_account_is_never_deleted(anna: httpx.Client) -> None:
    assert anna.delete(CREDIT).status_code == 405
