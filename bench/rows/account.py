"""Checks of one account with very many papers beside the same with ten."""

import statistics
import time
from collections import Counter
from collections.abc import Iterator
from random import Random

import httpx

from bench.data import JSON, money, open_item, stream
from bench.load import Slices, take_turns
from bench.plot import Curve, Panel
from bench.servers import Running
from bench.stage import Stage
from bench.statements import counted
from bench.table import Goal, Row

_FEW = 10
_COUNTED_CHECKS = 50


def account_rows(stage: Stage) -> list[Row]:
    """Time and statements of a check, by the number of the account's papers."""
    sizes = stage.sizes
    with stage.installation.service() as service, stage.installation.caller(service) as caller:
        for papers in sizes.curve_papers:
            stage.say(f"Loading an account with {papers:,} papers …")
            stream(caller, "/v1/ledger/snapshots", _entries(stage, papers), source=_customer(papers))
        stage.installation.settle()
        stage.say("Checks by the number of papers …")
        by_papers = _timed(stage, service)
        points = [(papers, slices.p50) for papers, slices in by_papers.items()]
        stage.panels.append(Panel("Check in ms, by papers of the account", [Curve("creditrisk", points)]))
        first = _first_after_write(stage, caller)
        statements = _statements(stage, caller)
    large = f"{sizes.large_account:,} papers"
    return [
        Row(
            what=f"check of an account with {large}, nothing written meanwhile (median)",
            unit="ms",
            ours=by_papers[sizes.large_account].p50,
            yardstick=by_papers[_FEW].p50,
            beside=f"with {_FEW} papers",
            goal=Goal(1.2, at_most=True),
            figures={str(papers): slices.figures() for papers, slices in by_papers.items()},
        ),
        Row(
            what=f"statements for a check of an account with {large}",
            unit="statements",
            ours=float(sum(round(count / _COUNTED_CHECKS) for count in statements.values())),
            goal=Goal(1, at_most=True),
            figures={"checks": _COUNTED_CHECKS, "statements": dict(statements)},
        ),
        Row(
            what=f"first check after a write, {large} (median)",
            unit="ms",
            ours=statistics.median(first[sizes.large_account]),
            yardstick=statistics.median(first[_FEW]),
            beside=f"with {_FEW} papers",
            figures={str(papers): times for papers, times in first.items()},
        ),
    ]


def _customer(papers: int) -> str:
    return f"P-{papers}"


def _entries(stage: Stage, papers: int) -> Iterator[JSON]:
    draw = Random(f"{papers} papers")
    customer = _customer(papers)
    for number in range(papers):
        yield open_item(draw, f"{customer}-{number}", customer, stage.portfolio.today)


def _check(papers: int, **more: bool) -> JSON:
    return {"customer": _customer(papers), "document": {"kind": "order", "total": money("100.00")}, **more}


def _timed(stage: Stage, service: Running) -> dict[int, Slices]:
    """One connection, so that nothing waits for anything else; every number of papers has its turn."""
    subjects = {}
    for papers in stage.sizes.curve_papers:
        requests = stage.requests(_customer(papers), [_check(papers)])
        subjects[_customer(papers)] = stage.sending(stage.load(service.url, requests), connections=1)
    found = take_turns(subjects, slices=stage.sizes.slices)
    return {papers: found[_customer(papers)] for papers in stage.sizes.curve_papers}


def _first_after_write(stage: Stage, caller: httpx.Client) -> dict[int, list[float]]:
    """Milliseconds of the check that follows a changed entry of the same account.

    The change comes as a stream: a PUT looks at the account itself, to tell whether it is over the limit,
    and would be the first to read.
    """
    few_and_many = (_FEW, stage.sizes.large_account)
    times: dict[int, list[float]] = {papers: [] for papers in few_and_many}
    draw = Random("first checks after a write")
    for turn in range(2 * stage.sizes.slices):
        for papers in sorted(few_and_many, reverse=turn % 2 == 0):
            item = open_item(draw, f"{_customer(papers)}-0", _customer(papers), stage.portfolio.today)
            line = item | {"total": money(f"{turn + 1}.00"), "source": _customer(papers)}
            stream(caller, "/v1/ledger:import", [line])
            began = time.perf_counter()
            caller.post("/v1/check", json=_check(papers)).raise_for_status()
            times[papers].append(round((time.perf_counter() - began) * 1e3, 3))
    return times


def _statements(stage: Stage, caller: httpx.Client) -> Counter[str]:
    """The statements of some checks that store nothing, so that none belongs to keeping decisions."""
    with counted(stage.installation) as statements:
        for _ in range(_COUNTED_CHECKS):
            caller.post("/v1/check", json=_check(stage.sizes.large_account, dry_run=True)).raise_for_status()
    return statements
