from collections.abc import Iterator

import pytest

from tests.scenarios.erp import Erp
from tests.service import Site, running_service


@pytest.fixture(scope="module")
def site(database_url: str) -> Iterator[Site]:
    """The whole service over the module's own database."""
    with running_service(database_url) as site:
        yield site


@pytest.fixture
def erp(site: Site) -> Iterator[Erp]:
    """The ERP of a new tenant, which knows the customer C-1."""
    with site.tenant() as caller:
        erp = Erp(caller)
        erp.customer("C-1")
        yield erp
