"""Writing stored evaluations of accounts."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import driver_connection
from creditrisk.application.calculations import Calculation

# COPY is not to be had where row-level security applies.
_INSERT: Final = """
insert into calculation (tenant, batch, id, company, customer, as_of, evaluated_at, content)
select $1, $2, c.id, c.company, c.customer, c.as_of, c.evaluated_at, c.content::jsonb
from unnest($3::uuid[], $4::text[], $5::text[], $6::date[], $7::timestamptz[], $8::text[])
    as c (id, company, customer, as_of, evaluated_at, content)
"""


async def insert_calculations(
    connection: AsyncConnection, calculations: Sequence[Calculation], *, tenant: str, batch: UUID
) -> None:
    """Insert calculations of one run in the connection's transaction."""
    columns = zip(*calculations, strict=True)
    await (await driver_connection(connection)).execute(_INSERT, tenant, batch, *columns)
