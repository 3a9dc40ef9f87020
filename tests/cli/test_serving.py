from collections.abc import Iterator

import httpx
import pytest

from tests.cli.installation import Installation, Service, new_installation, processes_in


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with new_installation() as installation:
        yield installation


@pytest.fixture(scope="module")
def first_key(installation: Installation) -> str:
    """A key made before the service has ever run."""
    made = installation.run("keys", "create", "--tenant", "T", "--scopes", "check,ingest", "--name", "ERP")

    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("crk_")
    assert made.stdout.count("\n") == 1
    assert processes_in(installation.folder) == []
    return made.stdout.strip()


@pytest.fixture(scope="module")
def service(installation: Installation, first_key: str) -> Iterator[Service]:
    """The service with the demo, running for all tests of this module."""
    assert first_key
    with installation.serving("--demo") as service:
        yield service


def test_a_key_made_before_the_service_has_ever_run_is_printed_alone_and_good(
    service: Service, first_key: str
) -> None:
    url = service.printed_check().url.replace("check", "customers")

    assert httpx.get(url, headers={"Authorization": f"Bearer {first_key}"}).status_code == 200


def test_the_check_that_is_printed_can_be_pasted_and_its_answer_is_worth_reading(service: Service) -> None:
    assert "1,930 invoices of 100 customers" in service.said

    answer = service.printed_check().send().json()

    assert (answer["decision"], answer["signal"], answer["hold"]["status"]) == ("block", "red", "open")
    assert [finding["code"] for finding in answer["findings"]] == ["LIMIT_EXCEEDED"]
    assert answer["remedy"]["payment_needed"]["items"]


def test_keys_are_made_listed_and_revoked_while_the_service_runs(
    installation: Installation, service: Service
) -> None:
    check = service.printed_check()
    key = installation.run("keys", "create", "--tenant", "demo", "--scopes", "all").stdout.strip()
    check.headers["Authorization"] = f"Bearer {key}"
    assert check.send().status_code == 200

    key_id = key.split("_")[1]
    assert key_id in installation.run("keys", "list", "--tenant", "demo").stdout
    assert installation.run("keys", "revoke", key_id, "--tenant", "demo").returncode == 0
    assert check.send().status_code == 401


def test_the_demo_shows_every_colour_with_reasons_and_holds(
    installation: Installation, service: Service
) -> None:
    assert service.printed_check().send().status_code == 200
    shown = installation.run("demo")

    assert shown.returncode == 0
    for words in ("green", "yellow", "red", "allow", "warn", "block", "LIMIT_EXCEEDED (demoted: control)"):
        assert words in shown.stdout
    assert "8 documents are held" in shown.stdout


def test_a_taken_port_is_said_before_anything_is_made(installation: Installation, service: Service) -> None:
    assert service.process.is_running()
    other = installation.folder / "other"
    second = installation.run("serve", settings={"CREDITRISK_DATA_DIR": str(other)})

    assert second.returncode == 4
    assert f"Port {installation.settings['CREDITRISK_PORT']} of 127.0.0.1 is taken" in second.stderr
    assert not other.exists()


def test_a_data_folder_that_is_served_already_is_not_served_twice(
    installation: Installation, service: Service
) -> None:
    assert service.process.is_running()
    second = installation.run("serve", settings={"CREDITRISK_PORT": "65000"})

    assert second.returncode == 3
    assert "already run by process" in second.stderr
