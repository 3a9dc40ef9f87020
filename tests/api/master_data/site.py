"""A running service for tests, and callers of it."""

from dataclasses import dataclass

import httpx

from creditrisk.application.keys import Scope
from tests import service


@dataclass(frozen=True)
class Site:
    """A running service that makes a key for each caller."""

    running: service.Site

    def caller(
        self, tenant: str, *scopes: Scope, companies: frozenset[str] | None = None, name: str = ""
    ) -> httpx.Client:
        """A caller with a new key of this tenant."""
        key = self.running.key(tenant=tenant, scopes=scopes, companies=companies, name=name)
        return self.running.caller(key)
