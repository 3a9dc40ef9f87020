"""A mixed load for minutes: the service's processes must not grow."""

import multiprocessing
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import psutil

from bench.trials.promises import promised
from bench.trials.site import running_site
from bench.trials.soak_load import CUSTOMERS, run_load
from tests.scenarios.erp import Erp
from tests.service import eur

PROCESSES: Final = 2

FULL_SECONDS: Final = 600
QUICK_SECONDS: Final = 60
SAMPLE_SECONDS: Final = 2

MOST_GROWTH_MIB: Final = 3.0
"""By how much the line fitted through the second half may rise from its begin to its end. A leak of a hundred
bytes in each request shows as more than that in a full run; allocators move by less."""

MOST_HANDLES_MORE: Final = 5
"""By how many connections, files and threads the second half may end above its begin: those under way."""


def run(*, quick: bool) -> Iterator[str]:
    """Make the trial; yields what was seen.

    Raises:
        PromiseBroken: a process grew, or an answer was wrong.
    """
    seconds = QUICK_SECONDS if quick else FULL_SECONDS
    with running_site(processes=PROCESSES) as site:
        with site.door.open() as caller:
            _begin(Erp(caller))
        spawning = multiprocessing.get_context("forkserver")
        ended, (receiver, sender) = spawning.Event(), spawning.Pipe(duplex=False)
        load = spawning.Process(target=run_load, args=(site.door, ended, sender), daemon=True)
        load.start()
        sender.close()
        workers = site.service.workers()
        try:
            samples = _sampled(workers, seconds=seconds)
        finally:
            ended.set()
        answered: Counter[str] = receiver.recv()
        load.join()
        yield f"{answered.total()} requests in {seconds} s over {PROCESSES} processes: {_listed(answered)}"
        promised(workers == site.service.workers(), "a service process ended under the load")
        for number, curve in enumerate(samples.values(), start=1):
            yield from _judged(number, curve)
        yield site.verified()


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A process at a moment (seconds since the load began)."""

    at: float
    mib: float
    connections: int
    files: int
    threads: int


def _sampled(workers: Sequence[psutil.Process], *, seconds: float) -> dict[int, list[Sample]]:
    curves: defaultdict[int, list[Sample]] = defaultdict(list)
    began = time.monotonic()
    while (at := time.monotonic() - began) < seconds:
        for worker in workers:
            with worker.oneshot():
                sample = Sample(
                    at=at,
                    mib=worker.memory_info().rss / 2**20,
                    connections=len(worker.net_connections()),
                    files=worker.num_fds(),
                    threads=worker.num_threads(),
                )
            curves[worker.pid].append(sample)
        time.sleep(SAMPLE_SECONDS)
    return curves


def _judged(number: int, curve: Sequence[Sample]) -> Iterator[str]:
    """The figures of one process, the first half being its warm-up."""
    second = curve[len(curve) // 2 :]
    slope, _ = statistics.linear_regression([each.at for each in second], [each.mib for each in second])
    growth = slope * (second[-1].at - second[0].at)
    shown = ", ".join(f"{each.mib:.1f}" for each in curve[:: max(1, len(curve) // 10)])
    yield f"process {number}: {shown} MiB"
    yield f"process {number}: {growth:+.2f} MiB over the second half, {60 * slope:+.2f} MiB a minute"
    promised(growth <= MOST_GROWTH_MIB, f"process {number} grew by {growth:.1f} MiB in the second half")
    for what, count in _HANDLES.items():
        begin, end = (count(each) for each in (second[0], second[-1]))
        most = max(count(each) for each in second)
        yield f"process {number}: {what} {begin} → {end}, at most {most}"
        promised(end - begin <= MOST_HANDLES_MORE, f"process {number} had {begin} {what}, then {end}")


_HANDLES: Final[dict[str, Callable[[Sample], int]]] = {
    "connections": lambda sample: sample.connections,
    "open files": lambda sample: sample.files,
    "threads": lambda sample: sample.threads,
}


def _listed(answered: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in answered.most_common())


def _begin(erp: Erp) -> None:
    erp.put("/v1/credit-groups/G", {"limit": eur("900000000.00")})
    for number in range(CUSTOMERS):
        erp.customer(f"C-{number}", credit_group="G")
        erp.account(f"C-{number}", "1000.00", grouping="credit_group" if number % 2 else "own")
