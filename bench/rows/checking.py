"""Checks of many accounts beside the floor."""

from bench.load import take_turns
from bench.stage import Stage
from bench.table import Goal, Row

_CONNECTIONS = 16


def check_rows(stage: Stage) -> list[Row]:
    """Throughput and slowest answers of `POST /v1/check`, with one process and with two."""
    return [row for processes in (1, 2) for row in _check_rows(stage, processes)]


def _check_rows(stage: Stage, processes: int) -> list[Row]:
    stage.say(f"Checks, {processes} process(es) …")
    requests = stage.checks()
    installation = stage.installation
    with (
        installation.service(processes=processes) as service,
        installation.floor(processes=processes, samples=stage.samples) as floor,
    ):
        found = take_turns(
            {
                "creditrisk": stage.sending(stage.load(service.url, requests), connections=_CONNECTIONS),
                "floor": stage.sending(stage.load(floor.url, requests), connections=_CONNECTIONS),
            },
            slices=stage.sizes.slices,
        )
    ours, floors = found["creditrisk"], found["floor"]
    figures = {name: each.figures() for name, each in found.items()}
    where = f"{_CONNECTIONS} connections, {processes} process{'es' if processes > 1 else ''}"
    return [
        Row(
            what=f"POST /v1/check, {where}",
            unit="requests/s",
            ours=ours.per_second,
            yardstick=floors.per_second,
            beside="floor",
            goal=Goal(1.0),
            figures=figures,
        ),
        Row(
            what=f"p99 of POST /v1/check, {where}",
            unit="ms",
            ours=ours.p99,
            yardstick=floors.p99,
            beside="floor",
            goal=Goal(1.2, at_most=True),
        ),
    ]
