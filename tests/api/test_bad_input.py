"""Whatever is wrong with a request, it is refused in the contract's words and leaves no trace."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
import httpx
import pytest

from tests.api.bodies import parts, pointer, replaced, texts
from tests.api.everything import ID, Stock, Writing, operations
from tests.service import JSON, Site, eur, ok, running_service

pytestmark = pytest.mark.usefixtures("stock")

MARK: Final = "do-not-repeat-me"


@pytest.fixture(scope="module")
def site(own_database_url: str) -> Iterator[Site]:
    """A service of this module's own, which compares all that is stored before and after."""
    with running_service(own_database_url) as running:
        yield running


@contextmanager
def nothing_stored(site: Site) -> Iterator[None]:
    """What happens within leaves every table as it was."""
    before = asyncio.run(_fingerprints(site.database_url))
    yield
    assert asyncio.run(_fingerprints(site.database_url)) == before


async def _fingerprints(url: str) -> dict[str, str]:
    tables = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    connection = await asyncpg.connect(url)
    try:
        return {
            name: await connection.fetchval(
                f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t"
            )
            for (name,) in await connection.fetch(tables)
        }
    finally:
        await connection.close()


def refusal(answer: httpx.Response, status: int) -> str | None:
    """What is wrong with a refusal, or nothing."""
    if answer.status_code != status:
        return f"{answer.status_code} {answer.text[:300]}"
    if answer.headers["content-type"] != "application/problem+json":
        return answer.headers["content-type"]
    problem = answer.json()
    if set(problem) != {"type", "title", "status", "detail", "instance", "code", "errors"}:
        return f"members {sorted(problem)}"
    return f"repeats the value: {answer.text}" if MARK in answer.text else None


def complaints(answer: httpx.Response) -> list[tuple[str, str]]:
    """Pointers and codes of a problem, be it the answer or that of the only member of a batch."""
    content = answer.json()
    if "results" in content:
        content = content["results"][0].get("error", {"errors": []})
    assert MARK not in answer.text
    return [(error["pointer"], error["code"]) for error in content["errors"]]


MALFORMED: Final = {
    "NaN": b'{"customer": NaN}',
    "infinity": b'{"customer": -Infinity}',
    "a lone surrogate": b'{"customer": "do-not-repeat-me\\ud800"}',
    "nesting without end": b"[" * 100_000,
    "nesting too deep": b'{"a":' * 70 + b"1" + b"}" * 70,
    "a name twice": b'{"customer": "do-not-repeat-me", "customer": "do-not-repeat-me"}',
    "no UTF-8": b'{"customer": "\xff"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "half a body": b'{"customer": "do-not-repeat-me',
}


def test_what_is_not_json_is_refused_by_every_call_that_reads_json(
    site: Site, erp: httpx.Client, requests: list[Writing]
) -> None:
    headers = {"Content-Type": "application/json"}
    with nothing_stored(site):
        wrong = [
            (writing.path, what, problem)
            for writing in requests
            for what, body in MALFORMED.items()
            if (
                problem := refusal(
                    erp.request(writing.method, writing.path, content=body, headers=headers), 400
                )
            )
        ]

    assert wrong == []


def test_a_body_is_needed_where_the_contract_says_so(
    site: Site, erp: httpx.Client, requests: list[Writing]
) -> None:
    required = {each.id for each in operations(site.url) if each.spec.get("requestBody", {}).get("required")}
    with nothing_stored(site):
        wrong = [
            (writing.path, problem)
            for writing in requests
            if writing.operation in required
            and (problem := refusal(erp.request(writing.method, writing.path), 400))
        ]

    assert wrong == []
    assert {"put_customer", "check", "put_document"} <= required


def test_another_media_type_is_refused_by_every_call_with_a_body(
    site: Site, erp: httpx.Client, stock: Stock
) -> None:
    with nothing_stored(site):
        wrong = [
            (each.id, media_type, problem)
            for each in operations(site.url)
            for media_type in ("text/plain", "application/json; charset=latin-1", "application/xml")
            if each.media_types
            and (
                problem := refusal(
                    erp.request(
                        each.method, each.address(stock), content=b"{}", headers={"Content-Type": media_type}
                    ),
                    415,
                )
            )
        ]

    assert wrong == []


def test_a_body_of_ten_megabytes_is_refused_by_every_call_that_reads_json(
    site: Site, erp: httpx.Client, requests: list[Writing]
) -> None:
    huge = b'{"customer": "' + b"x" * 10_000_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    with nothing_stored(site):
        wrong = [
            (writing.path, problem)
            for writing in requests
            if (
                problem := refusal(
                    erp.request(writing.method, writing.path, content=huge, headers=headers), 413
                )
            )
        ]

    assert wrong == []


def test_every_call_refuses_a_parameter_it_does_not_know(site: Site, erp: httpx.Client, stock: Stock) -> None:
    with nothing_stored(site):
        wrong = [
            each.id
            for each in operations(site.url)
            if each.scopes
            and complaints(
                erp.request(each.method, each.address(stock), params={"companny": MARK}),
            )
            != [("query/companny", "unknown_parameter")]
        ]

    assert wrong == []


def test_every_object_of_every_body_refuses_a_field_it_does_not_know(
    site: Site, erp: httpx.Client, requests: list[Writing]
) -> None:
    own_words = {"/overrides": "unknown_parameter", "/relations": "wrong_type", "/attributes": None}
    with nothing_stored(site):
        wrong = []
        for writing in requests:
            for at, value in parts(writing.body):
                expected = own_words.get(pointer(at[:1]), "unknown_field")
                if isinstance(value, dict) and expected is not None:
                    body = replaced(writing.body, (*at, "surprise"), [MARK])
                    found = complaints(writing.send(erp, body))
                    if (pointer((*at, "surprise")), expected) not in found:
                        wrong.append((writing.path, at, found))

    assert wrong == []


@pytest.mark.parametrize("value", ["1", "1e400", "true", "[]"])
def test_no_text_of_any_body_may_be_something_else(
    site: Site, erp: httpx.Client, requests: list[Writing], value: str
) -> None:
    with nothing_stored(site):
        wrong = []
        for writing in requests:
            for at, _ in texts(writing.body):
                if at[0] == "attributes":
                    continue
                body = json.dumps(replaced(writing.body, at, MARK)).replace(f'"{MARK}"', value)
                headers = {"Content-Type": "application/json", **writing.headers}
                found = complaints(erp.request(writing.method, writing.path, content=body, headers=headers))
                if not any(place and pointer(at).startswith(place) for place, _ in found):
                    wrong.append((writing.path, at, found))

    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [f"{MARK}\u0000", f"\u0000{MARK}", f"{MARK}\u202e", MARK * 1_000],
    ids=["zero at the end", "zero in front", "a control character", "sixteen thousand characters"],
)
def test_no_text_of_any_body_may_hold_what_cannot_be_kept(
    site: Site, erp: httpx.Client, requests: list[Writing], text: str
) -> None:
    with nothing_stored(site):
        wrong = []
        for writing in requests:
            for at, _ in texts(writing.body):
                if at[0] == "attributes" and "\u0000" not in text:
                    continue  # the caller's own object may hold any text that can be stored
                found = complaints(writing.send(erp, replaced(writing.body, at, text)))
                if not any(place and pointer(at).startswith(place) for place, _ in found):
                    wrong.append((writing.path, at, found))

    assert wrong == []


