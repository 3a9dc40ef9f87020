"""ERPs that reserve, and then store, capture, release, extend, edit, deliver or forget, as it comes.

They hang up in the middle of requests, and send again what has been given a key. Whatever exposure they make
is reserved before: papers are stored with no more than was granted, so no limit may ever be exceeded.
"""

import random
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import orjson

from bench.trials.journal import JSON, Journal
from bench.trials.promises import PromiseBroken, promised
from bench.trials.site import Door
from tests.service import eur, ok

ACCOUNTS: Final = (("main", "C-1"), ("north", "C-1"), ("main", "C-2"))
"""Three accounts of one group; two are the same customer's."""

KEPT_SECONDS: Final = 60
"""How long what will be used is reserved."""

LAPSING_SECONDS: Final = 1
LAST_VERSION: Final = 1_000
"""Of a deletion after which nothing that was still under way can be stored."""

_ANSWER_SECONDS_MAX: Final = 90


@dataclass(frozen=True)
class Document:
    """The name of a document, and whose it is."""

    company: str
    customer: str
    kind: str
    number: str

    @property
    def path(self) -> str:
        """Where it is stored."""
        return f"/v1/documents/{self.kind}/{self.number.replace('/', '%2F')}"


def run_clients(door: Door, journal: Path, *, name: str, seed: int, clients: int, ended: Event) -> None:
    """Trade with so many clients at a time, in this process, until told to end."""
    said = Journal(journal)
    with door.open() as caller, ThreadPoolExecutor(clients) as threads:
        work = [
            threads.submit(
                Client(door, caller, said, dice=random.Random(f"{seed}-{each}"), name=f"{name}-{each}").run,
                ended,
            )
            for each in range(clients)
        ]
        for each in work:
            each.result()


