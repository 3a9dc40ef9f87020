import asyncio
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import ConnectionLimits, open_database
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from tests.adapters.statements import paper
from tests.api.configuration.site import Site
from tests.api.parts import complaints

EUR_15000 = {"amount": "15000.00", "currency": "EUR"}

# Resource, a full body, and what every field is when nothing is stated.
RESOURCES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "document-types",
        {"credit": False, "exclude_block": True, "description": "Samples"},
        {"credit": True, "exclude_block": False, "description": None},
    ),
    (
        "payment-terms",
        {"rank": 60, "days": 60, "description": "Net 60"},
        {"rank": None, "days": None, "description": None},
    ),
    (
        "cash-discounts",
        {"rank": -2, "days": 0, "description": "2 in 10"},
        {"rank": None, "days": None, "description": None},
    ),
    (
        "credit-groups",
        {"name": "Alpine Group", "limit": EUR_15000, "expires_on": "2026-12-31"},
        {"name": None, "limit": None, "expires_on": None},
    ),
    ("management-groups", {"description": "Key accounts"}, {"description": None}),
    (
        "account-statuses",
        {"effect": "all", "kinds": ["order", "delivery"], "on": "warn", "description": "In court"},
        {"effect": "none", "kinds": [], "on": "block", "description": None},
    ),
    (
        "operators",
        {"strict": False, "roles": ["sales"], "companies": ["main"]},
        {"strict": None, "roles": [], "companies": []},
    ),
]
BY_ID = {"credit-groups", "management-groups", "operators"}


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """The fields of an answer that its body has, too."""
    return {
        name: value
        for name, value in answer.items()
        if name not in {"code", "id", "company", "updated_by", "updated_at"}
    }


@pytest.mark.parametrize(("resource", "full", "defaults"), RESOURCES)
def test_an_entry_is_set_read_replaced_and_deleted(
    admin: httpx.Client, resource: str, full: dict[str, Any], defaults: dict[str, Any]
) -> None:
    path = f"/v1/{resource}/X%2F1"
    name = "id" if resource in BY_ID else "code"

    created = admin.put(path, json=full)
    assert created.status_code == 201, created.text
    assert shown(created.json()) == full
    assert (created.json()[name], created.json()["company"]) == ("X/1", None)
    assert created.json()["updated_by"] == "Anna"
    assert admin.get(path).json() == created.json()

    replaced = admin.put(path, json={})
    assert (replaced.status_code, shown(replaced.json())) == (200, defaults)
    assert admin.get(f"/v1/{resource}").json() == {"items": [replaced.json()], "next": None}

    assert admin.delete(path).status_code == 204
    assert admin.get(path).status_code == 404
    assert admin.delete(path).status_code == 404


