"""Stored calculations in PostgreSQL."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.driver import driver_connection, silence_is_unavailable
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.parties import require_owner
from creditrisk.adapters.postgres.tables import calculation as stored
from creditrisk.application.behaviour import Utilisation
from creditrisk.application.calculations import StoredCalculation
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.papers import Account

# COPY is not to be had where row-level security applies.
_INSERT: Final = """
insert into calculation (tenant, batch, id, company, customer, as_of, evaluated_at, content)
select $1, $2, c.id, c.company, c.customer, c.as_of, c.evaluated_at, c.content::jsonb
from unnest($3::uuid[], $4::text[], $5::text[], $6::date[], $7::timestamptz[], $8::text[])
    as c (id, company, customer, as_of, evaluated_at, content)
"""


class CalculationRow(NamedTuple):
    """A calculation of a run as the table takes it, made ready by the process that evaluated the account."""

    id: UUID
    """UUIDv7, as in `StoredCalculation`."""
    company: str
    customer: str
    as_of: date
    evaluated_at: datetime
    content: str
    """The exposure as shown, as JSON."""


async def insert_calculations(
    connection: AsyncConnection, rows: Sequence[CalculationRow], *, tenant: str, batch: UUID
) -> None:
    """Insert calculations of one run in the connection's transaction.

    Raises:
        Unavailable: the connection broke.
    """
    columns = zip(*rows, strict=True)
    with silence_is_unavailable():
        await (await driver_connection(connection)).execute(_INSERT, tenant, batch, *columns)


class PostgresCalculationStore:
    """The CalculationStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, calculation: StoredCalculation, *, tenant: str) -> None:
        """Keep a calculation; see CalculationStore."""
        row = {
            "tenant": tenant,
            "id": calculation.id,
            **calculation.account._asdict(),
            "as_of": calculation.as_of,
            "evaluated_at": calculation.evaluated_at,
            "batch": calculation.batch,
            "content": calculation.content,
            "lines": calculation.lines,
            "created_by": calculation.created_by,
        }
        async with self._database.transaction(tenant) as connection:
            await connection.execute(sa.insert(stored).values(row))

    async def utilisation(self, account: Account, *, after: date, until: date, tenant: str) -> Utilisation:
        """The average use of a limit; see UtilisationReader."""
        share = sa.cast(stored.c.content["utilisation"].astext, sa.Numeric)
        newest = (
            sa.select(share.label("share"))
            .where(
                stored.c.tenant == tenant,
                stored.c.company == account.company,
                stored.c.customer == account.customer,
                stored.c.as_of > after,
                stored.c.as_of <= until,
            )
            .ext(pg.distinct_on(stored.c.as_of))
            .order_by(stored.c.as_of, stored.c.id.desc())
            .subquery()
        )
        query = sa.select(sa.func.count(newest.c.share), sa.func.avg(newest.c.share))
        async with self._database.transaction(tenant) as connection:
            days, average = (await connection.execute(query)).one()
        return Utilisation(days, average)

    async def list(
        self,
        customer: str,
        *,
        tenant: str,
        companies: frozenset[str] | None,
        after: UUID | None,
        limit: int,
        lines: bool,
    ) -> Sequence[StoredCalculation]:
        """List a customer's calculations; see CalculationStore."""
        columns = [column for column in stored.c if column.name not in {"tenant", "lines"}]
        query = (
            sa.select(*columns, stored.c.lines if lines else sa.null().label("lines"))
            .where(stored.c.tenant == tenant, stored.c.customer == customer)
            .order_by(stored.c.id)
            .limit(limit)
        )
        if companies is not None:
            query = query.where(stored.c.company == sa.any_(sa.literal(sorted(companies), pg.ARRAY(sa.Text))))
        if after is not None:
            query = query.where(stored.c.id > after)
        async with self._database.transaction(tenant) as connection:
            await require_owner(connection, Owner(OwnerKind.CUSTOMER, customer), tenant=tenant)
            rows = (await connection.execute(query)).mappings().all()
        return [_calculation(row) for row in rows]


def _calculation(row: sa.RowMapping) -> StoredCalculation:
    own = {name: value for name, value in row.items() if name not in {"company", "customer"}}
    return StoredCalculation(**own, account=Account(row["company"], row["customer"]))
