"""Making a database ready for this release: reachable, new enough, at the newest schema."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import asyncpg
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from creditrisk.adapters.postgres.engine import OLDEST_SERVER, Database, UnsuitableDatabase
from creditrisk.adapters.postgres.migrate import migration_config, newest_revision, upgrade

_CONNECT_SECONDS: Final = 10

# Several processes may be told to migrate at the same time; the others wait and then find nothing to do.
_LOCK: Final = "SELECT pg_advisory_lock(hashtextextended('creditrisk migrations', 0))"
_HAS_REVISION: Final = "SELECT to_regclass('alembic_version') IS NOT NULL"
_REVISION: Final = "SELECT version_num FROM alembic_version"
_TENANTS: Final = "SELECT tenant FROM tenant ORDER BY tenant"
_HAS_TENANT: Final = sa.text("SELECT EXISTS (SELECT FROM tenant WHERE tenant = :tenant)")


class UnreachableDatabase(Exception):
    """Nobody answers at the database's address, or we are not let in; the message says which."""


class Preparation(NamedTuple):
    """What was found and what was done. ``before`` is None where there was no schema yet."""

    server: str
    before: str | None
    after: str


async def prepare(url: str, *, migrate: bool = True) -> Preparation:
    """Look at the server and bring its schema to this release's; it must be there already unless ``migrate``.

    Safe to call from several processes at once, and while a service runs.

    Raises:
        UnreachableDatabase: there is no way to the database.
        UnsuitableDatabase: the server is too old, or the schema is not one this release can bring to its own.
    """
    wanted = newest_revision()
    async with _connected(url) as connection:
        version = connection.get_server_version()
        if version.major < OLDEST_SERVER:
            raise UnsuitableDatabase(
                f"PostgreSQL {OLDEST_SERVER} or newer is needed, this server is version {version.major}"
            )
        if migrate:
            await connection.execute(_LOCK)  # released when the connection ends
        found = await _revision(connection)
        if found is not None and found not in _known_revisions():
            raise UnsuitableDatabase(
                f"the database has the schema {found}, which this release does not know: it was migrated by a"
                " newer one"
            )
        if found != wanted:
            if not migrate:
                raise UnsuitableDatabase(
                    f"the database has the schema {found or 'of no release yet'}, this release needs"
                    f" {wanted}: run `creditrisk migrate`"
                )
            await upgrade(url)
    return Preparation(f"{version.major}.{version.micro}", found, wanted)


async def list_tenants(url: str) -> list[str]:
    """List the tenants of a prepared database, as a login that row-level security does not bind.

    Raises:
        UnreachableDatabase: there is no way to the database.
        UnsuitableDatabase: the login sees one tenant at a time only.
    """
    async with _connected(url) as connection:
        # Off, a query that row-level security would cut short fails instead.
        await connection.execute("SET row_security = off")
        try:
            rows = await connection.fetch(_TENANTS)
        except asyncpg.InsufficientPrivilegeError:
            raise UnsuitableDatabase("this login sees one tenant at a time only: name the tenant") from None
    return [row["tenant"] for row in rows]


async def has_tenant(database: Database, tenant: str) -> bool:
    """Tell whether there is such a tenant."""
    async with database.transaction(tenant) as connection:
        found: bool = (await connection.execute(_HAS_TENANT, {"tenant": tenant})).scalar_one()
    return found


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    try:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(address, timeout=_CONNECT_SECONDS)
    except TimeoutError:
        raise UnreachableDatabase(f"the database has not answered for {_CONNECT_SECONDS} seconds") from None
    except (OSError, asyncpg.PostgresError) as failure:
        raise UnreachableDatabase(f"the database cannot be reached: {failure}") from None
    except (asyncpg.InterfaceError, sa.exc.ArgumentError, ValueError):
        # What it says would repeat the address, which may hold a password.
        raise UnreachableDatabase("the address of the database cannot be read") from None
    try:
        yield connection
    finally:
        await connection.close()


async def _revision(connection: asyncpg.Connection) -> str | None:
    if not await connection.fetchval(_HAS_REVISION):
        return None
    revision: str | None = await connection.fetchval(_REVISION)
    return revision


def _known_revisions() -> set[str]:
    scripts = ScriptDirectory.from_config(migration_config())
    return {script.revision for script in scripts.walk_revisions()}
