import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from creditrisk.adapters import clock
from creditrisk.adapters.postgres.engine import ConnectionLimits, open_database
from creditrisk.adapters.postgres.keys import PostgresKeyStore
from creditrisk.adapters.postgres.tables import import_job
from creditrisk.adapters.postgres.verify import Drift, find_drift
from creditrisk.api.app import create_app
from creditrisk.api.context import ApiOptions
from creditrisk.application.issued_keys import IssuedKeys, KeyOrder
from creditrisk.application.keys import Scope
from creditrisk.bootstrap.backend import build_backend
from tests.api.server import Server, serve


@dataclass(frozen=True)
class Site:
    """The running service and the database behind it."""

    server: Server
    database_url: str

    def caller(self, tenant: str, *scopes: str, companies: frozenset[str] | None = None) -> httpx.Client:
        """A caller of a tenant, with a new key of its own."""
        headers = {"Authorization": f"Bearer {self.key(tenant, *scopes, companies=companies)}"}
        return httpx.Client(base_url=self.server.url, headers=headers, timeout=60)

    def key(self, tenant: str, *scopes: str, companies: frozenset[str] | None = None) -> str:
        order = KeyOrder(scopes=frozenset(Scope(scope) for scope in scopes), companies=companies)
        return asyncio.run(self._issue(order, tenant))

    async def _issue(self, order: KeyOrder, tenant: str) -> str:
        database = open_database(self.database_url, limits=ConnectionLimits())
        keys = IssuedKeys(store=PostgresKeyStore(database), random_bytes=secrets.token_bytes, now=clock.now)
        issued = await keys.issue(order, tenant=tenant, by=None)
        await database.close()
        return issued.key

    def imports(self, tenant: str) -> list[str]:
        """The ids of the tenant's imports."""

        async def read() -> list[str]:
            database = open_database(self.database_url, limits=ConnectionLimits())
            async with database.transaction(tenant) as connection:
                found = (await connection.execute(sa.select(import_job.c.id))).scalars().all()
            await database.close()
            return [str(import_id) for import_id in found]

        return asyncio.run(read())

    def drift(self, tenant: str) -> list[Drift]:
        """Where what is derived from the tenant's papers differs from them; it must be nowhere."""

        async def compare() -> list[Drift]:
            database = open_database(self.database_url, limits=ConnectionLimits())
            found = await find_drift(database, tenant=tenant)
            await database.close()
            return found

        return asyncio.run(compare())


@pytest.fixture(scope="module")
def site(database_url: str) -> Iterator[Site]:
    """The service on the module's own database."""
    backend = build_backend(database_url, limits=ConnectionLimits())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with backend.opened():
            yield

    app = create_app(backend.services, options=ApiOptions(version="0"), lifespan=lifespan)
    with serve(app) as server:
        yield Site(server, database_url)


@pytest.fixture
def acme() -> str:
    """The name of a tenant of this test's own."""
    return f"acme-{uuid4().hex}"


@pytest.fixture
def erp(site: Site, acme: str) -> Iterator[httpx.Client]:
    """The tenant's ERP: it feeds papers and master data, and asks for exposure."""
    with site.caller(acme, "ingest", "limits", "check") as caller:
        yield caller
