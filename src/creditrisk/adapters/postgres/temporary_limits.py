"""Temporary limits in PostgreSQL: entries whose changes are kept, and may need a journal."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.entries import PostgresEntryStore
from creditrisk.adapters.postgres.limit_changes import CompanyPolicies, record_limit_changes
from creditrisk.adapters.postgres.tables import temporary_limit
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.errors import FieldError
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
        super().__init__(database, temporary_limit, LimitKind.TEMPORARY_LIMIT)
        self._policies = policies

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
        """Refuse what only a journal may do, else keep it as history. A group's limit is of all companies."""
        companies = None if row["company"] == EVERY_COMPANY else {row["company"]}
        if await self._policies.binding(connection, companies, tenant=tenant, origin=Origin(by=by)):
            complaint = FieldError("", "only_by_adjustment", "changes only by a posted limit adjustment")
            refuse_direct_change([complaint])
        await super()._note(connection, owner, row, by=by, tenant=tenant, gone=gone)


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
        LimitChange(
            owner=each.owner,
            company=each.company,
            kind=LimitKind.TEMPORARY_LIMIT,
            no=numbers[each.owner],
            before=None,
            after=each.content,
            line=each.line,
            reason=each.reason,
        )
        for each in limits
    ]
    await record_limit_changes(connection, changes, tenant=tenant, origin=origin)
