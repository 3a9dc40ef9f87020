import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import ConnectionLimits, open_database
from creditrisk.adapters.postgres.tables import import_job
from creditrisk.adapters.postgres.verify import Drift, find_drift
from tests import service


@dataclass(frozen=True)
class Site:
    """The running service and the database behind it."""

    running: service.Site

    @property
    def database_url(self) -> str:
        return self.running.database_url

    def caller(self, tenant: str, *scopes: str, companies: frozenset[str] | None = None) -> httpx.Client:
        """A caller of a tenant, with a new key of its own."""
        return service.client(self.running.url, self.key(tenant, *scopes, companies=companies), timeout=60)

    def key(self, tenant: str, *scopes: str, companies: frozenset[str] | None = None) -> str:
        return self.running.key(tenant=tenant, scopes=scopes, companies=companies)

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
def site(shared_site: service.Site) -> Site:
    """The shared service, with callers who send feeds."""
    return Site(shared_site)


@pytest.fixture
def acme() -> str:
    """The name of a tenant of this test's own."""
    return f"acme-{uuid4().hex}"


@pytest.fixture
def erp(site: Site, acme: str) -> Iterator[httpx.Client]:
    """The tenant's ERP: it feeds papers and master data, and asks for exposure."""
    with site.caller(acme, "ingest", "limits", "check") as caller:
        yield caller
