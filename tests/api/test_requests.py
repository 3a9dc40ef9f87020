from typing import Annotated

import httpx
import pytest
from fastapi import Request, Response

from creditrisk.api.auth import requires
from creditrisk.api.requests import DirectRoute, resource_router
from creditrisk.application.keys import Principal
from tests.api.sample import KEY, MAX_BODY, MUTE_KEY, Order
from tests.api.server import Server

ORDER = {"total": {"amount": "1", "currency": "EUR"}, "sites": ["A"]}


def test_a_direct_route_answers_like_any_other(client: httpx.Client) -> None:
    response = client.post("/v1/quick-orders", json=ORDER, headers={"X-Site": "north"})
    assert response.json() == {"tenant": "acme", "site": "north", "sites": ["A"]}


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"", "application/json", 400, "malformed_json"),
        (b"{", "application/json", 400, "malformed_json"),
        (b"{}", "application/json", 422, "invalid_request"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b" " * (MAX_BODY + 1), "application/json", 413, "body_too_large"),
    ],
)
def test_a_direct_route_refuses_like_any_other(
    client: httpx.Client, content: bytes, media_type: str, status: int, code: str
) -> None:
    response = client.post("/v1/quick-orders", content=content, headers={"Content-Type": media_type})
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_direct_route_is_guarded_like_any_other(sample_server: Server) -> None:
    url = f"{sample_server.url}/v1/quick-orders"
    assert httpx.post(url, json=ORDER).status_code == 401
    assert httpx.post(url, json=ORDER, headers={"Authorization": f"Bearer {MUTE_KEY}"}).status_code == 403
    assert httpx.post(url, json=ORDER, headers={"Authorization": f"Bearer {KEY}"}).status_code == 200


def test_a_direct_route_is_documented_like_any_other(client: httpx.Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/v1/quick-orders"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert (body, answer) == (
        {"$ref": "#/components/schemas/Order"},
        {"$ref": "#/components/schemas/OrderSeen"},
    )
    assert {"400", "401", "403", "413", "415", "422"} < set(operation["responses"])


def test_a_direct_route_takes_one_body_the_principal_and_the_request_only() -> None:
    router = resource_router(prefix="/v1/quick", tag="quick", route_class=DirectRoute)

    async def with_query(
        *, order: Order, caller: Annotated[Principal, requires("check")], request: Request, page: int = 1
    ) -> Response:
        return Response(f"{order} {caller} {request} {page}")

    async def without_body(caller: Annotated[Principal, requires("check")], request: Request) -> Response:
        return Response(f"{caller} {request}")

    for endpoint in (with_query, without_body):
        with pytest.raises(TypeError, match="must take one body"):
            router.post("", response_model=None)(endpoint)
