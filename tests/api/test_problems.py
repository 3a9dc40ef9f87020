import json
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from creditrisk.api.problems import CATALOGUE, TRACE_KEY, RequestTrace
from creditrisk.api.refusals import STATUS_OF, inline_problem, pointer_of
from creditrisk.application import errors
from tests.api.sample import MAX_BODY, Order

MONEY = {"amount": "1.00", "currency": "EUR"}


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "instance", "code", "errors"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["instance"] == f"/requests/{response.headers['X-Request-ID']}"
    return problem


def put(client: httpx.Client, content: bytes | str, media_type: str = "application/json") -> httpx.Response:
    return client.put("/v1/orders/1", content=content, headers={"Content-Type": media_type})


def nested(levels: int) -> str:
    return '{"attributes": ' + '{"a":' * (levels - 1) + "1" + "}" * levels


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "nope",
        "{'total': 1}",
        '{"days": NaN}',
        '{"days": Infinity}',
        '{"days": -Infinity}',
        '{"note": "\\ud800"}',
        '{"\\udfff": 1}',
        '{"note": ["\\udc00"]}',
        '{"note": "a\nb"}',
        '{"days": 1, "days": 1}',
        '{"total": {"amount": "1", "amount": "2"}}',
        '\ufeff{"days": 1}',
        '{"days": 01}',
        '{"days": 1} {}',
        nested(65),
        "[" * 90_000,
        "[" * 40_000 + "]" * 40_000,
        b'{"note": "\xff"}',
        b'{"note": "\xed\xa0\x80"}',
        '{"total": {"amount": "1", "currency": "EUR"}}'.encode("utf-16"),
    ],
)
def test_what_is_not_json_is_malformed(client: httpx.Client, body: str | bytes) -> None:
    problem = assert_problem(put(client, body), 400, "malformed_json")
    assert problem["type"] == "/problems/malformed-request"


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ("[]", "", "wrong_type"),
        ("null", "", "wrong_type"),
        ('"text"', "", "wrong_type"),
        ("{}", "/total", "required"),
        ('{"total": 5}', "/total", "wrong_type"),
        ('{"total": {"amount": 5, "currency": "EUR"}}', "/total/amount", "wrong_type"),
        ('{"total": {"amount": 5.5, "currency": "EUR"}}', "/total/amount", "wrong_type"),
        ('{"total": {"amount": "5"}}', "/total/currency", "required"),
        ('{"days": 1e400}', "/days", "wrong_type"),
        ('{"days": -1e400}', "/days", "wrong_type"),
        (f'{{"days": {"9" * 30}}}', "/days", "wrong_type"),
        (f'{{"days": {"9" * 50_000}}}', "/days", "wrong_type"),
        ('{"days": "1"}', "/days", "wrong_type"),
        ('{"days": true}', "/days", "wrong_type"),
        ('{"sites": "A"}', "/sites", "wrong_type"),
        ('{"sites": ["A", 1]}', "/sites/1", "wrong_type"),
        ('{"a/b~c": 1}', "/a~1b~0c", "unknown_field"),
        ('{"attributes": {"a": [1e999]}}', "/attributes", "out_of_range"),
        ('{"attributes": {"a": "\\u0000"}}', "/attributes", "invalid_text"),
        ('{"note": "\\u0000"}', "/note", "invalid_text"),
    ],
)
def test_json_that_breaks_the_contract_is_invalid_and_the_place_is_named(
    client: httpx.Client, body: str, pointer: str, code: str
) -> None:
    problem = assert_problem(put(client, body), 422, "invalid_request")
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in problem["errors"]]


def test_nesting_up_to_the_limit_is_read(client: httpx.Client) -> None:
    body = '{"total": {"amount": "1", "currency": "EUR"}, ' + nested(64).removeprefix("{")
    assert put(client, body).status_code == 200


def test_paired_surrogates_are_a_character(client: httpx.Client) -> None:
    body = '{"total": {"amount": "1", "currency": "EUR"}, "sites": ["\\ud83d\\udcb6"]}'
    assert put(client, body).json()["sites"] == ["\U0001f4b6"]


def test_no_complaint_repeats_the_value(client: httpx.Client) -> None:
    secret = "hunter2-must-not-come-back"
    body = {
        "total": {"amount": secret, "currency": secret},
        "sites": [secret * 3],
        "day": secret,
        "at": secret,
        "share": secret,
        "days": secret,
    }
    response = client.put("/v1/orders/1", json=body)
    assert len(assert_problem(response, 422, "invalid_request")["errors"]) == 7
    assert secret not in response.text


def test_complaints_are_limited_in_number_and_length(client: httpx.Client) -> None:
    body = {f"{number:04}" + "x" * 1000: 1 for number in range(90)} | {"sites": [1] * 90}
    response = client.put(
        "/v1/orders/1", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    problem = assert_problem(response, 422, "invalid_request")
    assert len(problem["errors"]) == 100
    assert max(len(error["pointer"]) for error in problem["errors"]) <= 512


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/xml",
        "application/json; charset=latin-1",
    ],
)
def test_only_json_is_read(client: httpx.Client, media_type: str) -> None:
    assert_problem(put(client, "{}", media_type), 415, "unsupported_media_type")


def test_a_compressed_body_is_not_read(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = client.put("/v1/orders/1", content=b"\x1f\x8b", headers=headers)
    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=UTF-8", 'APPLICATION/JSON;charset="utf-8"']
)
def test_the_media_type_may_state_utf_8(client: httpx.Client, media_type: str) -> None:
    assert put(client, '{"total": {"amount": "1", "currency": "EUR"}}', media_type).status_code == 200


