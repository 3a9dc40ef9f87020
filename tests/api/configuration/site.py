"""A running service, and keys of it made over HTTP as the operator of a platform makes them."""

from dataclasses import dataclass

import httpx

from tests.service import client


@dataclass(frozen=True)
class Site:
    """A running service, and a key that may make tenants."""

    url: str
    platform_key: str

    def caller(self, key: str) -> httpx.Client:
        """A client with this key."""
        return client(self.url, key)

    def key_of(
        self, tenant: str, scopes: list[str], *, companies: list[str] | None = None, name: str = ""
    ) -> str:
        """A new key of a tenant, which exists from then on."""
        body = {"tenant": tenant, "scopes": scopes, "companies": companies, "name": name}
        with self.caller(self.platform_key) as platform:
            made = platform.post("/v1/keys", json=body)
        assert made.status_code == 201, made.text
        key: str = made.json()["key"]
        return key
