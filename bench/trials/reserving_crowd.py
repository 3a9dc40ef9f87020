"""Processes of clients, some of which are killed, as are some of the service's."""

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.trials.expectations import Key
from bench.trials.journal import JSON, document_of, read_journal
from bench.trials.promises import promised
from bench.trials.reserving_client import LAST_VERSION, Document, run_clients
from bench.trials.site import TrialSite
from tests.service import ok

_START_SECONDS_MAX: Final = 120


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large a trial is."""

    service_processes: int
    client_processes: int
    clients_each: int
    seconds: float
    killed_services: int = 1
    killed_clients: int = 1
    seed: int = 1


@dataclass
class Crowd:
    """Client processes, some of which are killed and replaced."""

    site: TrialSite
    plan: Plan
    folder: Path
    killed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._spawning = multiprocessing.get_context("forkserver")
        # What clients need is imported once, not by each of their processes.
        self._spawning.set_forkserver_preload([run_clients.__module__])
        self._ended = self._spawning.Event()
        self._journals: list[Path] = []
        self._running: list[tuple[Path, multiprocessing.process.BaseProcess]] = []

    @contextmanager
    def trading(self) -> Iterator[Callable[[], bool]]:
        """Let all trade, and kill some, while the block lasts; gives what tells that time is up."""
        for _ in range(self.plan.client_processes):
            self._start()
        deadline = time.monotonic() + _START_SECONDS_MAX
        while not all(journal.exists() for journal in self._journals):
            promised(time.monotonic() < deadline, "the clients did not start")
            time.sleep(0.05)
        with ThreadPoolExecutor(1) as threads:
            killing = threads.submit(self._kill_some)
            try:
                yield killing.done
                killing.result()
            finally:
                self._ended.set()
        for _, process in self._running:
            process.join()

    def said(self) -> list[JSON]:
        """Everything all of them wrote down."""
        return [line for journal in self._journals for line in read_journal(journal)]

    def _start(self) -> None:
        number = len(self._journals)
        journal = self.folder / f"{number}.ndjson"
        self._journals.append(journal)
        process = self._spawning.Process(
            target=run_clients,
            args=(self.site.door, journal),
            kwargs={
                "name": f"SO-{number}",
                "seed": self.plan.seed * 1_000 + number,
                "clients": self.plan.clients_each,
                "ended": self._ended,
            },
            daemon=True,
        )
        process.start()
        self._running.append((journal, process))

    def _kill_some(self) -> None:
        """Let the time pass, killing at random instants; whoever is killed is replaced."""
        plan, dice = self.plan, random.Random(self.plan.seed)
        victims = ["service"] * plan.killed_services + ["client"] * plan.killed_clients
        dice.shuffle(victims)
        # Not in the last tenth, so that there is somebody to notice.
        instants = sorted(dice.uniform(0.1, 0.9) * plan.seconds for _ in victims)
        began = time.monotonic()
        for instant, victim in zip(instants, victims, strict=True):
            if self._ended.wait(max(0.0, began + instant - time.monotonic())):
                return
            if victim == "service":
                dice.choice(self.site.service.workers()).kill()
            else:
                self._kill_clients(dice)
            self.killed[victim] += 1
        self._ended.wait(max(0.0, began + plan.seconds - time.monotonic()))

    def _kill_clients(self, dice: random.Random) -> None:
        journal, process = self._running.pop(dice.randrange(len(self._running)))
        process.kill()
        process.join()
        clean_up(self.site, read_journal(journal))
        self._start()


def clean_up(site: TrialSite, said: Iterable[JSON]) -> None:
    """Give up what killed clients were at, in a version that nothing still under way can pass."""
    left: set[Key] = set()
    for line in said:
        if line["what"] == "asks" and not line["lapses"]:
            left.add(document_of(line))
        elif line["what"] == "forgotten":
            left.discard(document_of(line))
    with site.door.open() as caller:
        # Deliveries before their orders: an order whose delivery is gone is open again.
        for company, kind, number in sorted(left):
            query: JSON = {"company": company, "version": LAST_VERSION}
            ok(caller.delete(Document(company, "", kind, number).path, params=query))