def test_a_reason_says_what_it_is_for(admin: httpx.Client) -> None:
    body = {"type": "release", "description": "Paid by phone"}

    assert shown(admin.put("/v1/reasons/R-1", json=body).json()) == body
    assert complaints(admin.put("/v1/reasons/R-2", json={})) == [("/type", "required")]
    assert complaints(admin.put("/v1/reasons/R-2", json={"type": "refund"})) == [("/type", "not_allowed")]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("document-types/STD", {"credit": "true"}, ("/credit", "wrong_type")),
        ("document-types/STD", {"excludeBlock": True}, ("/excludeBlock", "unknown_field")),
        ("payment-terms/N60", {"rank": "60"}, ("/rank", "wrong_type")),
        ("payment-terms/N60", {"rank": 1.5}, ("/rank", "wrong_type")),
        ("payment-terms/N60", {"rank": 10**30}, ("/rank", "wrong_type")),
        ("payment-terms/N60", {"days": -1}, ("/days", "out_of_range")),
        ("cash-discounts/2-10", {"description": "x" * 201}, ("/description", "too_long")),
        ("credit-groups/G", {"limit": "1.00"}, ("/limit", "wrong_type")),
        ("credit-groups/G", {"limit": {"amount": "-1.00", "currency": "EUR"}}, ("/limit", "negative")),
        ("credit-groups/G", {"limit": {"amount": 1, "currency": "EUR"}}, ("/limit/amount", "wrong_type")),
        ("credit-groups/G", {"limit": EUR_15000 | {"amount": "1.5e3"}}, ("/limit/amount", "invalid_amount")),
        ("credit-groups/G", {"expires_on": "31.12.2026"}, ("/expires_on", "invalid_date")),
        ("account-statuses/S", {"effect": "some"}, ("/effect", "not_allowed")),
        ("account-statuses/S", {"kinds": ["order"]}, ("/kinds", "not_allowed")),
        ("account-statuses/S", {"effect": "all", "kinds": ["open_item"]}, ("/kinds/0", "not_allowed")),
        ("operators/u2", {"roles": [""]}, ("/roles/0", "invalid_identifier")),
        ("operators/" + "u" * 65, {}, ("path/id", "invalid_identifier")),
    ],
)  # fmt: skip
def test_what_breaks_the_contract_is_named(
    admin: httpx.Client, path: str, body: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert complaints(admin.put(f"/v1/{path}", json=body)) == [expected]


def test_a_companys_own_entry_wins_over_that_of_every_company(admin: httpx.Client) -> None:
    admin.put("/v1/payment-terms/N60", json={"rank": 60})
    assert admin.put("/v1/payment-terms/N60?company=north", json={"rank": 1}).status_code == 201

    def rank(**params: str) -> int:
        answer: int = admin.get("/v1/payment-terms/N60", params=params).json()["rank"]
        return answer

    assert (rank(), rank(company="north"), rank(company="south")) == (60, 1, 60)
    assert admin.delete("/v1/payment-terms/N60?company=south").status_code == 404
    assert admin.delete("/v1/payment-terms/N60?company=north").status_code == 204
    assert rank(company="north") == 60


def test_who_names_no_company_finds_the_entry_of_main_where_there_is_no_other(admin: httpx.Client) -> None:
    admin.put("/v1/document-types/STD", json={"company": "main", "credit": False})

    assert admin.get("/v1/document-types/STD").json()["company"] == "main"
    assert admin.get("/v1/document-types/STD?company=north").status_code == 404
    assert admin.delete("/v1/document-types/STD").status_code == 204
    assert admin.get("/v1/document-types/STD?company=main").status_code == 404


def test_a_company_is_listed_with_the_entries_of_every_company(admin: httpx.Client) -> None:
    admin.put("/v1/document-types/A", json={})
    for company in ("north", "south"):
        admin.put("/v1/document-types/A", json={"company": company})

    def companies(**params: str) -> list[str | None]:
        items = admin.get("/v1/document-types", params=params).json()["items"]
        return [each["company"] for each in items]

    assert companies() == [None, "north", "south"]
    assert companies(company="south") == [None, "south"]


def test_entries_are_read_page_by_page(admin: httpx.Client) -> None:
    for code in ("c", "a", "b"):
        admin.put(f"/v1/reasons/{code}", json={"type": "hold"})

    first = admin.get("/v1/reasons?limit=2").json()
    second = admin.get("/v1/reasons", params={"limit": 2, "cursor": first["next"]}).json()

    assert [each["code"] for each in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["next"] is None


def test_the_company_of_what_is_tenant_wide_is_accepted_and_ignored(admin: httpx.Client) -> None:
    admin.put("/v1/operators/u2?company=north", json={"company": "south", "strict": True})

    assert admin.get("/v1/operators/u2").json()["strict"] is True
    assert admin.get("/v1/operators?company=west").json()["items"][0]["company"] is None


def test_query_and_body_name_one_company(admin: httpx.Client) -> None:
    refused = admin.put("/v1/document-types/STD?company=north", json={"company": "south"})

    assert complaints(refused) == [("/company", "company_mismatch")]


def test_a_key_limited_to_companies_changes_only_what_is_theirs(
    admin: httpx.Client, northerner: httpx.Client
) -> None:
    admin.put("/v1/document-types/STD", json={})
    admin.put("/v1/document-types/OWN", json={"company": "south"})
    admin.put("/v1/document-types/MAIN", json={"company": "main"})

    assert northerner.get("/v1/document-types/STD?company=north").status_code == 200
    assert northerner.get("/v1/document-types/OWN?company=south").status_code == 403
    assert northerner.get("/v1/document-types/MAIN").status_code == 404
    assert [each["code"] for each in northerner.get("/v1/document-types").json()["items"]] == ["STD"]
    assert northerner.put("/v1/document-types/STD", json={}).json()["code"] == "company_forbidden"
    assert northerner.put("/v1/operators/u2?company=north", json={}).status_code == 403
    assert northerner.delete("/v1/document-types/STD").status_code == 403
    assert northerner.put("/v1/document-types/STD?company=north", json={}).status_code == 201


def test_entries_stay_in_their_tenant(admin: httpx.Client, stranger: httpx.Client) -> None:
    admin.put("/v1/credit-groups/G-1", json={"name": "ours"})

    assert stranger.get("/v1/credit-groups/G-1").status_code == 404
    assert stranger.delete("/v1/credit-groups/G-1").status_code == 404
    assert stranger.get("/v1/credit-groups").json()["items"] == []
    assert stranger.put("/v1/credit-groups/G-1", json={}).status_code == 201
    assert admin.get("/v1/credit-groups/G-1").json()["name"] == "ours"


def test_reference_data_needs_the_scope(site: Site, acme: str) -> None:
    with site.caller(site.key_of(acme, ["ingest", "limits", "check"])) as other:
        assert other.put("/v1/operators/u2", json={}).json()["code"] == "scope_missing"
        for method in ("GET", "DELETE"):
            assert other.request(method, "/v1/operators/u2").status_code == 403
        assert other.get("/v1/operators").status_code == 403


@pytest.mark.parametrize(
    ("resource", "named_as"),
    [
        ("payment-terms", "payment_terms"),
        ("cash-discounts", "cash_discount"),
        ("credit-groups", "credit_group"),
        ("management-groups", "management_group"),
        ("account-statuses", "account_status"),
        ("reasons", "status_reason"),
    ],
)
def test_what_a_customer_names_is_not_deleted(
    database_url: str, acme: str, admin: httpx.Client, resource: str, named_as: str
) -> None:
    for code in ("used", "free"):
        admin.put(f"/v1/{resource}/{code}", json={"type": "status"} if resource == "reasons" else {})
    insert = (
        "INSERT INTO customer (tenant, customer, content)"
        f" VALUES (:tenant, 'C-1', jsonb_build_object('{named_as}', 'used'))"
    )
    execute(database_url, acme, insert)

    refused = admin.delete(f"/v1/{resource}/used")

    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert admin.get(f"/v1/{resource}/used").status_code == 200
    assert admin.delete(f"/v1/{resource}/free").status_code == 204


def test_a_credit_group_with_temporary_limits_is_not_deleted(
    database_url: str, acme: str, admin: httpx.Client
) -> None:
    admin.put("/v1/credit-groups/G-1", json={})
    insert = (
        "INSERT INTO temporary_limit (tenant, company, owner_kind, owner, no, content)"
        " VALUES (:tenant, '', 'credit_group', 'G-1', 1, '{}')"
    )
    execute(database_url, acme, insert)

    assert admin.delete("/v1/credit-groups/G-1").status_code == 409


def test_the_type_of_an_open_document_is_not_deleted(
    database_url: str, acme: str, admin: httpx.Client
) -> None:
    for company in (None, "main", "north"):
        admin.put("/v1/document-types/STD", json={"company": company})

    async def store() -> None:
        database = open_database(database_url, limits=ConnectionLimits())
        await PostgresPaperStore(database).write([paper("order", "1", type="STD")], tenant=acme)
        await database.close()

    asyncio.run(store())

    assert admin.delete("/v1/document-types/STD").status_code == 409
    assert admin.delete("/v1/document-types/STD?company=main").status_code == 409
    assert admin.delete("/v1/document-types/STD?company=north").status_code == 204


def execute(url: str, tenant: str, statement: str) -> None:
    async def run() -> None:
        database = open_database(url, limits=ConnectionLimits())
        async with database.transaction(tenant) as connection:
            await connection.execute(sa.text(statement), {"tenant": tenant})
        await database.close()

    asyncio.run(run())
