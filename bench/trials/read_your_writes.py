"""Writes of every kind through one process, each expected in the very next check through another."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Final

from bench.trials.account_writes import AccountWrites
from bench.trials.expectations import COMPANIES, Expectations, accounts
from bench.trials.paper_writes import PaperWrites
from bench.trials.promises import promised
from bench.trials.reservation_writes import ReservationWrites
from bench.trials.site import also_serving, running_site
from tests.scenarios.erp import Erp
from tests.service import JSON, eur

SEED: Final = 2026

_PAUSE_SECONDS: Final = 0.01
"""Between questions of those who only ask: enough for the one who writes to get his turn on two cores."""


def run(*, quick: bool) -> Iterator[str]:
    """Make the trial over two processes on two ports; yields what was seen.

    Raises:
        PromiseBroken: a check did not know what had been answered before.
    """
    steps = 100 if quick else 2_000
    with running_site(processes=1) as site, also_serving(site) as (_, door):
        with site.door.open() as one, door.open() as other:
            made = alternate(Erp(one), Erp(other), steps=steps, seed=SEED)
        yield f"{steps} writes through one of two processes, each seen by the next checks through the other:"
        yield ", ".join(f"{number} {kind}" for kind, number in made.most_common())
        yield site.verified()


def alternate(one: Erp, other: Erp, *, steps: int, seed: int) -> Counter[str]:
    """Write through one of two doors at random; check every account through the other, one through the same.

    Meanwhile somebody else asks about the same accounts all the time, so that what a process remembers is
    being read while it changes. Returns how often each kind of write was made.

    Raises:
        PromiseBroken: a check did not know what had been answered before.
    """
    writes = Writes(seed)
    writes.begin(one)
    done: Counter[str] = Counter()
    with asking_all_the_time((one, other), seed=seed):
        for _ in range(steps):
            writer, reader = writes.dice.choice([(one, other), (other, one)])
            kind, customer = writes.write(writer)
            done[kind] += 1
            writes.look(reader, customer, after=kind)
            writes.look_everywhere(reader, after=kind)
            writes.look(writer, customer, after=kind)
    return done


@contextmanager
def asking_all_the_time(doors: tuple[Erp, Erp], *, seed: int) -> Iterator[None]:
    """Check accounts at random through both doors until the block ends."""
    ended = Event()

    def ask() -> None:
        dice = random.Random(seed)
        while not ended.wait(_PAUSE_SECONDS):
            company, customer = dice.choice(list(accounts()))
            dice.choice(doors).check("order", "1.00", customer=customer, company=company)

    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(ask)
        try:
            yield
        finally:
            ended.set()
        asking.result()


class Writes:
    """Draws writes, sends them, and compares what checks answer with what they mean together."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self._expected = Expectations()
        papers = PaperWrites(self.dice, self._expected)
        reservations = ReservationWrites(self.dice, self._expected, papers)
        self._accounts = AccountWrites(self.dice, self._expected)
        self._kinds: dict[str, tuple[int, Callable[[Erp], str]]] = {
            "put": (8, papers.put),
            "delete": (3, papers.delete),
            "stale put": (2, papers.stale),
            "import": (4, papers.import_some),
            "snapshot": (3, papers.take_snapshot),
            "customer": (4, self._accounts.change_customer),
            "limit": (2, self._accounts.change_limit),
            "group limit": (1, self._accounts.change_group_limit),
            "reservation": (4, reservations.reserve),
            "end of a reservation": (4, reservations.resolve),
            "reserved document": (2, reservations.store_reserved),
            "rate": (1, self._accounts.change_rate),
            "document type": (1, self._accounts.switch_type),
            "policy": (1, self._accounts.change_policy),
        }

    def begin(self, erp: Erp) -> None:
        """Write down what the rest builds on."""
        self._accounts.begin(erp)

    def write(self, erp: Erp) -> tuple[str, str]:
        """Make one write; returns its kind and a customer it concerns."""
        weights = [weight for weight, _ in self._kinds.values()]
        (kind,) = self.dice.choices(list(self._kinds), weights)
        return kind, self._kinds[kind][1](erp)

    def look(self, erp: Erp, customer: str, *, after: str) -> None:
        """Check one account by a call of its own."""
        company = self.dice.choice(COMPANIES)
        self._compare(erp.check("order", "1.00", customer=customer, company=company), after)

    def look_everywhere(self, erp: Erp, *, after: str) -> None:
        """Check all accounts in one call."""
        document = {"kind": "order", "total": eur("1.00")}
        checks = [
            {"company": company, "customer": customer, "document": document}
            for company, customer in accounts()
        ]
        for answer in erp.post("/v1/checks", {"checks": checks})["results"]:
            self._compare(answer, after)

    def _compare(self, answer: JSON, after: str) -> None:
        seen = [(each["source"], each["amount"], each["current"]) for each in answer["limits"]]
        company, customer = answer["company"], answer["customer"]
        expected = self._expected.limits_of(company, customer, at=answer["evaluated_at"])
        promised(
            seen == expected,
            f"after a write ({after}) a check of {customer} in {company} saw {seen}, not {expected}",
        )
