"""The command `import`: a file goes through the same route as a stream over HTTP, inside this process."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from io import BufferedReader
from typing import Any, Final

import httpx
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from creditrisk import __version__
from creditrisk.adapters.postgres.preparation import prepare
from creditrisk.api.app import create_app
from creditrisk.api.context import ApiOptions
from creditrisk.application.keys import Principal, Scope, format_key, hash_key
from creditrisk.bootstrap.backend import build_backend
from creditrisk.bootstrap.database import connection_limits
from creditrisk.cli.databases import database_address, require_tenant
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.import_orders import ImportOrder
from creditrisk.cli.terminal import messages, results
from creditrisk.settings import Settings

_PIECE: Final = 65_536
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ERRORS_SHOWN: Final = 20

# The routes want a key, so this process has one of its own, which is stored nowhere and good nowhere else.
_KEY: Final = format_key(key_id="commandline", secret="x" * 32)


class _CommandLineKey:
    """Finds the one key of this process."""

    def __init__(self, tenant: str) -> None:
        self._principal = Principal(
            tenant=tenant,
            key_id="command-line",
            name="command line",
            scopes=frozenset({Scope.INGEST, Scope.LIMITS}),
            stored=False,
        )

    async def find(self, key_hash: bytes) -> Principal | None:
        """Return the command line itself, for its own key."""
        return self._principal if key_hash == hash_key(_KEY) else None


def run_import(settings: Settings, order: ImportOrder, file: BufferedReader, *, tenant: str) -> None:
    """Import an opened file and say what its lines did.

    Raises:
        Failure: lines were rejected, or the whole stream was; or there is no such tenant.
    """
    with database_address(settings) as address:
        answer = asyncio.run(_send(settings, order, file, tenant=tenant, address=address))
    content = answer.json()
    if answer.is_success:
        columns = (*(name.capitalize() for name in order.counts), "Import")
        table = Table(*columns, box=None, pad_edge=False)
        table.add_row(*(str(content[name]) for name in (*order.counts, "import_id")))
        results().print(table)
    errors = content.get("errors", ())
    _show(errors)
    if not answer.is_success:
        # Without a record of an import nothing was read: the options are wrong, not the lines.
        raise Failure(content["detail"], ExitCode.PROBLEMS if "import_id" in content else ExitCode.USAGE)
    if content["rejected"]:
        raise Failure(f"{content['rejected']} lines were rejected.", ExitCode.PROBLEMS)


async def _send(
    settings: Settings, order: ImportOrder, file: BufferedReader, *, tenant: str, address: str
) -> httpx.Response:
    await prepare(address)
    backend = build_backend(address, limits=connection_limits(settings))
    async with backend.opened():
        await require_tenant(backend.database, tenant)
        services = replace(backend.services, keys=_CommandLineKey(tenant))
        app = create_app(services, options=ApiOptions(version=__version__))
        transport = httpx.ASGITransport(app)
        with _progress() as bar:
            task = bar.add_task(f"Reading {order.stream}", total=_size(file))

            def read(size: int) -> None:
                bar.update(task, advance=size, description=None if size else f"Storing {order.stream}")

            async with httpx.AsyncClient(transport=transport, base_url="http://command-line") as client:
                return await client.post(
                    order.path,
                    params=order.parameters,
                    headers=_headers(order, file),
                    content=_pieces(file, read),
                )


def _size(file: BufferedReader) -> int | None:
    """Return the length where there is one; a pipe has none."""
    found = os.fstat(file.fileno())
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _headers(order: ImportOrder, file: BufferedReader) -> dict[str, str]:
    headers = {
        "Authorization": f"Bearer {_KEY}",
        "Content-Type": "text/csv" if order.csv else "application/x-ndjson",
    }
    packed = file.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
    return headers | ({"Content-Encoding": "gzip"} if packed else {})


async def _pieces(file: BufferedReader, read: Callable[[int], None]) -> AsyncIterator[bytes]:
    """Read the file, telling the length of each piece, and 0 at the end."""
    while piece := await asyncio.to_thread(file.read1, _PIECE):
        yield piece
        read(len(piece))
    read(0)


def _progress() -> Progress:
    console = messages()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def _show(errors: Sequence[dict[str, Any]]) -> None:
    for error in errors[:_ERRORS_SHOWN]:
        place = f"line {error['line']}" if error.get("line") else "stream"
        text = f"{place} {error['pointer']}: {error['detail']}"
        messages().print(escape(text), soft_wrap=True)
    if len(errors) > _ERRORS_SHOWN:
        messages().print(f"… and {len(errors) - _ERRORS_SHOWN} more; GET /v1/imports/<import> lists all.")
