"""The trail of holds in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.hold_tables import hold_event
from creditrisk.application.release_requests import Action, HoldEvent, KeptEvent


async def insert_event(connection: AsyncConnection, event: HoldEvent, *, tenant: str, id: UUID) -> None:
    """Keep an event in the connection's transaction."""
    await connection.execute(
        sa.insert(hold_event).values(
            tenant=tenant,
            id=id,
            hold=UUID(event.hold),
            action=event.action,
            by=event.by,
            operator=event.operator,
            step=event.step,
            refused=event.refused,
            comment=event.comment,
        )
    )


async def events_of(
    connection: AsyncConnection, hold: str, *, tenant: str, after: str | None, limit: int
) -> Sequence[KeptEvent]:
    """The events of a hold in their order, those after `after`."""
    query = (
        sa.select(hold_event)
        .where(hold_event.c.tenant == tenant, hold_event.c.hold == UUID(hold))
        .order_by(hold_event.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(hold_event.c.id > UUID(after))
    return [_kept(row) for row in (await connection.execute(query)).mappings()]


def _kept(row: sa.RowMapping) -> KeptEvent:
    said = ("by", "operator", "step", "refused", "comment")
    event = HoldEvent(
        hold=str(row["hold"]), action=Action(row["action"]), **{name: row[name] for name in said}
    )
    return KeptEvent(str(row["id"]), row["at"], event)
