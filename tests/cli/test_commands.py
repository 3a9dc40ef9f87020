"""Commands over a PostgreSQL that somebody else runs."""

import asyncio
import gzip
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from creditrisk.adapters.embedded.errors import EmbeddedPostgresError
from creditrisk.adapters.postgres.preparation import UnreachableDatabase
from creditrisk.application.errors import FieldError, InvalidRequest, NotFound, Unavailable
from creditrisk.application.keys import Scope
from creditrisk.cli.describing import check_openapi, print_settings, write_openapi
from creditrisk.cli.exits import ExitCode, Failure, explain
from creditrisk.cli.key_commands import KeyWish
from creditrisk.demo.loading import DemoRefused
from creditrisk.settings import InvalidSettings, Settings
from tests.cli.installation import Installation

ITEM = {"kind": "open_item", "customer": "C-1", "total": {"amount": "10.00", "currency": "EUR"}}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Installation:
    """An installation over the module's own database, with a tenant T."""
    settings = {"CREDITRISK_DATABASE_URL": database_url}
    installation = Installation(tmp_path_factory.mktemp("installation"), settings)
    assert installation.run("keys", "create", "--tenant", "T", "--scopes", "all").returncode == 0
    return installation


def execute(url: str, statement: str) -> None:
    async def connect_and_execute() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(connect_and_execute())


def wish(tenant: str | None = "T", scopes: str | None = None, *, platform: bool = False) -> KeyWish:
    return KeyWish(tenant=tenant, scopes=scopes, platform=platform, companies=None, name="")


def test_good_lines_of_a_file_are_kept_and_bad_ones_named_by_their_number(
    installation: Installation, database_url: str
) -> None:
    lines = [ITEM | {"id": "R-1"}, {"id": "R-2"}, ITEM | {"id": "R-3"}]
    file = installation.folder / "items.ndjson.gz"
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))

    done = installation.run("import", "ledger", str(file), "--tenant", "T")

    assert done.returncode == 1
    assert done.stdout.splitlines()[1].split()[:4] == ["2", "0", "0", "1"]
    assert "line 2" in done.stderr
    assert installation.run("verify").stdout == "No drift in 1 tenant.\n"
    nobody = installation.run("verify", "--tenant", "nobody")
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert installation.run("verify", "--company", "main").stdout == "No drift in 1 tenant.\n"
    nowhere = installation.run("verify", "--tenant", "T", "--company", "nowhere")
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert nowhere.stderr == "Error: There is no company nowhere.\n"

    execute(database_url, "UPDATE exposure_bucket SET open_amount = open_amount + 1 WHERE tenant = 'T'")
    found = installation.run("verify", "--tenant", "T")
    assert found.returncode == 1
    assert found.stderr == "Error: 1 difference between stored and derived figures.\n"


def test_a_table_on_standard_input_is_imported_as_a_whole_or_not_at_all(installation: Installation) -> None:
    table = b"kind,number,customer,total,currency\norder,SO-1,C-2,10.00,EUR\norder,SO-2,C-2,ten,EUR\n"
    command = ("import", "documents", "-", "--tenant", "T", "--company", "B", "--format", "csv", "--atomic")

    refused = installation.run(*command, given=table)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "line 3 /total" in refused.stderr

    done = installation.run(*command, given=table.replace(b"ten", b"10"))
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].split()[:4] == ["2", "0", "0", "0"]


def test_a_file_may_be_the_whole_ledger_of_a_source(installation: Installation) -> None:
    command = ("import", "ledger", "-", "--tenant", "T", "--company", "S", "--snapshot")
    described = ("--source", "sap", "--taken-at", "2026-11-01T10:00:00Z", "--kinds", "open_item,bill")

    def sent(*lines: Mapping[str, object], more: tuple[str, ...] = ()) -> tuple[int, list[str], str]:
        given = "\n".join(map(json.dumps, lines)).encode()
        done = installation.run(*command, *described, *more, given=given)
        return done.returncode, done.stdout.split()[7:-1], done.stderr

    figures = ("--count", "2", "--total", "EUR:20", "--total", "USD:0")
    first, second = ITEM | {"id": "R-1"}, ITEM | {"id": "R-2"}
    assert sent(first, second, more=figures) == (0, ["2", "0", "0", "0", "0", "0"], "")
    assert sent(first, {"kind": "bill", "id": "B"})[:2] == (1, ["0", "0", "1", "1", "0", "1"])
    code, _, said = sent(first, more=figures)
    assert (code, "stream query/count" in said) == (1, True)
    code, _, said = sent(first, more=("--total", "20 EUR"))
    assert (code, "query/total: must be written EUR:123.45" in said) == (2, True)


