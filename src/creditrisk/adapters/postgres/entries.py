"""Numbered entries of an owner in PostgreSQL: temporary limits, covers and manual blocks, one table each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.limit_changes import CompanyPolicies, record_limit_changes
from creditrisk.adapters.postgres.parties import ensure_companies, require_owner
from creditrisk.adapters.postgres.tables import cover, manual_block, temporary_limit
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import Entry, Owner, OwnerKind
from creditrisk.application.errors import FieldError, NotFound
from creditrisk.application.limit_changes import LimitChange, LimitKind, Origin, refuse_direct_change
from creditrisk.application.manual_blocks import Amendment, ManualBlock

_ENTRY: Final = ("company", "no", "content", "created_by", "created_at")
_BLOCK: Final = (*_ENTRY, "lifted_by", "lifted_at")

_ADD_ADJUSTED: Final = sa.text(
    """
    INSERT INTO temporary_limit (tenant, company, owner_kind, owner, no, content, created_by)
    SELECT :tenant, b.company, b.owner_kind, b.owner, coalesce((
        SELECT max(t.no) FROM temporary_limit t
        WHERE t.tenant = :tenant AND t.company = b.company AND t.owner_kind = b.owner_kind
            AND t.owner = b.owner), 0) + 1, b.content, :author
    FROM jsonb_to_recordset(CAST(:batch AS jsonb)) AS b (
        company text, owner_kind text, owner text, content jsonb)
    RETURNING owner_kind, owner, no
    """
)


class PostgresEntryStore:
    """The EntryStore over one table."""

    def __init__(self, database: Database, table: sa.Table) -> None:
        self._database = database
        self._table = table

    async def add(
        self, owner: Owner, content: Mapping[str, Any], *, tenant: str, company: str, by: str
    ) -> Entry:
        """Add an entry; see EntryStore."""
        async with self._database.transaction(tenant) as connection:
            key = _key_of(self._table, owner, tenant=tenant) | {"company": company}
            row = await _add(
                connection, self._table, owner, key, {"content": dict(content), "created_by": by}
            )
        return Entry(**{name: row[name] for name in _ENTRY})

    async def list(
        self,
        owner: Owner,
        *,
        tenant: str,
        companies: frozenset[str] | None,
        after: tuple[str, int] | None,
        limit: int,
    ) -> Sequence[Entry]:
        """List entries; see EntryStore."""
        key = _key_of(self._table, owner, tenant=tenant)
        query = _page(self._table, key, companies=companies, after=after, limit=limit)
        async with self._database.transaction(tenant) as connection:
            await require_owner(connection, owner, tenant=tenant)
            rows = (await connection.execute(query)).mappings().all()
        return [Entry(**{name: row[name] for name in _ENTRY}) for row in rows]

    async def delete(self, owner: Owner, no: int, *, tenant: str, company: str, by: str) -> None:  # noqa: ARG002 - the history of other entries is not kept
        """Delete an entry; see EntryStore."""
        key = _key_of(self._table, owner, tenant=tenant) | {"company": company, "no": no}
        async with self._database.transaction(tenant) as connection:
            deleted = await connection.execute(sa.delete(self._table).where(*_equal(self._table, key)))
        if not deleted.rowcount:
            raise NotFound("There is no such entry.")


class PostgresTemporaryLimitStore(PostgresEntryStore):
    """The EntryStore of temporary limits: their history is kept, and the policy may forbid direct changes."""

    def __init__(self, database: Database, policies: CompanyPolicies) -> None:
        super().__init__(database, temporary_limit)
        self._policies = policies

    async def add(
        self, owner: Owner, content: Mapping[str, Any], *, tenant: str, company: str, by: str
    ) -> Entry:
        """Add a temporary limit; see EntryStore."""
        key = _key_of(temporary_limit, owner, tenant=tenant) | {"company": company}
        values = {"content": dict(content), "created_by": by}
        async with self._database.transaction(tenant) as connection:
            row = await _add(connection, temporary_limit, owner, key, values)
            await self._note(connection, owner, row, origin=Origin(by=by), tenant=tenant)
        return Entry(**{name: row[name] for name in _ENTRY})

    async def delete(self, owner: Owner, no: int, *, tenant: str, company: str, by: str) -> None:
        """Delete a temporary limit; see EntryStore."""
        key = _key_of(temporary_limit, owner, tenant=tenant) | {"company": company, "no": no}
        gone = sa.delete(temporary_limit).where(*_equal(temporary_limit, key)).returning(temporary_limit)
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(gone)).mappings().one_or_none()
            if row is None:
                raise NotFound("There is no such entry.")
            await self._note(connection, owner, row, origin=Origin(by=by), tenant=tenant, gone=True)

    async def _note(
        self,
        connection: AsyncConnection,
        owner: Owner,
        row: sa.RowMapping,
        *,
        origin: Origin,
        tenant: str,
        gone: bool = False,
    ) -> None:
        """Refuse what only a journal may do, else keep it as history. A group's limit is of all companies."""
        companies = None if row["company"] == EVERY_COMPANY else {row["company"]}
        if await self._policies.binding(connection, companies, tenant=tenant, origin=origin):
            complaint = FieldError("", "only_by_adjustment", "changes only by a posted limit adjustment")
            refuse_direct_change([complaint])
        change = _change(owner, row["company"], row["no"], row["content"], gone=gone)
        await record_limit_changes(connection, [change], tenant=tenant, origin=origin)