@pytest.mark.parametrize(
    "segment", ["%00", "%C2%85", "a%0Ab", "%E2%80%AE", "x" * 65, "x" * 5_000, "%F0%9F%92", "%zz", "%"]
)
def test_an_id_that_cannot_be_one_is_refused_or_not_found(
    site: Site, erp: httpx.Client, segment: str
) -> None:
    wrong = []
    with nothing_stored(site):
        for each in operations(site.url):
            if re.search(r"{(id|number)}", each.path):
                path = re.sub(r"{(id|number)}", segment, each.path).replace("{no}", "1")
                path = path.replace("{kind}", "order" if "documents" in path else "bill")
                answer = erp.request(each.method, path, json={} if each.media_types else None)
                problem = refusal(answer, 404 if answer.status_code == 404 else 422)
                if problem or (answer.status_code == 422 and "path/" not in complaints(answer)[0][0]):
                    wrong.append((each.id, problem or answer.text))

    assert wrong == []


NOWHERE: Final = "01931c0e-7c1f-7d3a-9d0e-2f1a5b6c7d8e"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/v1/customers/nobody/credit", {}, 404),
        ("POST", "/v1/customers/nobody/temporary-limits", {"limit": eur("1")}, 404),
        ("POST", "/v1/customers/nobody/covers", {"kind": "guarantee", "value": eur("1")}, 404),
        ("POST", "/v1/customers/nobody/manual-blocks", {"kinds": ["order"]}, 404),
        ("PATCH", f"/v1/customers/{ID}/manual-blocks/99", {"lifted": True}, 404),
        ("POST", "/v1/credit-groups/none/temporary-limits", {"limit": eur("1")}, 404),
        ("PUT", f"/v1/customers/{ID}", {"credit_group": "none"}, 422),
        ("PUT", f"/v1/customers/{ID}", {"management_group": "none"}, 422),
        ("PUT", f"/v1/customers/{ID}", {"account_status": "none"}, 422),
        ("PUT", f"/v1/customers/{ID}", {"status_reason": "none"}, 422),
        ("PUT", "/v1/policy", {"preset": "none"}, 422),
        ("PUT", "/v1/policy", {"overrides": {"none": 1}}, 422),
        ("POST", "/v1/holds", {"kind": "order", "number": "none", "reason": "r"}, 404),
        ("POST", f"/v1/holds/{NOWHERE}/release", {}, 404),
        ("POST", f"/v1/holds/{NOWHERE}/reject", {}, 404),
        ("DELETE", "/v1/credit-groups/none", None, 404),
        ("DELETE", f"/v1/credit-groups/{ID}", None, 409),
    ],
)
def test_what_is_named_must_be_there(
    site: Site, erp: httpx.Client, *, method: str, path: str, body: JSON | None, status: int
) -> None:
    with nothing_stored(site):
        answer = erp.request(method, path, json=body, headers={"If-Match": "*"})

    assert refusal(answer, status) is None


