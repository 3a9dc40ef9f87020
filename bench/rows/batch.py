"""All accounts of a tenant evaluated by the batch command beside one client that asks for each in turn."""

import csv
import time

from bench.load import FailedRequests, Load, Slices, take_turns
from bench.stage import Crowd, Stage
from bench.table import Goal, Row

_GOAL = Goal(10)
_SAMPLE = 3_000


def batch_rows(stage: Stage) -> list[Row]:
    """Accounts in a second of `creditrisk evaluate`, and of one client that asks for them one by one."""
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
    faster = max(asked, key=lambda call: asked[call].per_second)
    return [
        Row(
            what=what,
            unit="accounts/s",
            ours=accounts / seconds,
            yardstick=asked[faster].per_second,
            beside=f"{faster} of a sample by one client, the faster of two calls",
            goal=_GOAL,
            figures={"seconds": seconds, **{name: each.figures() for name, each in asked.items()}},
        )
    ]


def _asked_one_by_one(stage: Stage, crowd: Crowd) -> dict[str, Slices]:
    """Two calls by which one account after the other can be asked for, over one connection."""
    checks = [{**check, "dry_run": True} for check in crowd.portfolio.checks(_SAMPLE)]
    exposures = stage.installation.folder / "exposures.requests"
    with exposures.open("w", encoding="utf-8") as file:
        file.writelines(f"GET\t/v1/customers/{check['customer']}/exposure\t\n" for check in checks)
    requests = {
        "POST /v1/check, dry runs": stage.requests("dry-checks", checks),
        "GET …/exposure": exposures,
    }
    with stage.installation.service() as service:
        loads = {name: Load(url=service.url, requests=each, key=crowd.key) for name, each in requests.items()}
        return take_turns(
            {name: stage.sending(each, connections=1) for name, each in loads.items()},
            slices=stage.sizes.slices,
        )
