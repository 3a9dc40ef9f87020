"""How throughput grows with connections and with accounts; how time grows with papers is in account.py."""

from collections.abc import Callable

from bench.load import Load, Slice, send, take_turns
from bench.plot import Curve, Panel
from bench.stage import Stage
from bench.table import Row

_CONNECTIONS = 16


def curve_rows(stage: Stage) -> list[Row]:
    """Throughput of `POST /v1/check` with one process; only reported."""
    return [*_by_connections(stage), *_by_accounts(stage)]


def _by_connections(stage: Stage) -> list[Row]:
    stage.say("Checks by the number of connections …")
    requests, installation = stage.checks(), stage.installation
    rates: dict[str, dict[int, float]] = {"creditrisk": {}, "floor": {}}
    with installation.service() as service, installation.floor(samples=stage.samples) as floor:
        for connections in stage.sizes.curve_connections:
            found = take_turns(
                {
                    "creditrisk": _sending(stage, stage.load(service.url, requests), connections),
                    "floor": _sending(stage, stage.load(floor.url, requests), connections),
                },
                slices=stage.sizes.curve_slices,
            )
            for name, slices in found.items():
                rates[name][connections] = round(slices.per_second, 1)
    stage.panels.append(
        Panel(
            "Checks/s, by connections",
            [Curve(name, list(points.items())) for name, points in rates.items()],
        )
    )
    few, many = min(stage.sizes.curve_connections), max(stage.sizes.curve_connections)
    return [
        Row(
            what=f"growth: POST /v1/check over {many} connections",
            unit="requests/s",
            ours=rates["creditrisk"][many],
            yardstick=rates["creditrisk"][few],
            beside=f"over {few}",
            figures=rates,
        )
    ]


def _by_accounts(stage: Stage) -> list[Row]:
    crowds = [stage.crowd(accounts) for accounts in stage.sizes.curve_accounts]
    stage.say("Checks by the number of accounts …")
    with stage.installation.service() as service:
        subjects = {}
        for crowd in crowds:
            requests = stage.requests(crowd.tenant, crowd.portfolio.checks(5_000))
            load = Load(url=service.url, requests=requests, key=crowd.key)
            subjects[crowd.tenant] = _sending(stage, load, _CONNECTIONS)
        found = take_turns(subjects, slices=stage.sizes.curve_slices)
    rates = {crowd.portfolio.accounts: round(found[crowd.tenant].per_second, 1) for crowd in crowds}
    stage.panels.append(
        Panel("Checks/s, by accounts of the tenant", [Curve("creditrisk", list(rates.items()))])
    )
    few, many = min(rates), max(rates)
    return [
        Row(
            what=f"growth: POST /v1/check of {many:,} accounts",
            unit="requests/s",
            ours=rates[many],
            yardstick=rates[few],
            beside=f"of {few}",
            figures={"by_accounts": rates},
        )
    ]


def _sending(stage: Stage, load: Load, connections: int) -> Callable[[int], Slice]:
    seconds = stage.sizes.curve_seconds
    return lambda _turn: send(load, seconds=seconds, connections=connections)
