"""Connections to PostgreSQL: who we are there, how long we wait, and which tenant a transaction belongs to.

Two kinds, because they are used in two ways. Writes and management take SQLAlchemy's connections, in explicit
transactions, and wait for each other's locks. The hot read, and whatever else must never wait for those, goes
through a few connections of asyncpg's own.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from creditrisk.adapters.postgres.driver import (
    PlainConnections,
    connected,
    driver_connection,
    silence_is_unavailable,
)
from creditrisk.application.errors import Unavailable

OLDEST_SERVER: Final = 16
"""The oldest major version of PostgreSQL the statements are written for."""

SERVICE_ROLE: Final = "creditrisk_app"
OWNER_ROLE: Final = "creditrisk_owner"

_LOOK_UPS: Final = {
    "plan_cache_mode": "force_generic_plan",
    **dict.fromkeys(("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_memoize"), "off"),
}

_SET_TENANT: Final = sa.text("SELECT set_config('app.tenant', :tenant, true)")

_NO_TIMEOUT: Final = sa.text("SET LOCAL statement_timeout = 0")
_EXPORT_SNAPSHOT: Final = sa.text("SELECT pg_export_snapshot()")

_WHO: Final = sa.text(
    """
    SELECT current_setting('server_version_num')::integer / 10000 AS server, r.rolname AS role,
        r.rolsuper AS superuser, r.rolbypassrls AS bypasses,
        coalesce(pg_has_role(r.oid, to_regrole(:owner), 'USAGE'), false) AS owns
    FROM pg_roles r WHERE r.rolname = current_user
    """
)


class UnsuitableDatabase(Exception):
    """The database or our role in it is not one the service may run with; the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """How many connections one process opens, and how long it waits for them (seconds)."""

    check_connections: int = 2
    write_connections: int = 8
    wait_seconds: float = 5
    statement_seconds: float = 30


@dataclass(frozen=True, slots=True)
class _Joint:
    """A transaction that those its task begins become parts of.

    A task started meanwhile inherits the context, but may run beside this one or outlive the transaction.
    """

    database: "Database"
    connection: AsyncConnection
    tenant: str
    task: asyncio.Task[Any] | None


_JOINT: Final[ContextVar[_Joint | None]] = ContextVar("creditrisk_joint_transaction", default=None)


class Database:
    """The engine for writes and management; every transaction belongs to one tenant."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._plainly = PlainConnections(engine)

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[AsyncConnection]:
        """Begin a transaction that sees and writes the rows of ``tenant`` only; committed at the end.

        Within `together` it is a part of that transaction: undone by itself if it fails, committed with it.

        Raises:
            Unavailable: there is no connection to be had, or it broke.
        """
        joint = self._joint()
        with _breaking_is_unavailable():
            async with self._alone(tenant) if joint is None else _part(joint, tenant) as connection:
                yield connection

    @asynccontextmanager
    async def of_no_tenant(self) -> AsyncIterator[AsyncConnection]:
        """Begin a transaction that sees no tenant's rows, for what is done for all of them.

        Raises: as `transaction`.
        """
        with _breaking_is_unavailable():
            async with aclosing(await connected(self.engine)) as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def together(self, tenant: str) -> AsyncIterator[AsyncConnection]:
        """Begin a transaction whose parts are all those that this task begins until its end.

        Raises: as `transaction`.
        """
        async with self.transaction(tenant) as connection:
            with self._joined(connection, tenant):
                yield connection

    @asynccontextmanager
    async def frozen(self, tenant: str, *, snapshot: str | None = None) -> AsyncIterator[str]:
        """Let everything that this task reads until the end be of one moment; writing is refused meanwhile.

        Gives the name under which other connections can read as of the same moment, while this lasts; with
        ``snapshot`` it is the moment of that name. No statement is stopped for the time it takes.

        Raises: as `transaction`.
        """
        with _breaking_is_unavailable():
            connection = await connected(self.engine)
            async with aclosing(connection):
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                if snapshot is not None:  # has to be the first thing a transaction does
                    await connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
                await connection.execute(_SET_TENANT, {"tenant": tenant})
                await connection.execute(_NO_TIMEOUT)
                name = snapshot or (await connection.execute(_EXPORT_SNAPSHOT)).scalar_one()
                with self._joined(connection, tenant):
                    yield name

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Let transactions begun in this block be their own also within `together`."""
        before = _JOINT.set(None)
        try:
            yield
        finally:
            _JOINT.reset(before)

    @asynccontextmanager
    async def separate(self, tenant: str) -> AsyncIterator[AsyncConnection]:
        """Begin a transaction of its own, whatever the caller runs in; else as `transaction`."""
        with self.apart():
            async with self.transaction(tenant) as connection:
                yield connection

    @asynccontextmanager
    async def plain_transaction(self, tenant: str) -> AsyncIterator[Any]:
        """Begin a transaction as `transaction` does, and give the driver's own connection for it.

        For what runs with every check: SQLAlchemy's part in a short statement costs more than all the rest.

        Raises:
            Unavailable: there is no connection to be had, or it broke.
            asyncpg.QueryCanceledError: a statement took too long, as one that waits for locks.
        """
        if self._joint() is None:
            async with self._plainly.transaction(tenant) as driver:
                yield driver
        else:
            async with self.transaction(tenant) as connection:
                with silence_is_unavailable(but=asyncpg.QueryCanceledError):
                    yield await driver_connection(connection)

    async def plain_fetch(self, statement: str, *arguments: Any) -> list[Any]:
        """Run one statement on the driver's own connection, committed at its end.

        It has to see to its tenant itself. Within `together` it is committed with that, and if it fails,
        nothing of that can go on.

        Raises: as `plain_transaction`.
        """
        joint = self.joint_connection
        if joint is None:
            return await self._plainly.fetch(statement, *arguments)
        with silence_is_unavailable(but=asyncpg.QueryCanceledError):
            rows: list[Any] = await (await driver_connection(joint)).fetch(statement, *arguments)
        return rows

    @property
    def joint_connection(self) -> AsyncConnection | None:
        """What `together` gave this task, for statements that need not be undone by themselves."""
        joint = self._joint()
        return None if joint is None else joint.connection

    @contextmanager
    def _joined(self, connection: AsyncConnection, tenant: str) -> Iterator[None]:
        before = _JOINT.set(_Joint(self, connection, tenant, asyncio.current_task()))
        try:
            yield
        finally:
            _JOINT.reset(before)

    def _joint(self) -> _Joint | None:
        joint = _JOINT.get()
        if joint is None or joint.database is not self or joint.task is not asyncio.current_task():
            return None
        return joint

    @asynccontextmanager
    async def _alone(self, tenant: str) -> AsyncIterator[AsyncConnection]:
        try:
            try:
                connection = await self._begun(tenant)
            except sa.exc.DBAPIError as failure:
                if not failure.connection_invalidated:
                    raise
                # It broke while it lay idle, and nothing was done yet; the pool throws out its like at once.
                connection = await self._begun(tenant)
        except (OSError, sa.exc.TimeoutError, sa.exc.DBAPIError) as failure:
            raise Unavailable("the database does not answer") from failure
        async with aclosing(connection):
            yield connection
            await connection.commit()

    async def _begun(self, tenant: str) -> AsyncConnection:
        connection = await self.engine.connect()
        try:
            await connection.execute(_SET_TENANT, {"tenant": tenant})
        except BaseException:
            await connection.close()
            raise
        return connection

    async def check(self) -> None:
        """Make sure that this server and our role in it are fit to serve.

        Raises:
            UnsuitableDatabase: they are not.
        """
        async with self.engine.connect() as connection:
            who = (await connection.execute(_WHO, {"owner": OWNER_ROLE})).one()
        if who.server < OLDEST_SERVER:
            raise UnsuitableDatabase(
                f"PostgreSQL {OLDEST_SERVER} or newer is needed, this server is version {who.server}"
            )
        if who.superuser or who.bypasses or who.owns:
            raise UnsuitableDatabase(
                f"the service would work as {who.role}, whom row-level security does not bind; it must work"
                f" as a role like {SERVICE_ROLE}: no superuser, no BYPASSRLS, not a member of {OWNER_ROLE}"
            )

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        # What was broken off, such as a statement whose task was cancelled, is let go in the next turn of the
        # loop, which would not come if this was the last thing it does.
        await asyncio.sleep(0)


