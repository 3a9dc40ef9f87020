"""Policies in PostgreSQL: kept on the company's row, beside what other statements read of them."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.configuration import raise_config_version
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import sqlstate
from creditrisk.adapters.postgres.parties import ensure_companies
from creditrisk.adapters.postgres.tables import company as company_table
from creditrisk.application.policies import StoredPolicy, UnknownTimeZone
from creditrisk.application.preconditions import Precondition
from creditrisk.domain.policy import Policy

_INVALID_PARAMETER_VALUE: Final = "22023"

_TODAY: Final = sa.text("SELECT (now() AT TIME ZONE :zone)::date")


class PostgresPolicyStore:
    """The PolicyStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, *, tenant: str, company: str) -> StoredPolicy | None:
        """Return what a company stated; see PolicyStore."""
        wanted = sa.select(company_table).where(
            company_table.c.tenant == tenant, company_table.c.company == company
        )
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(wanted)).mappings().one_or_none()
        return None if row is None or row["policy"] is None else _policy(row)

    async def replace(
        self,
        *,
        tenant: str,
        company: str,
        preset: str,
        overrides: Mapping[str, Any],
        policy: Policy,
        precondition: Precondition,
        by: str,
    ) -> StoredPolicy:
        """Set what a company states; see PolicyStore."""
        row = company_table.c.tenant == tenant, company_table.c.company == company
        async with self._database.transaction(tenant) as connection:
            await raise_config_version(connection, tenant=tenant)
            await ensure_companies(connection, {company}, tenant=tenant)
            locked = sa.select(company_table.c.policy_version).where(*row).with_for_update()
            version = (await connection.execute(locked)).scalar_one()
            precondition.check(version=str(version), exists=version > 0)
            await _require_time_zone(connection, policy.time_zone)
            changed = (
                sa.update(company_table)
                .where(*row)
                .values(
                    policy={"preset": preset, "overrides": dict(overrides)},
                    policy_version=version + 1,
                    grouping=policy.grouping,
                    time_zone=policy.time_zone,
                    currency=policy.currency,
                    updated_at=sa.func.now(),
                    updated_by=by,
                )
                .returning(company_table)
            )
            return _policy((await connection.execute(changed)).mappings().one())


async def _require_time_zone(connection: AsyncConnection, zone: str) -> None:
    try:
        await connection.execute(_TODAY, {"zone": zone})
    except sa.exc.DBAPIError as failure:
        if sqlstate(failure) == _INVALID_PARAMETER_VALUE:
            raise UnknownTimeZone from None
        raise


def _policy(row: Mapping[Any, Any]) -> StoredPolicy:
    return StoredPolicy(
        preset=row["policy"]["preset"],
        overrides=row["policy"]["overrides"],
        version=row["policy_version"],
        updated_by=row["updated_by"],
        updated_at=row["updated_at"],
    )
