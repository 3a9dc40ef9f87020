from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests import service
from tests.api.configuration.site import Site
from tests.service import eur, ok


@pytest.fixture(scope="module")
def site(shared_site: service.Site) -> Site:
    """The shared service, with a key that makes keys."""
    return Site(shared_site.url, shared_site.key(tenant="platform"))


@pytest.fixture
def acme() -> str:
    """The name of a tenant of this test's own."""
    return f"acme-{uuid4().hex}"


@pytest.fixture
def anna(site: Site, acme: str) -> Iterator[httpx.Client]:
    """Who writes adjustments, over the customers C-1, C-2 and C-3 and the group ALPS of C-3."""
    with site.caller(site.key_of(acme, ["ingest", "limits", "policy", "check"], name="Anna")) as caller:
        ok(caller.put("/v1/credit-groups/ALPS", json={"name": "Alps", "limit": eur("50000.00")}))
        ok(caller.put("/v1/customers/C-1", json={"country": "DE"}))
        ok(caller.put("/v1/customers/C-2", json={"country": "IT", "management_group": None}))
        ok(caller.put("/v1/customers/C-3", json={"country": "DE", "credit_group": "ALPS"}))
        ok(caller.put("/v1/customers/C-1/credit", json={"limit": eur("12345.00"), "notes": "Kept."}))
        ok(caller.put("/v1/customers/C-2/credit", json={"limit": eur("20000.00")}))
        yield caller


@pytest.fixture
def bert(site: Site, acme: str) -> Iterator[httpx.Client]:
    """Who approves what Anna wrote."""
    with site.caller(site.key_of(acme, ["limits"], name="Bert")) as caller:
        yield caller


@pytest.fixture
def auditor(site: Site, acme: str) -> Iterator[httpx.Client]:
    """Who may read what happened, and do nothing."""
    with site.caller(site.key_of(acme, ["audit"], name="Eve")) as caller:
        yield caller


@pytest.fixture
def northerner(site: Site, acme: str) -> Iterator[httpx.Client]:
    """Who may set limits in the company `north` alone."""
    with site.caller(site.key_of(acme, ["limits"], companies=["north"], name="Nora")) as caller:
        yield caller
