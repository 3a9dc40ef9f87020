from collections.abc import Iterator

import pytest

from tests.scenarios.erp import Erp, new_erp
from tests.service import Site


@pytest.fixture(scope="module")
def database_url(shared_site: Site) -> str:
    """The address of the shared service's database."""
    return shared_site.database_url


@pytest.fixture(scope="module")
def site(shared_site: Site) -> Site:
    """The service that the tests of a module talk to."""
    return shared_site


@pytest.fixture(scope="module")
def platform(site: Site) -> Iterator[Erp]:
    """Whoever runs the installation, and makes the keys of new tenants."""
    with site.caller(site.key(tenant="platform")) as caller:
        yield Erp(caller)


@pytest.fixture
def erp(site: Site, platform: Erp) -> Iterator[Erp]:
    """The ERP of a new tenant, which knows the customer C-1."""
    with new_erp(site, platform) as erp:
        yield erp
