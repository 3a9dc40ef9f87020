"""PostgreSQL for tests: one server for a whole run, one migrated template, and copies of it.

The server is started by the first test that needs one and stopped by the process that started the run; with
CREDITRISK_TEST_DATABASE_URL that server is used instead, through a login that may create databases and roles.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from creditrisk.adapters.embedded.server import attach, start
from creditrisk.adapters.postgres.migrate import upgrade
from tests.folders import DISK, new_folder, place

RUN_FOLDER = "CREDITRISK_TEST_RUN"
"""Names the folder of this run to its worker processes."""

# Data of minutes needs no disk; several workers share the server.
_OPTIONS = {"fsync": "off", "max_connections": "200", "shared_buffers": "64MB"}


def begin_run() -> None:
    """Name the folder of this run; only the process that starts the run does."""
    os.environ[RUN_FOLDER] = str(new_folder(place()))


def end_run() -> None:
    """Stop what the run started and remove what it left."""
    folder = Path(os.environ.pop(RUN_FOLDER))
    if os.environ.get("CREDITRISK_TEST_DATABASE_URL") and (folder / "template").exists():
        drop_database(_server_url(folder), (folder / "template").read_text(encoding="utf-8"))
    for pid_file in folder.glob("data/pg*/postmaster.pid"):
        pid = int(pid_file.read_text(encoding="utf-8").splitlines()[0])
        os.kill(pid, signal.SIGINT)
        while pid_file.exists():
            time.sleep(0.02)
    shutil.rmtree(folder)


def new_data_folder() -> Path:
    """Make a folder for data of a test's own, beside those of the run; without a run, it is on the disk."""
    run = os.environ.get(RUN_FOLDER)
    return new_folder(DISK if run is None else Path(run).parent)


def server_url() -> str:
    """Return the address of the run's server, started now if nobody has yet."""
    folder = Path(os.environ[RUN_FOLDER])
    with _alone(folder):
        return _server_url(folder)


def template_database() -> str:
    """Return the name of the migrated database that others are copies of."""
    folder = Path(os.environ[RUN_FOLDER])
    note = folder / "template"
    with _alone(folder):
        if not note.exists():
            url = _server_url(folder)
            name = create_database(url)
            asyncio.run(upgrade(with_database(url, name)))
            note.write_text(name, encoding="utf-8")
        return note.read_text(encoding="utf-8")


def copy_data_folder(to: Path) -> None:
    """Give an installation a data folder as a service of this release leaves it, with nothing in it yet.

    Making one and bringing it to the newest schema takes seconds, so it is done once in a run.
    """
    made = Path(os.environ[RUN_FOLDER]) / "installed" / "data"
    with _alone(made.parents[1]):
        if not made.exists():
            making = made.with_name("making")
            with start(making, options=_OPTIONS) as server:
                asyncio.run(upgrade(server.url()))
            making.rename(made)
    # Owners are kept: under root, the data belongs to the user PostgreSQL runs as.
    subprocess.run(["cp", "-a", made, to], check=True)


@contextmanager
def new_database() -> Iterator[str]:
    """Give the address of a migrated, empty database, with a login that may do everything there."""
    server = server_url()
    name = create_database(server, template=template_database())
    yield with_database(server, name)
    drop_database(server, name)


def create_database(url: str, *, template: str = "template0") -> str:
    """Make a database under a new name and return the name."""
    name = f"creditrisk_test_{uuid.uuid4().hex}"
    _run(url, f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def drop_database(url: str, name: str) -> None:
    """Remove a database, whoever is still connected."""
    _run(url, f"DROP DATABASE {name} WITH (FORCE)")


def with_database(url: str, name: str) -> str:
    """Return the address of another database of the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _server_url(folder: Path) -> str:
    given = os.environ.get("CREDITRISK_TEST_DATABASE_URL")
    if given:
        return given
    data = folder / "data"
    server = attach(data) if data.exists() else None
    return (server or start(data, options=_OPTIONS)).url("postgres")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(url: str, statement: str) -> None:
    async def connect_and_run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(connect_and_run())
