"""Requests to release or reject holds in PostgreSQL: on the row of the hold, decided while it is locked."""

from collections.abc import Callable, Sequence
from uuid import UUID

import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.hold_events import events_of, insert_event
from creditrisk.adapters.postgres.holds import HOLD_SEEN, PostgresHoldStore, hold_of
from creditrisk.adapters.postgres.tables import hold as holds
from creditrisk.application.holds import Hold
from creditrisk.application.release_orders import submitted_as_data
from creditrisk.application.release_requests import HoldEvent, KeptEvent, Ruling
from creditrisk.domain.release_workflow import Resolution


class PostgresReleaseRequests:
    """The ReleaseRequestStore over one database. `new_id` makes the ids of events."""

    def __init__(self, database: Database, holds: PostgresHoldStore, new_id: Callable[[], UUID]) -> None:
        self._database = database
        self._holds = holds
        self._new_id = new_id

    async def rule(self, hold_id: str, decide: Callable[[Hold], Ruling], *, tenant: str) -> Hold:
        """Let one decide what becomes of a hold, and keep it; see ReleaseRequestStore."""
        one = holds.c.tenant == tenant, holds.c.id == UUID(hold_id)
        async with self._database.together(tenant) as connection:
            locked = sa.select(*HOLD_SEEN).where(*one).with_for_update()
            hold = hold_of((await connection.execute(locked)).mappings().one())
            ruling = decide(hold)
            await insert_event(connection, ruling.event, tenant=tenant, id=self._new_id())
            submitted = submitted_as_data(ruling.submitted)
            kept = sa.update(holds).where(*one).values(submitted=submitted).returning(*HOLD_SEEN)
            row = (await connection.execute(kept)).mappings().one()
            if ruling.carry_out:
                return await self._carry_out(hold_id, ruling, tenant=tenant) or hold
        return hold_of(row)

    async def _carry_out(self, hold_id: str, ruling: Ruling, *, tenant: str) -> Hold | None:
        order, request, by = ruling.submitted.order, ruling.submitted.request, ruling.event.by
        if request.resolution is Resolution.REJECT:
            return await self._holds.reject(hold_id, tenant=tenant, by=by, reason=order.reason)
        return await self._holds.release(hold_id, order, tenant=tenant, by=by, authorised=request.amount)

    async def record(self, event: HoldEvent, *, tenant: str) -> None:
        """Keep an event, whatever becomes of what the caller is doing."""
        async with self._database.separate(tenant) as connection:
            await insert_event(connection, event, tenant=tenant, id=self._new_id())

    async def history(
        self, hold_id: str, *, tenant: str, after: str | None, limit: int
    ) -> Sequence[KeptEvent]:
        """The events of a hold; see ReleaseRequestStore."""
        async with self._database.transaction(tenant) as connection:
            return await events_of(connection, hold_id, tenant=tenant, after=after, limit=limit)