class AdjustedTemporaryLimit(NamedTuple):
    """A temporary limit that a line of a journal gives an owner."""

    owner: Owner
    company: str
    content: Mapping[str, Any]
    line: int
    reason: str | None


async def add_adjusted(
    connection: AsyncConnection, limits: Sequence[AdjustedTemporaryLimit], *, tenant: str, origin: Origin
) -> None:
    """Add temporary limits of different owners, whom the caller holds, in the transaction of a journal."""
    rows = [
        {
            "company": each.company,
            "owner_kind": each.owner.kind,
            "owner": each.owner.id,
            "content": each.content,
        }
        for each in limits
    ]
    arguments = {"tenant": tenant, "author": origin.by, "batch": orjson.dumps(rows).decode()}
    numbers = {
        Owner(OwnerKind(row.owner_kind), row.owner): row.no
        for row in await connection.execute(_ADD_ADJUSTED, arguments)
    }
    changes = [
        _change(
            each.owner, each.company, numbers[each.owner], each.content, line=each.line, reason=each.reason
        )
        for each in limits
    ]
    await record_limit_changes(connection, changes, tenant=tenant, origin=origin)


def _change(
    owner: Owner,
    company: str,
    no: int,
    content: Mapping[str, Any],
    *,
    gone: bool = False,
    line: int | None = None,
    reason: str | None = None,
) -> LimitChange:
    return LimitChange(
        owner=owner,
        company=company,
        kind=LimitKind.TEMPORARY_LIMIT,
        no=no,
        before=content if gone else None,
        after=None if gone else content,
        line=line,
        reason=reason,
    )


class PostgresManualBlockStore:
    """The ManualBlockStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, customer: str, content: Mapping[str, Any], *, tenant: str, company: str, by: str
    ) -> ManualBlock:
        """Add a block; see ManualBlockStore."""
        owner = Owner(OwnerKind.CUSTOMER, customer)
        key = {"tenant": tenant, "company": company, "customer": customer}
        async with self._database.transaction(tenant) as connection:
            row = await _add(
                connection, manual_block, owner, key, {"content": dict(content), "created_by": by}
            )
        return ManualBlock(**{name: row[name] for name in _BLOCK})

    async def list(
        self,
        customer: str,
        *,
        tenant: str,
        companies: frozenset[str] | None,
        after: tuple[str, int] | None,
        limit: int,
    ) -> Sequence[ManualBlock]:
        """List blocks; see ManualBlockStore."""
        key = {"tenant": tenant, "customer": customer}
        query = _page(manual_block, key, companies=companies, after=after, limit=limit)
        async with self._database.transaction(tenant) as connection:
            await require_owner(connection, Owner(OwnerKind.CUSTOMER, customer), tenant=tenant)
            rows = (await connection.execute(query)).mappings().all()
        return [ManualBlock(**{name: row[name] for name in _BLOCK}) for row in rows]

    async def amend(
        self,
        customer: str,
        no: int,
        decide: Callable[[ManualBlock], Amendment],
        *,
        tenant: str,
        company: str,
        by: str,
    ) -> ManualBlock:
        """Change a block; see ManualBlockStore."""
        key = {"tenant": tenant, "company": company, "customer": customer, "no": no}
        wanted = sa.select(manual_block).where(*_equal(manual_block, key)).with_for_update()
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(wanted)).mappings().one_or_none()
            if row is None:
                raise NotFound("There is no such manual block.")
            amendment = decide(ManualBlock(**{name: row[name] for name in _BLOCK}))
            values: dict[str, Any] = {"content": dict(amendment.content)}
            if amendment.lift:
                values |= {"lifted_by": by, "lifted_at": sa.func.now()}
            written = await connection.execute(
                sa.update(manual_block)
                .where(*_equal(manual_block, key))
                .values(**values)
                .returning(manual_block)
            )
            changed = written.mappings().one()
        return ManualBlock(**{name: changed[name] for name in _BLOCK})


def covers(database: Database) -> PostgresEntryStore:
    """Keep the covers of customers."""
    return PostgresEntryStore(database, cover)


def _key_of(table: sa.Table, owner: Owner, *, tenant: str) -> dict[str, Any]:
    """The key of an owner's entries, as far as the owner determines it."""
    if table is temporary_limit:
        return {"tenant": tenant, "owner_kind": owner.kind.value, "owner": owner.id}
    return {"tenant": tenant, "customer": owner.id}


async def _add(
    connection: AsyncConnection, table: sa.Table, owner: Owner, key: dict[str, Any], values: dict[str, Any]
) -> sa.RowMapping:
    if key["company"] != EVERY_COMPANY:
        await ensure_companies(connection, {key["company"]}, tenant=key["tenant"])
    await require_owner(connection, owner, tenant=key["tenant"], alone=True)
    last = await connection.scalar(sa.select(sa.func.max(table.c.no)).where(*_equal(table, key)))
    statement = sa.insert(table).values(**key, **values, no=(last or 0) + 1).returning(table)
    row: sa.RowMapping = (await connection.execute(statement)).mappings().one()
    return row


def _page(
    table: sa.Table,
    key: dict[str, Any],
    *,
    companies: frozenset[str] | None,
    after: tuple[str, int] | None,
    limit: int,
) -> sa.Select[Any]:
    query = sa.select(table).where(*_equal(table, key)).order_by(table.c.company, table.c.no).limit(limit)
    if companies is not None:
        query = query.where(table.c.company.in_(sorted(companies)))
    if after is not None:
        query = query.where(sa.tuple_(table.c.company, table.c.no) > after)
    return query


def _equal(table: sa.Table, key: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in key.items()]
