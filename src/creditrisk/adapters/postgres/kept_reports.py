"""Kept reports in PostgreSQL: a heading, and the rows in pages."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.report_tables import exposure_report, exposure_report_page
from creditrisk.application.batches import batches
from creditrisk.application.exposure_report import COLUMNS, Row
from creditrisk.application.kept_reports import Heading, KeptReport, no_such_report

PAGE: Final = 500
"""Rows written and read at a time. A page is compressed as a whole; its rows say much the same."""


class PostgresReportStore:
    """The ReportStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, heading: Heading, rows: AsyncIterator[Row], *, tenant: str) -> KeptReport:
        """Keep a report with all its rows; see ReportStore."""
        values = {
            "tenant": tenant,
            "id": heading.id,
            "companies": None if heading.companies is None else sorted(heading.companies),
            "as_of": heading.as_of,
            "asked": dict(heading.asked),
            "created_by": heading.created_by,
        }
        async with self._database.together(tenant) as connection:
            await connection.execute(sa.insert(exposure_report).values(values))
            count = no = 0
            async for page in batches(rows, size=PAGE):
                place = {"tenant": tenant, "report": heading.id, "no": no}
                await connection.execute(sa.insert(exposure_report_page).values(**place, rows=page))
                count, no = count + len(page), no + 1
            counted = (
                sa.update(exposure_report)
                .where(exposure_report.c.tenant == tenant, exposure_report.c.id == heading.id)
                .values(rows=count)
                .returning(exposure_report.c.created_at)
            )
            created_at = (await connection.execute(counted)).scalar_one()
        return KeptReport(heading=heading, rows=count, created_at=created_at)

    async def find(
        self, report: UUID | None, *, tenant: str, companies: frozenset[str] | None
    ) -> KeptReport | None:
        """Find a report; see ReportStore."""
        query = sa.select(exposure_report).where(*_reached(tenant, companies))
        if report is None:
            query = query.order_by(exposure_report.c.id.desc()).limit(1)
        else:
            query = query.where(exposure_report.c.id == report)
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _report(row)

    async def list(
        self, *, tenant: str, companies: frozenset[str] | None, after: UUID | None, limit: int
    ) -> Sequence[KeptReport]:
        """List reports; see ReportStore."""
        query = (
            sa.select(exposure_report)
            .where(*_reached(tenant, companies))
            .order_by(exposure_report.c.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(exposure_report.c.id > after)
        async with self._database.transaction(tenant) as connection:
            return [_report(row) for row in await connection.execute(query)]

    async def rows(self, report: KeptReport, *, tenant: str) -> AsyncIterator[Row]:
        """Read the rows again; see ReportStore."""
        table = exposure_report_page.c
        place = (table.tenant == tenant, table.report == report.heading.id)
        for no in range(-(-report.rows // PAGE)):
            # Each page is a transaction of its own: a slow reader keeps no connection.
            async with self._database.transaction(tenant) as connection:
                page = await connection.scalar(sa.select(table.rows).where(*place, table.no == no))
            if page is None:
                raise no_such_report()
            for row in page:
                yield {name: row.get(name) for name in COLUMNS}

    async def delete(self, report: UUID, *, tenant: str, companies: frozenset[str] | None) -> bool:
        """Delete a report; see ReportStore."""
        query = sa.delete(exposure_report).where(*_reached(tenant, companies), exposure_report.c.id == report)
        async with self._database.transaction(tenant) as connection:
            return (await connection.execute(query)).rowcount > 0


def _reached(tenant: str, companies: frozenset[str] | None) -> Sequence[sa.ColumnElement[bool]]:
    """What a report must be like to be there for a caller who reaches these companies."""
    own = exposure_report.c.tenant == tenant
    if companies is None:
        return (own,)
    return own, exposure_report.c.companies.contained_by(sa.literal(sorted(companies), pg.ARRAY(sa.Text)))


def _report(row: sa.Row[Any]) -> KeptReport:
    heading = Heading(
        id=row.id,
        companies=None if row.companies is None else frozenset(row.companies),
        as_of=row.as_of,
        asked=row.asked,
        created_by=row.created_by,
    )
    return KeptReport(heading=heading, rows=row.rows, created_at=row.created_at)
