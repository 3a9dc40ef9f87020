"""`creditrisk evaluate` over a PostgreSQL that somebody else runs."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pyarrow as pa
import pytest
from pyarrow import parquet

from creditrisk.application.portfolio_rows import COLUMNS, ColumnType
from creditrisk.cli import terminal
from creditrisk.cli.evaluation_orders import EvaluationOrder
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.output_files import opened_for_writing
from creditrisk.cli.terminal import counting
from tests.api.feeds.bodies import NDJSON, ndjson
from tests.cli.installation import Installation, wait_until
from tests.service import JSON, eur, ok, running_service

ACCOUNTS = 1_200
"""More than two pages."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Installation:
    """An installation with accounts in two companies; C-0001 of `main` is above its limit."""
    total = {"amount": "10.50", "currency": "EUR"}
    orders: list[JSON] = [
        {"kind": "order", "number": f"SO-{number}", "customer": f"C-{number:04}", "total": total}
        for number in range(1, ACCOUNTS + 1)
    ]
    orders.append({"company": "north", "kind": "order", "number": "N", "customer": "C-0002", "total": total})
    with running_service(database_url) as site, site.caller(site.key(tenant="T")) as erp:
        ok(erp.put("/v1/customers/C-0001", json={"name": 'Müller, "M" & Co'}))
        account = {"limit": eur("10.00"), "expires_on": "2026-12-31"}
        ok(erp.put("/v1/customers/C-0001/credit", json=account))
        assert ok(erp.post("/v1/documents:import", content=ndjson(orders), headers=NDJSON))["rejected"] == 0
    settings = {"CREDITRISK_DATABASE_URL": database_url}
    return Installation(tmp_path_factory.mktemp("installation"), settings)


def evaluate(installation: Installation, *options: str) -> tuple[int, str, str]:
    """Run the command for the tenant: exit code, standard output, standard error."""
    done = installation.run("evaluate", "--tenant", "T", *options)
    return done.returncode, done.stdout, done.stderr


def order(
    *,
    output: str | None = "-",
    format: str | None = None,
    store: bool = False,
    as_of: str | None = None,
) -> EvaluationOrder:
    file = None if output is None else Path(output)
    return EvaluationOrder(
        tenant="T", company=None, as_of=as_of, output=file, format=format, store=store, processes=None
    )


def fetch(url: str, query: str) -> list[Any]:
    async def connect_and_fetch() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            rows: list[Any] = await connection.fetch(query)
        finally:
            await connection.close()
        return rows

    return asyncio.run(connect_and_fetch())


def test_every_account_is_a_row_in_order_of_company_and_customer(installation: Installation) -> None:
    code, table, said = evaluate(installation, "--output", "-", "--as-of", "2026-11-22", "--processes", "2")

    assert (code, said.splitlines()[-1]) == (0, "1,201 accounts evaluated.")
    rows = list(csv.DictReader(io.StringIO(table)))
    keys = [(row["company"], row["customer"]) for row in rows]
    assert keys == [("main", f"C-{number:04}") for number in range(1, ACCOUNTS + 1)] + [("north", "C-0002")]
    first, second = rows[:2]
    assert {name: value for name, value in first.items() if value not in {"", "0.00"}} == {
        "company": "main",
        "customer": "C-0001",
        "name": 'Müller, "M" & Co',
        "signal": "red",
        "auto_blocked": "false",
        "currency": "EUR",
        "limit_state": "limited",
        "limit_source": "own",
        "limit_amount": "10.00",
        "limit_valid_until": "2026-12-31",
        "exposure": "10.50",
        "utilisation": "1.0500",
        "orders": "10.50",
        "overdue_oldest_days": "0",
        "as_of": "2026-11-22",
        "policy_version": "0",
    }
    assert (first["headroom"], second["headroom"], second["limit_state"]) == ("0.00", "", "none")


def test_a_parquet_file_has_the_same_rows_in_exact_types(installation: Installation) -> None:
    file = installation.folder / "accounts.parquet"
    options = ("--company", "north", "--as-of", "2026-11-22")
    assert evaluate(installation, *options, "--output", str(file))[0] == 0

    table = parquet.read_table(file)
    types = {
        ColumnType.TEXT: pa.string(),
        ColumnType.FLAG: pa.bool_(),
        ColumnType.NUMBER: pa.int32(),
        ColumnType.DECIMAL: pa.decimal128(38, 4),
        ColumnType.DAY: pa.date32(),
    }
    assert [(field.name, field.type) for field in table.schema] == [
        (column.name, types[column.type]) for column in COLUMNS
    ]
    (row,) = table.to_pylist()
    assert (row["customer"], row["exposure"], row["auto_blocked"], row["as_of"], row["limit_amount"]) == (
        "C-0002",
        Decimal("10.5000"),
        False,
        date(2026, 11, 22),
        None,
    )
    _, said, _ = evaluate(installation, *options, "--output", "-")
    (same,) = csv.DictReader(io.StringIO(said))
    shared = ("company", "customer", "signal", "currency", "policy_version")
    assert [str(row[name]) for name in shared] == [same[name] for name in shared]


