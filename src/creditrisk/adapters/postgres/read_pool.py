"""The connections of the hot read, opened and closed with the service."""

from typing import Any, Final

import asyncpg

from creditrisk.adapters.postgres.driver import driver_connection, silence_is_unavailable
from creditrisk.adapters.postgres.engine import ConnectionLimits, Database, open_read_pool
from creditrisk.application.errors import Unavailable

_SET_TENANT: Final = "SELECT set_config('app.tenant', $1, true)"


class ReadPool:
    """A few plain connections for single statements that wait for nobody's locks. Open it before use.

    Where a request runs `together` in one transaction of ``database``, its statements do, too: what the
    request has written so far is seen by that connection alone.
    """

    def __init__(self, url: str, *, limits: ConnectionLimits, database: Database) -> None:
        self._url = url
        self._limits = limits
        self._database = database
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        """Open the connections."""
        self._pool = await open_read_pool(self._url, limits=self._limits)

    async def close(self) -> None:
        """Close the connections, waiting for statements under way."""
        if self._pool is not None:
            await self._pool.close()

    @property
    def in_transaction(self) -> bool:
        """Whether statements of this task belong to a request's transaction."""
        return self._database.joint_connection is not None

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        """Run one statement and return its rows.

        Raises:
            Unavailable: the database does not answer.
        """
        joint = self._database.joint_connection
        with silence_is_unavailable():
            connection = self._opened() if joint is None else await driver_connection(joint)
            rows: list[Any] = await connection.fetch(statement, *arguments)
        return rows

    async def fetch_as(self, tenant: str, statement: str, *arguments: Any) -> list[Any]:
        """Run one statement that sees the rows of ``tenant`` only, if its text does not see to that.

        Raises:
            Unavailable: the database does not answer.
        """
        with silence_is_unavailable():
            if self.in_transaction:
                async with self._database.transaction(tenant) as joint:
                    rows: list[Any] = await (await driver_connection(joint)).fetch(statement, *arguments)
                return rows
            async with self._opened().acquire() as connection, connection.transaction():
                await connection.execute(_SET_TENANT, tenant)
                rows = await connection.fetch(statement, *arguments)
        return rows

    def _opened(self) -> asyncpg.Pool:
        if self._pool is None:
            raise Unavailable("The service is starting.")
        return self._pool
