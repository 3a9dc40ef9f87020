"""Reference data in PostgreSQL: one table for all kinds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.configuration import raise_config_version
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.limit_changes import CompanyPolicies, record_limit_changes
from creditrisk.adapters.postgres.parties import ensure_companies
from creditrisk.adapters.postgres.tables import customer, reference
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.limit_changes import (
    LimitChange,
    LimitKind,
    Origin,
    complaints_about_change,
    limit_part,
    refuse_direct_change,
)
from creditrisk.application.reference_data import (
    Named,
    Others,
    ReferenceEntry,
    ReferenceInUse,
    ReferenceKey,
    ReferenceKind,
    UnknownReference,
)

_TEXTS: Final = pg.ARRAY(sa.Text(collation="C"))
_STORED: Final = (
    reference.c.company,
    reference.c.code,
    reference.c.content,
    reference.c.updated_by,
    reference.c.updated_at,
)


def _named_by_customer(field: str) -> str:
    return f"SELECT FROM customer WHERE tenant = :tenant AND content ->> '{field}' = :code"


def _named_by_entry(kind: str, field: str, *, scope: str | None = None) -> str:
    within = f" AND content ->> 'scope' = '{scope}'" if scope else ""
    return (
        f"SELECT FROM reference WHERE tenant = :tenant AND kind = '{kind}'"
        f" AND content ->> '{field}' = :code{within}"
    )


_NAMED_BY_ADJUSTMENT: Final = """
    SELECT FROM limit_adjustment_line AS l
    JOIN limit_adjustment AS a ON a.tenant = l.tenant AND a.id = l.adjustment
    WHERE l.tenant = :tenant AND l.credit_group = :code AND a.status IN ('draft', 'submitted', 'approved')
"""
_NAMED_BY_AUTOMATIC_LINE: Final = """
    SELECT FROM reference
    WHERE tenant = :tenant AND kind = 'automatic_limit'
        AND content -> 'lines' @> jsonb_build_array(jsonb_build_object('scoring_group', CAST(:code AS text)))
"""

# What may name an entry of each kind; operators are named by requests alone. A document type is in use while
# a paper of it is open, which the buckets say without reading papers.
_NAMED_BY: Final[Mapping[ReferenceKind, Sequence[str]]] = {
    ReferenceKind.DOCUMENT_TYPE: (
        "SELECT FROM exposure_bucket WHERE tenant = :tenant AND type = :code AND :company IN ('', company)",
    ),
    ReferenceKind.PAYMENT_TERMS: (
        _named_by_customer("payment_terms"),
        _named_by_entry("rule", "payment_terms"),
    ),
    ReferenceKind.CASH_DISCOUNT: (_named_by_customer("cash_discount"),),
    ReferenceKind.CREDIT_GROUP: (
        "SELECT FROM customer WHERE tenant = :tenant AND credit_group = :code",
        "SELECT FROM temporary_limit WHERE tenant = :tenant AND owner_kind = :kind AND owner = :code",
        _NAMED_BY_ADJUSTMENT,
    ),
    ReferenceKind.MANAGEMENT_GROUP: (
        _named_by_customer("management_group"),
        _named_by_entry("rule", "scope_id", scope="group"),
    ),
    ReferenceKind.ACCOUNT_STATUS: (
        "SELECT FROM customer WHERE tenant = :tenant AND account_status = :code",
        _named_by_entry("rule", "account_status"),
    ),
    ReferenceKind.SCORING_GROUP: (_NAMED_BY_AUTOMATIC_LINE,),
    ReferenceKind.RISK_GROUP: (
        _named_by_customer("risk_group"),
        _named_by_entry("rule", "risk_group"),
        _named_by_entry("automatic_limit", "risk_group"),
    ),
    ReferenceKind.REASON: (
        _named_by_customer("status_reason"),
        "SELECT FROM hold WHERE tenant = :tenant AND status = 'open' AND reason = :code",
    ),
}
_IS_NAMED: Final[Mapping[ReferenceKind, sa.TextClause]] = {
    kind: sa.text("SELECT " + " OR ".join(f"EXISTS ({query})" for query in queries))
    for kind, queries in _NAMED_BY.items()
}


class PostgresReferenceStore:
    """The ReferenceStore over one database."""

    def __init__(self, database: Database, policies: CompanyPolicies) -> None:
        self._database = database
        self._policies = policies

    async def put(
        self,
        key: ReferenceKey,
        content: Mapping[str, Any],
        *,
        tenant: str,
        by: str,
        names: Sequence[Named] = (),
        others: Others | None = None,
    ) -> tuple[ReferenceEntry, bool]:
        """Set an entry; see ReferenceStore."""
        stated = {"content": dict(content), "updated_by": by, "updated_at": sa.func.now()}
        inserted = pg.insert(reference).values(tenant=tenant, **key._asdict(), **stated)
        # A row that no transaction has replaced yet is a new one.
        is_new = sa.literal_column("xmax = 0", sa.Boolean).label("is_new")
        statement = inserted.on_conflict_do_update(constraint=reference.primary_key, set_=stated).returning(
            *_STORED, is_new
        )
        async with self._database.transaction(tenant) as connection:
            await raise_config_version(connection, tenant=tenant)
            unknown = [
                each.field for each in names if not await _is_stored(connection, each, key, tenant=tenant)
            ]
            if unknown:
                raise UnknownReference(unknown)
            if others is not None:
                others(await _others(connection, key, tenant=tenant))
            if key.kind is ReferenceKind.CREDIT_GROUP:
                await self._note_limit(connection, key, content, tenant=tenant, by=by)
            if key.company != EVERY_COMPANY:
                await ensure_companies(connection, {key.company}, tenant=tenant)
            row = (await connection.execute(statement)).mappings().one()
        return _entry(row), row["is_new"]

    async def find(self, keys: Sequence[ReferenceKey], *, tenant: str) -> ReferenceEntry | None:
        """Return the entry of the first of ``keys`` that is there; see ReferenceStore."""
        async with self._database.transaction(tenant) as connection:
            for key in keys:
                wanted = sa.select(*_STORED).where(*_is(key, tenant=tenant))
                row = (await connection.execute(wanted)).mappings().one_or_none()
                if row is not None:
                    return _entry(row)
        return None

    async def list(
        self,
        kind: ReferenceKind,
        *,
        companies: frozenset[str] | None,
        tenant: str,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[ReferenceEntry]:
        """List entries by (code, company); see ReferenceStore."""
        wanted = (
            sa.select(*_STORED)
            .where(reference.c.tenant == tenant, reference.c.kind == kind)
            .order_by(reference.c.code, reference.c.company)
            .limit(limit)
        )
        if companies is not None:
            wanted = wanted.where(reference.c.company == sa.any_(sa.literal(sorted(companies), _TEXTS)))
        if after is not None:
            wanted = wanted.where(sa.tuple_(reference.c.code, reference.c.company) > sa.tuple_(*after))
        async with self._database.transaction(tenant) as connection:
            return [_entry(row) for row in (await connection.execute(wanted)).mappings()]

    async def delete(self, key: ReferenceKey, *, tenant: str) -> bool:
        """Delete an entry nothing names; see ReferenceStore."""
        locked = sa.select(reference.c.code).where(*_is(key, tenant=tenant)).with_for_update()
        asked = _IS_NAMED.get(key.kind)
        names = {"tenant": tenant, "kind": key.kind, "company": key.company, "code": key.code}
        async with self._database.transaction(tenant) as connection:
            await raise_config_version(connection, tenant=tenant)
            # Whoever names the entry locks it, too, so the next statement sees everything that does.
            if (await connection.execute(locked)).one_or_none() is None:
                await connection.rollback()  # nothing was changed, so the version stays as well
                return False
            if asked is not None and (await connection.execute(asked, names)).scalar_one():
                raise ReferenceInUse
            await connection.execute(sa.delete(reference).where(*_is(key, tenant=tenant)))
        return True

    async def _note_limit(
        self,
        connection: AsyncConnection,
        key: ReferenceKey,
        content: Mapping[str, Any],
        *,
        tenant: str,
        by: str,
    ) -> None:
        """Refuse a group's limit that only a journal may change, else keep the change as history."""
        stored = sa.select(reference.c.content).where(*_is(key, tenant=tenant)).with_for_update()
        before = (await connection.execute(stored)).scalar_one_or_none() or {}
        origin = Origin(by=by)
        if await self._policies.binding(connection, None, tenant=tenant, origin=origin):
            refuse_direct_change(complaints_about_change(before, content))
        change = group_change(key.code, before, content)
        await record_limit_changes(connection, [change], tenant=tenant, origin=origin)


