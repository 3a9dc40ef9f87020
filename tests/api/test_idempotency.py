"""A request sent again under the same Idempotency-Key: one effect, one answer."""

import asyncio
import gzip
import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from creditrisk.application.keys import Scope
from tests.api.everything import Operation, Writing, operations, stocked, writings
from tests.cli.installation import Installation, new_installation
from tests.service import JSON, Site, eur, ok, running_service

REPLAYED = "Idempotency-Replayed"
COVER = {"kind": "guarantee", "value": {"amount": "500.00", "currency": "EUR"}, "included_in_exposure": False}
COVERS = "/v1/customers/C-1/covers"
CHECK = {"customer": "C-1", "document": {"kind": "order", "total": {"amount": "10.00", "currency": "EUR"}}}
LINES = b'{"kind": "other", "id": "I-1", "customer": "C-1", "total": {"amount": "5", "currency": "EUR"}}\n7'
STREAM = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def site(own_database_url: str) -> Iterator[Site]:
    """A service of this module's own, which locks what answers are kept in."""
    with running_service(own_database_url) as site:
        yield site


@pytest.fixture
def erp(site: Site) -> Iterator[httpx.Client]:
    """A caller who may do everything, and knows the customer C-1."""
    with site.tenant() as caller:
        ok(caller.put("/v1/customers/C-1", json={"name": "Brown"}))
        yield caller


def send(
    caller: httpx.Client, key: str, *, path: str = COVERS, body: Any = COVER, **more: Any
) -> httpx.Response:
    return caller.post(path, json=body, headers={"Idempotency-Key": key}, **more)


def covers(caller: httpx.Client, customer: str = "C-1") -> int:
    return len(ok(caller.get(f"/v1/customers/{customer}/covers"))["items"])


def test_every_call_that_stores_answers_a_repeated_request_as_the_first(site: Site) -> None:
    with site.tenant() as caller:
        for writing in writings(stocked(caller)):
            if writing.method == "POST":
                repeat_and_compare(caller, writing)


def test_every_post_of_json_answers_a_repeated_request_as_the_first(site: Site, erp: httpx.Client) -> None:
    for operation in operations(site.url):
        if operation.method == "POST" and operation.media_types <= {"application/json"}:
            first, again = (send(erp, "k", path=operation.address(), body={}) for _ in range(2))
            assert (again.status_code, again.content) == (first.status_code, first.content), operation.id
            assert again.headers[REPLAYED] == "true", operation.id


def repeat_and_compare(caller: httpx.Client, writing: Writing) -> None:
    headers = {**writing.headers, "Idempotency-Key": "once"}
    first, again = (caller.post(writing.path, json=writing.body, headers=headers) for _ in range(2))
    assert (first.headers.get(REPLAYED), again.headers.get(REPLAYED)) == (None, "true"), writing.path
    assert (first.status_code, first.headers["content-type"]) == (
        again.status_code,
        again.headers["content-type"],
    )
    assert again.json() == {**first.json(), **({"key": None} if writing.operation == "create_key" else {})}


def test_every_post_documents_the_header(site: Site) -> None:
    for operation in operations(site.url):
        stated = [each for each in operation.spec.get("parameters", ()) if each["name"] == "Idempotency-Key"]
        assert len(stated) == (operation.method == "POST"), operation.id
        if stated:
            assert REPLAYED in success_of(operation)["headers"]
            assert "409" in operation.spec["responses"]
            assert success_of(operation)["content"]


def success_of(operation: Operation) -> JSON:
    (status,) = [status for status in operation.spec["responses"] if status.startswith("2")]
    answer: JSON = operation.spec["responses"][status]
    return answer


def test_one_key_is_one_effect(erp: httpx.Client) -> None:
    first, again = send(erp, "k"), send(erp, "k")
    assert (first.status_code, first.content) == (201, again.content)
    assert covers(erp) == 1
    send(erp, "k-2")
    ok(erp.post(COVERS, json=COVER))
    ok(erp.post(COVERS, json=COVER))
    assert covers(erp) == 4


