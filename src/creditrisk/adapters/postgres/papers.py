"""Papers in PostgreSQL. The rules of writing are in the database, in the function write_papers_1."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.bearers import SCOPE
from creditrisk.adapters.postgres.driver import BROKEN, driver_connection
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.line_status import taken_of
from creditrisk.adapters.postgres.tables import paper
from creditrisk.application.errors import Unavailable
from creditrisk.application.papers import (
    Account,
    ConflictingStatements,
    CountedPaper,
    PaperStatement,
    PaperStatus,
    StoredPaper,
)

_Result = TypeVar("_Result")

_ATTEMPTS: Final = 5
_RETRIED: Final = frozenset({"40P01", "40001"})  # deadlock, serialization failure
_CONFLICTS_SHOWN: Final = 1_000
ROWS_IN_ONE_COPY: Final = 1_000
CHARACTERS_IN_ONE_COPY: Final = 4_194_304

_WRITE: Final = sa.text("SELECT status FROM write_papers_1(CAST(:batch AS jsonb)) ORDER BY line")
WITHOUT_TIME_LIMIT: Final = sa.text("SET LOCAL statement_timeout = 0")  # it takes as long as it is long
_STAGE: Final = sa.text(
    """
    CREATE TEMPORARY TABLE staged_paper (
        line integer, company text COLLATE "C", kind text COLLATE "C", number text COLLATE "C",
        customer text COLLATE "C", deleted boolean, version bigint, source text COLLATE "C", content jsonb
    ) ON COMMIT DROP
    """
)
_WRITE_STAGED: Final = sa.text("SELECT write_staged_papers_1()")
_STAGED_COUNTS: Final = sa.text("SELECT status, count(*) AS papers FROM staged_result GROUP BY status")
_STAGED_CONFLICTS: Final = sa.text(
    "SELECT line FROM staged_result WHERE status = 'conflict' ORDER BY line LIMIT :shown"
)
_STAGED_COLUMNS: Final = (
    "line", "company", "kind", "number", "customer", "deleted", "version", "source", "content",
)  # fmt: skip

_COUNTED: Final = sa.text(
    f"""
    WITH asked AS (
        SELECT company, customer FROM unnest(CAST(:companies AS text[]), CAST(:customers AS text[]))
            AS asked (company, customer)
    ), {SCOPE}
    SELECT p.company, p.kind, p.number, s.customer, (p.line).category AS category,
        (p.line).type AS type, (p.line).status AS status, (p.line).flags AS flags,
        (p.line).currency AS currency,
        CASE WHEN isfinite((p.line).due_on) THEN (p.line).due_on END AS due_on,
        iso_date(p.content ->> 'due_date') AS due_date,
        CASE WHEN isfinite((p.line).since) THEN (p.line).since END AS since,
        (p.line).open_amount AS open_amount, (p.line).total_amount AS total_amount,
        EXISTS (
            SELECT FROM hold AS h
            WHERE h.tenant = :tenant AND h.company = p.company AND h.kind = p.kind AND h.number = p.number
                AND h.status = 'open') AS held
    FROM paper AS p
    JOIN scope AS s
        ON s.company = p.company AND s.written_for = (p.line).customer AND s.billed = (p.line).billed
    WHERE p.tenant = :tenant AND (p.line).category IS NOT NULL
        AND (p.company, p.kind, p.number) > (:after_company, :after_kind, :after_number)
    ORDER BY p.company, p.kind, p.number
    LIMIT :limit
    """  # noqa: S608 - made of constants
)


class PostgresPaperStore:
    """The PaperStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, statements: Sequence[PaperStatement], *, tenant: str) -> Sequence[PaperStatus]:
        """Apply statements in one transaction; see PaperStore."""

        async def attempt() -> Sequence[PaperStatus]:
            async with self._database.transaction(tenant) as connection:
                return await write_papers(connection, statements)

        return await retried(attempt)

    async def write_staged(
        self, statements: AsyncIterator[PaperStatement], *, tenant: str
    ) -> Mapping[PaperStatus, int]:
        """Apply any number of statements, all or nothing; see PaperStore.

        The statements can be read only once, so a deadlock is not retried here: it ends in Unavailable.
        """
        with lost_to_another_write():
            async with self._database.transaction(tenant) as connection:
                await stage_papers(connection, statements)
                return await write_staged_papers(connection)

    async def read(self, *, tenant: str, company: str, kind: str, number: str) -> StoredPaper | None:
        """Return a paper; see PaperStore."""
        wanted = sa.select(
            paper.c.company,
            paper.c.kind,
            paper.c.number,
            paper.c.customer,
            paper.c.content,
            paper.c.version,
            paper.c.source,
            paper.c.stated_at,
        ).where(
            paper.c.tenant == tenant,
            paper.c.company == company,
            paper.c.kind == kind,
            paper.c.number == number,
            paper.c.present,
        )
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(wanted)).mappings().one_or_none()
        return None if row is None else StoredPaper(**row)

    async def counted(
        self, accounts: Sequence[Account], *, tenant: str, after: tuple[str, str, str] | None, limit: int
    ) -> Sequence[CountedPaper]:
        """List the open papers of accounts; see PaperStore."""
        company, kind, number = after or ("", "", "")
        arguments = {
            "tenant": tenant,
            "companies": [account.company for account in accounts],
            "customers": [account.customer for account in accounts],
            "after_company": company,
            "after_kind": kind,
            "after_number": number,
            "limit": limit,
        }
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(_COUNTED, arguments)).mappings().all()
        return [
            CountedPaper(**{**row, "status": "" if taken else row["status"]}, taken=taken)
            for row in rows
            for taken in (taken_of(row["status"]),)
        ]


