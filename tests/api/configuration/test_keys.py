import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from creditrisk.application.keys import hash_key
from tests.api.configuration.site import Site
from tests.api.parts import complaints


def create(caller: httpx.Client, **stated: Any) -> httpx.Response:
    return caller.post("/v1/keys", json={"scopes": ["policy"]} | stated)


def test_a_new_key_is_shown_once_and_works_at_once(site: Site, acme: str, admin: httpx.Client) -> None:
    made = create(admin, name="webshop", scopes=["policy", "check"], companies=["main"])

    assert made.status_code == 201
    answer = made.json()
    assert hash_key(answer["key"]) is not None
    assert answer["id"] in answer["key"]
    assert (answer["tenant"], answer["name"], answer["created_by"]) == (acme, "webshop", "Anna")
    assert (answer["scopes"], answer["companies"]) == (["check", "policy"], ["main"])
    with site.caller(answer["key"]) as webshop:
        assert webshop.get("/v1/policy").status_code == 200
        assert webshop.get("/v1/policy?company=north").status_code == 403


def test_keys_are_listed_without_their_secret(admin: httpx.Client) -> None:
    made = create(admin, name="webshop").json()

    page = admin.get("/v1/keys")

    assert made["key"] not in page.text
    assert made["key"].split("_")[2] not in page.text
    assert {each["name"] for each in page.json()["items"]} == {"Anna", "webshop"}
    shown = next(each for each in page.json()["items"] if each["name"] == "webshop")
    assert shown == {name: value for name, value in made.items() if name != "key"}


def test_keys_are_listed_page_by_page(admin: httpx.Client) -> None:
    for number in range(4):
        create(admin, name=str(number))

    first = admin.get("/v1/keys?limit=3").json()
    second = admin.get("/v1/keys", params={"limit": 3, "cursor": first["next"]}).json()

    ids = [each["id"] for each in first["items"] + second["items"]]
    assert (len(ids), ids) == (5, sorted(ids))


def test_a_revoked_key_is_no_good_any_more(site: Site, admin: httpx.Client) -> None:
    made = create(admin).json()

    with site.caller(made["key"]) as caller:
        assert caller.get("/v1/policy").status_code == 200
        assert admin.delete(f"/v1/keys/{made['id']}").status_code == 204
        assert caller.get("/v1/policy").status_code == 401

    revoked = next(each for each in admin.get("/v1/keys").json()["items"] if each["id"] == made["id"])
    assert revoked["revoked_at"] is not None
    assert admin.delete(f"/v1/keys/{made['id']}").status_code == 204
    assert revoked in admin.get("/v1/keys").json()["items"]


def test_an_unknown_key_cannot_be_revoked_nor_another_tenants(
    site: Site, admin: httpx.Client, stranger: httpx.Client
) -> None:
    made = create(admin).json()

    assert admin.delete("/v1/keys/nothing").status_code == 404
    assert stranger.delete(f"/v1/keys/{made['id']}").status_code == 404
    with site.caller(made["key"]) as caller:
        assert caller.get("/v1/policy").status_code == 200


def test_a_key_expires(site: Site, admin: httpx.Client) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    made = create(admin, expires_at=soon.isoformat()).json()

    with site.caller(made["key"]) as caller:
        assert caller.get("/v1/policy").status_code == 200
        time.sleep((soon - datetime.now(UTC)).total_seconds() + 0.05)
        assert caller.get("/v1/policy").status_code == 401


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"scopes": []}, ("/scopes", "too_short")),
        ({"scopes": ["checks"]}, ("/scopes/0", "not_allowed")),
        ({"scopes": "check"}, ("/scopes", "wrong_type")),
        ({"companies": [""]}, ("/companies/0", "invalid_identifier")),
        ({"companies": []}, ("/companies", "too_short")),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ("/expires_at", "in_the_past")),
        ({"expires_at": "tomorrow"}, ("/expires_at", "invalid_instant")),
        ({"name": "a\nb"}, ("/name", "invalid_text")),
        ({"secret": "x"}, ("/secret", "unknown_field")),
    ],
)
def test_what_makes_no_key_is_named(
    admin: httpx.Client, stated: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert complaints(create(admin, **stated)) == [expected]


def test_a_key_for_another_tenant_needs_the_platform(site: Site, admin: httpx.Client) -> None:
    tenant = f"new-{uuid4().hex}"

    assert create(admin, tenant=tenant).json()["code"] == "scope_missing"
    assert admin.get("/v1/keys", params={"tenant": tenant}).status_code == 403
    assert admin.delete("/v1/keys/any", params={"tenant": tenant}).status_code == 403
    with site.caller(site.platform_key) as platform:
        made = create(platform, tenant=tenant).json()
        assert made["tenant"] == tenant
        assert [each["id"] for each in platform.get(f"/v1/keys?tenant={tenant}").json()["items"]] == [
            made["id"]
        ]
        assert platform.delete(f"/v1/keys/{made['id']}?tenant={tenant}").status_code == 204


def test_an_administrator_grants_any_scope_but_platform(site: Site, admin: httpx.Client) -> None:
    every = ["check", "signal", "ingest", "limits", "policy", "holds", "audit", "admin"]

    assert create(admin, scopes=every).status_code == 201
    assert create(admin, scopes=["platform"]).json()["code"] == "scope_missing"
    with site.caller(site.platform_key) as platform:
        assert create(platform, scopes=["platform"]).status_code == 201


def test_keys_need_the_scope(site: Site, acme: str) -> None:
    with site.caller(site.key_of(acme, ["policy", "limits"])) as other:
        assert create(other).status_code == 403
        assert other.get("/v1/keys").status_code == 403
        assert other.delete("/v1/keys/any").status_code == 403


def test_a_key_limited_to_companies_grants_and_revokes_no_more_than_these(
    admin: httpx.Client, northerner: httpx.Client
) -> None:
    assert create(northerner).json()["code"] == "company_forbidden"
    assert create(northerner, companies=["north", "south"]).status_code == 403
    made = create(northerner, companies=["north"])
    assert made.status_code == 201

    unlimited = create(admin).json()
    assert northerner.delete(f"/v1/keys/{unlimited['id']}").status_code == 404
    assert northerner.delete(f"/v1/keys/{made.json()['id']}").status_code == 204
    assert all(each["companies"] == ["north"] for each in northerner.get("/v1/keys").json()["items"])
