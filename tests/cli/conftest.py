from collections.abc import Iterator

import pytest

from tests import database as postgres
from tests.cli.neighbours import Alternation, two_doors, two_services
from tests.service import Site


@pytest.fixture(scope="session")
def sites() -> Iterator[tuple[Site, Site]]:
    """Two services over one database of their own, which take some seconds to start."""
    server = postgres.server_url()
    name = postgres.create_database(server, template=postgres.template_database())
    with two_services(postgres.with_database(server, name)) as sites:
        yield sites
    postgres.drop_database(server, name)


@pytest.fixture(scope="session")
def platform(sites: tuple[Site, Site]) -> str:
    """The key of whoever runs the installation."""
    return sites[0].key(tenant="platform")


@pytest.fixture(params=["first", "second"])
def pair(request: pytest.FixtureRequest, sites: tuple[Site, Site], platform: str) -> Iterator[Alternation]:
    """Two doors to a new tenant; the first write goes through the one that the parameter says."""
    with two_doors(sites, platform) as (one, other):
        one.customer("C-1")
        writer, reader = (one, other) if request.param == "first" else (other, one)
        yield Alternation(writer, reader)
