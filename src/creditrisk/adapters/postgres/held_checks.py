"""Held checks in PostgreSQL, and what they come to when they are evaluated again."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.holds import HOLD_SEEN, conditions, hold_of
from creditrisk.adapters.postgres.tables import hold as holds
from creditrisk.adapters.postgres.tables import paper
from creditrisk.application.hold_evaluation import EvaluatedHold, HeldCheck
from creditrisk.application.holds import Hold, HoldFilter
from creditrisk.application.papers import StoredPaper

_SAME_DOCUMENT: Final = sa.and_(
    paper.c.tenant == holds.c.tenant,
    paper.c.company == holds.c.company,
    paper.c.kind == holds.c.kind,
    paper.c.number == holds.c.number,
    sa.or_(holds.c.type == "forced", paper.c.stated_at > holds.c.updated_at),
)
"""The held document as the ERP stated it after the newest check of it; behind a person's hold is no check."""

_NOTHING_LEFT: Final = ("cancelled", "fulfilled", "invoiced")
"""What a document says of which nothing is left to be done."""

_STORED: Final = [
    paper.c[name].label(f"stored_{name}")
    for name in ("present", "customer", "content", "version", "source", "stated_at")
]

_EVALUATED: Final = sa.text(
    """
    UPDATE hold h
    SET customer = b.customer, findings = b.findings, total = b.total, currency = b.currency,
        ready_to_release = b.findings = '[]',
        status = CASE WHEN b.cleared THEN 'cleared' ELSE 'open' END,
        with_posting = b.with_posting,
        closed_at = CASE WHEN b.cleared THEN clock_timestamp() END,
        closed_by = CASE WHEN b.cleared THEN :by END
    FROM jsonb_to_recordset(:batch) AS b (
        id uuid, stamp timestamptz, customer text, findings jsonb, total numeric, currency text,
        cleared boolean, with_posting boolean)
    WHERE h.tenant = :tenant AND h.id = b.id AND h.status = 'open' AND h.updated_at = b.stamp
    RETURNING h.id
    """
).bindparams(sa.bindparam("batch", type_=JSONB))
"""`updated_at` stays that of the newest check: what is stated later than it is what an evaluation goes by."""


class PostgresHeldChecks:
    """Reads holds with the checks behind them, and keeps what they come to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def held(
        self, wanted: HoldFilter, *, tenant: str, after: str | None, limit: int
    ) -> Sequence[HeldCheck]:
        """The same with the check behind each, and what became of its document since."""
        query = (
            sa.select(*HOLD_SEEN, *_STORED)
            .outerjoin_from(holds, paper, _SAME_DOCUMENT)
            .where(*conditions(wanted, tenant=tenant, after=after))
            .order_by(holds.c.id)
            .limit(limit)
        )
        async with self._database.transaction(tenant) as connection:
            return [_held_check(row) for row in (await connection.execute(query)).mappings()]

    async def keep_evaluated(
        self, evaluated: Sequence[EvaluatedHold], *, tenant: str, by: str
    ) -> Sequence[Hold]:
        """Keep what holds came to that are open still and not checked again meanwhile; those it kept."""
        batch = [
            {
                "id": each.held.hold.id,
                "stamp": each.held.checked_at.isoformat(),
                "customer": each.customer,
                "findings": list(each.findings),
                "total": format(each.total.amount, "f"),
                "currency": each.total.currency,
                "cleared": each.cleared,
                "with_posting": each.with_posting,
            }
            for each in evaluated
        ]
        async with self._database.transaction(tenant) as connection:
            rows = await connection.execute(_EVALUATED, {"tenant": tenant, "by": by, "batch": batch})
            kept = [UUID(str(row.id)) for row in rows]
            query = sa.select(*HOLD_SEEN).where(
                holds.c.tenant == tenant, holds.c.id == sa.any_(sa.literal(kept))
            )
            return [hold_of(row) for row in (await connection.execute(query)).mappings()]


def _held_check(row: sa.RowMapping) -> HeldCheck:
    present, content = row["stored_present"], row["stored_content"]
    return HeldCheck(
        hold=hold_of(row),
        request=row["request"],
        checked_at=row["updated_at"],
        stored=_stored(row) if present else None,
        withdrawn=present is False or any((content or {}).get(name) for name in _NOTHING_LEFT),
    )


def _stored(row: sa.RowMapping) -> StoredPaper:
    return StoredPaper(
        company=row["company"],
        kind=row["kind"],
        number=row["number"],
        customer=row["stored_customer"],
        content=row["stored_content"],
        version=row["stored_version"],
        source=row["stored_source"],
        stated_at=row["stored_stated_at"],
    )
