"""Exchange rates in PostgreSQL."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from creditrisk.adapters.postgres.configuration import raise_config_version
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.parties import ensure_companies
from creditrisk.adapters.postgres.tables import rate as rate_table
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.rates import RateFilter, RatePosition, StoredRate
from creditrisk.domain.rates import Rate

_PUT: Final = sa.text(
    """
    INSERT INTO rate AS r (tenant, company, type, source_currency, target_currency, valid_from, rate)
    SELECT :tenant, :company, stated.*
    FROM unnest(CAST(:types AS text[]), CAST(:sources AS text[]), CAST(:targets AS text[]),
        CAST(:days AS date[]), CAST(:rates AS numeric[])) AS stated
    ON CONFLICT (tenant, company, type, source_currency, target_currency, valid_from)
    DO UPDATE SET rate = excluded.rate WHERE r.rate <> excluded.rate
    """
)

_ORDER: Final = (
    rate_table.c.type,
    rate_table.c.source_currency,
    rate_table.c.target_currency,
    rate_table.c.valid_from,
    rate_table.c.company,
)


class PostgresRateStore:
    """The RateStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, rates: Sequence[Rate], *, tenant: str, company: str) -> None:
        """Store rates, all or none; see RateStore."""
        arguments = {
            "tenant": tenant,
            "company": company,
            "types": [rate.type for rate in rates],
            "sources": [rate.source for rate in rates],
            "targets": [rate.target for rate in rates],
            "days": [rate.day for rate in rates],
            "rates": [rate.rate for rate in rates],
        }
        async with self._database.transaction(tenant) as connection:
            await raise_config_version(connection, tenant=tenant)
            if company != EVERY_COMPANY:
                await ensure_companies(connection, {company}, tenant=tenant)
            await connection.execute(_PUT, arguments)

    async def list(
        self, wanted: RateFilter, *, tenant: str, after: RatePosition | None, limit: int
    ) -> Sequence[StoredRate]:
        """List rates in the order of RatePosition; see RateStore."""
        query = sa.select(rate_table).where(rate_table.c.tenant == tenant).order_by(*_ORDER).limit(limit)
        if wanted.companies is not None:
            companies = sa.literal(sorted(wanted.companies), pg.ARRAY(sa.Text(collation="C")))
            query = query.where(rate_table.c.company == sa.any_(companies))
        if wanted.source is not None:
            query = query.where(rate_table.c.source_currency == wanted.source)
        if wanted.target is not None:
            query = query.where(rate_table.c.target_currency == wanted.target)
        if wanted.type is not None:
            query = query.where(rate_table.c.type == wanted.type)
        if wanted.day is not None:
            query = query.where(rate_table.c.valid_from == wanted.day)
        if after is not None:
            query = query.where(sa.tuple_(*_ORDER) > sa.tuple_(*after))
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(query)).all()
        return [
            StoredRate(
                row.company,
                Rate(row.source_currency, row.target_currency, row.valid_from, row.rate, row.type),
            )
            for row in rows
        ]
