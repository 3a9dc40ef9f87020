"""Requests of all kinds, good and bad, sent for as long as wanted by a process of its own."""

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Final

import httpx

from bench.trials.site import Door
from bench.trials.streams import NDJSON
from tests.service import JSON, eur

CLIENTS: Final = 4
CUSTOMERS: Final = 50
NUMBERS: Final = 200


def run_load(door: Door, ended: Event, sender: Connection) -> None:
    """Send requests of all kinds until told to end; then say how many of each."""
    answered: Counter[str] = Counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        work = [threads.submit(_Load(door, seed).run, ended) for seed in range(CLIENTS)]
        for each in work:
            answered += each.result()
    sender.send(answered)


class _Load:
    def __init__(self, door: Door, seed: int) -> None:
        self._door = door
        self._dice = random.Random(seed)
        self._kinds: dict[str, tuple[int, Callable[[httpx.Client], tuple[httpx.Response, int]]]] = {
            "checks": (40, self._check),
            "reservations": (10, self._reserve),
            "documents": (15, self._document),
            "entries": (10, self._entry),
            "imports": (1, self._import),
            "snapshots": (1, self._snapshot),
            "reads": (10, self._read),
            "errors": (10, self._error),
        }

    def run(self, ended: Event) -> Counter[str]:
        """Send until told to end, over connections that are renewed now and then."""
        answered: Counter[str] = Counter()
        weights = [weight for weight, _ in self._kinds.values()]
        while not ended.is_set():
            with self._door.open() as caller:
                for kind in self._dice.choices(list(self._kinds), weights, k=200):
                    if ended.is_set():
                        break
                    answer, expected = self._kinds[kind][1](caller)
                    if answer.status_code not in {expected, httpx.codes.TOO_MANY_REQUESTS}:
                        raise AssertionError(f"{kind}: {answer.status_code} {answer.text}")
                    answered[kind] += 1
        return answered

    def _customer(self) -> str:
        return f"C-{self._dice.randrange(CUSTOMERS)}"

    def _number(self) -> str:
        return f"N-{self._dice.randrange(NUMBERS)}"

    def _paper(self) -> JSON:
        return {"customer": self._customer(), "total": eur(f"{self._dice.randint(1, 99)}.00")}

    def _asked(self) -> JSON:
        paper = self._paper()
        document = {"kind": "order", "number": self._number(), "total": paper["total"]}
        return {"customer": paper["customer"], "document": document}

    def _check(self, caller: httpx.Client) -> tuple[httpx.Response, int]:
        return caller.post("/v1/check", json=self._asked()), 200

    def _reserve(self, caller: httpx.Client) -> tuple[httpx.Response, int]:
        headers = {"Idempotency-Key": f"k-{self._dice.random()}"} if self._dice.random() < 0.5 else {}
        body = self._asked() | {"reserve": {"ttl_seconds": 1}}
        return caller.post("/v1/check", json=body, headers=headers), 200

    def _document(self, caller: httpx.Client) -> tuple[httpx.Response, int]:
        return caller.put(f"/v1/documents/order/{self._number()}", json=self._paper()), 200

    def _entry(self, caller: httpx.Client) -> tuple[httpx.Response, int]:
        return caller.put(f"/v1/ledger/open_item/{self._number()}", json=self._paper()), 200

    def _import(self, caller: httpx.Client) -> tuple[httpx.Response, int]:
        lines = [{"kind": "invoice", "number": f"N-{number}", **self._paper()} for number in range(NUMBERS)]
        return caller.post("/v1/documents:import", content=_stream(lines), headers=NDJSON), 200

    def _snapshot(self, caller: httpx.Client) -> tuple[httpx.Response, int]:
        source = f"s-{self._dice.randrange(2)}"
        lines = [
            {
                "kind": "bill",
                "id": f"{source}-{number}",
                "due_date": "2027-01-01",
                "state": "issued",
                **self._paper(),
            }
            for number in range(NUMBERS)
        ]
        query = {"source": source, "taken_at": "2026-01-01T00:00:00Z"}
        return caller.post("/v1/ledger/snapshots", params=query, content=_stream(lines), headers=NDJSON), 200

    def _read(self, caller: httpx.Client) -> tuple[httpx.Response, int]:
        paths = (
            f"/v1/customers/{self._customer()}/exposure",
            "/v1/customers",
            "/v1/holds",
            "/v1/decisions",
            "/v1/policy",
            "/openapi.json",
            "/metrics",
            "/readyz",
        )
        return caller.get(self._dice.choice(paths)), 200

    def _error(self, caller: httpx.Client) -> tuple[httpx.Response, int]:
        match self._dice.randrange(5):
            case 0:
                return caller.get(f"/v1/documents/order/X-{self._dice.random()}"), 404
            case 1:
                return caller.get(f"/nothing/{self._dice.random()}"), 404
            case 2:
                stranger = {"Authorization": f"Bearer crk_{self._dice.random()}"}
                return caller.post("/v1/check", json=self._asked(), headers=stranger), 401
            case 3:
                return caller.post("/v1/check", json=self._asked() | {"unknown": 1}), 422
            case _:
                return caller.post(
                    "/v1/check", content=b"{", headers={"Content-Type": "application/json"}
                ), 400


def _stream(lines: Sequence[JSON]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
