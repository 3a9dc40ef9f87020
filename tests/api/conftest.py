from collections.abc import Iterator

import httpx
import pytest

from tests.api.sample import KEY, build_app
from tests.api.server import Server, serve


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
