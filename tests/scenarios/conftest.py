from collections.abc import Iterator

import pytest

from tests.scenarios.erp import Erp, new_erp
from tests.service import Site, running_service


@pytest.fixture(scope="module")
def site(database_url: str) -> Iterator[Site]:
    """The whole service over the module's own database."""
    with running_service(database_url) as site:
        yield site


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