def test_a_key_is_the_same_bare_and_in_quotes(erp: httpx.Client) -> None:
    assert REPLAYED not in send(erp, "a-key").headers
    assert send(erp, '"a-key"').headers[REPLAYED] == "true"
    assert REPLAYED not in send(erp, r'"with, a \"space\""').headers
    assert send(erp, r'"with, a \"space\""').headers[REPLAYED] == "true"


@pytest.mark.parametrize("key", ["", '""', '"open', "two words", "a,b", "a;b", 'a"b', r'"\n"', "x" * 256])
def test_a_key_that_cannot_be_read_is_refused(erp: httpx.Client, key: str) -> None:
    refused = send(erp, key)
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_idempotency_key")
    (complaint,) = refused.json()["errors"]
    assert complaint["pointer"] == "header/Idempotency-Key"
    assert covers(erp) == 0


def test_two_keys_are_refused(erp: httpx.Client) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert erp.post(COVERS, json=COVER, headers=headers).status_code == 400


def test_only_a_caller_let_in_is_told_anything(site: Site) -> None:
    assert httpx.post(f"{site.url}{COVERS}", json=COVER, headers={"Idempotency-Key": ""}).status_code == 401


def test_another_body_or_query_under_the_same_key_is_refused(erp: httpx.Client) -> None:
    first = send(erp, "k")
    for refused in (
        send(erp, "k", body={**COVER, "value": eur("501.00")}),
        send(erp, "k", params={"company": "main"}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert send(erp, "k").content == first.content
    assert covers(erp) == 1


def test_bodies_are_equal_if_they_say_the_same(erp: httpx.Client) -> None:
    block: JSON = {"attributes": {"b": 1, "a": 2.0}}
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    texts = (
        json.dumps(block),
        '{\n "attributes": {"a": 2, "b": 1.0}}',
        '{"\\u0061ttributes": {"a": 2e0, "b": 1}}',
    )
    first, *others = (erp.post(COVERS, content=text, headers=headers) for text in texts)
    assert first.status_code == 422
    for other in others:
        assert (other.status_code, other.content) == (422, first.content)
        assert other.headers[REPLAYED] == "true"


def test_a_key_belongs_to_one_path(erp: httpx.Client) -> None:
    ok(erp.put("/v1/customers/C-2", json={}))
    send(erp, "k")
    assert REPLAYED not in send(erp, "k", path="/v1/customers/C-2/covers").headers
    assert (covers(erp), covers(erp, "C-2")) == (1, 1)


def test_a_key_belongs_to_one_credential(site: Site) -> None:
    tenant = f"tenant-{uuid4().hex}"
    with site.caller(site.key(tenant=tenant)) as one, site.caller(site.key(tenant=tenant)) as other:
        ok(one.put("/v1/customers/C-1", json={}))
        for caller in (one, other):
            assert REPLAYED not in send(caller, "k").headers
        assert covers(one) == 2


def test_refusals_of_the_operation_are_answered_again(erp: httpx.Client) -> None:
    missing = "/v1/customers/C-9/manual-blocks"
    block = {"kinds": ["order"]}
    first = send(erp, "k", path=missing, body=block)
    assert first.status_code == 404
    ok(erp.put("/v1/customers/C-9", json={}))
    again = send(erp, "k", path=missing, body=block)
    assert (again.status_code, again.content, again.headers[REPLAYED]) == (404, first.content, "true")
    assert again.headers["content-type"] == "application/problem+json"
    assert send(erp, "k-2", path=missing, body=block).status_code == 201


def test_a_refused_caller_is_refused_anew(site: Site) -> None:
    tenant = f"tenant-{uuid4().hex}"
    with site.caller(site.key(tenant=tenant, scopes=frozenset({Scope.CHECK}))) as caller:
        for _ in range(2):
            refused = send(caller, "k")
            assert (refused.status_code, REPLAYED in refused.headers) == (403, False)


def test_a_revoked_key_gets_no_answer_again(site: Site, erp: httpx.Client) -> None:
    made = ok(erp.post("/v1/keys", json={"scopes": ["check"]}))
    with site.caller(made["key"]) as caller:
        assert send(caller, "k", path="/v1/check", body=CHECK).status_code == 200
        assert send(caller, "k", path="/v1/check", body=CHECK).headers[REPLAYED] == "true"
        ok(erp.delete(f"/v1/keys/{made['id']}"))
        assert send(caller, "k", path="/v1/check", body=CHECK).status_code == 401


def test_a_check_under_a_key_is_kept_once_before_the_answer(site: Site, erp: httpx.Client) -> None:
    decision = ok(send(erp, "k", path="/v1/check", body=CHECK))["decision_id"]
    assert query(site, "SELECT count(*) FROM decision WHERE id = $1", decision) == 1
    assert ok(send(erp, "k", path="/v1/check", body=CHECK))["decision_id"] == decision
    assert ok(erp.get("/v1/decisions?customer=C-1"))["items"][0]["id"] == decision
    assert len(ok(erp.get("/v1/decisions?customer=C-1"))["items"]) == 1


def test_the_text_of_a_new_key_is_not_kept(site: Site, erp: httpx.Client) -> None:
    first, again = (ok(send(erp, "k", path="/v1/keys", body={"scopes": ["check"]})) for _ in range(2))
    assert first["key"].startswith("crk_")
    assert again == {**first, "key": None}
    secret = first["key"].rsplit("_", 1)[1]
    assert (
        query(site, "SELECT count(*) FROM kept_answer WHERE position($1 IN body) > 0", secret.encode()) == 0
    )


def test_a_key_of_another_tenant_is_made_once(erp: httpx.Client) -> None:
    body = {"tenant": f"tenant-{uuid4().hex}", "scopes": ["check"]}
    first, again = (ok(send(erp, "k", path="/v1/keys", body=body)) for _ in range(2))
    assert first["id"] == again["id"]
    assert len(ok(erp.get("/v1/keys", params={"tenant": body["tenant"]}))["items"]) == 1


def test_fifty_at_once_over_two_processes_are_one_effect_and_one_answer(site: Site) -> None:
    tenant = f"tenant-{uuid4().hex}"
    key = site.key(tenant=tenant)
    with running_service(site.database_url) as second, site.caller(key) as caller:
        ok(caller.put("/v1/customers/C-1", json={}))

        def post(number: int) -> httpx.Response:
            url = (site.url, second.url)[number % 2]
            headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "k"}
            return httpx.post(f"{url}{COVERS}", json=COVER, headers=headers, timeout=30)

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(post, range(50)))
        assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
        assert sum(REPLAYED not in answer.headers for answer in answers) == 1
        assert covers(caller) == 1


