"""Many clients reserve over two processes; a process and clients are killed: no limit is ever exceeded."""

from bench.trials.reserving import reserve_in_parallel
from bench.trials.reserving_crowd import Plan
from bench.trials.site import running_site


def test_reserved_and_posted_never_exceed_a_limit_while_processes_are_killed() -> None:
    short = Plan(service_processes=2, client_processes=2, clients_each=4, seconds=6)
    with running_site(processes=2, ran_before=True) as site:
        seen = list(reserve_in_parallel(site, short))
    assert len(seen) > 1
