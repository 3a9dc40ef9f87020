"""Reading back what a test has stored."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database
from creditrisk.application.papers import PaperStatement


async def rows(database: Database, tenant: str, query: str) -> list[tuple[Any, ...]]:
    async with database.transaction(tenant) as connection:
        return [tuple(row) for row in await connection.execute(sa.text(query))]


async def exposure(database: Database, tenant: str) -> dict[tuple[str, str], Decimal]:
    """Sum the buckets by customer and category."""
    query = "SELECT customer, category, sum(open_amount) FROM exposure_bucket GROUP BY 1, 2"
    return {
        (customer, category): amount for customer, category, amount in await rows(database, tenant, query)
    }


async def streamed(statements: Sequence[PaperStatement]) -> AsyncIterator[PaperStatement]:
    for statement in statements:
        yield statement


async def make_tenant(database: Database, name: str) -> None:
    async with database.transaction(name) as connection:
        await connection.execute(sa.text("INSERT INTO tenant (tenant) VALUES (:name)"), {"name": name})


async def stored_state(database: Database, tenant: str) -> list[Any]:
    # A paper that another one named for a moment leaves an empty row behind, which says nothing.
    papers = (
        "SELECT kind, number, customer, present, version, source, content, links, taken, posted_by FROM paper"
        " WHERE stated_at IS NOT NULL OR taken <> '{}' OR posted_by <> 0 ORDER BY 1, 2"
    )
    buckets = "SELECT * FROM exposure_bucket ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12"
    return [await rows(database, tenant, papers), [row[1:] for row in await rows(database, tenant, buckets)]]