async def write_papers(
    connection: AsyncConnection, statements: Sequence[PaperStatement]
) -> Sequence[PaperStatus]:
    """Apply statements within a transaction that has more to do; the caller wraps the whole in `retried`."""
    batch = orjson.dumps([_row(statement) for statement in statements]).decode()
    return [PaperStatus(status) for status in (await connection.execute(_WRITE, {"batch": batch})).scalars()]


async def stage_papers(connection: AsyncConnection, statements: AsyncIterator[PaperStatement]) -> None:
    """Copy statements into the temporary table staged_paper of this transaction, numbered from 1."""
    await connection.execute(WITHOUT_TIME_LIMIT)
    await connection.execute(_STAGE)
    rows: list[tuple[Any, ...]] = []
    line = size = 0
    async for statement in statements:
        line += 1
        content = None if statement.content is None else orjson.dumps(statement.content).decode()
        rows.append(
            (
                line, statement.company, statement.kind, statement.number, statement.customer,
                statement.deleted, statement.version, statement.source, content,
            )
        )  # fmt: skip
        size += 0 if content is None else len(content)
        if len(rows) >= ROWS_IN_ONE_COPY or size >= CHARACTERS_IN_ONE_COPY:
            await copy_records(connection, "staged_paper", rows, _STAGED_COLUMNS)
            rows, size = [], 0
    await copy_records(connection, "staged_paper", rows, _STAGED_COLUMNS)


async def copy_records(
    connection: AsyncConnection, table: str, rows: Sequence[tuple[Any, ...]], columns: Sequence[str]
) -> None:
    """Copy rows into a table within this transaction.

    Raises:
        Unavailable: the connection broke.
    """
    raw = await driver_connection(connection)
    try:
        await raw.copy_records_to_table(table, records=rows, columns=columns)
    except BaseException as failure:
        # SQLAlchemy has not seen it, and would roll back over a connection that is gone or still busy.
        await connection.invalidate()
        if isinstance(failure, BROKEN):
            raise Unavailable("the connection to the database broke") from failure
        raise


async def write_staged_papers(connection: AsyncConnection) -> Mapping[PaperStatus, int]:
    """Apply what is in staged_paper and count what it did.

    Raises:
        ConflictingStatements: the transaction must not be committed.
    """
    await connection.execute(_WRITE_STAGED)
    counts = {PaperStatus(row.status): row.papers for row in await connection.execute(_STAGED_COUNTS)}
    if PaperStatus.CONFLICT in counts:
        shown = await connection.execute(_STAGED_CONFLICTS, {"shown": _CONFLICTS_SHOWN})
        raise ConflictingStatements(shown.scalars().all())
    return counts


async def retried(attempt: Callable[[], Awaitable[_Result]]) -> _Result:
    """Run a whole transaction again when it lost against another writer, a few times.

    Raises:
        Unavailable: it lost every time.
    """
    for past in range(_ATTEMPTS):
        try:
            return await attempt()
        except (sa.exc.DBAPIError, asyncpg.PostgresError) as failure:
            if sqlstate(failure) not in _RETRIED:
                raise
            # Of writers in a deadlock only one is thrown out; this lets the others finish.
            await asyncio.sleep(0.01 * 2**past)
    raise Unavailable("other writes were in the way again and again")


@contextlib.contextmanager
def lost_to_another_write() -> Iterator[None]:
    """Say of a transaction that cannot be run again that it lost against another writer.

    Raises:
        Unavailable: it did.
    """
    try:
        yield
    except (sa.exc.DBAPIError, asyncpg.PostgresError) as failure:
        if sqlstate(failure) in _RETRIED:
            raise Unavailable("another write was in the way; send it again") from failure
        raise


def sqlstate(failure: sa.exc.DBAPIError | asyncpg.PostgresError) -> str | None:
    """Return PostgreSQL's five-character code of what failed."""
    origin = failure.orig if isinstance(failure, sa.exc.DBAPIError) else failure
    return getattr(origin, "sqlstate", None)


def _row(statement: PaperStatement) -> dict[str, Any]:
    return {
        "company": statement.company,
        "kind": statement.kind,
        "number": statement.number,
        "customer": statement.customer,
        "deleted": statement.deleted,
        "version": statement.version,
        "source": statement.source,
        "content": statement.content,
    }
