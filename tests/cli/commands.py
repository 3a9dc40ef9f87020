"""Commands of the program in processes of their own, forked from one that has imported what they all import.

Importing takes seconds of each start of the program, and tests start dozens of commands.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_IMPORTED: Final = (
    "creditrisk.cli.app",
    "creditrisk.cli.evaluating",
    "creditrisk.cli.importing",
    "creditrisk.cli.key_commands",
    "creditrisk.cli.serving",
    "creditrisk.cli.showing",
    "bench.trials.reserving_client",
)
SECONDS_MAX: Final = 120

_FORKING: Final = multiprocessing.get_context("forkserver")


def run_command(
    arguments: Sequence[str],
    *,
    given: bytes,
    folder: Path,
    environment: Mapping[str, str],
    seconds_max: float = SECONDS_MAX,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m creditrisk`` with these arguments in a folder to its end.

    Raises:
        subprocess.TimeoutExpired: it took longer than it may.
    """
    multiprocessing.set_forkserver_preload(list(_IMPORTED))
    with tempfile.TemporaryDirectory(prefix="creditrisk-test-") as streams:
        (Path(streams) / "0").write_bytes(given)
        process = _FORKING.Process(target=_run, args=(arguments, streams, folder, dict(environment)))
        process.start()
        process.join(seconds_max)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), seconds_max)
        written = [(Path(streams) / each).read_text(encoding="utf-8") for each in ("1", "2")]
        return subprocess.CompletedProcess(arguments, process.exitcode, *written)


def _run(arguments: Sequence[str], streams: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Become the command: its streams are files, and it finds its own folder and environment."""
    for number, flags in enumerate((os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(f"{streams}/{number}", flags, mode=0o600), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["creditrisk", *arguments]
    runpy.run_module("creditrisk", run_name="__main__", alter_sys=True)