def test_after_a_day_a_key_may_be_used_again(site: Site, erp: httpx.Client) -> None:
    send(erp, "k")
    query(site, "UPDATE kept_answer SET kept_at = kept_at - interval '24 hours' RETURNING 1")
    assert REPLAYED not in send(erp, "k").headers
    assert covers(erp) == 2


@pytest.mark.parametrize("atomic", ["false", "true"])
def test_a_stream_under_a_key_is_worked_through_once(erp: httpx.Client, atomic: str) -> None:
    path, headers = f"/v1/ledger:import?atomic={atomic}", {**STREAM, "Idempotency-Key": "k"}
    first, again = (erp.post(path, content=LINES, headers=headers) for _ in range(2))
    assert first.status_code == (422 if atomic == "true" else 200)
    assert (again.status_code, again.content, again.headers[REPLAYED]) == (
        first.status_code,
        first.content,
        "true",
    )
    assert erp.get("/v1/ledger/other/I-1").status_code == (404 if atomic == "true" else 200)

    other = erp.post(path, content=LINES.replace(b"I-1", b"I-2"), headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert erp.get("/v1/ledger/other/I-2").status_code == 404


def test_chunks_of_a_stream_under_a_key_do_not_wait_for_its_end(erp: httpx.Client) -> None:
    line = json.dumps({"kind": "open_item", "id": "I-{}", "customer": "C-1", "total": eur("1.00")}) + "\n"

    def lines() -> Iterator[bytes]:
        yield "".join(line.replace("{}", str(number)) for number in range(1_000)).encode()
        wait_until(lambda: erp.get("/v1/ledger/open_item/I-0").status_code == 200)
        body = {"customer": "C-1", "total": eur("2.00")}
        ok(erp.put("/v1/ledger/open_item/I-0", json=body))
        yield line.replace("{}", "last").encode()

    report = ok(erp.post("/v1/ledger:import", content=lines(), headers={**STREAM, "Idempotency-Key": "k"}))
    assert report["accepted"] == 1_001


def test_a_stream_that_broke_off_can_be_sent_again(erp: httpx.Client) -> None:
    headers = {**STREAM, "Idempotency-Key": "k"}

    def broken() -> Iterator[bytes]:
        yield LINES
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        erp.post("/v1/ledger:import", content=broken(), headers=headers)
    wait_until(lambda: erp.post("/v1/ledger:import", content=LINES, headers=headers).status_code == 200)


@pytest.mark.parametrize("path", ["/v1/documents:import", "/v1/ledger/snapshots"])
def test_a_stream_that_cannot_be_read_can_be_sent_again(erp: httpx.Client, path: str) -> None:
    line = {"kind": "order", "number": "SO-1"} if "documents" in path else {"kind": "open_item", "id": "R-1"}
    stated = line | {"customer": "C-1", "total": eur("1.00")}
    whole = gzip.compress(json.dumps(stated).encode())
    headers = {"Idempotency-Key": "a-stream", **STREAM, "Content-Encoding": "gzip"}
    for damaged in (whole[:-4], whole[:-4], b"no gzip"):
        refused = erp.post(path, content=damaged, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (400, "malformed_gzip")
        assert REPLAYED not in refused.headers
    ok(erp.post(path, content=whole, headers=headers))
    assert erp.post(path, content=whole, headers=headers).headers[REPLAYED] == "true"


def test_a_service_killed_between_effect_and_answer_has_done_nothing_and_later_what_it_answered(
    site: Site, installation: Installation
) -> None:
    key = site.key(tenant=f"tenant-{uuid4().hex}")
    with installation.serving() as service, caller_of(installation, key) as caller:
        ok(caller.put("/v1/customers/C-1", json={}))
        with answers_held_back(site), ThreadPoolExecutor(1) as pool:
            lost = pool.submit(send, caller, "k")
            wait_until(lambda: waits_for_lock(site))
            for process in (*service.workers(), service.process):
                process.kill()
            with pytest.raises(httpx.TransportError):
                lost.result(timeout=30)
    with installation.serving() as service, caller_of(installation, key) as caller:
        assert covers(caller) == 0
        first = send(caller, "k")
        assert REPLAYED not in first.headers
        for process in (*service.workers(), service.process):
            process.send_signal(signal.SIGKILL)
    with installation.serving(), caller_of(installation, key) as caller:
        again = send(caller, "k")
        assert (again.content, again.headers[REPLAYED]) == (first.content, "true")
        assert covers(caller) == 1


@pytest.fixture
def installation(site: Site) -> Iterator[Installation]:
    """A service in processes of its own, over the same database."""
    with new_installation() as fresh:
        settings = {**fresh.settings, "CREDITRISK_DATABASE_URL": site.database_url}
        yield Installation(fresh.folder, settings)


def caller_of(installation: Installation, key: str) -> httpx.Client:
    url = f"http://127.0.0.1:{installation.settings['CREDITRISK_PORT']}"
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)


class answers_held_back:  # noqa: N801 - used like a function
    """While it lasts, no request comes as far as keeping its answer."""

    def __init__(self, site: Site) -> None:
        self._url = site.database_url
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> None:
        self._connection = self._loop.run_until_complete(asyncpg.connect(self._url))
        statement = "BEGIN; LOCK TABLE kept_answer IN SHARE MODE"
        self._loop.run_until_complete(self._connection.execute(statement))

    def __exit__(self, *_failure: object) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()


def waits_for_lock(site: Site) -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'kept_answer'::regclass AND NOT granted"
    return bool(query(site, waiting))


def query(site: Site, statement: str, *arguments: object) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(site.database_url)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    return asyncio.run(run())


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)
