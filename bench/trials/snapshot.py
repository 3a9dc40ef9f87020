"""A large snapshot under a running load of checks, and large snapshots that are killed half-way."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import httpx

from bench.trials.check_load import CUSTOMERS, CheckLoad, checking, in_milliseconds
from bench.trials.promises import promised
from bench.trials.site import Door, TrialSite, also_serving, running_site
from bench.trials.snapshot_watch import Database, LockWatch
from bench.trials.streams import NDJSON
from tests.scenarios.erp import Erp

FULL_ENTRIES: Final = 1_000_000
QUICK_ENTRIES: Final = 20_000
MOST_SECONDS: Final = 5.0
"""What no check may take. While a machine is busy with a snapshot, a check waits for processor and disk;
but one that waited for a lock of the snapshot would wait for the rest of it, and one that found no connection
within this time would be refused. Locks are also looked for directly."""

_LINES_IN_A_PIECE: Final = 1_000


def run(*, quick: bool) -> Iterator[str]:
    """Make the trial; yields what was seen.

    Raises:
        PromiseBroken: a check failed or waited, figures drifted, or a killed snapshot left a trace.
    """
    entries, rest = (QUICK_ENTRIES, 3.0) if quick else (FULL_ENTRIES, 15.0)
    with running_site(processes=1) as site:
        _begin(site, entries // 10)
        database = Database(site.database_url)
        with also_serving(site) as (_, door):
            yield from _under_load(site, door, entries=entries, rest=rest)
        yield site.verified()
        for way in (_connection_broken, _service_killed, _backend_terminated):
            yield _leaves_no_trace(site, database, way, entries)
        yield site.verified()


def _begin(site: TrialSite, entries: int) -> None:
    """The old state: customers with a limit, and a smaller ledger."""
    with site.door.open() as caller:
        erp = Erp(caller)
        for customer in CUSTOMERS:
            erp.customer(customer)
            erp.account(customer, "900000000.00")
    answer = take(site.door, Ledger(entries, seed=1))
    promised(answer.is_success, f"the first snapshot: {answer.text}")


@dataclass(frozen=True)
class Ledger:
    """The open items of a ledger, drawn anew whenever they are sent."""

    entries: int
    seed: int
    breaks_at: int | None = None
    """After how many entries the connection is broken off."""

    def pieces(self) -> Iterator[bytes]:
        """What is sent, in pieces.

        Raises:
            ConnectionError: it is broken off.
        """
        dice = random.Random(self.seed)
        for begin in range(0, self.entries, _LINES_IN_A_PIECE):
            if self.breaks_at is not None and begin >= self.breaks_at:
                raise ConnectionError("broken off")
            numbers = range(begin, min(begin + _LINES_IN_A_PIECE, self.entries))
            yield b"".join(_line(number, dice) for number in numbers)


def _line(number: int, dice: random.Random) -> bytes:
    day = f"2026-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    return (
        f'{{"kind":"open_item","id":"I-{number}","customer":"{dice.choice(CUSTOMERS)}","due_date":"{day}",'
        f'"total":{{"amount":"{dice.randint(1, 9_999)}.00","currency":"EUR"}}}}\n'
    ).encode()


def take(door: Door, ledger: Ledger) -> httpx.Response:
    """Send a snapshot and wait for its end, however long that takes."""
    with door.open() as caller:
        caller.timeout = httpx.Timeout(60, read=3_600, write=3_600)
        return caller.post(
            "/v1/ledger/snapshots", params={"source": "ledger"}, content=ledger.pieces(), headers=NDJSON
        )


def _under_load(site: TrialSite, door: Door, *, entries: int, rest: float) -> Iterator[str]:
    """One process takes the snapshot, another answers checks."""
    with LockWatch(site.database_url) as locks, checking(door) as load:
        time.sleep(rest)
        began = time.monotonic()
        answer = take(site.door, Ledger(entries, seed=2))
        ended = time.monotonic()
        time.sleep(rest)
    promised(answer.is_success, f"the snapshot: {answer.status_code} {answer.text}")
    said = answer.json()
    yield f"{entries:,} entries in {ended - began:.1f} s: {said['added']:,} new, {said['changed']:,} changed"
    yield from _latencies(load, began, ended)
    yield f"locks looked at {locks.looks} times: nobody waited for the snapshot"


def _latencies(load: CheckLoad, began: float, ended: float) -> Iterator[str]:
    periods = {"before": (0.0, began), "during": (began, ended), "after": (ended, float("inf"))}
    for name, (begin, end) in periods.items():
        seconds = load.between(begin, end)
        yield f"{name}: {in_milliseconds(seconds)}"
        promised(max(seconds) <= MOST_SECONDS, f"a check took {max(seconds):.1f} s")


# Killed half-way

Way = Callable[[TrialSite, Database, int], str]


def _leaves_no_trace(site: TrialSite, database: Database, way: Way, entries: int) -> str:
    before = database.digest()
    how = way(site, database, entries)
    database.wait_until_quiet()
    after = database.digest()
    promised(before == after, f"{how}: the old state was {before}, now it is {after}")
    return f"{how}: papers, buckets, versions and feeds are as before"


def _connection_broken(site: TrialSite, _database: Database, entries: int) -> str:
    with ThreadPoolExecutor(1) as threads:
        sending = threads.submit(take, site.door, Ledger(entries, seed=3, breaks_at=entries // 2))
        broken = isinstance(sending.exception(), ConnectionError)
    promised(broken, "a snapshot of which only half was sent was answered")
    return "the client's connection broken after half of the entries"


def _service_killed(site: TrialSite, database: Database, entries: int) -> str:
    with also_serving(site) as (service, door), ThreadPoolExecutor(1) as threads:
        sending = threads.submit(take, door, Ledger(entries, seed=4))
        database.wait_until_written()
        service.stop(signal.SIGKILL)
        failed = isinstance(sending.exception(), httpx.TransportError)
    promised(failed, "a snapshot was answered by a service that was killed before")
    return "the service process killed while it was written"


def _backend_terminated(site: TrialSite, database: Database, entries: int) -> str:
    with ThreadPoolExecutor(1) as threads:
        sending = threads.submit(take, site.door, Ledger(entries, seed=5))
        database.terminate(database.wait_until_written())
        answer = sending.result()
    promised(answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, f"the answer was {answer.text}")
    return "the PostgreSQL backend terminated while it was written"
