"""The whole service, running over a real database, for tests that come in by HTTP."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from creditrisk.adapters.postgres.engine import ConnectionLimits, open_database
from creditrisk.adapters.postgres.keys import PostgresKeyStore
from creditrisk.application.issued_keys import IssuedKeys, KeyOrder
from creditrisk.application.keys import Scope
from creditrisk.bootstrap.app import build_app
from creditrisk.settings import load_settings
from tests.api.server import serve

JSON = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """A running service over a database of its own."""

    url: str
    database_url: str

    def key(self, *, tenant: str, scopes: frozenset[Scope] = frozenset(Scope)) -> str:
        """A key of a tenant, made as the operator of the installation would."""
        return asyncio.run(_issued(self.database_url, tenant=tenant, scopes=scopes))

    def caller(self, key: str) -> httpx.Client:
        """A client with this key."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    @contextmanager
    def tenant(self) -> Iterator[httpx.Client]:
        """A caller of a new tenant who may do everything."""
        with self.caller(self.key(tenant=f"tenant-{uuid4().hex}")) as caller:
            yield caller


@contextmanager
def running_service(database_url: str) -> Iterator[Site]:
    """Serve the database until the block ends."""
    app = build_app(load_settings(env_file=None), url=database_url)
    with serve(app) as server:
        yield Site(server.url, database_url)


async def _issued(database_url: str, *, tenant: str, scopes: frozenset[Scope]) -> str:
    database = open_database(database_url, limits=ConnectionLimits())
    keys = IssuedKeys(
        store=PostgresKeyStore(database),
        random_bytes=secrets.token_bytes,
        now=lambda: datetime.now(UTC),
    )
    try:
        return (await keys.issue(KeyOrder(scopes=scopes, name="tests"), tenant=tenant, by=None)).key
    finally:
        await database.close()


def ok(response: httpx.Response) -> Any:
    """The answer of a call that must succeed."""
    assert response.is_success, f"{response.request.method} {response.request.url}: {response.text}"
    return response.json() if response.content else None


def eur(amount: str) -> JSON:
    """Money of the wire."""
    return {"amount": amount, "currency": "EUR"}
