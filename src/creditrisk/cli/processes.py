"""Running the service: in this process, or in several that this one supervises."""

import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from creditrisk.bootstrap.starting import collect_rarely
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.listening import listen
from creditrisk.cli.processors import processors
from creditrisk.cli.supervision import end_with_parent
from creditrisk.settings import Settings
from creditrisk.telemetry.logging import configure_logging, request_log

_START_SECONDS_MAX: Final = 60

_SERVER: Final[dict[str, Any]] = {
    "loop": "uvloop",
    "http": "creditrisk.cli.http_protocol:ProblemProtocol",  # by name: the process that supervises needs none
    "ws": "none",
    "lifespan": "on",
    "log_config": None,
    "access_log": False,  # the service writes its own line for each request
    "server_header": False,
    "proxy_headers": False,
    # Longer than callers keep idle connections: it is they who close them, and they never meet a closed one.
    "timeout_keep_alive": 75,
    "timeout_graceful_shutdown": 20,
    "timeout_worker_healthcheck": 30,
}


def run_service(
    settings: Settings, *, address: str, listener: socket.socket, ready: Callable[[], None]
) -> None:
    """Serve until told to stop by SIGINT or SIGTERM; requests under way are answered first.

    ``address`` is the database's. ``ready`` is called once requests are answered.

    Raises:
        Failure: no service process could start.
        KeyboardInterrupt: at the end of a service in this process that was told to stop.
    """
    make_app = partial(make_service, settings, address)
    if settings.processes > 1:
        _log_as_set(settings)
    run_server(make_app, processes=settings.processes, listener=listener, ready=ready)


def run_server(
    make_app: Callable[[], FastAPI] | str,
    *,
    processes: int,
    listener: socket.socket,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve an application, or one that is named as module:function.

    Raises: as run_service.
    """
    config = uvicorn.Config(make_app, factory=True, workers=processes, **_SERVER)
    if processes == 1:
        _Alone(config, ready).run(sockets=[listener])
        return
    with ExitStack() as closing:
        listeners = [closing.enter_context(each) for each in listen(listener, processes=processes)]
        supervisor = _Supervisor(config, listeners, ready)
        supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise Failure("The service could not start; the log above says why.", ExitCode.DATABASE)


def make_service(settings: Settings, address: str) -> FastAPI:
    """Build the application in the process that serves it, which alone imports it."""
    collect_rarely()
    from creditrisk.bootstrap.app import build_app

    _log_as_set(settings)
    end_with_parent()
    return build_app(settings, url=address, log_request=request_log(), processors=processors())


class _Alone(uvicorn.Server):
    """Serves in this process."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


class _Supervisor(Multiprocess):
    """Starts a service process for each listener, and another one for it where one ends by itself.

    Those who have connected to a process that ends before it accepts them wait for the next one.
    """

    def __init__(
        self, config: uvicorn.Config, listeners: Sequence[socket.socket], ready: Callable[[], None]
    ) -> None:
        super().__init__(config, [])
        self._listeners = listeners
        self._ready = ready

    def init_processes(self) -> None:
        self.processes_num = 1
        self._for_each_listener(super().init_processes)
        if all(process.wait_until_ready(_START_SECONDS_MAX) for process in self.processes):
            self._ready()

    def keep_subprocess_alive(self) -> None:
        self._for_each_listener(super().keep_subprocess_alive)

    def restart_all(self) -> None:
        self._for_each_listener(super().restart_all)

    def terminate_all(self) -> None:
        # Nobody is to wait for processes that there will not be.
        for listener in self._listeners:
            listener.close()
        super().terminate_all()

    def handle_ttin(self) -> None:
        """Start no other process: there is no listener for it."""

    def handle_ttou(self) -> None:
        """Stop no process: its listener would be left alone."""

    def _for_each_listener(self, act: Callable[[], None]) -> None:
        """Let uvicorn see one process at a time, so that what it starts gets the listener of that place."""
        everyone = self.processes
        for place, listener in enumerate(self._listeners):
            self.processes, self.sockets = everyone[place : place + 1], [listener]
            act()
            everyone[place : place + 1] = self.processes
        self.processes = everyone


def _log_as_set(settings: Settings) -> None:
    configure_logging(level=settings.log_level)
    # What it tells about starting and stopping is told by the command itself, in words.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
