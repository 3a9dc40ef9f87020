"""The database a command works on: the one of CREDITRISK_DATABASE_URL, else the embedded one."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

from creditrisk.adapters.embedded.server import running
from creditrisk.adapters.postgres.engine import Database, open_database
from creditrisk.adapters.postgres.preparation import has_tenant, prepare
from creditrisk.bootstrap.database import connection_limits
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.terminal import waiting
from creditrisk.settings import Settings


@contextmanager
def database_address(settings: Settings) -> Iterator[str]:
    """Give the address of the database: the embedded one is joined where it runs, else started for the block.

    Raises:
        EmbeddedPostgresError: the embedded PostgreSQL cannot be started.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with ExitStack() as stack:
        with waiting("Starting PostgreSQL …"):
            server = stack.enter_context(running(settings.data_dir))
        yield server.url()


@asynccontextmanager
async def opened_database(settings: Settings, *, address: str) -> AsyncIterator[Database]:
    """Give the connections to a database brought to this release's schema first.

    Raises:
        UnreachableDatabase, UnsuitableDatabase: it is not to be had.
    """
    await prepare(address)
    async with checked_database(settings, address=address) as database:
        yield database


@asynccontextmanager
async def checked_database(settings: Settings, *, address: str) -> AsyncIterator[Database]:
    """Give the connections to a database as it is.

    Raises:
        UnsuitableDatabase: the server is too old, or our role there is not bound by row-level security.
    """
    database = open_database(address, limits=connection_limits(settings))
    try:
        await database.check()
        yield database
    finally:
        await database.close()


async def require_tenant(database: Database, tenant: str) -> None:
    """Make sure that there is such a tenant.

    Raises:
        Failure: there is none.
    """
    if not await has_tenant(database, tenant):
        raise Failure(
            f"There is no tenant {tenant}: one exists from its first key (creditrisk keys create).",
            ExitCode.USAGE,
        )
