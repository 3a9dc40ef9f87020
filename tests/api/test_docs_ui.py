import re

import httpx
import pytest

from tests.api.sample import build_app
from tests.api.server import serve


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documentation_loads_nothing_from_another_host(client: httpx.Client, path: str) -> None:
    page = client.get(path)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "//" not in page.text
    assert "connect-src 'self'" in page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script>|<script [^>]*>[^<]", page.text), "the policy forbids inline scripts"
    for asset in re.findall(r'(?:src|href|spec-url)="([^"]+)"', page.text):
        answer = client.get(asset)
        assert answer.status_code == 200
        assert len(answer.content) > 100


def test_assets_have_their_media_types_and_may_be_cached(client: httpx.Client) -> None:
    for name, media_type in (("swagger-ui.css", "text/css"), ("swagger-init.js", "text/javascript")):
        headers = client.get(f"/static/{name}").headers
        assert headers["Content-Type"].startswith(media_type)
        assert headers["Cache-Control"] == "public, max-age=86400"


@pytest.mark.parametrize("name", ["core.py", "..%2Fcore.py", "%2Fetc%2Fpasswd", "__init__.py"])
def test_no_other_file_is_served(client: httpx.Client, name: str) -> None:
    assert client.get(client.base_url.copy_with(raw_path=b"/static/" + name.encode())).status_code == 404


def test_the_openapi_document_speaks_of_problems_only(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in str(document)
    operation = document["paths"]["/v1/orders/{id}"]["put"]
    assert operation["operationId"] == "put_order"
    problems = ["400", "401", "403", "404", "412", "413", "415", "422", "428", "429", "500", "503"]
    assert sorted(operation["responses"]) == ["200", *problems]
    for status in problems:
        name = operation["responses"][status]["$ref"].removeprefix("#/components/responses/")
        content = document["components"]["responses"][name]["content"]
        assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert document["components"]["schemas"]["Problem"]["required"]


def test_every_reference_of_the_openapi_document_leads_somewhere(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    for reference in set(re.findall(r"'\$ref': '#/([^']+)'", str(document))):
        target = document
        for part in reference.split("/"):
            target = target[part]
        assert target


def test_operation_ids_are_unique(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    ids = [call["operationId"] for path in document["paths"].values() for call in path.values()]
    assert len(ids) == len(set(ids))


def test_a_service_that_cannot_answer_says_so_and_stays_alive() -> None:
    with serve(build_app(obstacle="the database does not answer")) as server:
        ready = httpx.get(f"{server.url}/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        assert ready.headers["Retry-After"] == "5"
        assert httpx.get(f"{server.url}/livez").json() == {"status": "ok"}


def test_a_service_that_can_answer_is_ready(client: httpx.Client) -> None:
    assert client.get("/readyz").json() == {"status": "ok"}
