from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from creditrisk.application.keys import Scope
from tests.scenarios.erp import Erp
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
    scopes = sorted(set(Scope) - {Scope.PLATFORM})
    made = platform.post("/v1/keys", {"tenant": f"tenant-{uuid4().hex}", "scopes": scopes})
    headers = {"Authorization": f"Bearer {made['key']}"}
    # Plain HTTP: reading the certificate authorities would take longer than most tests.
    with httpx.Client(base_url=site.url, headers=headers, timeout=30, verify=False) as caller:
        erp = Erp(caller)
        erp.customer("C-1")
        yield erp
