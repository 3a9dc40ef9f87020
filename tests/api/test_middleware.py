import httpx
import pytest
from structlog.testing import capture_logs

from tests.api.sample import KEY
from tests.api.server import Server

BODY = b'{"total": {"amount": "1", "currency": "EUR"}}'


def put(path: bytes, *, query: bytes = b"") -> bytes:
    return (
        b"PUT " + path + query + b" HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        b"Authorization: Bearer " + KEY.encode() + b"\r\nContent-Type: application/json\r\n"
        b"Content-Length: " + str(len(BODY)).encode() + b"\r\n\r\n" + BODY
    )


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("segment", "identifier"),
    [
        (b"SO%2F1", "SO/1"),
        (b"SO%2f1", "SO/1"),
        (b"%2F", "/"),
        (b"100%25", "100%"),
        (b"%252F", "%2F"),
        (b"a%3Fb%23c", "a?b#c"),
        (b"a%20b", "a b"),
        (b"a+b", "a+b"),
        (b"%C3%BC", "ü"),
        (b"u%CC%88", "ü"),
        (b"%F0%9F%92%B6", "\U0001f4b6"),
        (b"%2E%2E", ".."),
    ],
)
def test_an_identifier_in_the_path_may_hold_any_printable_character(
    sample_server: Server, segment: bytes, identifier: str
) -> None:
    answer = sample_server.exchange(put(b"/v1/orders/" + segment))
    assert status(answer) == 200
    content = answer.partition(b"\r\n\r\n")[2]
    assert httpx.Response(200, content=content).json()["id"] == identifier


@pytest.mark.parametrize(
    "path", [b"/v1/orders:evaluate", b"/v1/orders%3Aevaluate", b"/%761/orders%3aevaluate"]
)
def test_a_literal_of_the_path_may_be_percent_encoded(client: httpx.Client, path: bytes) -> None:
    url = client.base_url.copy_with(raw_path=path)
    assert client.post(url).json() == ["acme", "all"]


def test_an_encoded_slash_never_separates_segments(client: httpx.Client) -> None:
    url = client.base_url.copy_with(raw_path=b"/v1%2Forders")
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        b"/v1/orders/%",
        b"/v1/orders/%2",
        b"/v1/orders/%zz",
        b"/v1/orders/%ff",
        b"/v1/orders/%C3",
        b"/v1/orders/",
    ],
)
def test_a_path_that_cannot_be_decoded_names_nothing(sample_server: Server, path: bytes) -> None:
    answer = sample_server.exchange(put(path))
    assert status(answer) == 404
    assert b"application/problem+json" in answer


@pytest.mark.parametrize("path", [b"/v1/orders/%00", b"/v1/orders/%0A", b"/v1/orders/" + b"a" * 65])
def test_an_identifier_with_control_characters_or_too_long_is_invalid(
    sample_server: Server, path: bytes
) -> None:
    answer = sample_server.exchange(put(path))
    assert status(answer) == 422
    assert b'"pointer":"path/id","code":"invalid_identifier"' in answer


@pytest.mark.parametrize("query", [b"?company=%ff", b"?company=%", b"?company=%f", b"?%c3=1"])
def test_a_query_that_cannot_be_decoded_is_malformed(sample_server: Server, query: bytes) -> None:
    answer = sample_server.exchange(put(b"/v1/orders/1", query=query))
    assert status(answer) == 400
    assert b'"code":"malformed_query"' in answer


@pytest.mark.parametrize(
    "target", [b"/v1/orders/\xff\xfe", b"/v1/orders/1?company=\xff", b"/\x01", b"*", b"//", b"/static/%00"]
)
def test_stray_bytes_in_the_request_line_are_refused_without_a_crash(
    sample_server: Server, target: bytes
) -> None:
    assert status(sample_server.exchange(put(target))) in {400, 404, 405}


@pytest.mark.parametrize(
    "request_",
    [
        b"nothing that is HTTP\r\n\r\n",
        b"FOO /v1/orders/1 HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET /v1/orders HTTP/1.1\r\nHost: test\r\nno colon\r\n\r\n",
        b"PUT /v1/orders/1 HTTP/1.1\r\nHost: test\r\nContent-Length: abc\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_with_a_problem(sample_server: Server, request_: bytes) -> None:
    answer = sample_server.exchange(request_)
    assert status(answer) == 400
    head, _, content = answer.partition(b"\r\n\r\n")
    headers = httpx.Headers(dict(line.split(": ", 1) for line in head.decode().splitlines()[1:]))
    problem = httpx.Response(400, content=content).json()
    assert headers["content-type"] == "application/problem+json"
    assert problem["code"] == "malformed_request"
    assert problem["instance"] == f"/requests/{headers['x-request-id']}"


def test_a_caller_gets_its_request_id_and_trace_back(client: httpx.Client) -> None:
    ids = {"X-Request-ID": "erp-42", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    for path, expected in (("/livez", 200), ("/nowhere", 404), ("/v1/orders?limit=0", 422)):
        response = client.get(path, headers=ids)
        assert response.status_code == expected
        assert response.headers["X-Request-ID"] == "erp-42"
        assert response.headers["traceparent"] == ids["traceparent"]
        assert expected == 200 or response.json()["instance"] == "/requests/erp-42"


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 129, "\u00e9"])
def test_an_unusable_request_id_is_replaced(client: httpx.Client, request_id: str) -> None:
    answered = client.get("/livez", headers={b"X-Request-ID": request_id.encode("latin-1")})
    assert len(answered.headers["X-Request-ID"]) == 36
    other = client.get("/livez").headers["X-Request-ID"]
    assert other != answered.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "traceparent",
    [
        "nonsense",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ],
)
def test_an_invalid_trace_is_not_passed_on(client: httpx.Client, traceparent: str) -> None:
    assert "traceparent" not in client.get("/livez", headers={"traceparent": traceparent}).headers


def test_every_answer_forbids_caching_framing_and_sniffing(client: httpx.Client) -> None:
    for path in ("/livez", "/nowhere", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_head_is_answered_like_get_without_the_body(client: httpx.Client) -> None:
    response = client.head("/v1/orders")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == client.get("/v1/orders").headers["Content-Length"]


def test_options_names_the_methods_of_a_path(client: httpx.Client) -> None:
    response = client.options("/v1/orders")
    assert (response.status_code, response.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_a_request_leaves_one_line_with_ids_and_times_only(client: httpx.Client) -> None:
    with capture_logs() as lines:
        client.put(
            "/v1/orders/SECRET-1?company=SECRET-2", json={"SECRET-3": 1}, headers={"X-Request-ID": "r-1"}
        )
    (line,) = lines
    assert line.pop("ms") > 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "request_id": "r-1",
        "traceparent": None,
        "tenant": "acme",
        "key": "general1",
        "method": "PUT",
        "route": "/v1/orders/{id}",
        "status": 422,
    }


def test_metrics_count_by_route_and_never_show_an_identifier(client: httpx.Client) -> None:
    client.put("/v1/orders/SECRET-1", json={})
    text = client.get("/metrics").text
    counted = 'creditrisk_http_requests_total{method="PUT",route="/v1/orders/{id}",status="422"}'
    assert counted in text
    assert (
        'creditrisk_http_request_duration_seconds_bucket{le="0.005",method="PUT",route="/v1/orders/{id}"}'
        in text
    )
    assert "creditrisk_http_requests_in_flight 1.0" in text
    assert "SECRET" not in text
