"""A database made ready for the service: at the schema it needs, with the demo where it is wanted."""

from creditrisk.adapters.postgres.preparation import prepare
from creditrisk.cli.database_commands import schema_line
from creditrisk.cli.databases import checked_database
from creditrisk.cli.terminal import say, waiting
from creditrisk.demo.checks import TENANT
from creditrisk.settings import Settings


async def make_ready(settings: Settings, address: str, *, demo: bool, migrate: bool) -> str | None:
    """Bring the database to where the service can begin, and return the demo's key if there is a demo.

    Raises:
        UnreachableDatabase, UnsuitableDatabase: there is no database to serve from.
    """
    say(schema_line(await prepare(address, migrate=migrate)))
    async with checked_database(settings, address=address):
        pass  # Said here, once, and not by every process that is to serve.
    if not demo:
        return None
    from creditrisk.cli.demonstration import prepare_demo

    with waiting("Loading the demo …"):
        shown = await prepare_demo(settings, address=address)
    if shown.loaded is None:
        say(f"Demo data: in the tenant {TENANT} already")
    else:
        say(
            f"Demo data: {shown.loaded.invoices:,} invoices of {shown.loaded.customers} customers loaded into"
            f" the tenant {TENANT}, {shown.loaded.open_invoices} of them open"
        )
    return shown.key
