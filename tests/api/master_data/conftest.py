from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from creditrisk.application.keys import Scope
from tests import service
from tests.api.master_data.site import Site


@pytest.fixture(scope="module")
def site(shared_site: service.Site) -> Site:
    """The shared service, with callers who state master data."""
    return Site(shared_site)


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
