from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from creditrisk.adapters.postgres.engine import ConnectionLimits
from creditrisk.api.app import create_app
from creditrisk.api.context import ApiOptions
from creditrisk.application.keys import Scope
from creditrisk.bootstrap.backend import build_backend
from tests.api.master_data.site import Site
from tests.api.server import serve


@pytest.fixture(scope="module")
def site(database_url: str) -> Iterator[Site]:
    """The whole service in a running server, on the module's own database."""
    backend = build_backend(database_url, limits=ConnectionLimits())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with backend.opened():
            yield

    app = create_app(backend.services, options=ApiOptions(version="0"), lifespan=lifespan)
    with serve(app) as server:
        yield Site(server.url, database_url)


@pytest.fixture
def acme() -> str:
    """The name of a tenant of this test's own."""
    return f"acme-{uuid4().hex}"


@pytest.fixture
def anna(site: Site, acme: str) -> Iterator[httpx.Client]:
    """A caller of this test's tenant who may state master data and set limits and policies."""
    scopes = (Scope.INGEST, Scope.LIMITS, Scope.POLICY)
    with site.caller(acme, *scopes, name="Anna") as caller:
        yield caller


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx.Client]:
    """A caller of another tenant with the same rights."""
    with site.caller(f"other-{uuid4().hex}", Scope.INGEST, Scope.LIMITS, Scope.POLICY) as caller:
        yield caller


@pytest.fixture
def northerner(site: Site, acme: str) -> Iterator[httpx.Client]:
    """A caller of this test's tenant limited to the company `north`."""
    with site.caller(acme, Scope.LIMITS, companies=frozenset({"north"}), name="Nora") as caller:
        yield caller


@pytest.fixture
def checker(site: Site, acme: str) -> Iterator[httpx.Client]:
    """A caller of this test's tenant who may only check."""
    with site.caller(acme, Scope.CHECK) as caller:
        yield caller


@pytest.fixture
def customer(anna: httpx.Client) -> str:
    """A customer of this test's tenant."""
    assert anna.put("/v1/customers/C-1", json={"name": "Brown & Sons"}).status_code == 201
    return "C-1"
