"""Commands of whoever looks after the database: migrating and verifying."""

import asyncio

from rich.markup import escape
from rich.table import Table

from creditrisk.adapters.postgres.companies import PostgresCompanyStore
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.preparation import Preparation, list_tenants, prepare
from creditrisk.adapters.postgres.verify import Drift, find_drift
from creditrisk.cli.databases import database_address, opened_database, require_tenant
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.terminal import progress, results
from creditrisk.settings import Settings

_DRIFT_SHOWN = 100


def migrate(settings: Settings) -> None:
    """Bring the database to this release's schema and say what was done."""
    with database_address(settings) as address:
        done = asyncio.run(prepare(address))
    results().print(schema_line(done))


def schema_line(done: Preparation) -> str:
    """Say what a preparation found and did."""
    if done.before == done.after:
        return f"PostgreSQL {done.server}, schema {done.after}: nothing to do"
    return f"PostgreSQL {done.server}, schema {done.before or 'empty'} → {done.after}"


def verify(settings: Settings, *, tenant: str | None, company: str | None) -> None:
    """Compare derived figures with papers, tenant by tenant.

    Raises:
        Failure: there are differences, or there is no such tenant or company.
    """
    with database_address(settings) as address:
        tenants, found = asyncio.run(_find(settings, address, tenant=tenant, company=company))
    if not found:
        results().print(f"No drift in {tenants} tenant{'' if tenants == 1 else 's'}.")
        return
    table = Table("Tenant", "Company", "What", "Key", "Stored", "Derived", box=None, pad_edge=False)
    for owner, drift in found[:_DRIFT_SHOWN]:
        cells = (owner, drift.company, drift.what, drift.key, drift.stored, drift.derived)
        table.add_row(*(escape(str(cell)) for cell in cells))
    results().print(table)
    number = f"{len(found)} difference{'' if len(found) == 1 else 's'}"
    raise Failure(f"{number} between stored and derived figures.", ExitCode.PROBLEMS)


async def _find(
    settings: Settings, address: str, *, tenant: str | None, company: str | None
) -> tuple[int, list[tuple[str, Drift]]]:
    found: list[tuple[str, Drift]] = []
    async with opened_database(settings, address=address) as database:
        if tenant is not None:
            await require_tenant(database, tenant)
        tenants = [tenant] if tenant is not None else await list_tenants(address)
        if company is not None:
            tenants = [each for each in tenants if await _has_company(database, each, company)]
            if not tenants:
                raise Failure(f"There is no company {company}.", ExitCode.USAGE)
        with progress() as bar:
            for name in bar.track(tenants, description="Comparing"):
                drifts = await find_drift(database, tenant=name, company=company)
                found += [(name, drift) for drift in drifts]
    return len(tenants), found


async def _has_company(database: Database, tenant: str, company: str) -> bool:
    only = frozenset({company})
    return bool(await PostgresCompanyStore(database).list(tenant=tenant, only=only, after=None, limit=1))
