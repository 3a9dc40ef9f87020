"""The same request under the same key from many clients at once: one effect, and one answer for all."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import uuid4

import httpx

from bench.trials.promises import promised
from bench.trials.site import TrialSite, running_site
from tests.scenarios.erp import Erp
from tests.service import JSON, eur, ok

CLIENTS: Final = 50
PROCESSES: Final = 4
_ANSWER_SECONDS_MAX: Final = 90

REPLAYED: Final = "Idempotency-Replayed"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request that has an effect, and how that is counted."""

    path: str
    body: JSON
    effects: Callable[[Erp], int]
    told_once: tuple[str, ...] = ()
    """Fields that only the first answer has."""


def run(*, quick: bool) -> Iterator[str]:
    """Make the trial; yields what was seen.

    Raises:
        PromiseBroken: a request had two effects or none, or was answered in two ways.
    """
    rounds = 1 if quick else 5
    with running_site(processes=PROCESSES) as site, Crowd(site) as crowd, site.door.open() as caller:
        erp = Erp(caller)
        _begin(erp)
        for kind, make in REQUESTS.items():
            seen = [crowd.send(make(erp), kill=False) for _ in range(rounds)]
            yield f"{kind}: {rounds} × {CLIENTS} clients, {sum(seen)} answered first, the others the same"
        hit = list(REQUESTS.values())[: 2 if quick else None]
        killed = [crowd.send(make(erp), kill=True) for make in hit]
        yield f"a process killed meanwhile: {len(killed)} × {CLIENTS} clients, {sum(killed)} answered first"
        yield site.verified()


class Crowd:
    """Clients with a connection each, who all send at the same moment."""

    def __init__(self, site: TrialSite) -> None:
        self._site = site
        self._dice = random.Random(1)
        self._together = threading.Barrier(CLIENTS)

    def __enter__(self) -> Self:
        self._callers = [self._site.door.open() for _ in range(CLIENTS)]
        self._threads = ThreadPoolExecutor(CLIENTS)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._threads.shutdown()
        for caller in self._callers:
            caller.close()

    def send(self, request: Request, *, kill: bool) -> int:
        """Let all send the request under one new key; returns how many were the first.

        Raises:
            PromiseBroken: there was not one effect, or not one answer.
        """
        key = uuid4().hex
        with self._site.door.open() as caller:
            before = request.effects(Erp(caller))
            work = [self._threads.submit(self._ask, each, request, key) for each in self._callers]
            if kill:
                time.sleep(self._dice.random() * 0.1)
                self._dice.choice(self._site.service.workers()).kill()
            answers = [each.result() for each in work]
            made = request.effects(Erp(caller)) - before
        promised(made == 1, f"{request.path} under one key had {made} effects")
        first = [answer for answer in answers if REPLAYED not in answer.headers]
        promised(len(first) <= 1, f"{request.path}: {len(first)} answers say that they are the first")
        promised(first or kill, f"{request.path}: no answer says that it is the first")
        told = {_comparable(answer, request) for answer in answers}
        promised(len(told) == 1, f"{request.path} was answered in {len(told)} ways: {told}")
        promised(answers[0].is_success, f"{request.path}: {answers[0].text}")
        return len(first)

    def _ask(self, caller: httpx.Client, request: Request, key: str) -> httpx.Response:
        """Send until there is an answer: busy, unavailable and a broken connection are none."""
        deadline = time.monotonic() + _ANSWER_SECONDS_MAX
        self._together.wait()
        while True:
            promised(time.monotonic() < deadline, f"{request.path} was never answered")
            try:
                answer = caller.post(request.path, json=request.body, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                continue
            if answer.status_code not in {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.CONFLICT}:
                return answer
            time.sleep(0.05)


def _comparable(answer: httpx.Response, request: Request) -> tuple[int, str]:
    if not request.told_once:
        return answer.status_code, answer.text
    said = answer.json()
    return answer.status_code, str({name: said[name] for name in said if name not in request.told_once})


def _begin(erp: Erp) -> None:
    erp.put("/v1/credit-groups/G", {"limit": eur("1000000.00")})
    erp.customer("C-1", credit_group="G")
    erp.account("C-1", "1000000.00")


def _items(erp: Erp, path: str, **query: str) -> list[Any]:
    """All items of a list."""
    found: list[Any] = []
    page = erp.get(path, limit="1000", **query)
    found += page["items"]
    while page["next"] is not None:
        page = erp.get(path, limit="1000", cursor=page["next"], **query)
        found += page["items"]
    return found


def _listed(path: str, **query: str) -> Callable[[Erp], int]:
    return lambda erp: len(_items(erp, path, **query))


def _reserving_check(_erp: Erp) -> Request:
    number = uuid4().hex
    document = {"kind": "order", "number": number, "total": eur("1.00")}
    body = {"customer": "C-1", "document": document, "reserve": {"ttl_seconds": 60}}

    def decided(erp: Erp) -> int:
        return sum(
            each["request"]["document"]["number"] == number
            for each in _items(erp, "/v1/decisions", customer="C-1")
        )

    return Request(path="/v1/check", body=body, effects=decided)


def _forced_hold(erp: Erp) -> Request:
    number = uuid4().hex
    erp.store("order", number, "1.00")
    body = {"kind": "order", "number": number, "reason": "Wait."}
    return Request(path="/v1/holds", body=body, effects=_listed("/v1/holds", status="open"))


def _capture(erp: Erp) -> Request:
    granted = ok(erp.caller.post("/v1/check", json=_reserving_check(erp).body))["reservation"]
    home = f"/v1/reservations/{granted['id']}"

    def captured(erp: Erp) -> int:
        return int(erp.get(home)["status"] == "captured")

    return Request(path=f"{home}/capture", body={"amount": eur("0.50")}, effects=captured)


def _list_of(path: str, body: JSON) -> Callable[[Erp], Request]:
    return lambda _erp: Request(path=path, body=body, effects=_listed(path))


def _api_key(_erp: Erp) -> Request:
    body = {"name": "spare", "scopes": ["check"]}
    return Request(path="/v1/keys", body=body, effects=_listed("/v1/keys"), told_once=("key",))


REQUESTS: Final[dict[str, Callable[[Erp], Request]]] = {
    "a check that reserves": _reserving_check,
    "a forced hold": _forced_hold,
    "a capture": _capture,
    "a manual block": _list_of(
        "/v1/customers/C-1/manual-blocks", {"kinds": ["quotation"], "from": "2020-01-01"}
    ),
    "a temporary limit": _list_of(
        "/v1/customers/C-1/temporary-limits", {"limit": eur("900000.00"), "from": None, "to": None}
    ),
    "a group's temporary limit": _list_of(
        "/v1/credit-groups/G/temporary-limits", {"limit": eur("900000.00"), "from": None, "to": None}
    ),
    "a cover": _list_of("/v1/customers/C-1/covers", {"kind": "guarantee", "value": eur("1.00")}),
    "an API key": _api_key,
}
