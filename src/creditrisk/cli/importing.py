"""The command `import`: a file goes through the same route as a stream over HTTP, inside this process."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

import httpx
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from creditrisk import __version__
from creditrisk.api.app import create_app
from creditrisk.api.context import ApiOptions
from creditrisk.application.keys import Principal, Scope, format_key, hash_key
from creditrisk.cli.databases import database_address, opened_backend, require_tenant
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.terminal import messages, results
from creditrisk.settings import Settings

_PIECE: Final = 65_536
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ERRORS_SHOWN: Final = 20

# The routes want a key, so this process has one of its own, which is stored nowhere and good nowhere else.
_KEY: Final = format_key(key_id="commandline", secret="x" * 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """What to import. ``file`` `-` is standard input; ``company`` None: as the lines say, else `main`.

    ``snapshot``: the file is the whole ledger of a source, ``described`` by these parameters of the call.
    """

    stream: str
    file: Path
    csv: bool
    company: str | None
    atomic: bool
    snapshot: bool
    described: Mapping[str, str | int | Sequence[str]]

    def require_sense(self) -> None:
        """Make sure that the options belong together.

        Raises:
            Failure: they do not.
        """
        if self.snapshot and (self.stream != "ledger" or self.atomic):
            raise Failure("A snapshot is one of the ledger, and atomic by itself.", ExitCode.USAGE)
        if self.described and not self.snapshot:
            options = ", ".join(f"--{name.replace('_', '-')}" for name in self.described)
            raise Failure(f"Only for --snapshot: {options}.", ExitCode.USAGE)

    @property
    def path(self) -> str:
        """The call that takes the file."""
        return "/v1/ledger/snapshots" if self.snapshot else f"/v1/{self.stream}:import"

    @property
    def parameters(self) -> dict[str, str | int | Sequence[str]]:
        """The parameters of the call."""
        own = self.described if self.snapshot else {"atomic": str(self.atomic).lower()}
        return {**own} | ({} if self.company is None else {"company": self.company})

    @property
    def counts(self) -> tuple[str, ...]:
        """The counts of the answer."""
        if self.snapshot:
            return "added", "changed", "closed", "unchanged", "stale", "rejected"
        return "accepted", "unchanged", "stale", "rejected"


class _CommandLineKey:
    """Finds the one key of this process."""

    def __init__(self, tenant: str) -> None:
        self._principal = Principal(
            tenant=tenant,
            key_id="command-line",
            name="command line",
            scopes=frozenset({Scope.INGEST, Scope.LIMITS}),
        )

    async def find(self, key_hash: bytes) -> Principal | None:
        """Return the command line itself, for its own key."""
        return self._principal if key_hash == hash_key(_KEY) else None


def run_import(settings: Settings, order: ImportOrder, *, tenant: str) -> None:
    """Import a file and say what its lines did.

    Raises:
        Failure: lines were rejected, or the whole stream was; or there is no such file or tenant, or
            options contradict each other.
    """
    order.require_sense()
    with _opened(order.file) as file, database_address(settings) as address:
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
        raise Failure(content["detail"], ExitCode.PROBLEMS if errors else ExitCode.USAGE)
    if content["rejected"]:
        raise Failure(f"{content['rejected']} lines were rejected.", ExitCode.PROBLEMS)


async def _send(
    settings: Settings, order: ImportOrder, file: BufferedReader, *, tenant: str, address: str
) -> httpx.Response:
    async with opened_backend(settings, address=address) as backend:
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


def _opened(file: Path) -> BufferedReader:
    if str(file) == "-":
        return open(sys.stdin.fileno(), "rb", closefd=False)
    try:
        return file.open("rb")
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", ExitCode.USAGE) from None


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
