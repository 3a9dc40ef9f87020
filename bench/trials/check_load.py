"""Checks that are asked all the time by a process of its own, with how long each took."""

import multiprocessing
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Final

import httpx

from bench.trials.promises import promised
from bench.trials.site import Door
from tests.service import eur

CUSTOMERS: Final = tuple(f"C-{number}" for number in range(100))
_CLIENTS: Final = 4
_PAUSE_SECONDS: Final = 0.01

Asked = tuple[float, float, int]
"""When a check was asked (monotonic), how long it took (seconds), and its status; 0: no answer."""


@dataclass
class CheckLoad:
    """What was asked so far, after the load has ended."""

    asked: list[Asked] = field(default_factory=list)

    def between(self, begin: float, end: float) -> Sequence[float]:
        """How long the checks asked in a period took.

        Raises:
            PromiseBroken: one of them failed.
        """
        chosen = [each for each in self.asked if begin <= each[0] < end]
        failed = [status for _, _, status in chosen if status != httpx.codes.OK]
        promised(not failed, f"{len(failed)} of {len(chosen)} checks failed: {sorted(set(failed))}")
        return [seconds for _, seconds, _ in chosen]


@contextmanager
def checking(door: Door) -> Iterator[CheckLoad]:
    """Ask all the time until the block ends; every tenth check reserves."""
    spawning = multiprocessing.get_context("forkserver")
    ended, (receiver, sender) = spawning.Event(), spawning.Pipe(duplex=False)
    process = spawning.Process(target=_ask_all_the_time, args=(door, ended, sender), daemon=True)
    process.start()
    sender.close()
    receiver.recv()  # it has begun
    load = CheckLoad()
    try:
        yield load
    finally:
        ended.set()
        load.asked += receiver.recv()
        process.join()


def in_milliseconds(seconds: Sequence[float]) -> str:
    """Median, 99th percentile and most of some durations."""
    promised(len(seconds) > 1, "nothing was measured")
    hundredths = statistics.quantiles(seconds, n=100)
    figures = (hundredths[49], hundredths[98], max(seconds))
    p50, p99, most = (f"{1_000 * figure:7.1f}" for figure in figures)
    return f"{len(seconds):6} checks  p50 {p50} ms  p99 {p99} ms  max {most} ms"


def _ask_all_the_time(door: Door, ended: Event, sender: Connection) -> None:
    asked: list[Asked] = []
    with ThreadPoolExecutor(_CLIENTS) as threads:
        work = [threads.submit(_ask, door, random.Random(seed), ended, asked) for seed in range(_CLIENTS)]
        sender.send("begun")
        for each in work:
            each.result()
    sender.send(asked)


def _ask(door: Door, dice: random.Random, ended: Event, asked: list[Asked]) -> None:
    number = 0
    with door.open() as caller:
        while not ended.wait(_PAUSE_SECONDS):
            number += 1
            document = {"kind": "order", "number": f"L-{dice.random()}", "total": eur("1.00")}
            body = {"customer": dice.choice(CUSTOMERS), "document": document}
            if number % 10 == 0:
                body["reserve"] = {"ttl_seconds": 1}
            began = time.monotonic()
            try:
                status = caller.post("/v1/check", json=body).status_code
            except httpx.TransportError:
                status = 0
            asked.append((began, time.monotonic() - began, status))
