"""The whole service: the HTTP layer over its backend."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from creditrisk import __version__
from creditrisk.api.app import create_app
from creditrisk.api.context import ApiOptions
from creditrisk.bootstrap.backend import build_backend
from creditrisk.bootstrap.database import connection_limits
from creditrisk.settings import Settings
from creditrisk.telemetry.logging import LogRequest, log_request


def build_app(
    settings: Settings, *, url: str, log_request: LogRequest = log_request, processors: int = 1
) -> FastAPI:
    """The service over the database at `url`, ready for a server to run on so many processors."""
    backend = build_backend(
        url, limits=connection_limits(settings), spare_processor=settings.processes < processors
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with backend.opened():
            yield

    options = ApiOptions(version=__version__, max_body_bytes=settings.max_body_bytes)
    return create_app(backend.services, options=options, log_request=log_request, lifespan=lifespan)
