"""Temporary limits in PostgreSQL: entries whose changes are kept, and may need a journal."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.entries import (
    ENTRY_FIELDS,
    PostgresEntryStore,
    add_entry,
    entry_key,
    equal_to,
)
from creditrisk.adapters.postgres.limit_changes import CompanyPolicies, record_limit_changes
from creditrisk.adapters.postgres.tables import temporary_limit
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import Entry, Owner, OwnerKind
from creditrisk.application.errors import FieldError, NotFound
from creditrisk.application.limit_changes import LimitChange, LimitKind, Origin, refuse_direct_change

_ADD_ADJUSTED: Final = sa.text(
    """
    INSERT INTO temporary_limit (tenant, company, owner_kind, owner, no, content, created_by)
    SELECT :tenant, b.company, b.owner_kind, b.owner, next_entry_1(
        :tenant, b.company, 'temporary_limit', b.owner_kind, b.owner, (
            SELECT max(t.no) FROM temporary_limit t
            WHERE t.tenant = :tenant AND t.company = b.company AND t.owner_kind = b.owner_kind
                AND t.owner = b.owner)), b.content, :author
    FROM jsonb_to_recordset(CAST(:batch AS jsonb)) AS b (
        company text, owner_kind text, owner text, content jsonb)
    RETURNING owner_kind, owner, no
    """
)


class PostgresTemporaryLimitStore(PostgresEntryStore):
    """The EntryStore of temporary limits: their history is kept, and the policy may forbid direct changes."""

    def __init__(self, database: Database, policies: CompanyPolicies) -> None:
        super().__init__(database, temporary_limit)
        self._policies = policies

    async def add(
        self, owner: Owner, content: Mapping[str, Any], *, tenant: str, company: str, by: str
    ) -> Entry:
        """Add a temporary limit; see EntryStore."""
        key = entry_key(temporary_limit, owner, tenant=tenant) | {"company": company}
        values = {"content": dict(content), "created_by": by}
        async with self._database.transaction(tenant) as connection:
            row = await add_entry(connection, temporary_limit, owner, key, values)
            await self._note(connection, owner, row, origin=Origin(by=by), tenant=tenant)
        return Entry(**{name: row[name] for name in ENTRY_FIELDS})

    async def delete(self, owner: Owner, no: int, *, tenant: str, company: str, by: str) -> None:
        """Delete a temporary limit; see EntryStore."""
        key = entry_key(temporary_limit, owner, tenant=tenant) | {"company": company, "no": no}
        gone = sa.delete(temporary_limit).where(*equal_to(temporary_limit, key)).returning(temporary_limit)
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
