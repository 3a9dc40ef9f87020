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
from creditrisk.cli.listening import address_to_ask, bind, refusal
from creditrisk.cli.terminal import messages, say, waiting
from creditrisk.demo.checks import curl
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
        say(f"[bold]creditrisk {__version__}[/]")
        with _database(settings) as address:
            # What takes long to import is not needed to say that the address is taken or the data in use.
            from creditrisk.cli.processes import run_service
            from creditrisk.cli.readying import make_ready

            demo_key = asyncio.run(make_ready(settings, address, demo=demo, migrate=migrate))
            try:
                run_service(
                    settings, address=address, listener=listener, ready=lambda: _announce(settings, demo_key)
                )
            except OSError as error:
                # Two services were started at the same moment, and the other one was first to listen.
                raise refusal(error, host=settings.host, port=settings.port) from error
    say("Stopped.")


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
        say(f"PostgreSQL is running in {escape(str(settings.data_dir))}")
        try:
            yield server.url()
        finally:
            # Whoever presses Ctrl-C again must not keep PostgreSQL from being stopped.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)


def _announce(settings: Settings, demo_key: str | None) -> None:
    service = address_to_ask(settings.host, settings.port)
    say(f"Serving on [bold]{service}[/], described at {service}/docs. Ctrl-C stops.")
    if demo_key is not None:
        say("\nA check to paste; the answer is a block, with what would lift it:\n")
        # As it is, so that it can be pasted whatever the width of the window.
        messages().print(curl(service, demo_key), markup=False, soft_wrap=True)
        say("\nMore of them, in colour, from another terminal: creditrisk demo (in a checkout: make demo)")


def _stop_on_signals() -> None:
    """Make every way of being told to stop the same as Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants it to be ignored
        signal.signal(signal.SIGHUP, _terminate)


def _terminate(_signal_number: int, _frame: FrameType | None) -> None:
    # While requests are served, SIGTERM is the server's, which answers them first.
    signal.raise_signal(signal.SIGTERM)
