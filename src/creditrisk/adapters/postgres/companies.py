"""Companies in PostgreSQL."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.tables import company
from creditrisk.application.companies import Company


class PostgresCompanyStore:
    """The CompanyStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self, *, tenant: str, only: frozenset[str] | None, after: str | None, limit: int
    ) -> Sequence[Company]:
        """List companies by name; see CompanyStore."""
        preset = company.c.policy["preset"].astext.label("preset")
        query = (
            sa.select(company.c.company, preset, company.c.policy_version)
            .where(company.c.tenant == tenant)
            .order_by(company.c.company)
            .limit(limit)
        )
        if only is not None:
            names = sa.literal(sorted(only), pg.ARRAY(sa.Text(collation="C")))
            query = query.where(company.c.company == sa.any_(names))
        if after is not None:
            query = query.where(company.c.company > after)
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(query)).all()
        return [Company(company=row.company, preset=row.preset, version=row.policy_version) for row in rows]