class Client:
    """One user of the ERP."""

    def __init__(
        self, door: Door, caller: httpx.Client, journal: Journal, *, dice: random.Random, name: str
    ) -> None:
        self._door = door
        self._caller = caller
        self._journal = journal
        self._dice = dice
        self._numbers = (f"{name}-{number}" for number in count(1))
        self._ways: tuple[Callable[[Document, JSON, int], None], ...] = (
            self._store,
            self._capture,
            self._release,
            self._extend,
            self._edit,
            self._deliver,
        )

    def run(self, ended: Event) -> None:
        """Trade until told to end; what must not happen is written down for whoever reads the journal."""
        try:
            while not ended.is_set():
                self._trade()
        except (AssertionError, PromiseBroken) as broken:
            self._journal.say("broken", why=str(broken))

    def _trade(self) -> None:
        dice = self._dice
        company, customer = dice.choice(ACCOUNTS)
        document = Document(company, customer, "order", next(self._numbers))
        amount = dice.randint(1, 150)
        if dice.random() < 0.3:
            self._reserve(document, amount, seconds=LAPSING_SECONDS)
            return
        granted = self._reserve(document, amount, seconds=KEPT_SECONDS)
        if granted is not None:
            dice.choice(self._ways)(document, granted, amount)
        self._forget(document)

    def _reserve(
        self, document: Document, amount: int, *, seconds: int, follows: Document | None = None
    ) -> JSON | None:
        """Check and reserve; None where it was refused, or nobody knows."""
        keyed, hangs_up = self._dice.random() < 0.5, self._dice.random() < 0.1
        if hangs_up and not keyed:  # it may be granted after everything else of the document is over
            seconds = LAPSING_SECONDS
        asked: JSON = {"kind": document.kind, "number": document.number, "total": eur(f"{amount}.00")}
        if follows is not None:
            asked["follows"] = [
                {"kind": follows.kind, "number": follows.number, "total": eur(f"{amount}.00")}
            ]
        body = {
            "company": document.company,
            "customer": document.customer,
            "document": asked,
            "reserve": {"ttl_seconds": seconds},
        }
        headers = {"Idempotency-Key": uuid4().hex} if keyed else {}
        self._journal.say(
            "asks",
            company=document.company,
            kind=document.kind,
            number=document.number,
            lapses=seconds == LAPSING_SECONDS,
        )
        if hangs_up:
            self._hang_up("/v1/check", body, headers)
            if not keyed:
                return None
        if keyed:
            answer = self._until_answered("POST", "/v1/check", json=body, headers=headers)
        else:
            try:
                answer = self._caller.post("/v1/check", json=body)
            except httpx.TransportError:  # the process that served it was killed
                return None
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return None
        said = ok(answer)
        granted: JSON | None = said["reservation"]
        if granted is not None:
            self._journal.say(
                "granted",
                number=document.number,
                id=granted["id"],
                decision=said["decision_id"],
                amount=granted["amount"]["amount"],
                kind=document.kind,
                company=document.company,
            )
        return granted

    def _hang_up(self, path: str, body: JSON, headers: dict[str, str]) -> None:
        """Send a request and break the connection off somewhere in the middle of its being served."""
        content = orjson.dumps(body)
        url = httpx.URL(self._door.url)
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {url.host}",
            f"Authorization: Bearer {self._door.key}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + content
        cut = len(request) if self._dice.random() < 0.8 else self._dice.randint(1, len(request))
        with socket.create_connection((url.host, url.port or 80)) as connection:
            connection.sendall(request[:cut])
            time.sleep(self._dice.random() * 0.03)
            # Closed at once and unread: the other side is reset, as by a client that is gone.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _until_answered(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send again what may be sent again, until the service answers."""
        deadline = time.monotonic() + _ANSWER_SECONDS_MAX
        while True:
            try:
                answer = self._caller.request(method, path, **more)
            except httpx.TransportError:
                answer = None
            if answer is not None and not _send_again_later(answer):
                return answer
            promised(time.monotonic() < deadline, f"{method} {path} was never answered")
            time.sleep(0.02)

    # What becomes of what was granted

    def _state(self, document: Document, amount: int, version: int, follows: Document | None = None) -> None:
        body: JSON = {
            "company": document.company,
            "customer": document.customer,
            "total": eur(f"{amount}.00"),
            "version": version,
        }
        if follows is not None:
            body["follows"] = [{"kind": follows.kind, "number": follows.number, "total": eur(f"{amount}.00")}]
        ok(self._until_answered("PUT", document.path, json=body))
        self._journal.say(
            "stored", company=document.company, kind=document.kind, number=document.number, version=version
        )

    def _forget(self, document: Document) -> None:
        """Delete the document, stored or not; what is reserved for it is given up with it."""
        query = {"company": document.company, "version": LAST_VERSION}
        ok(self._until_answered("DELETE", document.path, params=query))
        self._journal.say("forgotten", company=document.company, kind=document.kind, number=document.number)

    def _resolve(self, granted: JSON, how: str, body: JSON | None = None) -> JSON:
        """Capture, release or extend; where the answer was lost and it is asked again, the state tells."""
        home = f"/v1/reservations/{granted['id']}"
        keyed = {"Idempotency-Key": uuid4().hex} if self._dice.random() < 0.5 else {}
        answer = self._until_answered("POST", f"{home}/{how}", json=body, headers=keyed)
        if answer.status_code == httpx.codes.CONFLICT and not keyed:
            answer = self._until_answered("GET", home)
        said: JSON = ok(answer)
        return said

    def _store(self, document: Document, _granted: JSON, amount: int) -> None:
        self._state(document, amount, 1)

    def _release(self, _document: Document, granted: JSON, _amount: int) -> None:
        said = self._resolve(granted, "release")
        promised(said["status"] == "released", f"a released reservation is {said['status']}")
        self._journal.say("released", id=granted["id"])

    def _capture(self, document: Document, granted: JSON, amount: int) -> None:
        part = self._dice.randint(1, amount)
        said = self._resolve(granted, "capture", {"amount": eur(f"{part}.00")})
        promised(said["status"] == "captured", f"a captured reservation is {said['status']}")
        self._journal.say("captured", id=granted["id"], amount=f"{part}.00")
        if self._dice.random() < 0.5:
            self._state(document, part, 1)

    def _extend(self, document: Document, granted: JSON, amount: int) -> None:
        said = self._resolve(granted, "extend", {"ttl_seconds": KEPT_SECONDS * 2})
        promised(said["status"] == "held", f"an extended reservation is {said['status']}")
        self._journal.say("extended", id=granted["id"], until=said["expires_at"])
        self._state(document, amount, 1)

    def _edit(self, document: Document, _granted: JSON, amount: int) -> None:
        """A stored order becomes larger or smaller."""
        self._state(document, amount, 1)
        changed = self._dice.randint(1, 200)
        if changed < amount or self._reserve(document, changed, seconds=KEPT_SECONDS) is not None:
            self._state(document, changed, 2)

    def _deliver(self, document: Document, _granted: JSON, amount: int) -> None:
        """Parts of a stored order are delivered, which moves exposure and never adds to it."""
        self._state(document, amount, 1)
        part = self._dice.randint(1, amount)
        delivery = Document(document.company, document.customer, "delivery", f"{document.number}/1")
        if self._reserve(delivery, part, seconds=KEPT_SECONDS, follows=document) is not None:
            self._state(delivery, part, 1, follows=document)
        self._forget(delivery)


def _send_again_later(answer: httpx.Response) -> bool:
    """Whether the service says so: it is not ready, or what was sent first under the key still runs."""
    if answer.status_code == httpx.codes.CONFLICT:
        return bool(answer.json()["code"] == "idempotency_key_in_use")
    return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