def group_change(
    code: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    line: int | None = None,
    reason: str | None = None,
) -> LimitChange:
    """What is kept of a change of a credit group's limit."""
    return LimitChange(
        owner=Owner(OwnerKind.CREDIT_GROUP, code),
        company=EVERY_COMPANY,
        kind=LimitKind.CREDIT_LIMIT,
        before=limit_part(before),
        after=limit_part(after),
        line=line,
        reason=reason,
    )


async def _others(connection: AsyncConnection, key: ReferenceKey, *, tenant: str) -> Sequence[ReferenceEntry]:
    """All other entries of the kind. Who writes reference data waits for the others before that."""
    wanted = sa.select(*_STORED).where(
        reference.c.tenant == tenant,
        reference.c.kind == key.kind,
        reference.c.company == key.company,
        reference.c.code != key.code,
    )
    return [_entry(row) for row in (await connection.execute(wanted.order_by(reference.c.code))).mappings()]


async def _is_stored(connection: AsyncConnection, named: Named, by: ReferenceKey, *, tenant: str) -> bool:
    """Whether what an entry names is there. All who write reference data wait for one another before that."""
    wanted = sa.select(sa.literal(1))
    if named.kind is None:
        wanted = wanted.where(customer.c.tenant == tenant, customer.c.customer == named.code)
    else:
        wanted = wanted.where(
            reference.c.tenant == tenant, reference.c.kind == named.kind, reference.c.code == named.code
        )
        if by.company != EVERY_COMPANY:
            wanted = wanted.where(reference.c.company.in_((EVERY_COMPANY, by.company)))
    return (await connection.execute(wanted.limit(1))).first() is not None


def _is(key: ReferenceKey, *, tenant: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        reference.c.tenant == tenant,
        reference.c.company == key.company,
        reference.c.kind == key.kind,
        reference.c.code == key.code,
    )


def _entry(row: Mapping[Any, Any]) -> ReferenceEntry:
    return ReferenceEntry(
        company=row["company"],
        code=row["code"],
        content=row["content"],
        updated_by=row["updated_by"],
        updated_at=row["updated_at"],
    )
