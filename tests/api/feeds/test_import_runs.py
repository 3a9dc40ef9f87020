import gzip
import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests import service
from tests.api.feeds.bodies import NDJSON, item, ndjson, paper
from tests.api.feeds.calls import counts, exposure, imported, seen
from tests.api.feeds.conftest import Site
from tests.api.feeds.snapshots import SNAPSHOTS

LEDGER = "/v1/ledger:import"


@pytest.fixture(scope="module")
def site(own_database_url: str) -> Iterator[Site]:
    """A service of this module's own: how many imports may run, and its memory, are the process's."""
    with service.running_service(own_database_url) as running:
        yield Site(running)


class Tap:
    """A stream that stands still until it is told to go on."""

    def __init__(self) -> None:
        self._on = threading.Event()

    def stream(self, *parts: bytes) -> Iterator[bytes]:
        for part in parts:
            yield part
            self._on.wait(timeout=30)

    def open(self) -> None:
        self._on.set()


def wait_for(erp: httpx.Client, *, accepted: int) -> dict[str, Any]:
    """The tenant's only import, as soon as it has come that far."""
    while True:
        for listed in erp.get("/v1/imports", params={"kind": "ledger"}).json()["items"]:
            job = seen(erp, listed["import_id"])
            if job["accepted"] >= accepted:
                return job
        time.sleep(0.02)


def test_progress_shows_while_the_stream_still_comes(erp: httpx.Client, site: Site, acme: str) -> None:
    tap = Tap()
    first, rest = (
        ndjson(item(str(number)) for number in numbers) for numbers in (range(1_000), range(1_000, 1_010))
    )
    answers: list[dict[str, Any]] = []
    sender = threading.Thread(
        target=lambda: answers.append(imported_slowly(site, acme, tap.stream(first, rest)))
    )
    sender.start()
    job = wait_for(erp, accepted=1_000)
    assert (job["status"], job["finished_at"], counts(job)) == ("running", None, (1_000, 0, 0, 0))
    tap.open()
    sender.join()
    assert counts(answers[0]) == (1_010, 0, 0, 0)
    assert seen(erp, answers[0]["import_id"])["status"] == "done"


def imported_slowly(site: Site, acme: str, parts: Iterator[bytes], path: str = LEDGER) -> dict[str, Any]:
    with site.caller(acme, "ingest") as caller:
        said: dict[str, Any] = caller.post(path, content=parts, headers=NDJSON).json()
    return said


def test_what_was_stored_stays_when_the_caller_leaves(erp: httpx.Client, site: Site, acme: str) -> None:
    stream = ndjson(item(str(number), "1") for number in range(1_500))
    key = site.key(acme, "ingest")
    head = (
        f"POST {LEDGER} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: {len(stream) + 1}\r\n\r\n"
    )
    address = httpx.URL(site.running.url)
    with socket.create_connection((address.host, address.port)) as connection:
        connection.sendall(head.encode() + stream)
        wait_for(erp, accepted=1_000)
    while (job := wait_for(erp, accepted=1_000))["status"] == "running":
        time.sleep(0.02)
    assert (job["status"], counts(job)) == ("failed", (1_000, 0, 0, 0))
    assert exposure(erp) == {"open_items": "1000.00"}


def test_only_some_imports_of_all_or_nothing_run_together(erp: httpx.Client, site: Site, acme: str) -> None:
    tap = Tap()
    senders = [
        threading.Thread(
            target=imported_slowly, args=(site, acme, tap.stream(b"\n", b"\n"), f"{LEDGER}?atomic=true")
        )
        for _ in range(2)
    ]
    for sender in senders:
        sender.start()
    while len(site.imports(acme)) < 2:
        time.sleep(0.02)
    answer = erp.post(f"{LEDGER}?atomic=true", content=b"\n", headers=NDJSON)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert counts(imported(erp, LEDGER, b"\n")) == (0, 0, 0, 0)
    tap.open()
    for sender in senders:
        sender.join()
    assert erp.post(f"{LEDGER}?atomic=true", content=b"\n", headers=NDJSON).status_code == 200


@pytest.mark.parametrize("query", ["", "?atomic=true"])
def test_memory_does_not_grow_with_the_stream(erp: httpx.Client, query: str) -> None:
    def stream(number: int) -> Iterator[bytes]:
        # Small on the way, 100 kB for each line once decompressed.
        pad = b" " * 100_000
        compressor = gzip.compress
        for start in range(0, number, 50):
            yield compressor(
                b"".join(
                    json.dumps(item(str(line))).encode() + pad + b"\n" for line in range(start, start + 50)
                )
            )

    headers = {"Content-Encoding": "gzip"}
    imported(erp, LEDGER + query, b"".join(stream(100)), **headers)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = imported(erp, LEDGER + query, b"".join(stream(2_000)), **headers)
    assert report["rejected"] == 0
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 60_000, "kilobytes, of 200,000 that went through"


def test_snapshots_wait_for_each_other_instead_of_being_refused(site: Site, acme: str) -> None:
    """Each of two that stand still has its source to itself, and others wait for a place."""
    tap = Tap()
    standing = [tap.stream(b"\n", b"\n") for _ in range(2)]
    others = [iter([ndjson([item(str(number), "1")])]) for number in range(6)]
    sources = ["A", "B", "A", "A", "B", "C", "C", "D"]
    with ThreadPoolExecutor(len(sources)) as senders:
        answers = []
        for number, (parts, source) in enumerate(zip([*standing, *others], sources, strict=True)):
            path = f"{SNAPSHOTS}?source={source}"
            answers.append(senders.submit(imported_slowly, site, acme, parts, path))
            if number == 1:
                while len(site.imports(acme)) < len(standing):
                    time.sleep(0.02)
        time.sleep(0.5)
        assert len(site.imports(acme)) == len(standing)
        tap.open()
    reports = [answer.result() for answer in answers]
    assert [report["errors"] for report in reports] == [[]] * len(sources)
    assert sum(report["added"] - report["closed"] for report in reports) == 4


def test_a_snapshot_that_waits_is_of_the_instant_it_arrived(erp: httpx.Client, site: Site, acme: str) -> None:
    """What the source states while it waits is newer, and is neither closed nor overwritten."""
    tap = Tap()
    path = f"{SNAPSHOTS}?source=sap"
    with ThreadPoolExecutor(2) as senders:
        standing = senders.submit(imported_slowly, site, acme, tap.stream(b"\n", b"\n"), path)
        while not site.imports(acme):
            time.sleep(0.02)
        waiting = senders.submit(imported_slowly, site, acme, iter([ndjson([item("A", "1")])]), path)
        time.sleep(0.5)
        assert erp.put("/v1/ledger/open_item/B", json=paper("2.00", source="sap")).status_code == 200
        tap.open()
    assert standing.result()["errors"] == []
    assert (waiting.result()["added"], waiting.result()["closed"]) == (1, 0)
    assert exposure(erp) == {"open_items": "3.00"}


def test_snapshots_of_a_source_take_turns_as_they_came(site: Site, acme: str) -> None:
    """Those that give no instant are as old as their turns: none is refused as older than the one before."""
    path = f"{SNAPSHOTS}?source=sap"
    for _ in range(2):
        with ThreadPoolExecutor(12) as senders:
            answers = [
                senders.submit(imported_slowly, site, acme, iter([ndjson([item("A", "1")])]), path)
                for _ in range(12)
            ]
        assert [answer.result().get("rejected") for answer in answers] == [0] * 12
