"""Load from outside: wrk sends requests, and what is compared takes turns in short slices."""

import itertools
import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NUMBER = "@" * 16
"""In a body: replaced by a document number that was never used before."""

_SCRIPT = Path(__file__).with_name("wrk.lua")
_PAUSE_SECONDS = 0.2  # decisions still in a buffer are written before somebody else is measured
_runs = itertools.count(1)


class MissingProgram(Exception):
    """A program that has to be installed; the message says how."""


class FailedRequests(Exception):
    """Requests were refused or connections broke, so that the figures mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Requests to one service: a file of them (see wrk.lua), sent in turn."""

    url: str
    requests: Path
    key: str = "none"


@dataclass(frozen=True, slots=True)
class Slice:
    """What one run measured; times in milliseconds, None where the client tells none."""

    per_second: float
    p50: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True)
class Slices:
    """Several runs of the same load; the medians are the figures."""

    slices: Sequence[Slice]

    @property
    def per_second(self) -> float:
        """Requests answered in a second."""
        return statistics.median(each.per_second for each in self.slices)

    @property
    def p50(self) -> float:
        """Median latency in milliseconds."""
        return statistics.median(each.p50 for each in self.slices if each.p50 is not None)

    @property
    def p99(self) -> float:
        """The latency that 99 of 100 requests stay below, in milliseconds."""
        return statistics.median(each.p99 for each in self.slices if each.p99 is not None)

    def figures(self) -> dict[str, Any]:
        """Everything for the record."""
        return {"per_second": self.per_second, "slices": [asdict(each) for each in self.slices]}


def require_wrk() -> None:
    """See that the client is there.

    Raises:
        MissingProgram: it is not.
    """
    if shutil.which("wrk") is None:
        raise MissingProgram("The client wrk is missing; on Debian: apt-get install wrk")


def write_requests(path: Path, bodies: Iterable[Any], *, to: str) -> Path:
    """Write a file of POST requests with JSON bodies."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"POST\t{to}\t{json.dumps(body)}\n" for body in bodies)
    return path


def send(load: Load, *, seconds: float, connections: int) -> Slice:
    """Send a load for a while, over connections that stay open.

    Raises:
        FailedRequests: not every request was answered with success.
    """
    run = f"{int(time.time()) % 1_000_000:06d}{next(_runs):04d}"
    command = [
        *("wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:g}s"),
        *("--timeout", "30s", "--script", str(_SCRIPT), load.url),
        *("--", str(load.requests), load.key, run),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FailedRequests(f"wrk could not send {load.requests.name}: {done.stderr or done.stdout}")
    found = json.loads(done.stdout.splitlines()[-1])
    if found["refused"] or found["broken"] or not found["requests"]:
        raise FailedRequests(f"{load.url} did not answer {load.requests.name} properly: {found}")
    return Slice(
        per_second=found["requests"] * 1e6 / found["microseconds"],
        p50=found["p50"] / 1e3,
        p99=found["p99"] / 1e3,
    )


def take_turns(subjects: Mapping[str, Callable[[int], Slice]], *, slices: int) -> dict[str, Slices]:
    """Measure several things in turn, A B, B A, …, after a first time that only warms up.

    What disturbs the machine for a while then disturbs all of them.
    """
    found: dict[str, list[Slice]] = {name: [] for name in subjects}
    for turn in range(slices + 1):
        for name in sorted(subjects, reverse=turn % 2 == 0):
            measured = subjects[name](turn)
            if turn:
                found[name].append(measured)
            time.sleep(_PAUSE_SECONDS)
    return {name: Slices(each) for name, each in found.items()}
