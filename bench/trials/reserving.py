"""Parallel clients reserve on accounts of one group while clients and service processes are killed.

Then on the same accounts alone, where processes decide from what they expect to read.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from bench.trials.journal import JSON
from bench.trials.promises import promised
from bench.trials.reserving_client import ACCOUNTS, KEPT_SECONDS
from bench.trials.reserving_crowd import Crowd, Plan, clean_up
from bench.trials.reserving_evidence import make_sure
from bench.trials.reserving_watch import Watch
from bench.trials.site import TrialSite, running_site
from tests.scenarios.erp import Erp
from tests.service import eur

GROUP_LIMIT: Final = 1_000
OWN_LIMIT: Final = 600

_DRAIN_SECONDS_MAX: Final = 2 * KEPT_SECONDS + 30


FULL: Final = Plan(
    service_processes=4, client_processes=8, clients_each=8, seconds=30, killed_services=2, killed_clients=6
)
QUICK: Final = Plan(service_processes=4, client_processes=4, clients_each=4, seconds=8, killed_clients=2)


def run(*, quick: bool) -> Iterator[str]:
    """Make the trial; yields what was seen.

    Raises:
        PromiseBroken: a limit was exceeded, something acknowledged lost, or something reserved twice.
    """
    plan = QUICK if quick else FULL
    for grouped in (True, False):
        with running_site(processes=plan.service_processes) as site:
            yield f"on {len(ACCOUNTS)} accounts {'of one group' if grouped else 'alone'}:"
            yield from reserve_in_parallel(site, plan, grouped=grouped)


def reserve_in_parallel(site: TrialSite, plan: Plan, *, grouped: bool = True) -> Iterator[str]:
    """Make the trial on a running service; accounts that are not grouped have their own limits alone."""
    limit = GROUP_LIMIT if grouped else OWN_LIMIT * len(ACCOUNTS)
    with site.door.open() as caller:
        _make_accounts(Erp(caller), grouping="credit_group" if grouped else "own")
    watch = Watch(group_limit=Decimal(limit), own_limit=Decimal(OWN_LIMIT))
    with tempfile.TemporaryDirectory() as folder:
        crowd = Crowd(site, plan, Path(folder))
        with crowd.trading() as time_is_up:
            asyncio.run(watch.until(site.database_url, time_is_up))
        said = crowd.said()
        yield f"{plan.client_processes * plan.clients_each} clients over {plan.service_processes} processes"
        yield f"for {plan.seconds:.0f} s; killed: {crowd.killed['service']} service processes, and"
        yield f"{crowd.killed['client']} client processes of {plan.clients_each} clients"
        promised(watch.most > limit / 2, f"only {watch.most} of {limit} was ever used")
        used = f"at most {watch.most} of {limit}, {watch.most_own} of {OWN_LIMIT}"
        yield f"looked {watch.looks} times: {used}"
        yield f"acknowledged: {_counted(said)}"
        asyncio.run(make_sure(site.database_url, said))
        clean_up(site, said)
    drained = asyncio.run(watch.drained(site.database_url, seconds=_DRAIN_SECONDS_MAX))
    yield f"nothing lost, nothing twice; drained {drained:.1f} s after the last client"
    yield site.verified()


def _make_accounts(erp: Erp, *, grouping: str) -> None:
    for company in {company for company, _ in ACCOUNTS}:
        erp.policy(company=company, grouping=grouping)
    erp.put("/v1/credit-groups/G", {"limit": eur(f"{GROUP_LIMIT}.00")})
    for company, customer in ACCOUNTS:
        erp.customer(customer, credit_group="G")
        erp.account(customer, f"{OWN_LIMIT}.00", company=company)


def _counted(said: Iterable[JSON]) -> str:
    counts = Counter(line["what"] for line in said)
    return ", ".join(
        f"{counts[what]} {what}"
        for what in ("granted", "stored", "captured", "released", "extended", "forgotten")
    )
