"""Checks that reserve, beside an endpoint that updates one row and beside pgbench."""

from collections.abc import Callable, Iterator
from itertools import repeat

from bench import pgbench
from bench.data import JSON, money, reserving
from bench.load import Load, Slice, Slices, send, take_turns
from bench.stage import Stage
from bench.table import Goal, Row

_CONNECTIONS = 16
_CHECKS = 5_000


def reserve_rows(stage: Stage) -> list[Row]:
    """Reserving on one hot account, and spread over many."""
    installation = stage.installation
    with installation.service() as service, installation.floor(samples=stage.samples) as floor:
        stage.say("Reservations on one account …")
        hot = _measured(stage, _on_one_account(stage, service.url), floor=floor.url, hot=True)
        stage.say("Reservations on many accounts …")
        many = _measured(stage, _on_many_accounts(stage, service.url), floor=floor.url, hot=False)
    return [
        *_rows(
            hot, what="check with reserve, one hot account", goal=Goal(1.0), goal_beside_pgbench=Goal(0.5)
        ),
        *_rows(many, what="check with reserve, many accounts", goal=Goal(0.8), goal_beside_pgbench=None),
    ]


def _on_one_account(stage: Stage, url: str) -> Callable[[int], Slice]:
    """Each slice has a hot account of its own, whose reservations begin at none."""
    files = [
        stage.requests(f"hot-{turn}", map(reserving, stage.portfolio.checks(1, of=[customer])))
        for turn, customer in enumerate(stage.portfolio.ample[-1 - stage.sizes.slices :])
    ]
    return lambda turn: send(
        stage.load(url, files[turn]), seconds=stage.sizes.slice_seconds, connections=_CONNECTIONS
    )


def _on_many_accounts(stage: Stage, url: str) -> Callable[[int], Slice]:
    requests = stage.requests("reserving", map(reserving, _spread(stage)))
    return stage.sending(stage.load(url, requests), connections=_CONNECTIONS)


def _spread(stage: Stage) -> Iterator[JSON]:
    """Checks of random accounts that have enough: a blocked one would open a hold instead."""
    return stage.portfolio.checks(_CHECKS, of=stage.portfolio.ample)


def _measured(stage: Stage, ours: Callable[[int], Slice], *, floor: str, hot: bool) -> dict[str, Slices]:
    customers = (
        repeat(stage.portfolio.customers[0], 1) if hot else (check["customer"] for check in _spread(stage))
    )
    bodies = ({"customer": customer, **money("1.00")} for customer in customers)
    updates = Load(url=floor, requests=stage.requests(f"updating-{hot}", bodies, to="/reserve"))
    subjects = {"creditrisk": ours, "floor-write": stage.sending(updates, connections=_CONNECTIONS)}
    bare = pgbench.updating(
        stage.installation,
        prefix=stage.portfolio.prefix,
        accounts=1 if hot else stage.sizes.accounts,
        seconds=stage.sizes.slice_seconds,
    )
    if bare is not None:
        subjects["pgbench"] = bare
    return take_turns(subjects, slices=stage.sizes.slices)


def _rows(found: dict[str, Slices], *, what: str, goal: Goal, goal_beside_pgbench: Goal | None) -> list[Row]:
    ours, bare = found["creditrisk"].per_second, found.get("pgbench")
    return [
        Row(
            what=what,
            unit="requests/s",
            ours=ours,
            yardstick=found["floor-write"].per_second,
            beside="floor-write",
            goal=goal,
            figures={name: each.figures() for name, each in found.items()},
        ),
        Row(
            what=f"the same, {'hot row' if goal_beside_pgbench else 'random rows'} of pgbench",
            unit="requests/s",
            ours=ours if bare else None,
            yardstick=bare.per_second if bare else None,
            beside="pgbench",
            goal=goal_beside_pgbench,
            note="" if bare else f"not measured: {pgbench.MISSING}",
        ),
    ]