@pytest.mark.parametrize("size", [MAX_BODY + 1, 10_000_000])
def test_a_body_longer_than_allowed_is_refused_by_its_stated_length(client: httpx.Client, size: int) -> None:
    assert_problem(put(client, b" " * size), 413, "body_too_large")


def test_a_body_of_unknown_length_is_counted_while_it_arrives(client: httpx.Client) -> None:
    chunks = (b" " * 10_000 for _ in range(1000))
    response = client.put("/v1/orders/1", content=chunks, headers={"Content-Type": "application/json"})
    assert_problem(response, 413, "body_too_large")


def test_a_body_of_just_the_allowed_length_is_read(client: httpx.Client) -> None:
    body = b'{"total": {"amount": "1", "currency": "EUR"}}'.ljust(MAX_BODY)
    assert put(client, body).status_code == 200


def test_an_optional_body_may_be_absent(client: httpx.Client) -> None:
    assert client.post("/v1/orders:evaluate").json() == ["acme", "all"]
    assert client.post("/v1/orders:evaluate", json={"customer": "C-1"}).json() == ["acme", "C-1"]


def test_an_unknown_path_is_a_problem(client: httpx.Client) -> None:
    for path in ("/", "/v1", "/v1/orders/", "/v1/orders/1/2/3", "/livez/"):
        assert_problem(client.get(path), 404, "not_found")


def test_an_unknown_method_names_the_known_ones(client: httpx.Client) -> None:
    response = client.delete("/v1/orders/1")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "OPTIONS, PUT"


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "QUERY"])
def test_an_exotic_method_is_not_allowed(client: httpx.Client, method: str) -> None:
    assert_problem(client.request(method, "/v1/orders"), 405, "method_not_allowed")


def test_a_crash_is_a_problem_without_details(client: httpx.Client) -> None:
    with capture_logs() as lines:
        response = client.post("/v1/orders/SECRET-1/break", headers={"X-Request-ID": "erp-42"})
    assert_problem(response, 500, "internal_error")
    assert "broken" not in response.text
    assert "SECRET" not in response.text
    crash, request = lines
    assert (crash["event"], crash["log_level"], crash["exc_info"]) == ("request_failed", "error", True)
    assert (request["request_id"], request["status"]) == ("erp-42", 500)


def test_a_refusal_that_passes_says_when_to_come_back(client: httpx.Client) -> None:
    response = client.post("/v1/orders/busy/break")
    assert_problem(response, 429, "too_many_requests")
    assert response.headers["Retry-After"] == "7"


def test_query_and_header_parameters_are_named_as_such(client: httpx.Client) -> None:
    problem = assert_problem(client.get("/v1/orders?limit=many&company=%00"), 422, "invalid_request")
    places = {(error["pointer"], error["code"]) for error in problem["errors"]}
    assert places == {("query/limit", "wrong_type"), ("query/company", "invalid_identifier")}
    response = client.put("/v1/orders/1", json={"total": MONEY}, headers={"If-Match": "seven"})
    problem = assert_problem(response, 422, "invalid_request")
    assert problem["errors"][0]["pointer"] == "header/If-Match"


def test_every_refusal_of_a_use_case_has_a_status_of_the_catalogue() -> None:
    concrete = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, errors.ApplicationError)
        and hasattr(kind, "default_code")
    }
    assert set(STATUS_OF) == concrete
    statuses = {int(kind.status): kind.code for kind in CATALOGUE}
    assert {statuses[status]: kind.default_code for kind, status in STATUS_OF.items()} == {
        kind.default_code: kind.default_code for kind in concrete
    }


def test_a_bad_member_of_a_batch_is_a_problem_whose_pointers_lead_there() -> None:
    scope = {"type": "http", TRACE_KEY: RequestTrace("r-1", None)}
    with pytest.raises(ValidationError) as caught:
        Order.model_validate({"total": {"amount": "1"}})
    invalid = inline_problem(scope, caught.value, at=("orders", 3))
    assert (invalid["status"], invalid["instance"]) == (422, "/requests/r-1")
    assert invalid["errors"] == [
        {"pointer": "/orders/3/total/currency", "code": "required", "detail": "is required"}
    ]
    places = [errors.FieldError(pointer, "taken", "is taken") for pointer in ("", "/version", "query/as_of")]
    refusal = errors.Conflict("Taken.", code="version_conflict", errors=places)
    conflict = inline_problem(scope, refusal, at=("orders", 3))
    assert (conflict["status"], conflict["code"], conflict["detail"]) == (409, "version_conflict", "Taken.")
    pointers = [place["pointer"] for place in conflict["errors"]]
    assert pointers == ["/orders/3", "/orders/3/version", "query/as_of"]


def test_every_problem_type_can_be_looked_up(client: httpx.Client) -> None:
    for kind in CATALOGUE:
        described = client.get(kind.uri).json()
        assert (described["type"], described["status"]) == (kind.uri, kind.status)
    assert_problem(client.get("/problems/unheard-of"), 404, "not_found")


@pytest.mark.parametrize(
    ("loc", "pointer"),
    [
        ((), ""),
        (("body",), ""),
        (("body", "a", 0, "b"), "/a/0/b"),
        (("body", "~/"), "/~0~1"),
        (("query", "limit"), "query/limit"),
    ],
)
def test_a_location_becomes_a_json_pointer(loc: tuple[str | int, ...], pointer: str) -> None:
    assert pointer_of(loc) == pointer
