"""API keys in PostgreSQL: issuing and revoking them, and finding one before its tenant is known."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from creditrisk.adapters.postgres.endless import with_zone
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.adapters.postgres.tables import api_key
from creditrisk.adapters.postgres.tables import tenant as tenant_table
from creditrisk.application.issued_keys import KeyOrder, KeyRecord
from creditrisk.application.keys import Principal, Scope

_FIND: Final = """
    SELECT tenant, id, name, scopes, companies FROM find_api_key($1)
    WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""

_RECORD: Final = tuple(column for column in api_key.c if column.name != "hash")


class PostgresKeyFinder:
    """Finds keys in one round trip; see KeyFinder."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def find(self, key_hash: bytes) -> Principal | None:
        """Return the principal of the key with this hash; None if unknown, expired or revoked.

        Raises:
            Unavailable: the database does not answer.
        """
        rows = await self._pool.fetch(_FIND, key_hash)
        if not rows:
            return None
        (row,) = rows
        return Principal(
            tenant=row["tenant"],
            key_id=row["id"],
            name=row["name"],
            scopes=frozenset(Scope(scope) for scope in row["scopes"]),
            companies=None if row["companies"] is None else frozenset(row["companies"]),
        )


class PostgresKeyStore:
    """The KeyStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, order: KeyOrder, *, tenant: str, key_id: str, key_hash: bytes, by: str | None
    ) -> KeyRecord:
        """Keep a new key; see KeyStore. The tenant's row is made with its first key."""
        new_tenant = pg.insert(tenant_table).values(tenant=tenant).on_conflict_do_nothing()
        new_key = (
            sa.insert(api_key)
            .values(
                tenant=tenant,
                id=key_id,
                hash=key_hash,
                name=order.name,
                scopes=sorted(order.scopes),
                companies=None if order.companies is None else sorted(order.companies),
                expires_at=order.expires_at,
                created_by=by,
            )
            .returning(*_RECORD)
        )
        async with self._database.transaction(tenant) as connection:
            await connection.execute(new_tenant)
            return _record((await connection.execute(new_key)).one())

    async def list(
        self, *, tenant: str, within: frozenset[str] | None, after: str | None, limit: int
    ) -> Sequence[KeyRecord]:
        """List keys by id; see KeyStore."""
        query = sa.select(*_RECORD).where(*_reached(tenant, within)).order_by(api_key.c.id).limit(limit)
        if after is not None:
            query = query.where(api_key.c.id > after)
        async with self._database.transaction(tenant) as connection:
            return [_record(row) for row in await connection.execute(query)]

    async def revoke(self, key_id: str, *, tenant: str, within: frozenset[str] | None) -> bool:
        """Revoke a key; see KeyStore."""
        revoked = (
            sa.update(api_key)
            .where(*_reached(tenant, within), api_key.c.id == key_id)
            .values(revoked_at=sa.func.coalesce(api_key.c.revoked_at, sa.func.now()))
        )
        async with self._database.transaction(tenant) as connection:
            return (await connection.execute(revoked)).rowcount > 0


def _reached(tenant: str, within: frozenset[str] | None) -> tuple[sa.ColumnElement[bool], ...]:
    own = api_key.c.tenant == tenant
    return (own,) if within is None else (own, api_key.c.companies.contained_by(sorted(within)))


def _record(row: sa.Row[Any]) -> KeyRecord:
    return KeyRecord(
        tenant=row.tenant,
        id=row.id,
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        companies=None if row.companies is None else frozenset(row.companies),
        expires_at=None if row.expires_at is None else with_zone(row.expires_at),
        revoked_at=row.revoked_at,
        created_at=row.created_at,
        created_by=row.created_by,
    )
