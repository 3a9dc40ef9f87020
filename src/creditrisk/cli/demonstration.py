"""The demo within `serve`: its data loaded where it is missing, and a new key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import httpx

from creditrisk import __version__
from creditrisk.api.app import create_app
from creditrisk.api.context import ApiOptions
from creditrisk.application.issued_keys import IssuedKeys, KeyOrder
from creditrisk.bootstrap.backend import Backend, build_backend
from creditrisk.bootstrap.database import connection_limits
from creditrisk.cli.key_commands import ALL_SCOPES
from creditrisk.demo.checks import TENANT
from creditrisk.demo.loading import Loaded, is_loaded, load
from creditrisk.settings import Settings

KEY_NAME: Final = "demo"

_KEYS_LISTED: Final = 1_000


class Demo(NamedTuple):
    """The demo as it is there now. ``loaded`` is None where it was there before."""

    key: str
    loaded: Loaded | None


async def prepare_demo(settings: Settings, *, address: str) -> Demo:
    """Load the demo into its tenant unless it is there, and make a key; keys of earlier starts are revoked.

    Raises:
        DemoRefused: the service does not take the demo.
    """
    backend = build_backend(address, limits=connection_limits(settings))
    async with backend.opened():
        key = await _renew_key(backend.services.issued_keys)
        async with _client(backend, key) as client:
            loaded = None if await is_loaded(client) else await load(client)
    return Demo(key, loaded)


async def _renew_key(keys: IssuedKeys) -> str:
    earlier = await keys.list(tenant=TENANT, by=None, after=None, limit=_KEYS_LISTED)
    issued = await keys.issue(KeyOrder(scopes=ALL_SCOPES, name=KEY_NAME), tenant=TENANT, by=None)
    for record in earlier:
        if record.name == KEY_NAME and record.revoked_at is None:
            await keys.revoke(record.id, tenant=TENANT, by=None)
    return issued.key


@asynccontextmanager
async def _client(backend: Backend, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the HTTP API that needs no server: it calls the application in this process."""
    app = create_app(backend.services, options=ApiOptions(version=__version__))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://demo",
        headers={"Authorization": f"Bearer {key}"},
    ) as client:
        yield client
