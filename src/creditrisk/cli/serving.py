"""The command `serve`: from a free address over a fitting database to a clean end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from rich.markup import escape

from creditrisk import __version__
from creditrisk.adapters.embedded.server import start
from creditrisk.adapters.postgres.engine import open_database
from creditrisk.adapters.postgres.preparation import prepare
from creditrisk.bootstrap import connection_limits
from creditrisk.cli.database_commands import schema_line
from creditrisk.cli.demonstration import TENANT, Demo, curl, prepare_demo
from creditrisk.cli.listening import address_to_ask, bind, refusal
from creditrisk.cli.processes import run_service
from creditrisk.cli.terminal import messages, waiting
from creditrisk.settings import Settings

_CONNECTIONS_OF_POSTGRES: Final = 100  # its own default
_CONNECTIONS_FOR_COMMANDS: Final = 25


def serve(settings: Settings, *, demo: bool, migrate: bool) -> None:
    """Serve until told to stop.

    Raises:
        Failure: the address cannot be had, or the service does not start.
        EmbeddedPostgresError, UnreachableDatabase, UnsuitableDatabase: there is no database to serve from.
    """
    _stop_on_signals()
    with suppress(KeyboardInterrupt), bind(settings.host, settings.port) as listener:
        _say(f"[bold]creditrisk {__version__}[/]")
        with _database(settings) as address:
            shown = asyncio.run(_make_ready(settings, address, demo=demo, migrate=migrate))
            try:
                run_service(
                    settings, address=address, listener=listener, ready=lambda: _announce(settings, shown)
                )
            except OSError as error:
                # Two services were started at the same moment, and the other one was first to listen.
                raise refusal(error, host=settings.host, port=settings.port) from error
    _say("Stopped.")


async def _make_ready(settings: Settings, address: str, *, demo: bool, migrate: bool) -> Demo | None:
    """Bring the database to where the service can begin."""
    _say(schema_line(await prepare(address, migrate=migrate)))
    database = open_database(address, limits=connection_limits(settings))
    try:
        await database.check()
    finally:
        await database.close()
    if not demo:
        return None
    with waiting("Loading the demo …"):
        shown = await prepare_demo(settings, address=address)
    if shown.loaded is None:
        _say(f"Demo data: in the tenant {TENANT} already")
    else:
        _say(
            f"Demo data: {shown.loaded.invoices:,} invoices of {shown.loaded.customers} customers loaded into"
            f" the tenant {TENANT}, {shown.loaded.open_invoices} of them open"
        )
    return shown


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """Give the database's address; the embedded PostgreSQL runs for as long as the block."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    each = settings.check_connections + 1 + settings.write_connections  # one for decisions
    needed = settings.processes * each + _CONNECTIONS_FOR_COMMANDS
    options = {"max_connections": str(max(needed, _CONNECTIONS_OF_POSTGRES))}
    with waiting("Starting PostgreSQL …"):
        server = start(settings.data_dir, options=options)
    with server:
        _say(f"PostgreSQL is running in {escape(str(settings.data_dir))}")
        try:
            yield server.url()
        finally:
            # Whoever presses Ctrl-C again must not keep PostgreSQL from being stopped.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)


def _announce(settings: Settings, demo: Demo | None) -> None:
    service = address_to_ask(settings.host, settings.port)
    _say(f"Serving on [bold]{service}[/], described at {service}/docs. Ctrl-C stops.")
    if demo is not None:
        _say("\nA check to paste; the answer is a block, with what would lift it:\n")
        # As it is, so that it can be pasted whatever the width of the window.
        messages().print(curl(service, demo.key), markup=False, soft_wrap=True)
        _say("\nMore of them, in colour, from another terminal: creditrisk demo (in a checkout: make demo)")


def _stop_on_signals() -> None:
    """Make every way of being told to stop the same as Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants it to be ignored
        signal.signal(signal.SIGHUP, _terminate)


def _terminate(_signal_number: int, _frame: FrameType | None) -> None:
    # While requests are served, SIGTERM is the server's, which answers them first.
    signal.raise_signal(signal.SIGTERM)


def _say(text: str) -> None:
    messages().print(text, soft_wrap=True)
