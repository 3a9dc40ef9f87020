"""What was acknowledged stays, whoever is killed; while PostgreSQL is away the answer is 503."""

import asyncio
import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from creditrisk.adapters.embedded.server import EmbeddedServer, start
from creditrisk.adapters.postgres.engine import ConnectionLimits, open_database
from creditrisk.adapters.postgres.verify import Drift, find_drift
from tests.cli.installation import Installation, new_installation
from tests.database import copy_data_folder, new_data_folder
from tests.service import JSON, Site, eur, ok

TENANT = "storm"
_WRITERS = 4
_ORDERS = 20
_PATIENCE_SECONDS = 30


@pytest.fixture
def installation() -> Iterator[Installation]:
    with new_installation() as installation:
        yield installation


@pytest.fixture
def postgres() -> Iterator["Postgres"]:
    """A PostgreSQL of this test's own, which may be stopped and killed."""
    folder = new_data_folder()
    copy_data_folder(folder / "data")
    server = Postgres(folder / "data")
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


class Postgres:
    """A server that goes away and comes back."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._server: EmbeddedServer = start(data_dir)
        self.url = self._server.url()

    def start(self) -> None:
        self._server = start(self._data_dir)

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        """As a lack of memory does; what is left is cleared away."""
        (pid_file,) = self._data_dir.glob("pg*/postmaster.pid")
        os.kill(int(pid_file.read_text(encoding="utf-8").splitlines()[0]), signal.SIGKILL)
        self._server.stop()


class Storm:
    """Writers that state versions of their orders as fast as they are answered, and check in between."""

    def __init__(self, site: Site, key: str) -> None:
        self._site, self._key = site, key
        self._over = threading.Event()
        self.kept: dict[str, int] = {}
        self.answers: Counter[tuple[int, bool]] = Counter()

    @contextmanager
    def raging(self) -> Iterator["Storm"]:
        writers = [threading.Thread(target=self._write, args=(number,)) for number in range(_WRITERS)]
        for writer in writers:
            writer.start()
        try:
            yield self
        finally:
            self._over.set()
            for writer in writers:
                writer.join()

    def wait(self, status: int, number: int) -> None:
        """Wait for so many more answers with this status."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        wanted = self.answered(status) + number
        while self.answered(status) < wanted:
            assert time.monotonic() < deadline, self.answers
            time.sleep(0.01)

    def answered(self, status: int) -> int:
        return self.answers[status, False] + self.answers[status, True]

    def _write(self, writer: int) -> None:
        version = 0
        document = {"kind": "order", "number": f"new-{writer}", "total": eur("10.00")}
        asked: list[JSON] = [
            {"customer": "C-1", "document": document},
            {"customer": "C-2", "document": document, "reserve": {"ttl_seconds": 60}},
        ]
        with self._site.caller(self._key) as caller:
            while not self._over.is_set():
                version += 1
                number = f"{writer}-{version % _ORDERS}"
                order = {"customer": f"C-{version % 3}", "total": eur(f"{version}.00"), "version": version}
                try:
                    put = caller.put(f"/v1/documents/order/{number}", json=order)
                    check = caller.post("/v1/check", json=asked[version % 2])
                except httpx.TransportError:
                    time.sleep(0.05)
                    continue
                for answer in (put, check):
                    self.answers[answer.status_code, "retry-after" in answer.headers] += 1
                if put.is_success:
                    self.kept[number] = version


def test_whatever_was_acknowledged_is_there_after_the_service_was_killed(
    installation: Installation, own_database_url: str
) -> None:
    settings = {"CREDITRISK_DATABASE_URL": own_database_url}
    with installation.serving(settings=settings) as service:
        site = _site(installation, own_database_url)
        key = site.key(tenant=TENANT)
        with Storm(site, key).raging() as storm:
            storm.wait(200, 400)
            os.killpg(service.process.pid, signal.SIGKILL)
            service.process.wait()

    with installation.serving(settings=settings):
        assert lost(site, key, storm.kept) == {}

    assert len(storm.kept) == _WRITERS * _ORDERS
    assert set(storm.answers) == {(200, False)}
    assert asyncio.run(drift(own_database_url)) == []


def test_while_postgresql_is_away_the_answer_is_503_and_afterwards_all_is_as_before(
    installation: Installation, postgres: Postgres
) -> None:
    with installation.serving(settings={"CREDITRISK_DATABASE_URL": postgres.url}) as service:
        site = _site(installation, postgres.url)
        key = site.key(tenant=TENANT)
        with Storm(site, key).raging() as storm:
            for go_away in (postgres.stop, postgres.kill):
                storm.wait(200, 200)
                go_away()
                storm.wait(503, 20)
                assert httpx.get(f"{site.url}/livez").status_code == 200
                assert httpx.get(f"{site.url}/readyz").status_code == 503
                postgres.start()
            storm.wait(200, 200)

        assert httpx.get(f"{site.url}/readyz").status_code == 200
        assert lost(site, key, storm.kept) == {}
        assert service.process.is_running()

    assert set(storm.answers) == {(200, False), (503, True)}, service.said
    assert asyncio.run(drift(postgres.url)) == []


def _site(installation: Installation, database_url: str) -> Site:
    return Site(f"http://127.0.0.1:{installation.settings['CREDITRISK_PORT']}", database_url)


async def drift(url: str) -> list[Drift]:
    """Where buckets differ from papers."""
    database = open_database(url, limits=ConnectionLimits())
    try:
        return await find_drift(database, tenant=TENANT)
    finally:
        await database.close()


def lost(site: Site, key: str, kept: dict[str, int]) -> dict[str, int]:
    """What was acknowledged and is not there. What was not may be there all the same."""
    with site.caller(key) as caller:
        return {
            number: version
            for number, version in kept.items()
            if ok(caller.get(f"/v1/documents/order/{number}"))["version"] < version
        }