def test_what_is_stored_is_a_batch_of_what_was_shown(installation: Installation, database_url: str) -> None:
    code, table, said = evaluate(installation, "--store", "--as-of", "2026-11-22")

    assert (code, table) == (0, "")
    batch = said.removesuffix(".\n").rsplit(" ", 1)[-1]
    columns = "company, customer, as_of, content::text, lines"
    stored = fetch(database_url, f"SELECT {columns} FROM calculation WHERE batch = '{batch}' ORDER BY id")
    assert len(stored) == ACCOUNTS + 1
    assert len({row["customer"] for row in stored}) == ACCOUNTS
    (first,) = [row for row in stored if row["customer"] == "C-0001"]
    content = json.loads(first["content"])
    assert (first["company"], first["as_of"], first["lines"]) == ("main", date(2026, 11, 22), None)
    assert (content["signal"], content["exposure"]["current"]) == ("red", "10.50")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--output", "-", "--company", "nowhere"), "There is no company nowhere."),
        (
            ("--output", "no-such-folder/a.csv"),
            "no-such-folder/a.csv cannot be written: No such file or directory.",
        ),
    ],
)
def test_what_is_not_there_ends_before_anything_is_evaluated(
    installation: Installation, options: tuple[str, ...], complaint: str
) -> None:
    code, table, said = evaluate(installation, *options)

    assert (code, table, said) == (2, "", f"Error: {complaint}\n")


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        (order(output=None), "give --output, --store or both"),
        (order(output=None, store=True, format="csv"), "--format is of a file"),
        (order(format="parquet"), "not to standard output"),
        (order(as_of="30.06.2025"), "--as-of 30.06.2025: "),
        (order(as_of="3025-06-30"), "--as-of 3025-06-30: "),
    ],
)
def test_options_that_mean_nothing_are_refused(order: EvaluationOrder, complaint: str) -> None:
    with pytest.raises(Failure, match=complaint) as refused:
        order.require_sense()

    assert refused.value.code is ExitCode.USAGE


@pytest.mark.parametrize("file", ["accounts.csv", "accounts.parquet"])
def test_a_tenant_nobody_has_made_has_no_accounts_to_evaluate(
    installation: Installation, tmp_path: Path, file: str
) -> None:
    done = installation.run("evaluate", "--tenant", "nobody", "--output", str(tmp_path / file))

    complaint = "There is no tenant nobody: one exists from its first key (creditrisk keys create)."
    assert (done.returncode, done.stderr.split()) == (2, ["Error:", *complaint.split()])
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_killed_ends_the_command_with_a_sentence(
    installation: Installation, database_url: str
) -> None:
    """As Linux does where memory runs out."""
    file = installation.folder / "evaluated.csv"
    file.write_text("before")
    with ThreadPoolExecutor() as running:
        with locked(database_url, "exposure_bucket"):  # which every page is read from
            command = running.submit(evaluate, installation, "--output", str(file), "--store")
            wait_until(lambda: command.done() or bool(evaluating_processes()))
            evaluating_processes()[0].kill()
        code, table, said = command.result()

    assert (code, table) == (ExitCode.ENDED, "")
    assert said.count("memory") == 1
    assert "Traceback" not in said
    assert "exception" not in said
    assert file.read_text() == "before"
    wait_until(lambda: not evaluating_processes())


def test_a_full_disk_ends_the_command_with_a_sentence(installation: Installation) -> None:
    code, _, said = evaluate(installation, "--output", "/dev/full", "--processes", "2")

    assert (code, said) == (ExitCode.USAGE, "Error: /dev/full cannot be written: No space left on device.\n")


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """Let nobody read a table meanwhile."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(url))
        runner.run(connection.execute(f"begin; lock table {table}"))
        yield
        runner.run(connection.close())


def evaluating_processes() -> list[psutil.Process]:
    """Those that evaluate, of the command that runs now, which was forked from one of this process's."""
    with suppress(psutil.NoSuchProcess):
        return [
            process
            for server in psutil.Process().children()
            for command in server.children()
            for process in command.children()
        ]
    return []


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("before", encoding="utf-8")
    with pytest.raises(TypeError), opened_for_writing(file) as unfinished:
        unfinished.writelines([b"half", None])  # type: ignore[list-item] # fails in the middle
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["before"]

    with opened_for_writing(file) as whole:
        whole.write(b"after")
        assert file.read_text(encoding="utf-8") == "before"
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["after"]


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    with opened_for_writing(Path("/dev/null")) as nothing:
        nothing.write(b"all of it")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(Failure, match="Is a directory") as refused, opened_for_writing(tmp_path):
        pass
    assert refused.value.code is ExitCode.USAGE


def test_without_a_terminal_a_line_now_and_then_says_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "_SECONDS_BETWEEN_LINES", 0)
    with counting("Evaluating", total=2_000) as advance:
        advance(1_500)
    assert capsys.readouterr() == ("", "Evaluating: 1,500 of 2,000\n")