@asynccontextmanager
async def _part(joint: _Joint, tenant: str) -> AsyncIterator[AsyncConnection]:
    connection = joint.connection
    async with connection.begin_nested():
        # Undoing the part undoes the setting, too; otherwise the rest goes on as the tenant it began with.
        if tenant != joint.tenant:
            await connection.execute(_SET_TENANT, {"tenant": tenant})
        yield connection
        if tenant != joint.tenant:
            await connection.execute(_SET_TENANT, {"tenant": joint.tenant})


@contextmanager
def _breaking_is_unavailable() -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as failure:
        if failure.connection_invalidated:
            raise Unavailable("the connection to the database broke") from failure
        raise


def sqlalchemy_url(url: str) -> str:
    """Give a PostgreSQL URL the driver SQLAlchemy is to use; `postgresql://` alone means another to it."""
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def open_database(url: str, *, limits: ConnectionLimits, role: str = SERVICE_ROLE) -> Database:
    """Make the engine; nothing connects yet.

    ``role`` is taken on by every connection from its first moment, so that a login with more rights (the
    embedded server's) still works under row-level security.
    """
    engine = create_async_engine(
        sqlalchemy_url(url),
        pool_size=limits.write_connections,
        max_overflow=0,
        pool_timeout=limits.wait_seconds,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": limits.wait_seconds,
            "server_settings": _session(role, limits),
        },
    )
    return Database(engine)


async def open_read_pool(url: str, *, limits: ConnectionLimits, role: str = SERVICE_ROLE) -> asyncpg.Pool:
    """Open the connections of the hot read, and one more for what is written beside it.

    Generic plans, because custom plans on array arguments cost more than they save, and made of look-ups in
    indexes alone, because a plan is kept while tables grow from nothing to millions of rows; no reset between
    uses, because the statements that run here leave nothing behind.
    """

    async def leave_as_is(_connection: Any) -> None:
        return

    return await asyncpg.create_pool(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False),
        min_size=limits.check_connections + 1,
        max_size=limits.check_connections + 1,
        timeout=limits.wait_seconds,
        command_timeout=limits.statement_seconds,
        reset=leave_as_is,
        server_settings=_session(role, limits) | _LOOK_UPS,
    )


def _session(role: str, limits: ConnectionLimits) -> dict[str, str]:
    milliseconds = str(round(limits.statement_seconds * 1000))
    return {
        "role": role,
        "jit": "off",
        "application_name": "creditrisk",
        "statement_timeout": milliseconds,
        "standard_conforming_strings": "on",
    }
