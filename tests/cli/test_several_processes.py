"""Callers are spread over the processes of a service."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import psutil
import pytest

from tests.cli.installation import Installation, Service, new_installation, wait_until

_CALLERS = 32
_FEWEST = 5
"""Of 32 callers spread at random, a process has fewer once in a hundred thousand times."""


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with new_installation(ran_before=True) as installation:
        yield installation


@pytest.fixture(scope="module")
def service(installation: Installation) -> Iterator[Service]:
    with installation.serving(settings={"CREDITRISK_PROCESSES": "2"}) as service:
        yield service


def test_callers_that_come_at_the_same_moment_are_shared_out_among_the_processes(
    installation: Installation, service: Service
) -> None:
    assert min(callers_of_each(service, installation.port)) >= _FEWEST


def test_a_process_started_in_place_of_a_killed_one_gets_its_share(
    installation: Installation, service: Service
) -> None:
    first = service.workers()
    first[0].kill()
    with ThreadPoolExecutor(_CALLERS) as threads:
        answers = list(threads.map(lambda _: is_alive(installation.port), range(_CALLERS)))
    assert all(answers)  # those who came too late for it have waited for the next one
    wait_until(lambda: len(set(service.workers()) - set(first)) == 1 and len(listening(service)) == 2)

    assert min(callers_of_each(service, installation.port)) >= _FEWEST


def test_a_second_service_on_the_port_is_refused(installation: Installation, service: Service) -> None:
    assert service.workers()
    second = installation.run("serve", settings={"CREDITRISK_PROCESSES": "2"})

    assert second.returncode != 0
    assert f"Port {installation.port} of 127.0.0.1 is taken" in second.stderr


def is_alive(port: int) -> bool:
    return httpx.get(f"http://127.0.0.1:{port}/livez", timeout=30).is_success


def callers_of_each(service: Service, port: int) -> list[int]:
    """Connect many at once, and count whom each process has accepted."""
    with ExitStack() as callers:
        for _ in range(_CALLERS):
            callers.enter_context(socket.create_connection(("127.0.0.1", port)))
        wait_until(lambda: sum(accepted(worker) for worker in service.workers()) == _CALLERS)
        return [accepted(worker) for worker in service.workers()]


def listening(service: Service) -> list[psutil.Process]:
    return [worker for worker in service.workers() if psutil.CONN_LISTEN in states(worker)]


def accepted(worker: psutil.Process) -> int:
    return states(worker).count(psutil.CONN_ESTABLISHED)


def states(worker: psutil.Process) -> list[str]:
    """The states of its sockets."""
    try:
        return [connection.status for connection in worker.net_connections("tcp")]
    except psutil.Error:  # it has just ended
        return []
