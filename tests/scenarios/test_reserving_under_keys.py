"""Checks that reserve under an Idempotency-Key: carried out together, each once, its answer kept with it."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx

from tests.scenarios.erp import Erp
from tests.scenarios.reserving import QUARTER_OF_AN_HOUR, reserved
from tests.service import JSON, Site, eur, key_of, ok, running_service

REPLAYED = "Idempotency-Replayed"


def body(number: str, total: str = "100.00", **more: object) -> JSON:
    document = {"kind": "order", "number": number, "total": eur(total)}
    return {"customer": "C-1", "document": document, "reserve": QUARTER_OF_AN_HOUR, **more}


def check(erp: Erp, key: str, asked: JSON) -> httpx.Response:
    return erp.caller.post("/v1/check", json=asked, headers={"Idempotency-Key": key})


def test_each_of_many_sent_twice_at_once_is_carried_out_once(erp: Erp) -> None:
    erp.account(limit="1000.00")
    sent = [(f"SO-{n}", f"{n}-{uuid4().hex}") for n in range(20)] * 2
    with ThreadPoolExecutor(len(sent)) as threads:
        answers = list(threads.map(lambda each: check(erp, each[1], body(each[0])), sent))

    assert {answer.status_code for answer in answers} == {200}
    for first, again in zip(answers[:20], answers[20:], strict=True):
        assert first.content == again.content
        assert sorted(answer.headers.get(REPLAYED, "") for answer in (first, again)) == ["", "true"]
    granted = [answer.json()["reservation"] for answer in answers[:20] if answer.json()["reservation"]]
    assert len(granted) == 10
    assert reserved(erp) == "1000.00"


def test_two_services_carry_out_a_request_once(site: Site, erp: Erp) -> None:
    erp.account(limit="1000.00")
    key = key_of(erp.caller)
    with running_service(site.database_url) as other, other.caller(key) as second:
        callers = (erp.caller, second) * 2
        for number in range(8):

            def send(caller: httpx.Client, number: int = number) -> httpx.Response:
                headers = {"Idempotency-Key": f"k-{number}"}
                return caller.post("/v1/check", json=body(f"SO-{number}", "10.00"), headers=headers)

            with ThreadPoolExecutor(len(callers)) as threads:
                answers = list(threads.map(send, callers))
            assert len({answer.content for answer in answers}) == 1
            assert sorted(answer.headers.get(REPLAYED, "") for answer in answers) == ["", *["true"] * 3]
    assert reserved(erp) == "80.00"


def test_a_replay_is_the_answer_in_full_and_nothing_is_done_again(erp: Erp) -> None:
    erp.account(limit="50.00")
    headers = {"Accept-Language": "it", "Idempotency-Key": "k"}
    first, again = (erp.caller.post("/v1/check", json=body("SO-1"), headers=headers) for _ in range(2))
    assert ok(first)["hold"]["status"] == "open"
    assert (again.content, again.headers[REPLAYED]) == (first.content, "true")
    assert again.headers["content-language"] == first.headers["content-language"] == "it"
    assert REPLAYED not in first.headers
    assert len(erp.get("/v1/decisions")["items"]) == 1


def test_one_that_is_refused_is_refused_again_and_its_key_is_taken(erp: Erp) -> None:
    erp.account(limit="1000.00")
    wrong = body("SO-1", reserve={"ttl_seconds": 0})
    first, again = check(erp, "k", wrong), check(erp, "k", wrong)
    assert (first.status_code, again.status_code) == (422, 422)
    assert (again.content, again.headers[REPLAYED]) == (first.content, "true")

    other = check(erp, "k", body("SO-1"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert reserved(erp) == "0.00"


def test_a_key_belongs_to_one_request_with_or_without_a_reservation(erp: Erp) -> None:
    erp.account(limit="1000.00")
    ok(check(erp, "k", body("SO-1")))
    plain = body("SO-1")
    del plain["reserve"]
    for other in (body("SO-2"), plain):
        refused = check(erp, "k", other)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert reserved(erp) == "100.00"
    ok(check(erp, "j", plain))
    assert check(erp, "j", body("SO-1")).json()["code"] == "idempotency_key_reused"
