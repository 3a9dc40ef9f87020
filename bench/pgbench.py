"""PostgreSQL's own benchmark, reported beside what writes."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from bench.load import FailedRequests, Slice
from bench.servers import Installation

MISSING = "pgbench is missing; on Debian: apt-get install postgresql-contrib"

_CLIENTS = 16
_UPDATE = (
    "begin;\n"
    "update floor_account set reserved = reserved + 1"
    " where customer = '{prefix}-' || lpad((:n)::text, 6, '0') returning reserved;\n"
    "commit;\n"
)


def updating(
    installation: Installation, *, prefix: str, accounts: int, seconds: int
) -> Callable[[int], Slice] | None:
    """Give what measures one slice of updates of random rows of the yardstick; `accounts` 1: of one hot row.

    None: pgbench is not there.
    """
    if shutil.which("pgbench") is None:
        return None
    script = installation.folder / f"pgbench-{accounts}.sql"
    script.write_text(
        f"\\set n random(0, {accounts - 1})\n" + _UPDATE.format(prefix=prefix), encoding="utf-8"
    )
    return lambda _turn: _run(installation, script, seconds)


def _run(installation: Installation, script: Path, seconds: int) -> Slice:
    done = subprocess.run(
        [
            *("pgbench", "--no-vacuum", "--protocol", "prepared", "--file", str(script)),
            *("--client", str(_CLIENTS), "--jobs", "1", "--time", str(seconds)),
            installation.floor_database,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    if rate is None:
        raise FailedRequests(f"pgbench told no rate: {done.stdout}{done.stderr}")
    return Slice(per_second=float(rate[1]))
