"""The whole service, running over a real database, for tests that come in by HTTP."""

import asyncio
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

import httpx

from creditrisk.adapters import clock
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
    """A running service, and the address of its database."""

    url: str
    database_url: str

    def key(
        self,
        *,
        tenant: str,
        scopes: Iterable[str] = frozenset(Scope),
        companies: Iterable[str] | None = None,
        name: str = "tests",
    ) -> str:
        """A new key of a tenant, which exists from then on."""
        body: JSON = {"tenant": tenant, "scopes": sorted(scopes), "name": name}
        if companies is not None:
            body["companies"] = sorted(companies)
        with self.caller(self._operators_key) as operator:
            key = ok(operator.post("/v1/keys", json=body))["key"]
        assert isinstance(key, str)
        return key

    def caller(self, key: str) -> httpx.Client:
        """A client with this key."""
        return client(self.url, key)

    @contextmanager
    def tenant(self) -> Iterator[httpx.Client]:
        """A caller of a new tenant who may do everything."""
        with self.caller(self.key(tenant=f"tenant-{uuid4().hex}")) as caller:
            yield caller

    @cached_property
    def _operators_key(self) -> str:
        """The key of whoever runs the installation, made as the first one is: in the database."""
        return asyncio.run(_issued(self.database_url))


def key_of(caller: httpx.Client) -> str:
    """The key a client calls with."""
    return caller.headers["Authorization"].removeprefix("Bearer ")


def client(url: str, key: str, *, timeout: float = 30) -> httpx.Client:
    """A client with this key; it speaks plain HTTP and need not read certificate authorities first."""
    headers = {"Authorization": f"Bearer {key}"}
    # Many threads may share it: closing idle connections, it takes one that is about to be used for idle.
    limits = httpx.Limits(max_keepalive_connections=None, keepalive_expiry=None)
    return httpx.Client(base_url=url, headers=headers, timeout=timeout, verify=False, limits=limits)


@contextmanager
def running_service(database_url: str) -> Iterator[Site]:
    """Serve the database until the block ends."""
    app = build_app(load_settings(env_file=None), url=database_url)
    with serve(app) as server:
        yield Site(server.url, database_url)


async def _issued(database_url: str) -> str:
    database = open_database(database_url, limits=ConnectionLimits())
    keys = IssuedKeys(store=PostgresKeyStore(database), random_bytes=secrets.token_bytes, now=clock.now)
    order = KeyOrder(scopes=frozenset({Scope.PLATFORM, Scope.ADMIN}), name="operator")
    try:
        return (await keys.issue(order, tenant="platform", by=None)).key
    finally:
        await database.close()


def ok(response: httpx.Response) -> Any:
    """The answer of a call that must succeed."""
    assert response.is_success, f"{response.request.method} {response.request.url}: {response.text}"
    return response.json() if response.content else None


def eur(amount: str) -> JSON:
    """Money of the wire."""
    return {"amount": amount, "currency": "EUR"}
