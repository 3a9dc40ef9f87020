"""Many clients reserve over two processes, one of which is killed: no limit is exceeded at any instant."""

import asyncio
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from threading import Event
from typing import Any

import asyncpg
import httpx
import pytest

from creditrisk.adapters.embedded.server import attach
from tests.cli.installation import Installation, Service, new_installation
from tests.service import eur, ok

CLIENTS = 8
SECONDS = 6
GROUP_LIMIT = Decimal(1000)
OWN_LIMIT = Decimal(600)
CUSTOMERS = ("C-1", "C-2", "C-3")
COMPANIES = ("main", "north")

# What counts at this instant, said without the service's own functions: papers, and reservations that are
# captured, or held and not lapsed, as long as their document was not stated.
USED = """
    WITH live AS (
        SELECT r.company, r.account AS customer, coalesce(r.captured_amount, r.amount) AS amount
        FROM reservation r
        WHERE (r.status = 'captured' OR (r.status = 'held' AND r.expires_at > clock_timestamp()))
            AND NOT EXISTS (
                SELECT FROM paper p
                WHERE p.tenant = r.tenant AND p.company = r.company AND p.kind = r.kind
                    AND p.number = r.number AND p.stated_at > r.created_at)
        UNION ALL
        SELECT company, customer, (line).open_amount FROM paper WHERE (line).category IS NOT NULL
    )
    SELECT company, customer, sum(amount) AS used FROM live GROUP BY 1, 2
"""


@pytest.fixture
def service() -> Iterator[tuple[Installation, Service]]:
    """A service of two processes."""
    two = {"CREDITRISK_PROCESSES": "2"}
    with new_installation() as installation, installation.serving(settings=two) as service:
        yield installation, service


class Client:
    """An ERP that reserves, and then stores, captures, releases or forgets, as it comes."""

    def __init__(self, caller: httpx.Client, seed: int, numbers: Iterator[int], ended: Event) -> None:
        self._caller = caller
        self._dice = random.Random(seed)
        self._numbers = numbers
        self._ended = ended
        self.granted: list[str] = []

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self._trade()
            except httpx.TransportError:  # the process that served it was killed
                continue

    def _trade(self) -> None:
        dice = self._dice
        number, customer, company = (
            f"SO-{next(self._numbers)}",
            dice.choice(CUSTOMERS),
            dice.choice(COMPANIES),
        )
        amount = f"{dice.randint(1, 150)}.00"
        keeps = dice.random() < 0.5
        body = {
            "company": company,
            "customer": customer,
            "document": {"kind": "order", "number": number, "total": eur(amount)},
            "reserve": {"ttl_seconds": 60 if keeps else 1},
        }
        answer = ok(self._caller.post("/v1/check", json=body))
        if answer["reservation"] is None:
            return
        reservation = answer["reservation"]["id"]
        self.granted.append(reservation)
        if not keeps:
            return
        match dice.choice(["store", "capture", "release"]):
            case "store":
                paper = {"company": company, "customer": customer, "total": eur(amount)}
                ok(self._caller.put(f"/v1/documents/order/{number}", json=paper))
                if dice.random() < 0.8:
                    ok(self._caller.delete(f"/v1/documents/order/{number}", params={"company": company}))
            case "capture":
                part = {"amount": eur(f"{dice.randint(1, int(Decimal(amount)))}.00")}
                ok(self._caller.post(f"/v1/reservations/{reservation}/capture", json=part))
                if dice.random() < 0.8:
                    paper = {"company": company, "customer": customer, "total": eur("1.00")}
                    ok(self._caller.put(f"/v1/documents/order/{number}", json=paper))
            case _:
                ok(self._caller.post(f"/v1/reservations/{reservation}/release"))


def test_reserved_and_posted_never_exceed_a_limit_while_processes_are_killed(
    service: tuple[Installation, Service],
) -> None:
    installation, running = service
    key = installation.run(
        "keys", "create", "--tenant", "T", "--scopes", "all", "--name", "ERP"
    ).stdout.strip()
    url = f"http://127.0.0.1:{installation.settings['CREDITRISK_PORT']}"
    ended, numbers = Event(), count(1)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as caller:
        make_group(caller)
        clients = [Client(caller, seed, numbers, ended) for seed in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as threads:
            work = [threads.submit(client.run) for client in clients]
            server = attach(installation.folder / "data")
            assert server is not None
            try:
                seen = asyncio.run(watch(server.url("creditrisk"), running))
            finally:
                ended.set()
            for each in work:
                each.result()
        granted = {each for client in clients for each in client.granted}
        assert len(granted) > CLIENTS
        assert max(seen) > GROUP_LIMIT / 2  # the limit was worth watching
        asyncio.run(drained(server.url("creditrisk"), granted))


def make_group(caller: httpx.Client) -> None:
    """Three customers in two companies share a limit, and each account has one of its own."""
    overrides = {"preset": "standard", "overrides": {"grouping": "credit_group"}}
    ok(caller.put("/v1/policy", params={"company": "north"}, json=overrides))
    etag = caller.get("/v1/policy").headers["ETag"]
    ok(caller.put("/v1/policy", json=overrides, headers={"If-Match": etag}))
    ok(caller.put("/v1/credit-groups/G", json={"limit": eur(str(GROUP_LIMIT))}))
    for customer in CUSTOMERS:
        ok(caller.put(f"/v1/customers/{customer}", json={"credit_group": "G"}))
        for company in COMPANIES:
            account = {"limit": eur(str(OWN_LIMIT))}
            ok(caller.put(f"/v1/customers/{customer}/credit", params={"company": company}, json=account))


async def watch(url: str, running: Service) -> list[Decimal]:
    """Add up again and again, killing a process on the way; returns what the group had used each time."""
    database = await asyncpg.connect(url)
    seen: list[Decimal] = []
    killed = False
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            used: list[Any] = await database.fetch(USED)
            over = [dict(row) for row in used if row["used"] > OWN_LIMIT]
            seen.append(sum((row["used"] for row in used), Decimal(0)))
            assert over == []
            assert seen[-1] <= GROUP_LIMIT
            if not killed and time.monotonic() > end - SECONDS / 2:
                running.workers()[0].kill()
                killed = True
            await asyncio.sleep(0.01)
    finally:
        await database.close()
    return seen


async def drained(url: str, granted: set[str]) -> None:
    """Make sure that nothing granted was lost, and that what has lapsed is gone and written down."""
    database = await asyncpg.connect(url)
    try:
        kept = {str(row["id"]) for row in await database.fetch("SELECT id FROM reservation")}
        assert granted <= kept
        deadline = time.monotonic() + 30
        lapsed = (
            "SELECT count(*) FROM reservation WHERE status = 'held' AND expires_at < now() - interval '8 s'"
        )
        lapsing = (
            "SELECT count(*) FROM reservation WHERE status = 'held' AND expires_at < now() + interval '2 s'"
        )
        while await database.fetchval(lapsing):
            assert await database.fetchval(lapsed) == 0
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        live = await database.fetchval(
            "SELECT count(*) FROM reservation WHERE status IN ('held', 'captured')"
        )
        assert live < len(granted)
    finally:
        await database.close()
