from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import sqlalchemy as sa
import structlog
from xdist.remote import Producer
from xdist.scheduler import WorkStealingScheduling

from creditrisk.adapters.postgres.engine import ConnectionLimits, Database, open_database
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.bootstrap.starting import collect_rarely
from tests import database as postgres
from tests.service import Site, running_service


def pytest_configure(config: pytest.Config) -> None:
    # Thousands of modules, tests and their trees stay to the end.
    collect_rarely()
    # A line for each of many thousands of requests: without colours it takes a quarter of the time.
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
    if not hasattr(config, "workerinput"):
        postgres.begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres.end_run()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WorkStealingScheduling | None:
    """Give each worker neighbouring tests, unless told otherwise: what a module shares is made in one alone.

    Who is through with them takes half of what another has left.
    """
    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture(scope="module")
def own_database_url() -> Iterator[str]:
    """The address of a migrated, empty database of this module's own, with a login that may do everything."""
    with postgres.new_database() as url:
        yield url


@pytest.fixture(scope="module")
def database_url(own_database_url: str) -> str:
    """The address of the database that the tests of a module work on: its own, unless a folder shares one."""
    return own_database_url


@pytest.fixture(scope="session")
def shared_site() -> Iterator[Site]:
    """The whole service over a database that all modules share: each test is a tenant, and sees no other.

    A module that counts, locks or looks at everything in the database has ``site`` be one of its own.
    """
    with postgres.new_database() as url, running_service(url) as running:
        yield running


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The module's database as the service uses it, in the service's role."""
    database = open_database(database_url, limits=ConnectionLimits(write_connections=10))
    yield database
    await database.close()


@pytest.fixture
async def tenant(database: Database) -> str:
    """A tenant of this test's own."""
    name = f"tenant-{uuid4().hex}"
    async with database.transaction(name) as connection:
        await connection.execute(sa.text("INSERT INTO tenant (tenant) VALUES (:name)"), {"name": name})
    return name


@pytest.fixture
async def pool(database_url: str, database: Database) -> AsyncIterator[ReadPool]:
    """The connections of the hot read."""
    pool = ReadPool(database_url, limits=ConnectionLimits(), database=database)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
def store(database: Database) -> PostgresPaperStore:
    """The papers of the module's database."""
    return PostgresPaperStore(database)
