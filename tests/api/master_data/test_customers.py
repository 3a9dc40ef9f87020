from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.api.master_data.answers import complaints, read_pages

EVERYTHING: dict[str, Any] = {
    "name": "Brown & Sons",
    "registration_number": "HRB 12345",
    "country": "DE",
    "language": "de",
    "risk_customer": "C-2",
    "head_account": "C-3",
    "relations": {"owner": "Brown"},
    "credit_group": None,
    "management_group": None,
    "payment_terms": "NET30",
    "cash_discount": "2-10",
    "payment_method": "transfer",
    "risk_group": "B",
    "account_status": None,
    "status_reason": "new",
    "customer_since": "2019-04-01",
    "in_business_since": "1950-01-01",
    "attributes": {"region": {"code": 7}},
    "closed": True,
}


def test_a_customer_is_answered_as_stated(anna: httpx.Client) -> None:
    stated = anna.put("/v1/customers/C-1", json=EVERYTHING)
    assert stated.status_code == 201
    seen = stated.json()
    assert {name: seen[name] for name in EVERYTHING} == EVERYTHING
    assert (seen["id"], seen["updated_by"]) == ("C-1", "Anna")
    assert anna.get("/v1/customers/C-1").json() == seen


def test_stating_a_customer_again_replaces_all_of_it(anna: httpx.Client) -> None:
    anna.put("/v1/customers/C-1", json=EVERYTHING)
    again = anna.put("/v1/customers/C-1", json={"name": "Brown"})
    assert again.status_code == 200
    seen = again.json()
    assert seen["name"] == "Brown"
    assert seen["closed"] is False
    assert seen["relations"] == seen["attributes"] == {}
    assert seen["risk_customer"] is None


def test_stating_the_same_again_changes_nothing_at_all(anna: httpx.Client) -> None:
    first = anna.put("/v1/customers/C-1", json=EVERYTHING).json()
    assert anna.put("/v1/customers/C-1", json=EVERYTHING).json() == first


def test_an_id_may_hold_what_an_address_otherwise_does_not(anna: httpx.Client) -> None:
    assert anna.put("/v1/customers/A%2FB%20100%25%3F", json={}).json()["id"] == "A/B 100%?"
    assert anna.get("/v1/customers/A%2FB%20100%25%3F").status_code == 200


def test_customers_that_others_name_exist_before_they_are_stated(anna: httpx.Client) -> None:
    anna.put("/v1/customers/C-1", json={"risk_customer": "C-2", "head_account": "C-3"})
    named = anna.get("/v1/customers/C-2").json()
    assert named["updated_by"] is None
    assert anna.get("/v1/customers/C-3").status_code == 200
    assert anna.put("/v1/customers/C-2", json={}).json()["updated_by"] == "Anna"


def test_naming_a_customer_leaves_what_it_is_as_it_is(anna: httpx.Client) -> None:
    known = anna.put("/v1/customers/C-2", json={"name": "Green"}).json()
    anna.put("/v1/customers/C-1", json={"risk_customer": "C-2", "head_account": "C-1"})
    assert anna.get("/v1/customers/C-2").json() == known


