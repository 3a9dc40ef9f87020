"""The history of limits in PostgreSQL, and who may change them without a journal."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from creditrisk.adapters.postgres.adjustment_tables import limit_change
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.parties import require_owner
from creditrisk.adapters.postgres.tables import company as company_table
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.configuration import STANDARD
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.limit_changes import (
    ChangeSource,
    LimitChange,
    LimitKind,
    Origin,
    StoredLimitChange,
)
from creditrisk.domain.parameters import merged
from creditrisk.domain.policy import Policy, compile_policy
from creditrisk.presets.loader import Preset

_ONLY_BY_ADJUSTMENT: Final = "limits_only_by_adjustment"
_TEXTS: Final = pg.ARRAY(sa.Text)

_RECORD: Final = sa.text(
    """
    INSERT INTO limit_change (
        tenant, id, company, owner_kind, owner, kind, no, before, after, source, reason, adjustment, line,
        changed_by)
    SELECT :tenant, id, company, owner_kind, owner, kind, no, before, after, :source, reason, :adjustment,
        line, :author
    FROM jsonb_to_recordset(CAST(:batch AS jsonb)) AS b (
        id uuid, company text, owner_kind text, owner text, kind text, no integer, before jsonb, after jsonb,
        reason text, line integer)
    """
).bindparams(sa.bindparam("adjustment", type_=sa.Uuid))


async def record_limit_changes(
    connection: AsyncConnection, changes: Sequence[LimitChange], *, tenant: str, origin: Origin
) -> None:
    """Keep changes in the transaction that makes them; one statement, whatever their number."""
    rows = [
        {
            "id": str(uuid7()),
            "company": change.company,
            "owner_kind": change.owner.kind,
            "owner": change.owner.id,
            "kind": change.kind,
            "no": change.no,
            "before": change.before,
            "after": change.after,
            "reason": change.reason,
            "line": change.line,
        }
        for change in changes
        if change.before != change.after
    ]
    if rows:
        arguments = {
            "tenant": tenant,
            "author": origin.by,
            "source": origin.source,
            "adjustment": origin.adjustment,
            "batch": orjson.dumps(rows).decode(),
        }
        await connection.execute(_RECORD, arguments)


class CompanyPolicies:
    """Policies as they are stored, for those who write what a policy may forbid, in their transaction."""

    def __init__(self, presets: Mapping[str, Preset]) -> None:
        self._presets = presets

    async def of(self, connection: AsyncConnection, company: str, *, tenant: str) -> Policy:
        """The policy of a company."""
        stored = await _read(connection, {company}, tenant=tenant)
        return self._compiled(stored.get(company))

    async def binding(
        self, connection: AsyncConnection, companies: Collection[str] | None, *, tenant: str, origin: Origin
    ) -> Mapping[str, Policy]:
        """The policies of companies whose limits may not be changed on this way; None: of all there are.

        Only these are compiled: a write of a group asks all companies, and nearly none binds it.
        """
        if origin.source is ChangeSource.ADJUSTMENT:
            return {}
        stored = await _read(connection, companies, tenant=tenant)
        return {name: self._compiled(policy) for name, policy in stored.items() if self._binds(policy)}

    def _binds(self, stored: Mapping[str, Any]) -> bool:
        preset = self._presets[stored["preset"]].parameters
        binds: bool = merged(preset, stored["overrides"]).get(_ONLY_BY_ADJUSTMENT, False)
        return binds

    def _compiled(self, stored: Mapping[str, Any] | None) -> Policy:
        stored = stored or {"preset": STANDARD, "overrides": {}}
        return compile_policy(self._presets[stored["preset"]].parameters, stored["overrides"])


async def _read(
    connection: AsyncConnection, companies: Collection[str] | None, *, tenant: str
) -> Mapping[str, Mapping[str, Any]]:
    """What these companies, or all, have stated as their policy."""
    query = sa.select(company_table.c.company, company_table.c.policy).where(
        company_table.c.tenant == tenant, company_table.c.policy.is_not(None)
    )
    if companies is not None:
        query = query.where(company_table.c.company == sa.any_(sa.literal(sorted(companies), _TEXTS)))
    return {row.company: row.policy for row in await connection.execute(query)}


class PostgresLimitHistory:
    """The LimitHistory over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self,
        owner: Owner,
        *,
        tenant: str,
        companies: frozenset[str] | None,
        after: UUID | None,
        limit: int,
    ) -> Sequence[StoredLimitChange]:
        """List changes of an owner's limits; see LimitHistory."""
        query = (
            sa.select(limit_change)
            .where(
                limit_change.c.tenant == tenant,
                limit_change.c.owner_kind == owner.kind,
                limit_change.c.owner == owner.id,
            )
            .order_by(limit_change.c.id)
            .limit(limit)
        )
        if companies is not None:
            reached = sorted({*companies, EVERY_COMPANY})
            query = query.where(limit_change.c.company == sa.any_(sa.literal(reached, _TEXTS)))
        if after is not None:
            query = query.where(limit_change.c.id > after)
        async with self._database.transaction(tenant) as connection:
            await require_owner(connection, owner, tenant=tenant)
            rows = (await connection.execute(query)).mappings().all()
        return [_stored(row) for row in rows]


def _stored(row: sa.RowMapping) -> StoredLimitChange:
    return StoredLimitChange(
        id=UUID(str(row["id"])),
        change=LimitChange(
            owner=Owner(OwnerKind(row["owner_kind"]), row["owner"]),
            company=row["company"],
            kind=LimitKind(row["kind"]),
            before=row["before"],
            after=row["after"],
            no=row["no"],
            line=row["line"],
            reason=row["reason"],
        ),
        origin=Origin(by=row["changed_by"], source=ChangeSource(row["source"]), adjustment=row["adjustment"]),
        changed_at=row["changed_at"],
    )
