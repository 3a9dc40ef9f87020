"""Holds in PostgreSQL; what a check does to one is committed with its decision, before the answer."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.hold_changes import keep_held_check
from creditrisk.adapters.postgres.hold_events import insert_event
from creditrisk.adapters.postgres.tables import company as companies
from creditrisk.adapters.postgres.tables import decision, paper, reference
from creditrisk.adapters.postgres.tables import hold as holds
from creditrisk.application.decisions import DecisionRecord
from creditrisk.application.holds import (
    Hold,
    HoldChange,
    HoldFilter,
)
from creditrisk.application.release_orders import ReleaseOrder, submitted_of
from creditrisk.application.release_requests import Action, HoldEvent
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Kind

_NOW: Final = sa.func.clock_timestamp()

# Most documents are stored after the check that holds them: whose one is, is looked up when the hold is read.
_OWNER: Final = (
    sa.select(paper.c.content["owner"].astext)
    .where(
        *(paper.c[name] == holds.c[name] for name in ("tenant", "company", "kind", "number")),
        paper.c.present,
    )
    .correlate(holds)
    .scalar_subquery()
)
HOLD_SEEN: Final = (holds, _OWNER.label("document_owner"))
"""The columns that `hold_of` needs."""


class PostgresHoldStore:
    """Keeps holds. `new_id` makes their ids."""

    def __init__(self, database: Database, new_id: Callable[[], UUID]) -> None:
        self._database = database
        self._new_id = new_id

    async def change(self, change: HoldChange, record: DecisionRecord) -> None:
        """Apply what a check does to a hold and keep the decision that did it, together and durably."""
        await keep_held_check(self._database, change, record, new_id=self._new_id)

    async def get(self, hold_id: str, *, tenant: str) -> Hold | None:
        """One hold; None where this tenant has none of that id."""
        wanted = _uuid(hold_id)
        query = sa.select(*HOLD_SEEN).where(holds.c.tenant == tenant, holds.c.id == wanted)
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else hold_of(row)

    async def list(self, wanted: HoldFilter, *, tenant: str, after: str | None, limit: int) -> Sequence[Hold]:
        """Holds in the order they were opened, those after `after`."""
        query = (
            sa.select(*HOLD_SEEN)
            .where(*conditions(wanted, tenant=tenant, after=after))
            .order_by(holds.c.id)
            .limit(limit)
        )
        async with self._database.transaction(tenant) as connection:
            return [hold_of(row) for row in (await connection.execute(query)).mappings()]

    async def reasons(self, reason_type: str, *, tenant: str) -> frozenset[str]:
        """The codes of one type of reason; empty where the tenant keeps none."""
        query = sa.select(reference.c.code).where(
            reference.c.tenant == tenant,
            reference.c.kind == "reason",
            reference.c.content["type"].astext == reason_type,
        )
        async with self._database.transaction(tenant) as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def release(
        self, hold_id: str, order: ReleaseOrder, *, tenant: str, by: str, authorised: Money
    ) -> Hold | None:
        """Release an open hold; None where it is not open any more."""
        return await self._close(
            hold_id,
            Action.RELEASE,
            tenant=tenant,
            status="released",
            closed_by=by,
            reason=order.reason,
            review_on=order.review_on,
            with_posting=order.with_posting,
            authorised_amount=authorised.amount,
            valid_until=order.valid_until,
            released_on=_today(tenant) if order.as_of is None else sa.literal(order.as_of, sa.Date),
        )

    async def reject(self, hold_id: str, *, tenant: str, by: str, reason: str | None) -> Hold | None:
        """Reject an open hold; None where it is not open any more."""
        return await self._close(
            hold_id, Action.REJECT, tenant=tenant, status="rejected", closed_by=by, reason=reason
        )

    async def _close(self, hold_id: str, action: Action, *, tenant: str, **values: Any) -> Hold | None:
        statement = (
            sa.update(holds)
            .where(*_open_one(tenant, hold_id))
            .values(closed_at=_NOW, updated_at=_NOW, **values)
            .returning(*HOLD_SEEN)
        )
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
            if row is None:
                return None
            event = HoldEvent(hold=hold_id, action=action, by=values["closed_by"], comment=values["reason"])
            await insert_event(connection, event, tenant=tenant, id=self._new_id())
        return hold_of(row)

    async def force(
        self,
        *,
        tenant: str,
        company: str,
        document: tuple[str, str] | None,
        customer: str | None,
        by: str,
        reason: str,
    ) -> Sequence[Hold]:
        """Put stored documents on hold: the named one, or every open one of a customer."""
        wanted = [paper.c.tenant == tenant, paper.c.company == company, paper.c.present]
        if document is not None:
            wanted += [paper.c.kind == document[0], paper.c.number == document[1]]
        else:
            wanted += [
                paper.c.customer == customer,
                paper.c.kind.in_([kind.value for kind in Kind]),
                sa.literal_column("(paper.line).category").is_not(None),
            ]
        query = sa.select(paper).where(*wanted).order_by(paper.c.kind, paper.c.number)
        async with self._database.transaction(tenant) as connection:
            stored = (await connection.execute(query)).mappings().all()
            return [await self._force_one(connection, row, by=by, reason=reason) for row in stored]

    async def _force_one(
        self, connection: AsyncConnection, row: sa.RowMapping, *, by: str, reason: str
    ) -> Hold:
        content, new_id = row["content"], self._new_id()
        statement = insert(holds).values(
            tenant=row["tenant"],
            id=new_id,
            company=row["company"],
            kind=row["kind"],
            number=row["number"],
            customer=row["customer"],
            type="forced",
            total=sa.cast(content["total"], sa.Numeric),
            currency=content["currency"],
            owner=content.get("owner") or _first_operator(row),
            reason=reason,
        )
        # Updating nothing but the time makes the statement return the hold that is open already.
        statement = statement.on_conflict_do_update(
            index_elements=["tenant", "company", "kind", "number", "type"],
            index_where=sa.text("status = 'open'"),
            set_={"updated_at": _NOW},
        )
        owner = sa.literal(content.get("owner"), sa.Text).label("document_owner")
        held = (await connection.execute(statement.returning(holds, owner))).mappings().one()
        if held["id"] == new_id:
            event = HoldEvent(hold=str(new_id), action=Action.FORCE, by=by, comment=reason)
            await insert_event(connection, event, tenant=row["tenant"], id=self._new_id())
        return hold_of(held)


def _first_operator(document: sa.RowMapping) -> sa.ScalarSelect[str]:
    """Who had a document checked first, as far as its decisions are kept."""
    of_document = (decision.c[name] == document[name] for name in ("tenant", "company", "kind", "number"))
    query = sa.select(decision.c.operator).where(*of_document, decision.c.operator.is_not(None))
    return query.order_by(decision.c.id).limit(1).scalar_subquery()


def _uuid(hold_id: str) -> UUID | None:
    """The id as the table has it; None, which is no hold's, where it is none."""
    try:
        return UUID(hold_id)
    except ValueError:
        return None


