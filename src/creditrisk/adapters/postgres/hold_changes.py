"""What a check does to its document's hold, in a transaction that keeps the decision, too.

Plain statements, as checks that reserve run them on the driver's own connection.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import orjson

from creditrisk.application.decisions import DecisionRecord
from creditrisk.application.holds import HoldChange, HoldClosing, HoldOpening, ReleaseUsed

_OPEN: Final = """
    INSERT INTO hold AS h (
        tenant, id, company, kind, number, type, owner,
        customer, checkpoint, findings, total, currency, request, checked_at)
    VALUES ($1, $2, $3, $4, $5, 'rule', $6, $7, $8, $9, $10, $11, $12, clock_timestamp())
    ON CONFLICT (tenant, company, kind, number, type) WHERE status = 'open' DO UPDATE
    SET customer = excluded.customer, checkpoint = excluded.checkpoint, findings = excluded.findings,
        total = excluded.total, currency = excluded.currency, request = excluded.request,
        checked_at = excluded.checked_at, updated_at = clock_timestamp(), ready_to_release = false
    RETURNING id
"""
_CLOSE: Final = """
    UPDATE hold AS h
    SET status = $3, closed_by = $4, authorised_amount = coalesce($5, h.authorised_amount),
        released_on = coalesce($6, h.released_on),
        closed_at = clock_timestamp(), updated_at = clock_timestamp()
    WHERE h.tenant = $1 AND h.id = $2 AND h.status = 'open'
    RETURNING id
"""
_USE: Final = """
    UPDATE hold SET authorisation_used = true, updated_at = clock_timestamp() WHERE tenant = $1 AND id = $2
"""


async def change_hold(
    connection: Any, change: HoldChange, record: DecisionRecord, *, new_id: Callable[[], UUID]
) -> None:
    """Apply what a check does to a hold, and tell its answer, which is in ``record``; keeps no decision."""
    answer = record.content["answer"]
    match change:
        case HoldOpening():
            hold = await connection.fetchval(_OPEN, *_opening(change, tenant=record.tenant, hold=new_id()))
            answer["hold"] = {"id": str(hold), "status": "open"}
        case HoldClosing():
            closed = await connection.fetchval(_CLOSE, *_closing(change, tenant=record.tenant))
            if closed is not None:
                answer["hold"] = {"id": change.id, "status": change.status}
        case ReleaseUsed():
            await connection.execute(_USE, record.tenant, UUID(change.hold))


def _opening(change: HoldOpening, *, tenant: str, hold: UUID) -> tuple[Any, ...]:
    return (
        tenant,
        hold,
        change.company,
        change.kind,
        change.number,
        change.owner,
        change.customer,
        change.checkpoint,
        orjson.dumps(change.findings).decode(),
        change.total.amount,
        change.total.currency,
        orjson.dumps(change.request).decode(),
    )


def _closing(change: HoldClosing, *, tenant: str) -> tuple[Any, ...]:
    authorised = change.authorised
    return (
        tenant,
        UUID(change.id),
        change.status,
        change.closed_by,
        None if authorised is None else authorised.amount,
        None if authorised is None else change.on,
    )