def test_another_tenants_objects_are_not_found(site: Site, stock: Stock) -> None:
    with site.tenant() as stranger, nothing_stored(site):
        answers = [
            stranger.get(f"/v1/holds/{stock.hold}"),
            stranger.post(f"/v1/holds/{stock.hold}/release", json={}),
            stranger.post(f"/v1/holds/{stock.hold}/reject", json={}),
            stranger.get(f"/v1/decisions/{stock.decision}"),
            stranger.get(f"/v1/imports/{stock.imported}"),
            stranger.delete(f"/v1/keys/{stock.key}"),
            stranger.get(f"/v1/limit-adjustments/{stock.adjustment}"),
            stranger.post(f"/v1/limit-adjustments/{stock.adjustment}/submit"),
            stranger.put(f"/v1/customers/{ID}/credit", json={}),
            stranger.post("/v1/holds", json={"kind": "order", "number": ID, "reason": "r"}),
        ]

    assert [each.status_code for each in answers] == [404] * len(answers)


def test_a_version_that_is_not_the_stored_one_is_refused(site: Site, erp: httpx.Client) -> None:
    old = {"If-Match": '"0"'}
    with nothing_stored(site):
        for path in (f"/v1/customers/{ID}/credit", "/v1/policy"):
            assert refusal(erp.put(path, json={}), 428) is None
            assert refusal(erp.put(path, json={}, headers=old), 412) is None
            assert refusal(erp.put(path, json={}, headers={"If-Match": "0"}), 422) is None


def test_a_paper_is_the_same_whatever_the_order_its_versions_arrive_in(site: Site) -> None:
    def stated(version: int) -> JSON:
        return {"customer": "C-1", "total": eur(f"{version}00.00"), "version": version}

    with site.tenant() as erp:
        for number, versions in (("A", (1, 2, 3)), ("B", (3, 2, 1)), ("C", (2, 3, 3, 1, 2, 3))):
            for version in versions:
                ok(erp.put(f"/v1/documents/order/{number}", json=stated(version)))
        seen = [ok(erp.get(f"/v1/documents/order/{number}")) for number in "ABC"]
        other = erp.put("/v1/documents/order/A", json=stated(3) | {"total": eur("1.00")})

    assert [(each["version"], each["total"]) for each in seen] == [(3, eur("300.00"))] * 3
    assert refusal(other, 409) is None
    assert complaints(other) == [("/version", "version_conflict")]


def test_a_missing_rate_blocks_and_is_named(site: Site) -> None:
    with site.tenant() as erp:
        ok(erp.put("/v1/customers/C-1", json={}))
        document = {"kind": "order", "number": "1", "total": {"amount": "1.00", "currency": "USD"}}
        answer = ok(erp.post("/v1/check", json={"customer": "C-1", "document": document}))

    (finding,) = (each for each in answer["findings"] if each["code"] == "RATE_MISSING")
    assert answer["decision"] == "block"
    assert finding["params"] == {"pairs": ["USD/EUR"]}


BAD_LINES: Final = (
    b'{"id": NaN}',
    b'{"id": "do-not-repeat-me\\ud800"}',
    b"[" * 100_000,
    b'{"id": "1", "id": "do-not-repeat-me"}',
    b'"do-not-repeat-me"',
    b'{"id": "' + b"x" * 2_000_000 + b'"}',
    b'{"id": "do-not-repeat-me\\u0000"}',
    b'{"surprise": "do-not-repeat-me"}',
    b"\xff\xfe",
)


@pytest.mark.parametrize("feed", ["documents", "ledger", "customers", "credit"])
def test_a_bad_line_of_a_stream_is_named_and_nothing_of_it_kept(
    site: Site, erp: httpx.Client, feed: str
) -> None:
    before = asyncio.run(_fingerprints(site.database_url))

    answer = erp.post(
        f"/v1/{feed}:import",
        content=b"\n".join(BAD_LINES),
        headers={"Content-Type": "application/x-ndjson"},
    )

    report = ok(answer)
    assert MARK not in answer.text
    assert (report["accepted"], report["rejected"]) == (0, len(BAD_LINES))
    assert {error["line"] for error in report["errors"]} == set(range(1, len(BAD_LINES) + 1))
    after = asyncio.run(_fingerprints(site.database_url))
    assert {name for name in after if after[name] != before[name]} <= {"import_job", "import_error"}


def test_every_call_that_reads_json_is_among_these(site: Site, requests: list[Writing]) -> None:
    reading = {each.id for each in operations(site.url) if "application/json" in each.media_types}

    assert {each.operation for each in requests} == reading
