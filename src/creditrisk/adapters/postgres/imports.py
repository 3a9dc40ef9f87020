"""The journal of imports in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import insert

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.tables import import_error, import_job
from creditrisk.application.import_journal import Counts, ImportFilter, ImportJob, JobStatus, LineError
from creditrisk.application.keys import Principal

_NOT_STORABLE: Final = "\x00"
_STAND_IN: Final = "\ufffd"


class PostgresImportJournal:
    """The ImportJournal over one database; every call is a transaction of its own, whatever it runs in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, import_id: UUID, *, kind: str, company: str | None, principal: Principal) -> None:
        """Write down that an import runs."""
        job = sa.insert(import_job).values(
            tenant=principal.tenant, id=import_id, kind=kind, company=company, created_by=principal.key_id
        )
        async with self._database.separate(principal.tenant) as connection:
            await connection.execute(job)

    async def record(
        self,
        import_id: UUID,
        *,
        tenant: str,
        counts: Counts,
        errors: Sequence[LineError],
        status: JobStatus,
    ) -> None:
        """Replace the counts and the status, and add complaints; the same complaint twice is one."""
        job = (
            sa.update(import_job)
            .where(import_job.c.tenant == tenant, import_job.c.id == import_id)
            .values(
                status=status.value,
                **asdict(counts),
                finished_at=None if status is JobStatus.RUNNING else sa.func.clock_timestamp(),
            )
        )
        async with self._database.separate(tenant) as connection:
            await connection.execute(job)
            if errors:
                rows = [_row(error, tenant=tenant, import_id=import_id) for error in errors]
                await connection.execute(insert(import_error).on_conflict_do_nothing(), rows)

    async def find(self, import_id: UUID, *, tenant: str) -> ImportJob | None:
        """Return an import, None where this tenant has none of that id."""
        wanted = sa.select(import_job).where(import_job.c.tenant == tenant, import_job.c.id == import_id)
        async with self._database.separate(tenant) as connection:
            row = (await connection.execute(wanted)).mappings().one_or_none()
        return None if row is None else _job(row)

    async def list(
        self, wanted: ImportFilter, *, tenant: str, before: UUID | None, limit: int
    ) -> Sequence[ImportJob]:
        """List imports, the last begun first; ids are in order of time."""
        query = (
            sa.select(import_job)
            .where(import_job.c.tenant == tenant)
            .order_by(import_job.c.id.desc())
            .limit(limit)
        )
        if wanted.companies is not None:
            reached = import_job.c.company == sa.any_(sa.literal(sorted(wanted.companies), pg.ARRAY(sa.Text)))
            query = query.where(reached | (import_job.c.created_by == wanted.own))
        for column, value in (
            (import_job.c.company, wanted.company),
            (import_job.c.kind, wanted.kind),
            (import_job.c.status, wanted.status),
        ):
            if value is not None:
                query = query.where(column == str(value))
        if before is not None:
            query = query.where(import_job.c.id < before)
        async with self._database.separate(tenant) as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_job(row) for row in rows]

    async def errors(
        self, import_id: UUID, *, tenant: str, after: tuple[int, str, str] | None, limit: int
    ) -> Sequence[LineError]:
        """List complaints by (line, pointer, code), beginning behind ``after``."""
        key = (import_error.c.line, import_error.c.pointer, import_error.c.code)
        wanted = (
            sa.select(*key, import_error.c.detail)
            .where(import_error.c.tenant == tenant, import_error.c.import_id == import_id)
            .order_by(*key)
            .limit(limit)
        )
        if after is not None:
            wanted = wanted.where(sa.tuple_(*key) > sa.tuple_(*(sa.literal(part) for part in after)))
        async with self._database.separate(tenant) as connection:
            rows = (await connection.execute(wanted)).all()
        return [LineError(*row) for row in rows]


def _job(row: sa.RowMapping) -> ImportJob:
    return ImportJob(
        id=row["id"],
        kind=row["kind"],
        company=row["company"],
        status=JobStatus(row["status"]),
        counts=Counts(**{field.name: row[field.name] for field in fields(Counts)}),
        created_by=row["created_by"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )


def _row(error: LineError, *, tenant: str, import_id: UUID) -> dict[str, Any]:
    # A pointer may hold a name of the stream's own making, so also what PostgreSQL cannot keep in a text.
    pointer = error.pointer.replace(_NOT_STORABLE, _STAND_IN)
    return {**error._asdict(), "pointer": pointer, "tenant": tenant, "import_id": import_id}