def test_limits_are_imported_without_a_key_of_the_api(installation: Installation) -> None:
    limit = {"id": "L-1", "limit": {"amount": "5.00", "currency": "EUR"}}
    for what, line in (("customers", {"id": "L-1"}), ("credit", limit)):
        given = json.dumps(line).encode()
        done = installation.run("import", what, "-", "--tenant", "T", "--company", "S", given=given)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "wrong",
    [
        ("ledger", "-", "--count", "1"),
        ("orders", "-", "--snapshot"),
        ("ledger", "-", "--snapshot", "--atomic"),
    ],
)
def test_options_that_contradict_each_other_are_not_guessed_about(
    installation: Installation, wrong: tuple[str, ...]
) -> None:
    assert installation.run("import", *wrong, "--tenant", "T").returncode == 2


def test_nothing_is_imported_for_a_tenant_nobody_has_made(installation: Installation) -> None:
    done = installation.run("import", "ledger", "-", "--tenant", "nobody")

    assert done.returncode == 2
    assert "There is no tenant nobody" in done.stderr


def test_what_cannot_be_meant_ends_before_anything_is_done(installation: Installation) -> None:
    unreadable = installation.run("import", "ledger", "no-such-file", "--tenant", "T")
    assert (unreadable.returncode, unreadable.stdout) == (2, "")
    assert "no-such-file cannot be read" in unreadable.stderr

    unset = installation.run("migrate", settings={"CREDITRISK_PORT": "ninety"})
    assert (unset.returncode, unset.stdout) == (2, "")
    assert "CREDITRISK_PORT" in unset.stderr


def test_the_help_teaches_how_to_begin_and_what_exit_codes_mean(installation: Installation) -> None:
    # Alone, as somebody types it: nothing has been imported for it.
    program = [sys.executable, "-m", "creditrisk", "--help"]
    shown = subprocess.run(program, capture_output=True, text=True, check=True, env=installation.environment)

    for words in ("creditrisk serve --demo", "Exit codes", "serve", "migrate", "import", "verify", "keys"):
        assert words in shown.stdout


def test_all_scopes_are_those_of_one_tenant_and_a_platform_key_makes_keys_of_every_tenant() -> None:
    assert wish(scopes="all").order().scopes == frozenset(Scope) - {Scope.PLATFORM}
    assert wish(scopes=" check, ingest ,").order().scopes == {Scope.CHECK, Scope.INGEST}
    assert wish(platform=True).order().scopes == {Scope.PLATFORM, Scope.ADMIN}
    assert wish(tenant=None, platform=True).owner() == "platform"


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (wish(scopes="chekc"), "No scope of a tenant: chekc"),
        (wish(scopes="platform"), "No scope of a tenant: platform"),
        (wish(), "--scopes, or --platform"),
        (wish(tenant=None, scopes="all"), "--tenant"),
        (wish(tenant="x" * 65, scopes="all"), "--tenant must be 1 to 64 printable characters"),
    ],
)
def test_a_key_is_asked_for_in_words_that_mean_something(asked: KeyWish, complaint: str) -> None:
    with pytest.raises(Failure, match=complaint) as refused:
        _ = asked.owner(), asked.order()

    assert refused.value.code is ExitCode.USAGE


def test_settings_are_printed_with_secrets_masked(capsys: pytest.CaptureFixture[str]) -> None:
    print_settings(Settings(_env_file=None, database_url=SecretStr("postgresql://u:s3cret@h/d")))

    lines = capsys.readouterr().out.splitlines()
    assert "CREDITRISK_DATABASE_URL=**********" in lines
    assert "CREDITRISK_PORT=8000" in lines


def test_the_openapi_document_is_written_and_compared_with_a_file(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    write_openapi(file)
    check_openapi(file)

    written = file.read_text(encoding="utf-8")
    file.write_text(written.replace("/v1/check", "/v1/chekc", 1), encoding="utf-8")
    with pytest.raises(Failure, match=re.escape('-    "/v1/chekc": {')) as differs:
        check_openapi(file)
    assert differs.value.code is ExitCode.PROBLEMS


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Failure("taken", ExitCode.ADDRESS), ExitCode.ADDRESS),
        (InvalidSettings("CREDITRISK_PORT: no"), ExitCode.USAGE),
        (EmbeddedPostgresError("no space"), ExitCode.DATABASE),
        (UnreachableDatabase("nobody answers"), ExitCode.DATABASE),
        (Unavailable("nobody answers"), ExitCode.DATABASE),
        (asyncpg.InsufficientPrivilegeError("no"), ExitCode.DATABASE),
        (DemoRefused("PUT /v1/policy: no"), ExitCode.SERVICE),
        (NotFound("no such key"), ExitCode.USAGE),
        (InvalidRequest("no", errors=[FieldError("/name", "x", "is too long")]), ExitCode.USAGE),
    ],
)
def test_what_somebody_can_do_something_about_has_a_sentence_and_a_code(
    error: Exception, code: ExitCode
) -> None:
    explanation = explain(error)

    assert explanation is not None
    assert explanation.code is code
    assert explanation.message


def test_a_fault_of_ours_is_not_explained_away() -> None:
    assert explain(ZeroDivisionError()) is None
