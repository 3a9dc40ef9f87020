"""A running service for tests, and callers of it."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from creditrisk.adapters.postgres.engine import ConnectionLimits, open_database
from creditrisk.adapters.postgres.keys import PostgresKeyStore
from creditrisk.application.issued_keys import IssuedKeys, KeyOrder
from creditrisk.application.keys import Scope


@dataclass(frozen=True)
class Site:
    """A running service on a database of its own."""

    url: str
    database_url: str

    def caller(
        self, tenant: str, *scopes: Scope, companies: frozenset[str] | None = None, name: str = ""
    ) -> httpx.Client:
        """A caller with a new key of this tenant."""
        order = KeyOrder(scopes=frozenset(scopes), companies=companies, name=name)
        key = asyncio.run(self._issue(tenant, order))
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    async def _issue(self, tenant: str, order: KeyOrder) -> str:
        database = open_database(self.database_url, limits=ConnectionLimits())
        keys = IssuedKeys(
            store=PostgresKeyStore(database),
            random_bytes=secrets.token_bytes,
            now=lambda: datetime.now(UTC),
        )
        issued = await keys.issue(order, tenant=tenant, by=None)
        await database.close()
        return issued.key
