from collections.abc import Iterator

import httpx
import pytest

from tests.api.everything import Stock, Writing, stocked, writings
from tests.api.sample import KEY, build_app
from tests.api.server import Server, serve
from tests.service import Site, running_service


@pytest.fixture(scope="module")
def sample_server() -> Iterator[Server]:
    """The sample resource in a running server."""
    with serve(build_app()) as server:
        yield server


@pytest.fixture
def client(sample_server: Server) -> Iterator[httpx.Client]:
    """A caller with a key of the sample server that may do nearly everything."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=sample_server.url, headers=headers, timeout=30) as caller:
        yield caller


@pytest.fixture(scope="module")
def site(database_url: str) -> Iterator[Site]:
    """The whole service, running over the module's own database."""
    with running_service(database_url) as running:
        yield running


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
