import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from creditrisk.api.app import RESOURCES, create_app
from creditrisk.api.auth import requires
from creditrisk.api.context import ApiOptions
from creditrisk.api.requests import ResourceRoute, resource_router
from creditrisk.application.keys import format_key, hash_key
from tests.api.parts import services_of
from tests.api.sample import BRANCH_KEY, KEY, MUTE_KEY, UNKNOWN_KEY, Keys, Readiness, build_app
from tests.api.server import Server

MONEY = {"amount": "1.00", "currency": "EUR"}
PUBLIC = {"/livez", "/readyz", "/metrics", "/problems/{name}", "/docs", "/redoc", "/static/{name}"}


def send(
    server: Server, authorization: str | None, *, company: str | None = None, body: object = None
) -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    params = {} if company is None else {"company": company}
    body = {"total": MONEY} if body is None else body
    return httpx.put(f"{server.url}/v1/orders/1", headers=headers, params=params, json=body)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        f"Basic {KEY}",
        KEY,
        f"Bearer {UNKNOWN_KEY}",
        f"Bearer {KEY}x",
        f"Bearer {KEY.upper()}",
        f"Bearer {KEY}, Bearer {KEY}",
        "Bearer " + "k" * 10_000,
    ],
)
def test_a_caller_without_a_good_key_is_unauthorized(
    sample_server: Server, authorization: str | None
) -> None:
    response = send(sample_server, authorization)
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("authorization", [f"Bearer {KEY}", f"bearer {KEY}", f"BEARER  {KEY}"])
def test_a_caller_with_a_good_key_is_let_in(sample_server: Server, authorization: str) -> None:
    assert send(sample_server, authorization).json()["tenant"] == "acme"


def test_a_key_without_the_scope_is_forbidden(sample_server: Server) -> None:
    response = send(sample_server, f"Bearer {MUTE_KEY}")
    assert (response.status_code, response.json()["code"]) == (403, "scope_missing")


def test_a_caller_is_identified_before_its_body_is_read(sample_server: Server) -> None:
    for key, status in ((UNKNOWN_KEY, 401), (MUTE_KEY, 403)):
        headers = {"Authorization": f"Bearer {key}"}
        response = httpx.put(f"{sample_server.url}/v1/orders/1", headers=headers, content=b"\xff" * 500_000)
        assert response.status_code == status


def test_a_key_limited_to_companies_reaches_no_other(sample_server: Server) -> None:
    assert send(sample_server, f"Bearer {BRANCH_KEY}", company="north").json()["company"] == "north"
    for company in (None, "main", "south"):
        response = send(sample_server, f"Bearer {BRANCH_KEY}", company=company)
        assert (response.status_code, response.json()["code"]) == (403, "company_forbidden")
    listing = httpx.get(
        f"{sample_server.url}/v1/orders?company=south", headers={"Authorization": f"Bearer {BRANCH_KEY}"}
    )
    assert listing.status_code == 403


def test_the_company_is_main_unless_query_or_body_name_one(sample_server: Server) -> None:
    key = f"Bearer {KEY}"
    assert send(sample_server, key).json()["company"] == "main"
    assert send(sample_server, key, company="north").json()["company"] == "north"
    named = {"total": MONEY, "company": "north"}
    assert send(sample_server, key, body=named).json()["company"] == "north"
    assert send(sample_server, key, company="north", body=named).json()["company"] == "north"


def test_query_and_body_must_agree_on_the_company(sample_server: Server) -> None:
    named = {"total": MONEY, "company": "north"}
    response = send(sample_server, f"Bearer {KEY}", company="main", body=named)
    assert response.status_code == 422
    assert response.json()["errors"][0] == {
        "pointer": "/company",
        "code": "company_mismatch",
        "detail": "differs from the company in the query",
    }


def test_a_route_without_a_scope_cannot_be_declared() -> None:
    router = resource_router(prefix="/v1/open", tag="open")

    async def list_everything() -> list[str]:
        return []

    with pytest.raises(TypeError, match="list_everything"):
        router.get("")(list_everything)


def test_an_unknown_scope_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="everything"):
        requires("everything")


def test_every_route_but_the_public_ones_is_guarded() -> None:
    services = services_of(keys=Keys(), remembered_keys=Keys(), readiness=Readiness())
    app = create_app(services, options=ApiOptions(version="0.0.0"), resources=RESOURCES)
    for app_ in (app, build_app()):
        for route in iter_route_contexts(app_.routes):
            if isinstance(route.original_route, APIRoute) and route.path not in PUBLIC:
                assert isinstance(route.original_route, ResourceRoute), route.path


def test_public_routes_need_no_key(sample_server: Server) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/docs", "/redoc", "/openapi.json", "/problems/not-found"):
        assert httpx.get(sample_server.url + path).status_code == 200


def test_openapi_says_which_scopes_open_a_call(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["paths"]["/v1/orders"]["get"]["security"] == [{"apiKey": ["check", "ingest"]}]
    scheme = document["components"]["securitySchemes"]["apiKey"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert "security" not in document["paths"]["/livez"]["get"]


def test_a_key_is_stored_as_a_hash_of_all_of_it() -> None:
    first = format_key(key_id="general1", secret="a" * 40)
    second = format_key(key_id="general2", secret="a" * 40)
    hashes = {hash_key(first), hash_key(second)}
    assert len(hashes) == 2
    assert {len(value) for value in hashes if value is not None} == {32}


@pytest.mark.parametrize(
    ("key_id", "secret"), [("short", "a" * 40), ("general1", "a" * 31), ("general1", "a_" * 20)]
)
def test_parts_that_do_not_make_a_key_are_refused(key_id: str, secret: str) -> None:
    with pytest.raises(ValueError, match="API key"):
        format_key(key_id=key_id, secret=secret)
