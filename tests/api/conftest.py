from collections.abc import Iterator

import httpx
import pytest

from tests import service
from tests.api.everything import Stock, Writing, stocked, writings
from tests.api.sample import KEY, build_app
from tests.api.server import Server, serve
from tests.service import Site


@pytest.fixture(scope="module")
def sample_server() -> Iterator[Server]:
    """The sample resource in a running server."""
    with serve(build_app()) as server:
        yield server


@pytest.fixture
def client(sample_server: Server) -> Iterator[httpx.Client]:
    """A caller with a key of the sample server that may do nearly everything."""
    with service.client(sample_server.url, KEY) as caller:
        yield caller


@pytest.fixture(scope="module")
def database_url(shared_site: Site) -> str:
    """The address of the shared service's database."""
    return shared_site.database_url


@pytest.fixture(scope="module")
def site(shared_site: Site) -> Site:
    """The service that the tests of a module talk to."""
    return shared_site


@pytest.fixture(scope="module")
def stock(erp: httpx.Client) -> Stock:
    """One object of everything, kept for the tenant of `erp`."""
    return stocked(erp)


@pytest.fixture(scope="module")
def erp(site: Site) -> Iterator[httpx.Client]:
    """A caller of a tenant of the module's own who may do everything."""
    with site.tenant() as caller:
        yield caller


@pytest.fixture
def requests(stock: Stock) -> list[Writing]:
    """A valid request for every operation that reads JSON, over what is in stock."""
    return list(writings(stock))