def test_customers_naming_each_other_can_be_stated_at_the_same_time(anna: httpx.Client) -> None:
    ids = [f"C-{number}" for number in range(12)]

    def state(number: int) -> int:
        body = {"risk_customer": ids[number - 1], "head_account": ids[(number + 1) % 12]}
        return anna.put(f"/v1/customers/{ids[number]}", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert {*pool.map(state, range(12))} <= {200, 201}
    assert len(anna.get("/v1/customers").json()["items"]) == 12


@pytest.mark.parametrize(
    ("field", "resource"),
    [
        ("credit_group", "credit-groups"),
        ("management_group", "management-groups"),
        ("account_status", "account-statuses"),
    ],
)
def test_a_group_or_status_must_be_stored_before_a_customer_names_it(
    anna: httpx.Client, field: str, resource: str
) -> None:
    refused = anna.put("/v1/customers/C-1", json={field: "X"})
    assert complaints(refused) == [(f"/{field}", "unknown_reference")]
    assert anna.get("/v1/customers/C-1").status_code == 404

    assert anna.put(f"/v1/{resource}/X", json={}).status_code == 201
    assert anna.put("/v1/customers/C-1", json={field: "X"}).json()[field] == "X"
    assert anna.delete(f"/v1/{resource}/X").status_code == 409


def test_a_group_of_another_kind_does_not_stand_in(anna: httpx.Client) -> None:
    anna.put("/v1/management-groups/X", json={})
    refused = anna.put("/v1/customers/C-1", json={"credit_group": "X", "management_group": "X"})
    assert complaints(refused) == [("/credit_group", "unknown_reference")]


def test_where_status_reasons_are_kept_a_status_needs_one_of_them(anna: httpx.Client) -> None:
    anna.put("/v1/account-statuses/COURT", json={"effect": "all"})
    assert anna.put("/v1/customers/C-1", json={"account_status": "COURT"}).status_code == 201
    anna.put("/v1/reasons/BROKE", json={"type": "status"})
    refused = anna.put("/v1/customers/C-1", json={"account_status": "COURT"})
    assert complaints(refused) == [("/status_reason", "required")]
    stated = {"account_status": "COURT", "status_reason": "BROKE"}
    assert anna.put("/v1/customers/C-1", json=stated).status_code == 200
    assert anna.put("/v1/customers/C-1", json={"account_status": None}).status_code == 200


def test_where_status_reasons_are_kept_only_these_are_accepted(anna: httpx.Client) -> None:
    assert anna.put("/v1/customers/C-1", json={"status_reason": "anything"}).status_code == 201
    anna.put("/v1/reasons/LATE", json={"type": "release"})
    assert anna.put("/v1/customers/C-1", json={"status_reason": "anything"}).status_code == 200
    anna.put("/v1/reasons/BROKE", json={"type": "status"})
    refused = anna.put("/v1/customers/C-1", json={"status_reason": "LATE"})
    assert complaints(refused) == [("/status_reason", "unknown_reference")]
    assert anna.put("/v1/customers/C-1", json={"status_reason": "BROKE"}).status_code == 200


def test_customers_are_listed_by_id_page_by_page(anna: httpx.Client, stranger: httpx.Client) -> None:
    for name in ("b", "a", "C", "ä", "Z"):
        anna.put(f"/v1/customers/{name}", json={})
    pages = read_pages(anna, "/v1/customers", size=2)
    assert [[item["id"] for item in page] for page in pages] == [["C", "Z"], ["a", "b"], ["ä"]]
    assert stranger.get("/v1/customers").json() == {"items": [], "next": None}


def test_the_company_is_accepted_and_ignored(anna: httpx.Client) -> None:
    stated = anna.put("/v1/customers/C-1?company=north", json={"company": "south", "name": "Brown"})
    assert stated.status_code == 201
    assert "company" not in stated.json()
    assert anna.get("/v1/customers/C-1?company=east").json()["name"] == "Brown"
    assert anna.get("/v1/companies").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"nmae": "Brown"}, "/nmae", "unknown_field"),
        ({"name": 5}, "/name", "wrong_type"),
        ({"name": "a\nb"}, "/name", "invalid_text"),
        ({"country": "Germany"}, "/country", "invalid_format"),
        ({"language": "GERMAN"}, "/language", "invalid_format"),
        ({"risk_customer": ""}, "/risk_customer", "invalid_identifier"),
        ({"risk_customer": "x" * 65}, "/risk_customer", "invalid_identifier"),
        ({"relations": {"owner": 7}}, "/relations/owner", "wrong_type"),
        ({"relations": {f"r{n}": "x" for n in range(51)}}, "/relations", "too_long"),
        ({"customer_since": "2026-02-30"}, "/customer_since", "invalid_date"),
        ({"attributes": {"a": "\x00"}}, "/attributes", "invalid_text"),
        ({"attributes": {"a": 10**20 - 1}}, "/attributes", "out_of_range"),
        ({"attributes": []}, "/attributes", "wrong_type"),
        ({"closed": "yes"}, "/closed", "wrong_type"),
        ({"closed": None}, "/closed", "wrong_type"),
    ],
)
def test_a_slip_in_a_customer_is_refused_at_its_place(
    anna: httpx.Client, body: dict[str, Any], pointer: str, code: str
) -> None:
    assert complaints(anna.put("/v1/customers/C-1", json=body)) == [(pointer, code)]


def test_another_tenant_sees_nothing_of_a_customer(
    stranger: httpx.Client, anna: httpx.Client, customer: str
) -> None:
    assert stranger.get(f"/v1/customers/{customer}").status_code == 404
    assert stranger.put(f"/v1/customers/{customer}", json={"name": "Other"}).status_code == 201
    assert anna.get(f"/v1/customers/{customer}").json()["name"] == "Brown & Sons"


def test_customers_take_the_scope_ingest(checker: httpx.Client, customer: str) -> None:
    assert checker.put(f"/v1/customers/{customer}", json={}).status_code == 403
    assert checker.get(f"/v1/customers/{customer}").status_code == 403
    assert checker.get("/v1/customers").status_code == 403


def test_customers_are_not_deleted(anna: httpx.Client, customer: str) -> None:
    assert anna.delete(f"/v1/customers/{customer}").status_code == 405
