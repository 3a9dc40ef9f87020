import signal
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.cli.installation import Installation, new_installation, processes_in, wait_until


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with new_installation(ran_before=True) as installation:
        yield installation


@pytest.mark.parametrize(("processes", "number"), [("1", signal.SIGINT), ("2", signal.SIGTERM)])
def test_a_signal_stops_the_service_and_its_database(
    installation: Installation, processes: str, number: int
) -> None:
    with installation.serving(settings={"CREDITRISK_PROCESSES": processes}) as service:
        assert len(processes_in(installation.folder)) > 1
        assert service.stop(number) == 0

    assert "Stopped." in service.said
    assert "curl" not in service.said
    wait_until(lambda: processes_in(installation.folder) == [])


def test_a_service_that_was_killed_is_simply_started_again(installation: Installation) -> None:
    with installation.serving("--demo", settings={"CREDITRISK_PROCESSES": "2"}) as service:
        before = service.printed_check()
        decision = before.send().json()["decision_id"]

        workers = service.workers()
        assert len(workers) == 2
        service.stop(signal.SIGKILL)
        assert psutil.wait_procs(workers, timeout=30)[1] == []

    with installation.serving("--demo") as service:
        assert "already" in service.said
        check = service.printed_check()
        kept = httpx.get(check.url.replace("check", f"decisions/{decision}"), headers=check.headers)
        assert kept.status_code == 200
        assert before.send().status_code == 401  # its key has been replaced
        assert service.stop(signal.SIGHUP) == 0
    wait_until(lambda: processes_in(installation.folder) == [])
