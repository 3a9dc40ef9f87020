"""The command line as people see it: commands, options, help. What the commands do is beside this file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from creditrisk.cli.evaluation_orders import EvaluationOrder
from creditrisk.cli.import_orders import ImportOrder, opened_for_reading
from creditrisk.settings import load_settings

_HELP: Final = """\
Credit control for an ERP: what a customer owes, what it may owe, and whether this document may go ahead.

Without any setting everything works with a PostgreSQL of its own, kept in the user's folder for data;
`creditrisk config` shows the settings, all of them environment variables or lines of a file `.env`.

To begin: `creditrisk serve --demo`, then `creditrisk demo` in another terminal.
"""

_EXIT_CODES: Final = """\
Exit codes: 0 done (serving: stopped) · 1 done, with problems found · 2 the command line or a setting is
not acceptable · 3 the database cannot be reached, started or used · 4 the address to serve on cannot be had ·
5 the service does not answer or refuses · 6 a process of the command was ended from outside.
"""

app = typer.Typer(
    name="creditrisk",
    help=_HELP,
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
keys = typer.Typer(
    help="Make, list and revoke API keys, also while the service runs and before it has ever run.",
    no_args_is_help=True,
)
app.add_typer(keys, name="keys")

Tenant = Annotated[str, typer.Option(help="The tenant: one isolated customer of this installation.")]


class Stream(StrEnum):
    """What a stream consists of."""

    DOCUMENTS = "documents"
    LEDGER = "ledger"
    CUSTOMERS = "customers"
    CREDIT = "credit"


class StreamFormat(StrEnum):
    """How a stream is written."""

    NDJSON = "ndjson"
    CSV = "csv"


@app.command()
def serve(
    *,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", help="Load the demo data unless it is there, and print a check to paste with a new key."
        ),
    ] = False,
    migrate: Annotated[
        bool,
        typer.Option("--migrate/--no-migrate", help="Bring the database to this release's schema first."),
    ] = True,
) -> None:
    """Serve the HTTP API until Ctrl-C or SIGTERM.

    CREDITRISK_HOST and CREDITRISK_PORT say where, CREDITRISK_PROCESSES with how many processes, and
    CREDITRISK_DATABASE_URL over which PostgreSQL (16 or newer); without one, the embedded PostgreSQL is
    started and stopped with the service. A service that was killed is simply started again.
    """
    from creditrisk.cli.serving import serve as run

    run(load_settings(), demo=demo, migrate=migrate)


@app.command()
def migrate() -> None:
    """Bring the database to this release's schema.

    Safe to repeat, and beside a running service of the release before.
    """
    from creditrisk.cli.database_commands import migrate as run

    run(load_settings())


@app.command()
def demo(
    url: Annotated[str | None, typer.Option(help="The service; by default the one of the settings.")] = None,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="CREDITRISK_KEY",
            help="An API key of the tenant `demo` with the scopes check and holds. By default one is made "
            "for this run and revoked after it.",
        ),
    ] = None,
) -> None:
    """Ask a service with the demo data a number of checks, and show its answers in colour.

    The service has to run: `creditrisk serve --demo`.
    """
    from creditrisk.cli.showing import show

    show(load_settings(), url=url, key=key)


@app.command("import")
def import_stream(
    stream: Annotated[Stream, typer.Argument(help="What the lines are.")],
    file: Annotated[
        Path,
        typer.Argument(help="The file, plain or gzip; - is standard input."),
    ],
    *,
    tenant: Tenant,
    company: Annotated[
        str | None, typer.Option(help="The company of lines that name none; else it is `main`.")
    ] = None,
    atomic: Annotated[
        bool, typer.Option("--atomic", help="All lines or, with an error in any, none.")
    ] = False,
    written_as: Annotated[
        StreamFormat | None,
        typer.Option(
            "--format", help="By default as the file's name says: .csv, else one JSON object a line."
        ),
    ] = None,
    snapshot: Annotated[
        bool,
        typer.Option(
            "--snapshot",
            help="The file is the whole ledger of a source: afterwards its entries are these, others closed.",
        ),
    ] = False,
    source: Annotated[str | None, typer.Option(help="Of a snapshot: the source, else `default`.")] = None,
    taken_at: Annotated[
        str | None,
        typer.Option(help="Of a snapshot: the instant of the extract, as 2026-11-22T09:30:00Z; else now."),
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(help="Of a snapshot: its kinds, separated by commas; else all.")
    ] = None,
    count: Annotated[int | None, typer.Option(help="Of a snapshot: the number of its lines.")] = None,
    total: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a snapshot: the sum of open amounts of a currency, as EUR:1500.00; repeatable."
        ),
    ] = None,
) -> None:
    """Store a stream of papers or master data, exactly as POST /v1/documents:import and its like do.

    Good lines are kept, bad ones reported with their number; the exit code is 1 if there were any.
    """
    described = {"source": source, "taken_at": taken_at, "kinds": kinds, "count": count, "total": total}
    order = ImportOrder(
        stream=stream.value,
        file=file,
        csv=written_as is StreamFormat.CSV if written_as else ".csv" in file.suffixes,
        company=company,
        atomic=atomic,
        snapshot=snapshot,
        described={name: value for name, value in described.items() if value is not None},
    )
    _import(order, tenant=tenant)


def _import(order: ImportOrder, *, tenant: str) -> None:
    order.require_sense()
    settings = load_settings()
    with opened_for_reading(order.file) as file:
        # The whole service, which takes seconds to import: what cannot be meant is said before.
        from creditrisk.cli.importing import run_import

        run_import(settings, order, file, tenant=tenant)


@app.command()
def verify(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant; by default all.")] = None,
    company: Annotated[str | None, typer.Option(help="Only this company.")] = None,
) -> None:
    """Compare what is kept ready for checks with the papers it was made from, also while the service runs.

    There must never be a difference; the exit code is 1 if there is.
    """
    from creditrisk.cli.database_commands import verify as run

    run(load_settings(), tenant=tenant, company=company)


class TableFormat(StrEnum):
    """How a table is written."""

    CSV = "csv"
    PARQUET = "parquet"


@app.command()
def evaluate(
    *,
    tenant: Tenant,
    company: Annotated[str | None, typer.Option(help="Only this company; by default all.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="The reference date, as 2026-11-22; by default today in the company's time zone."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="The file, replaced once the new one is complete; - is standard output, as CSV."),
    ] = None,
    written_as: Annotated[
        TableFormat | None,
        typer.Option("--format", help="By default as the file's name says: .parquet, else CSV."),
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the result in the database as well, all of it or nothing.")
    ] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many processes work at it; by default one for each core.")
    ] = None,
) -> None:
    """Evaluate every account as of a day, each as GET /v1/customers/{id}/exposure shows it.

    One row for each account, in order of company and customer; all of them as of the same moment, also while
    the service runs. The exit code is 0 whatever the colours.
    """
    order = EvaluationOrder(
        tenant=tenant,
        company=company,
        as_of=as_of,
        output=output,
        format=None if written_as is None else written_as.value,
        store=store,
        processes=processes,
    )
    order.require_sense()
    settings = load_settings()
    from creditrisk.cli.evaluating import evaluate as run

    run(settings, order)


@app.command()
def openapi(
    output: Annotated[Path | None, typer.Option(dir_okay=False, help="Write it to this file.")] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Compare it with this file instead; 1 if they differ."
        ),
    ] = None,
) -> None:
    """Print the OpenAPI document of the HTTP API. Needs no database."""
    from creditrisk.cli.describing import check_openapi, write_openapi

    if check is not None:
        check_openapi(check)
    else:
        write_openapi(output)


@app.command()
def config() -> None:
    """Print every setting with its value; secrets are masked."""
    from creditrisk.cli.describing import print_settings

    print_settings(load_settings())


@keys.command("create")
def create_key(
    *,
    tenant: Annotated[
        str | None, typer.Option(help="The tenant; a new one exists from its first key.")
    ] = None,
    scopes: Annotated[
        str | None,
        typer.Option(
            help="Separated by commas: check, signal, ingest, limits, policy, holds, audit, admin; "
            "`all` is all of these."
        ),
    ] = None,
    platform: Annotated[
        bool,
        typer.Option("--platform", help="A key that makes keys of every tenant. Its own tenant: `platform`."),
    ] = False,
    company: Annotated[
        list[str] | None, typer.Option(help="Limit it to this company; may be given several times.")
    ] = None,
    name: Annotated[str, typer.Option(help="Who will use it, for people.")] = "",
) -> None:
    """Make a key and print it, alone, on standard output. Only its hash is stored: it is shown once."""
    from creditrisk.cli.key_commands import KeyWish, create

    wish = KeyWish(tenant=tenant, scopes=scopes, platform=platform, companies=company, name=name)
    create(load_settings(), wish)


@keys.command("list")
def list_keys(tenant: Tenant) -> None:
    """List a tenant's keys, also those expired or revoked."""
    from creditrisk.cli.key_commands import show_all

    show_all(load_settings(), tenant=tenant)


@keys.command("revoke")
def revoke_key(
    id: Annotated[str, typer.Argument(help="The id of the key, which is its middle part.")], *, tenant: Tenant
) -> None:
    """Make a key useless from now on."""
    from creditrisk.cli.key_commands import revoke

    revoke(load_settings(), id, tenant=tenant)
