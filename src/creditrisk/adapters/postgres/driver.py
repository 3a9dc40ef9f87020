"""The driver's own connections, beneath SQLAlchemy's, for what runs with every check.

SQLAlchemy's part in a short statement costs more than all the rest.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from creditrisk.application.errors import Unavailable

BROKEN: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server took its leave while the statement was being sent
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
"""What the driver raises where the server does not answer, or its connection is gone."""


class PlainConnections:
    """Connections of an engine, used past SQLAlchemy."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[Any]:
        """Begin a transaction that sees and writes the rows of ``tenant`` only; committed at the end.

        Raises:
            Unavailable: there is no connection to be had, or it broke.
            asyncpg.QueryCanceledError: a statement took too long, as one that waits for locks.
        """
        with silence_is_unavailable(but=asyncpg.QueryCanceledError):
            connection, driver = await self._begun(tenant)
            async with aclosing(connection):
                ended = False
                try:
                    try:
                        yield driver
                    except Exception:
                        if not driver.is_closed():
                            await driver.execute("ROLLBACK")
                            ended = True
                        raise
                    await driver.execute("COMMIT")
                    ended = True
                finally:
                    # SQLAlchemy knows of no transaction, and would hand the connection on as it was left.
                    if not ended:
                        await connection.invalidate()

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        """Run one statement, which is committed at its end.

        Where its connection breaks it may have been committed, so it is not sent again.

        Raises: as `transaction`.
        """
        with silence_is_unavailable(but=asyncpg.QueryCanceledError):
            connection, driver = await self._unbroken()
            async with aclosing(connection):
                try:
                    rows: list[Any] = await driver.fetch(statement, *arguments)
                except BaseException as failure:
                    # It may still be running, or the connection be gone, unless the server says what it is.
                    if not _said_by_the_server(failure):
                        await connection.invalidate()
                    raise
                return rows

    async def _begun(self, tenant: str) -> tuple[AsyncConnection, Any]:
        quoted = tenant.replace("'", "''")
        begin = f"BEGIN; SET LOCAL app.tenant = '{quoted}'"  # one message, which takes no parameters
        broken = False
        while True:
            connection, driver = await self._unbroken()
            try:
                await driver.execute(begin)
            except BROKEN:
                await _discard(connection)
                if broken:
                    raise
                broken = True  # while it lay idle, and nothing was done yet
            except BaseException:
                await _discard(connection)
                raise
            else:
                return connection, driver

    async def _unbroken(self) -> tuple[AsyncConnection, Any]:
        """A connection that is not known to have broken while it lay idle."""
        while True:
            connection = await connected(self._engine)
            try:
                driver = await driver_connection(connection)
            except BaseException:
                await _discard(connection)
                raise
            if not driver.is_closed():
                return connection, driver
            await _discard(connection)


def _said_by_the_server(failure: BaseException) -> bool:
    """Whether the statement has failed, and nothing else."""
    if isinstance(failure, BROKEN):
        return isinstance(failure, asyncpg.QueryCanceledError)
    return isinstance(failure, asyncpg.PostgresError)


async def connected(engine: AsyncEngine) -> AsyncConnection:
    """Take a connection of the engine's.

    Raises:
        Unavailable: there is none to be had.
    """
    try:
        return await engine.connect()
    except (OSError, sa.exc.TimeoutError, sa.exc.DBAPIError) as failure:
        raise Unavailable("the database does not answer") from failure


async def driver_connection(connection: AsyncConnection) -> Any:
    """Return asyncpg's own connection, in the same transaction."""
    return (await connection.get_raw_connection()).driver_connection


@contextmanager
def silence_is_unavailable(*, but: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """Say of the driver's own statements that the database did not answer, ``but`` where it did.

    Raises:
        Unavailable: it did not.
    """
    try:
        yield
    except but:
        raise
    except BROKEN as failure:
        raise Unavailable("The database does not answer.") from failure


async def _discard(connection: AsyncConnection) -> None:
    await connection.invalidate()
    await connection.close()
