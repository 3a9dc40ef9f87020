"""Numbered entries of an owner in PostgreSQL: temporary limits, covers and manual blocks, one table each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.limit_changes import record_limit_changes
from creditrisk.adapters.postgres.parties import ensure_companies, require_owner
from creditrisk.adapters.postgres.tables import cover, manual_block, temporary_limit
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import Entry, Owner, OwnerKind
from creditrisk.application.errors import NotFound
from creditrisk.application.limit_changes import LimitChange, LimitKind, Origin
from creditrisk.application.manual_blocks import Amendment, ManualBlock

ENTRY_FIELDS: Final = ("company", "no", "content", "created_by", "created_at")
_BLOCK: Final = (*ENTRY_FIELDS, "lifted_by", "lifted_at", "ended_by", "ended_at")


class PostgresEntryStore:
    """The EntryStore over one table, whose changes are kept as history."""

    def __init__(self, database: Database, table: sa.Table, kind: LimitKind) -> None:
        self._database = database
        self._table = table
        self._kind = kind

    async def add(
        self, owner: Owner, content: Mapping[str, Any], *, tenant: str, company: str, by: str
    ) -> Entry:
        """Add an entry; see EntryStore."""
        async with self._database.transaction(tenant) as connection:
            key = entry_key(self._table, owner, tenant=tenant) | {"company": company}
            row = await add_entry(
                connection, self._table, owner, key, {"content": dict(content), "created_by": by}
            )
            await self._note(connection, owner, row, by=by, tenant=tenant)
        return Entry(**{name: row[name] for name in ENTRY_FIELDS})

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
        key = entry_key(self._table, owner, tenant=tenant)
        query = _page(self._table, key, companies=companies, after=after, limit=limit)
        async with self._database.transaction(tenant) as connection:
            await require_owner(connection, owner, tenant=tenant)
            rows = (await connection.execute(query)).mappings().all()
        return [Entry(**{name: row[name] for name in ENTRY_FIELDS}) for row in rows]

    async def delete(self, owner: Owner, no: int, *, tenant: str, company: str, by: str) -> None:
        """Delete an entry; see EntryStore."""
        key = entry_key(self._table, owner, tenant=tenant) | {"company": company, "no": no}
        gone = sa.delete(self._table).where(*equal_to(self._table, key)).returning(self._table)
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(gone)).mappings().one_or_none()
            if row is None:
                raise NotFound("There is no such entry.")
            await self._note(connection, owner, row, by=by, tenant=tenant, gone=True)

    async def _note(
        self,
        connection: AsyncConnection,
        owner: Owner,
        row: sa.RowMapping,
        *,
        by: str,
        tenant: str,
        gone: bool = False,
    ) -> None:
        """Keep as history that an entry was added, or is gone."""
        change = LimitChange(
            owner=owner,
            company=row["company"],
            kind=self._kind,
            no=row["no"],
            before=row["content"] if gone else None,
            after=None if gone else row["content"],
        )
        await record_limit_changes(connection, [change], tenant=tenant, origin=Origin(by=by))


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
            row = await add_entry(
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
        wanted = sa.select(manual_block).where(*equal_to(manual_block, key)).with_for_update()
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(wanted)).mappings().one_or_none()
            if row is None:
                raise NotFound("There is no such manual block.")
            amendment = decide(ManualBlock(**{name: row[name] for name in _BLOCK}))
            values: dict[str, Any] = {"content": dict(amendment.content)}
            if amendment.lift:
                values |= {"lifted_by": by, "lifted_at": sa.func.now()}
            if amendment.ends is not None:
                values |= {
                    "ended_by": by if amendment.ends else None,
                    "ended_at": sa.func.now() if amendment.ends else None,
                }
            written = await connection.execute(
                sa.update(manual_block)
                .where(*equal_to(manual_block, key))
                .values(**values)
                .returning(manual_block)
            )
            changed = written.mappings().one()
        return ManualBlock(**{name: changed[name] for name in _BLOCK})


def covers(database: Database) -> PostgresEntryStore:
    """Keep the covers of customers."""
    return PostgresEntryStore(database, cover, LimitKind.COVER)


def entry_key(table: sa.Table, owner: Owner, *, tenant: str) -> dict[str, Any]:
    """The key of an owner's entries, as far as the owner determines it."""
    if table is temporary_limit:
        return {"tenant": tenant, "owner_kind": owner.kind.value, "owner": owner.id}
    return {"tenant": tenant, "customer": owner.id}


async def add_entry(
    connection: AsyncConnection, table: sa.Table, owner: Owner, key: dict[str, Any], values: dict[str, Any]
) -> sa.RowMapping:
    """Add an entry under the owner's next number, which none had before; the owner is held until the end.

    Raises:
        NotFound: there is no such owner.
    """
    if key["company"] != EVERY_COMPANY:
        await ensure_companies(connection, {key["company"]}, tenant=key["tenant"])
    await require_owner(connection, owner, tenant=key["tenant"], alone=True)
    highest = sa.select(sa.func.max(table.c.no)).where(*equal_to(table, key)).scalar_subquery()
    number = sa.func.next_entry_1(
        key["tenant"], key["company"], table.name, owner.kind.value, owner.id, highest
    )
    statement = sa.insert(table).values(**key, **values, no=number).returning(table)
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
    query = sa.select(table).where(*equal_to(table, key)).order_by(table.c.company, table.c.no).limit(limit)
    if companies is not None:
        query = query.where(table.c.company.in_(sorted(companies)))
    if after is not None:
        query = query.where(sa.tuple_(table.c.company, table.c.no) > after)
    return query


def equal_to(table: sa.Table, key: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Conditions that a row has this key, or this part of one."""
    return [table.c[name] == value for name, value in key.items()]
