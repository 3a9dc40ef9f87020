from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from creditrisk.application.keys import Scope
from tests import service
from tests.api.configuration.site import Site


@pytest.fixture(scope="module")
def site(shared_site: service.Site) -> Site:
    """The shared service, with a key that makes keys."""
    return Site(shared_site.url, shared_site.key(tenant="platform"))


@pytest.fixture
def acme() -> str:
    """The name of a tenant of this test's own."""
    return f"acme-{uuid4().hex}"


@pytest.fixture
def admin(site: Site, acme: str) -> Iterator[httpx.Client]:
    """A caller of this test's tenant who may do everything but make tenants."""
    scopes = [scope for scope in Scope if scope is not Scope.PLATFORM]
    with site.caller(site.key_of(acme, list(scopes), name="Anna")) as caller:
        yield caller


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx.Client]:
    """A caller of another tenant with the same rights."""
    with site.caller(site.key_of(f"other-{uuid4().hex}", ["policy", "admin"])) as caller:
        yield caller


@pytest.fixture
def northerner(site: Site, acme: str) -> Iterator[httpx.Client]:
    """A caller of this test's tenant limited to the company `north`."""
    key = site.key_of(acme, ["policy", "admin"], companies=["north"], name="Nora")
    with site.caller(key) as caller:
        yield caller
