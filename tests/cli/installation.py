"""An installation of its own for tests of the command line: commands run as somebody would type them."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx
import psutil

from tests.cli.commands import SECONDS_MAX, run_command
from tests.database import copy_data_folder, new_data_folder

_START_SECONDS_MAX = 60


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def new_installation(*, ran_before: bool = False) -> Iterator["Installation"]:
    """Give a fresh installation.

    One that ``ran_before`` has its data folder already, so that its first start takes no time.
    """
    folder = new_data_folder()
    if ran_before:
        copy_data_folder(folder / "data")
    try:
        yield Installation(folder, {"CREDITRISK_PORT": str(free_port())})
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Installation:
    """A data folder, a port, and what else is set."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """Where it serves."""
        return int(self.settings["CREDITRISK_PORT"])

    @property
    def environment(self) -> dict[str, str]:
        """What commands find in their environment: nothing of this machine's installation.

        Python may keep what it has compiled, as it does where nothing is set: dozens of them start.
        """
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("CREDITRISK_") and name != "PYTHONDONTWRITEBYTECODE"
        }
        return inherited | {"CREDITRISK_DATA_DIR": str(self.folder / "data")} | dict(self.settings)

    def run(
        self,
        *arguments: str,
        given: bytes = b"",
        settings: Mapping[str, str] | None = None,
        seconds_max: float = SECONDS_MAX,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return run_command(
            arguments,
            given=given,
            folder=self.folder,
            environment=self.environment | dict(settings or {}),
            seconds_max=seconds_max,
        )

    @contextmanager
    def serving(self, *arguments: str, settings: Mapping[str, str] | None = None) -> Iterator["Service"]:
        """Serve until the block ends, unless the block has stopped it."""
        log = self.folder / "serve.log"
        with log.open("wb") as output:
            process = psutil.Popen(
                [sys.executable, "-m", "creditrisk", "serve", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment | dict(settings or {}),
                start_new_session=True,
            )
        service = Service(process, log)
        try:
            service.wait_until_said("Ctrl-C stops.")
            yield service
        finally:
            service.stop()


@dataclass(frozen=True)
class Service:
    """A service in processes of its own."""

    process: psutil.Popen
    log: Path

    @property
    def said(self) -> str:
        """Everything it has written."""
        return self.log.read_text(encoding="utf-8")

    def wait_until_said(self, words: str) -> None:
        """Wait until it has written these words."""
        deadline = time.monotonic() + _START_SECONDS_MAX
        while words not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def printed_check(self) -> "PrintedCheck":
        """The curl command it has printed."""
        self.wait_until_said("More of them")
        command = "curl" + self.said.split("\ncurl")[-1].split("\n\n")[0]
        words = shlex.split(command.replace("\\\n", " "))
        headers = [value for option, value in pairwise(words) if option == "-H"]
        (body,) = [value for option, value in pairwise(words) if option == "-d"]
        return PrintedCheck(words[2], dict(header.split(": ", 1) for header in headers), body)

    def workers(self) -> list[psutil.Process]:
        """The processes that serve for this one."""
        return [child for child in self.process.children() if _serves(child)]

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code: int = self.process.wait(timeout=60)
        return code


def _serves(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return False


@dataclass(frozen=True)
class PrintedCheck:
    """A check as printed for pasting."""

    url: str
    headers: dict[str, str]
    body: str

    @property
    def key(self) -> str:
        """The API key in it."""
        return self.headers["Authorization"].removeprefix("Bearer ")

    def send(self) -> httpx.Response:
        """Do what curl does with it."""
        return httpx.post(self.url, headers=self.headers, content=self.body, timeout=30)


def processes_in(folder: Path) -> list[psutil.Process]:
    """Every process that works in a folder: services by their current folder, PostgreSQL by its data."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until(reached: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.1)
