"""All accounts of a tenant evaluated by the batch command beside one client that asks for each in turn."""

import csv
import time
from random import Random

from bench.load import FailedRequests, Load, Slices, take_turns
from bench.stage import Crowd, Stage
from bench.table import Goal, Row

_GOAL = Goal(10)
_SAMPLE = 3_000


def batch_rows(stage: Stage) -> list[Row]:
    """Accounts in a second of `creditrisk evaluate`, and of `POST /v1/check` over one connection."""
    accounts = stage.sizes.batch_accounts
    what = f"creditrisk evaluate, {accounts:,} accounts, all cores"
    installation = stage.installation
    if installation.command("evaluate", "--help").returncode != 0:
        note = "not measured: this release has no command evaluate"
        return [Row(what=what, unit="accounts/s", ours=None, goal=_GOAL, note=note)]
    crowd = stage.crowd(accounts)
    stage.say(f"Evaluating {accounts:,} accounts …")
    output = installation.folder / "evaluated.csv"
    began = time.perf_counter()
    done = installation.command("evaluate", "--tenant", crowd.tenant, "--output", str(output))
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise FailedRequests(f"creditrisk evaluate failed: {done.stderr}")
    with output.open(encoding="utf-8", newline="") as file:
        written = sum(1 for _ in csv.DictReader(file))
    if written != accounts:
        raise FailedRequests(f"creditrisk evaluate wrote {written} rows for {accounts} accounts")
    asked = _asked_one_by_one(stage, crowd)
    return [
        Row(
            what=what,
            unit="accounts/s",
            ours=accounts / seconds,
            yardstick=asked["check"].per_second,
            beside="POST /v1/check of a sample of them by one client, stored nowhere",
            goal=_GOAL,
            figures={"seconds": seconds, **{name: each.figures() for name, each in asked.items()}},
        )
    ]


def _asked_one_by_one(stage: Stage, crowd: Crowd) -> dict[str, Slices]:
    """One connection over which one account after the other is asked for."""
    checks = ({**check, "dry_run": True} for check in crowd.portfolio.checks(_SAMPLE))
    requests = {
        "check": stage.requests("sequential-checks", checks),
        "exposure": stage.installation.folder / "sequential-exposures.requests",
    }
    draw = Random("exposures")
    with requests["exposure"].open("w", encoding="utf-8") as file:
        for customer in draw.choices(crowd.portfolio.customers, k=_SAMPLE):
            file.write(f"GET\t/v1/customers/{customer}/exposure\t\n")
    with stage.installation.service() as service:
        loads = {name: Load(url=service.url, requests=each, key=crowd.key) for name, each in requests.items()}
        return take_turns(
            {name: stage.sending(each, connections=1) for name, each in loads.items()},
            slices=stage.sizes.slices,
        )
