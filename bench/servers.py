"""What is started for a run, on free ports and in a folder of its own, and stopped at its end."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import psutil

from bench import floor
from creditrisk.adapters.embedded.server import EmbeddedServer, start

TENANT = "bench"
_FLOOR_DATABASE = "floor"
_START_SECONDS_MAX = 60
_SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "work_mem",
    "max_wal_size",
    "max_connections",
    "default_transaction_isolation",
)
_ROOT = Path(__file__).resolve().parents[1]


class NotStarted(Exception):
    """A process that is needed did not start; the message ends with what it said."""


@dataclass(frozen=True, slots=True)
class Running:
    """A service or a yardstick that answers."""

    url: str
    process: psutil.Popen
    log: Path

    def peak_memory(self) -> int:
        """The most memory that any of its processes has had resident, in bytes."""
        processes = [self.process, *self.process.children(recursive=True)]
        return max(_high_water(process.pid) for process in processes)


@dataclass(frozen=True, slots=True)
class Installation:
    """A database with the service's schema, and what is started over it."""

    folder: Path
    postgres: EmbeddedServer
    key: str

    @contextmanager
    def service(self, *, processes: int = 1) -> Iterator[Running]:
        """Serve with the product's own command and its own defaults."""
        settings = {"CREDITRISK_PROCESSES": str(processes)}
        with _started([sys.executable, "-m", "creditrisk", "serve"], self, settings) as running:
            yield running

    @contextmanager
    def floor(self, *, processes: int = 1, samples: Mapping[str, Any]) -> Iterator[Running]:
        """Serve the yardstick; the samples are a body and an answer of the service."""
        port = _free_port()
        settings = self.folder / f"floor-{port}.json"
        settings.write_bytes(
            orjson.dumps({**samples, "database": self.floor_database, "port": port, "processes": processes})
        )
        command = [sys.executable, "-m", "bench.floor"]
        with _started(command, self, {floor.SETTINGS: str(settings)}, port=port) as running:
            yield running

    @property
    def database(self) -> str:
        """The address of the service's database."""
        return self.postgres.url()

    @property
    def postgres_log(self) -> Path:
        """What PostgreSQL reports."""
        (log,) = self.folder.glob("data/pg*/server.log")
        return log

    @property
    def floor_database(self) -> str:
        """The address of the yardstick's database, on the same server."""
        return self.postgres.url(_FLOOR_DATABASE)

    def caller(self, running: Running, *, key: str | None = None) -> httpx.Client:
        """A client with this key, else with the one for everything."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=running.url, headers=headers, timeout=None)

    def new_key(self, tenant: str) -> str:
        """Make a key for everything of another tenant."""
        return _new_key(self.postgres, self.folder, tenant)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of the product's commands to its end."""
        return _run(self.postgres, self.folder, *words)

    def prepare_floor(self, customers: list[str]) -> None:
        """Make the yardstick's tables, with these customers in them."""
        self.execute(f"create database {_FLOOR_DATABASE}")
        asyncio.run(_filled(self.floor_database, customers))

    def postgres_facts(self) -> dict[str, str]:
        """The release of PostgreSQL, and its settings that matter."""
        return asyncio.run(_settings(self.database))

    def settle(self) -> None:
        """Do now what autovacuum does some minutes after much was loaded."""
        self.execute("vacuum analyze")

    def execute(self, *statements: str) -> None:
        """Run statements one after the other, as PostgreSQL's superuser."""

        async def run() -> None:
            connection = await asyncpg.connect(self.database)
            for statement in statements:
                await connection.execute(statement)
            await connection.close()

        asyncio.run(run())


@contextmanager
def installed() -> Iterator[Installation]:
    """Start PostgreSQL as the product does, migrate it and make a key; everything is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="creditrisk-bench-"))
    folder.chmod(0o711)  # the system user PostgreSQL runs as under root passes through
    try:
        with start(folder / "data") as postgres:
            yield Installation(folder, postgres, _new_key(postgres, folder, TENANT))
    finally:
        shutil.rmtree(folder)


async def _settings(address: str) -> dict[str, str]:
    connection = await asyncpg.connect(address)
    found = {name: await connection.fetchval(f"show {name}") for name in _SETTINGS}
    await connection.close()
    return found


async def _filled(address: str, customers: list[str]) -> None:
    connection = await asyncpg.connect(address)
    await connection.execute(floor.SCHEMA)
    for statement in floor.FILL:
        await connection.execute(statement, customers)
    await connection.execute("create index on floor_line (customer)")
    await connection.execute("vacuum analyze")
    await connection.close()


def _new_key(postgres: EmbeddedServer, folder: Path, tenant: str) -> str:
    made = _run(postgres, folder, "keys", "create", "--tenant", tenant, "--scopes", "all")
    if made.returncode != 0:
        raise NotStarted(made.stderr)
    return made.stdout.strip()


def _run(postgres: EmbeddedServer, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "creditrisk", *words],
        env=_environment(postgres),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def _started(
    command: list[str], installation: Installation, settings: Mapping[str, str], *, port: int | None = None
) -> Iterator[Running]:
    port = port or _free_port()
    environment = _environment(installation.postgres) | {"CREDITRISK_PORT": str(port), **settings}
    log = installation.folder / f"{port}.log"
    with log.open("wb") as output:
        process = psutil.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=_ROOT,
            env=environment,
            start_new_session=True,  # Ctrl-C is this program's, which then stops what it started in order
        )
    running = Running(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait(running)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_START_SECONDS_MAX)


def _wait(running: Running) -> None:
    """Wait until somebody answers, whatever it is."""
    deadline = time.monotonic() + _START_SECONDS_MAX
    while True:
        try:
            httpx.get(f"{running.url}/livez")
        except httpx.TransportError as error:
            if running.process.poll() is not None or time.monotonic() > deadline:
                raise NotStarted(running.log.read_text(encoding="utf-8")) from error
            time.sleep(0.05)
        else:
            return


def _environment(postgres: EmbeddedServer) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CREDITRISK_")}
    # What is installed comes compiled. From a checkout it is compiled when it is first started, if it may be.
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    return inherited | {"CREDITRISK_DATABASE_URL": postgres.url()}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _high_water(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
