"""Limit adjustment journals in PostgreSQL."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from creditrisk.adapters.postgres.adjustment_lines import (
    decide_lines,
    read_lines,
    require_owners,
    undecided,
    write_lines,
)
from creditrisk.adapters.postgres.adjustment_posting import AdjustmentPosting
from creditrisk.adapters.postgres.adjustment_tables import (
    limit_adjustment,
    limit_adjustment_event,
)
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import retried
from creditrisk.adapters.postgres.parties import ensure_companies
from creditrisk.application.adjustments import (
    MOST_LINES,
    Action,
    Approval,
    Decision,
    Journal,
    JournalEvent,
    JournalFilter,
    JournalKind,
    JournalOrder,
    JournalStatus,
    Line,
    LineStatus,
    Merged,
    Signature,
    StoredLine,
    line_number,
    too_many_lines,
    wrong_status,
)
from creditrisk.application.errors import Conflict, FieldError, NotFound
from creditrisk.application.keys import Principal
from creditrisk.domain.people import Person

_COUNTS: Final = sa.text(
    """
    SELECT adjustment, status, count(*) AS lines FROM limit_adjustment_line
    WHERE tenant = :tenant AND adjustment = ANY (:ids)
    GROUP BY adjustment, status
    """
).bindparams(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid)))


class PostgresJournalStore:
    """The JournalStore over one database."""

    def __init__(self, database: Database, posting: AdjustmentPosting) -> None:
        self._database = database
        self._posting = posting

    async def create(self, order: JournalOrder, lines: Sequence[Line], *, principal: Principal) -> Journal:
        """Keep a new journal; see JournalStore."""
        tenant, id_ = principal.tenant, uuid7()
        async with self._database.transaction(tenant) as connection:
            await ensure_companies(connection, {order.company}, tenant=tenant)
            await connection.execute(
                sa.insert(limit_adjustment).values(
                    tenant=tenant,
                    id=id_,
                    company=order.company,
                    kind=order.kind,
                    approval=order.approval,
                    description=order.description,
                    post_when_approved=order.post_when_approved,
                    writers=sorted(principal.person().known_by),
                    created_by=principal.author,
                )
            )
            await require_owners(connection, lines, tenant=tenant)
            await write_lines(connection, id_, lines, tenant=tenant)
            await _note(connection, id_, Action.CREATED, principal)
            return await _read(connection, id_, tenant=tenant)

    async def get(self, journal: UUID, *, tenant: str) -> Journal | None:
        """One journal with its lines; see JournalStore."""
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(_one(journal, tenant=tenant))).mappings().one_or_none()
            if row is None:
                return None
            return _journal(row, lines=await read_lines(connection, journal, tenant=tenant))

    async def list(
        self, wanted: JournalFilter, *, tenant: str, after: UUID | None, limit: int
    ) -> Sequence[Journal]:
        """List journals; see JournalStore."""
        table = limit_adjustment.c
        query = sa.select(limit_adjustment).where(table.tenant == tenant).order_by(table.id).limit(limit)
        if wanted.companies is not None:
            query = query.where(table.company == sa.any_(sa.literal(sorted(wanted.companies))))
        if wanted.status is not None:
            query = query.where(table.status == wanted.status)
        if wanted.kind is not None:
            query = query.where(table.kind == wanted.kind)
        if after is not None:
            query = query.where(table.id > after)
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(query)).mappings().all()
            arguments = {"tenant": tenant, "ids": [row["id"] for row in rows]}
            counted: dict[UUID, dict[LineStatus, int]] = {}
            for each in await connection.execute(_COUNTS, arguments):
                counted.setdefault(each.adjustment, {})[LineStatus(each.status)] = each.lines
        return [_journal(row, counts=counted.get(row["id"], {})) for row in rows]

    async def replace_lines(self, journal: UUID, lines: Sequence[Line], *, principal: Principal) -> Journal:
        """Put other lines in their place; see JournalStore."""
        tenant = principal.tenant
        async with self._held(journal, JournalStatus.DRAFT, tenant=tenant) as (connection, row):
            await require_owners(connection, lines, tenant=tenant)
            await write_lines(connection, journal, lines, tenant=tenant)
            await _written(connection, row, principal)
            await _note(connection, journal, Action.LINES_REPLACED, principal)
            return await _read(connection, journal, tenant=tenant)

    async def add_proposals(self, journal: UUID, lines: Sequence[Line], *, principal: Principal) -> Merged:
        """Add proposed lines; see JournalStore."""
        tenant = principal.tenant
        async with self._held(journal, JournalStatus.DRAFT, tenant=tenant) as (connection, row):
            # Whoever deletes a group meanwhile finds it in use, or it is complained about.
            await require_owners(connection, lines, tenant=tenant)
            stored = [each.line for each in await read_lines(connection, journal, tenant=tenant)]
            by_people = {each.owner for each in stored if not each.proposed}
            proposals = {each.owner: each for each in lines if each.owner not in by_people}
            remaining = [each for each in stored if not each.proposed or each.owner not in proposals]
            merged = [*remaining, *proposals.values()]
            if len(merged) > MOST_LINES:
                raise too_many_lines()
            await write_lines(connection, journal, merged, tenant=tenant)
            await _written(connection, row, principal)
            await _note(connection, journal, Action.LINES_GENERATED, principal)
        replaced = len(stored) - len(remaining)
        return Merged(added=len(proposals) - replaced, replaced=replaced, kept=len(lines) - len(proposals))

    async def submit(self, journal: UUID, *, principal: Principal) -> Journal:
        """Hand a draft over for approval; see JournalStore."""
        tenant = principal.tenant
        async with self._held(journal, JournalStatus.DRAFT, tenant=tenant) as (connection, row):
            if not await read_lines(connection, journal, tenant=tenant):
                raise Conflict("The adjustment has no lines.", code="no_lines")
            await _written(connection, row, principal)
            stamp = {"submitted_by": principal.author, "submitted_at": sa.func.now()}
            await _update(connection, journal, tenant=tenant, status=JournalStatus.SUBMITTED, **stamp)
            await _note(connection, journal, Action.SUBMITTED, principal)
            return await _read(connection, journal, tenant=tenant)

    async def decide(self, journal: UUID, decision: Decision, *, principal: Principal) -> Journal:
        """Approve or reject pending lines; see JournalStore."""
        tenant = principal.tenant
        async with self._held(journal, JournalStatus.SUBMITTED, tenant=tenant) as (connection, _):
            lines = await read_lines(connection, journal, tenant=tenant)
            numbers = undecided(lines, decision.lines)
            status = LineStatus.APPROVED if decision.approve else LineStatus.REJECTED
            stamp = {"decided_by": principal.author, "decided_at": sa.func.now()}
            await decide_lines(connection, journal, numbers, tenant=tenant, status=status, **stamp)
            after = {each.no: each.status for each in lines} | dict.fromkeys(numbers, status)
            await _update(connection, journal, tenant=tenant, status=_decided(after.values()), **stamp)
            action = Action.APPROVED if decision.approve else Action.REJECTED
            await _note(
                connection,
                journal,
                action,
                principal,
                lines=decision.lines and numbers,
                reason=decision.reason,
            )
            return await _read(connection, journal, tenant=tenant)

    async def post(self, journal: UUID, *, principal: Principal) -> Journal:
        """Let the approved lines become limits; see JournalStore."""
        tenant = principal.tenant

        async def attempt() -> Journal:
            async with self._held(journal, JournalStatus.APPROVED, tenant=tenant) as (connection, row):
                lines = await read_lines(connection, journal, tenant=tenant)
                approved = [each for each in lines if each.status is LineStatus.APPROVED]
                await self._posting.apply(connection, _journal(row, lines=approved), principal=principal)
                numbers = [each.no for each in approved]
                await decide_lines(connection, journal, numbers, tenant=tenant, status=LineStatus.POSTED)
                stamp = {"posted_by": principal.author, "posted_at": sa.func.now()}
                await _update(connection, journal, tenant=tenant, status=JournalStatus.POSTED, **stamp)
                await _note(connection, journal, Action.POSTED, principal)
                return await _read(connection, journal, tenant=tenant)

        return await retried(attempt)

    async def posting_refused(
        self, journal: UUID, complaints: Sequence[FieldError], *, principal: Principal
    ) -> None:
        """Write down which lines were in the way; see JournalStore."""
        lines = sorted({line_number(each.pointer) for each in complaints})
        reason = ", ".join(sorted({each.code for each in complaints}))
        async with self._database.transaction(principal.tenant) as connection:
            await _note(connection, journal, Action.POSTING_REFUSED, principal, lines=lines, reason=reason)

    async def delete(self, journal: UUID, *, principal: Principal) -> None:
        """Delete a draft; see JournalStore."""
        tenant = principal.tenant
        async with self._held(journal, JournalStatus.DRAFT, tenant=tenant) as (connection, _):
            events, drafts = limit_adjustment_event.c, limit_adjustment.c
            await connection.execute(
                sa.delete(limit_adjustment_event).where(events.tenant == tenant, events.adjustment == journal)
            )
            await connection.execute(
                sa.delete(limit_adjustment).where(drafts.tenant == tenant, drafts.id == journal)
            )

    async def refused(self, journal: UUID, *, lines: Sequence[int] | None, principal: Principal) -> None:
        """Write a refused approval down in a transaction of its own; see JournalStore."""
        async with self._database.separate(principal.tenant) as connection:
            await _note(connection, journal, Action.APPROVAL_REFUSED, principal, lines=lines)

    async def events(
        self, journal: UUID, *, tenant: str, after: UUID | None, limit: int
    ) -> Sequence[JournalEvent]:
        """What was done to a journal; see JournalStore."""
        table = limit_adjustment_event.c
        query = (
            sa.select(table.id, table.action, table.lines, table.reason, table.by, table.at)
            .where(table.tenant == tenant, table.adjustment == journal)
            .order_by(table.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(table.id > after)
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(query)).all()
        return [JournalEvent(row.id, Action(row.action), *row[2:]) for row in rows]

    @asynccontextmanager
    async def _held(
        self, journal: UUID, status: JournalStatus, *, tenant: str
    ) -> AsyncIterator[tuple[AsyncConnection, sa.RowMapping]]:
        """Hold a journal in the state that is needed until the transaction ends."""
        async with self._database.transaction(tenant) as connection:
            wanted = _one(journal, tenant=tenant).with_for_update(key_share=True)
            row = (await connection.execute(wanted)).mappings().one_or_none()
            if row is None:
                raise NotFound("There is no such adjustment.")
            if row["status"] != status:
                raise wrong_status(row["status"])
            yield connection, row


def _decided(statuses: Collection[LineStatus]) -> JournalStatus:
    if LineStatus.PENDING in statuses:
        return JournalStatus.SUBMITTED
    return JournalStatus.APPROVED if LineStatus.APPROVED in statuses else JournalStatus.REJECTED


def _one(journal: UUID, *, tenant: str) -> sa.Select[Any]:
    return sa.select(limit_adjustment).where(
        limit_adjustment.c.tenant == tenant, limit_adjustment.c.id == journal
    )


async def _read(connection: AsyncConnection, journal: UUID, *, tenant: str) -> Journal:
    row = (await connection.execute(_one(journal, tenant=tenant))).mappings().one()
    return _journal(row, lines=await read_lines(connection, journal, tenant=tenant))


async def _update(connection: AsyncConnection, journal: UUID, *, tenant: str, **values: Any) -> None:
    await connection.execute(
        sa.update(limit_adjustment)
        .where(limit_adjustment.c.tenant == tenant, limit_adjustment.c.id == journal)
        .values(**values)
    )


async def _written(connection: AsyncConnection, row: sa.RowMapping, principal: Principal) -> None:
    """Remember who has had a hand in a journal, by all that tells them."""
    writers = sorted({*row["writers"], *principal.person().known_by})
    await _update(connection, row["id"], tenant=row["tenant"], writers=writers)


async def _note(
    connection: AsyncConnection,
    journal: UUID,
    action: Action,
    principal: Principal,
    *,
    lines: Sequence[int] | None = None,
    reason: str | None = None,
) -> None:
    await connection.execute(
        sa.insert(limit_adjustment_event).values(
            tenant=principal.tenant,
            id=uuid7(),
            adjustment=journal,
            action=action,
            lines=None if lines is None else list(lines),
            reason=reason,
            by=principal.author,
        )
    )


def _journal(
    row: sa.RowMapping,
    *,
    lines: Sequence[StoredLine] = (),
    counts: Mapping[LineStatus, int] | None = None,
) -> Journal:
    if counts is None:
        statuses = [each.status for each in lines]
        counts = Counter(statuses)
    return Journal(
        id=row["id"],
        order=JournalOrder(
            company=row["company"],
            kind=JournalKind(row["kind"]),
            approval=Approval(row["approval"]),
            description=row["description"],
            post_when_approved=row["post_when_approved"],
        ),
        status=JournalStatus(row["status"]),
        writers=[Person(each) for each in row["writers"]],
        created=Signature(row["created_by"], row["created_at"]),
        submitted=Signature(row["submitted_by"], row["submitted_at"]),
        decided=Signature(row["decided_by"], row["decided_at"]),
        posted=Signature(row["posted_by"], row["posted_at"]),
        lines=lines,
        line_counts=counts,
    )