def conditions(wanted: HoldFilter, *, tenant: str, after: str | None) -> Sequence[sa.ColumnElement[bool]]:
    """What the holds wanted have in common."""
    chosen: list[sa.ColumnElement[bool]] = [holds.c.tenant == tenant]
    if wanted.ids is not None:
        chosen.append(holds.c.id == sa.any_(sa.literal(list(map(_uuid, wanted.ids)))))
    if wanted.companies is not None:
        chosen.append(holds.c.company == sa.any_(sa.literal(sorted(wanted.companies))))
    if wanted.status is not None:
        chosen.append(holds.c.status == wanted.status)
    if wanted.customer is not None:
        chosen.append(holds.c.customer == wanted.customer)
    if after is not None:
        chosen.append(holds.c.id > UUID(after))
    return chosen


def _open_one(tenant: str, hold_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return holds.c.tenant == tenant, holds.c.id == UUID(hold_id), holds.c.status == "open"


def _today(tenant: str) -> sa.ColumnElement[date]:
    """Today in the time zone of the hold's company, by the database's clock."""
    zone = (
        sa.select(companies.c.time_zone)
        .where(companies.c.tenant == tenant, companies.c.company == holds.c.company)
        .scalar_subquery()
    )
    return sa.cast(sa.func.timezone(sa.func.coalesce(zone, "UTC"), _NOW), sa.Date)


def hold_of(row: sa.RowMapping) -> Hold:
    """A hold of its row, which has the columns of `HOLD_SEEN`."""
    currency = row["currency"]
    authorised = row["authorised_amount"]
    return Hold(
        id=str(row["id"]),
        company=row["company"],
        customer=row["customer"],
        kind=row["kind"],
        number=row["number"],
        total=Money(row["total"], currency),
        checkpoint=row["checkpoint"],
        type=row["type"],
        status=row["status"],
        ready_to_release=row["ready_to_release"],
        findings=row["findings"],
        owner=row["document_owner"] or row["owner"],
        opened_at=row["opened_at"],
        checked_at=row["checked_at"],
        operator=((row["request"] or {}).get("operator") or {}).get("id"),
        closed_by=row["closed_by"],
        closed_at=row["closed_at"],
        reason=row["reason"],
        review_on=row["review_on"],
        authorised=None if authorised is None else Money(authorised, currency),
        valid_until=row["valid_until"],
        with_posting=row["with_posting"],
        submitted=None if row["submitted"] is None else submitted_of(row["submitted"]),
    )
