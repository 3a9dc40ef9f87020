import os
import pwd
from pathlib import Path

import pytest
from pydantic import ValidationError

from creditrisk.settings import InvalidSettings, LogLevel, default_data_dir, load_settings

PASSWORD_URL = "postgresql://app:open-sesame@db.example:5432/creditrisk"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("CREDITRISK_"):
            monkeypatch.delenv(name)


def test_without_any_variable_the_service_listens_on_the_loopback_address_with_the_embedded_database() -> (
    None
):
    settings = load_settings(env_file=None)

    assert (settings.host, settings.port, settings.processes) == ("127.0.0.1", 8000, 1)
    assert settings.database_url is None


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("CREDITRISK_PORT=8001\nCREDITRISK_PROCESSES=3\nOTHER=ignored\n", encoding="utf-8")
    monkeypatch.setenv("CREDITRISK_PORT", "8002")

    settings = load_settings(env_file=file)

    assert (settings.port, settings.processes) == (8002, 3)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITRISK_DATABASE_URL", "")
    monkeypatch.setenv("CREDITRISK_PORT", "")

    settings = load_settings(env_file=None)

    assert settings.database_url is None
    assert settings.port == 8000


def test_a_log_level_may_be_written_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITRISK_LOG_LEVEL", "WARNING")

    assert load_settings(env_file=None).log_level is LogLevel.WARNING


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CREDITRISK_PORT", "0"),
        ("CREDITRISK_PORT", "65536"),
        ("CREDITRISK_PORT", "http"),
        ("CREDITRISK_PROCESSES", "0"),
        ("CREDITRISK_LOG_LEVEL", "loud"),
        ("CREDITRISK_DATABASE_URL", "mysql://app:open-sesame@db/creditrisk"),
        ("CREDITRISK_MAX_BODY_BYTES", "-1"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_name_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidSettings) as refused:
        load_settings(env_file=None)

    assert str(refused.value).startswith(f"{variable}: ")
    assert "open-sesame" not in str(refused.value)


def test_every_refused_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITRISK_PORT", "x")
    monkeypatch.setenv("CREDITRISK_PROCESSES", "y")

    with pytest.raises(InvalidSettings) as refused:
        load_settings(env_file=None)

    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == [
        "CREDITRISK_PORT",
        "CREDITRISK_PROCESSES",
    ]


def test_settings_are_shown_with_the_secrets_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITRISK_DATABASE_URL", PASSWORD_URL)

    settings = load_settings(env_file=None)
    shown = settings.masked()

    assert shown["CREDITRISK_PORT"] == "8000"
    assert set(shown["CREDITRISK_DATABASE_URL"]) == {"*"}
    assert "open-sesame" not in repr(settings)
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == PASSWORD_URL


def test_settings_do_not_change_once_read() -> None:
    settings = load_settings(env_file=None)

    with pytest.raises(ValidationError):
        settings.port = 9000  # type: ignore[misc]  # the refusal when running is what is tested


@pytest.mark.parametrize(
    ("environ", "uid", "expected"),
    [
        ({"XDG_DATA_HOME": "/srv/data", "HOME": "/home/ada"}, 1000, "/srv/data/creditrisk"),
        ({"XDG_DATA_HOME": "relative", "HOME": "/home/ada"}, 1000, "/home/ada/.local/share/creditrisk"),
        ({"HOME": "/home/ada"}, 1000, "/home/ada/.local/share/creditrisk"),
        ({"HOME": "/root"}, 0, "/var/lib/creditrisk"),
        ({"XDG_DATA_HOME": "/srv/data"}, 0, "/srv/data/creditrisk"),
    ],
)
def test_data_lies_in_the_users_folder_for_data_and_for_root_where_others_can_pass(
    environ: dict[str, str], uid: int, expected: str
) -> None:
    assert default_data_dir(environ=environ, uid=uid) == Path(expected)


def test_without_home_in_the_environment_the_account_tells_it() -> None:
    nobody = pwd.getpwnam("nobody")

    assert default_data_dir(environ={"HOME": ""}, uid=nobody.pw_uid) == Path(
        nobody.pw_dir, ".local", "share", "creditrisk"
    )


def test_a_user_without_an_account_has_to_name_the_data_folder() -> None:
    with pytest.raises(InvalidSettings, match="CREDITRISK_DATA_DIR: must be set"):
        default_data_dir(environ={}, uid=1_999_999_999)
