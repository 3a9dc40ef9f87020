"""The lines of limit adjustment journals in PostgreSQL."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.adjustment_tables import limit_adjustment_line
from creditrisk.application.adjustments import Line, LineStatus, StoredLine, line_pointer
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.errors import Conflict, FieldError, InvalidRequest

# Groups are held, so that one deleted at the same time is missed here, or found in use there.
_CUSTOMERS: Final = sa.text("SELECT customer FROM customer WHERE tenant = :tenant AND customer = ANY (:ids)")
_GROUPS: Final = sa.text(
    """
    SELECT code FROM reference
    WHERE tenant = :tenant AND company = :every_company AND kind = 'credit_group' AND code = ANY (:ids)
    ORDER BY code
    FOR KEY SHARE
    """
)
_WRITE: Final = sa.text(
    """
    INSERT INTO limit_adjustment_line (tenant, adjustment, no, customer, credit_group, content, proposed)
    SELECT :tenant, :adjustment, no, customer, credit_group, content, proposed
    FROM jsonb_to_recordset(CAST(:batch AS jsonb)) AS b (
        no integer, customer text, credit_group text, content jsonb, proposed boolean)
    """
).bindparams(sa.bindparam("adjustment", type_=sa.Uuid))


async def require_owners(connection: AsyncConnection, lines: Sequence[Line], *, tenant: str) -> None:
    """Make sure that the customers and groups of all lines are stored.

    Raises:
        InvalidRequest: some are not; each is named.
    """
    known: set[Owner] = set()
    for kind, query in ((OwnerKind.CUSTOMER, _CUSTOMERS), (OwnerKind.CREDIT_GROUP, _GROUPS)):
        ids = sorted({each.owner.id for each in lines if each.owner.kind is kind})
        arguments = {"tenant": tenant, "ids": ids, "every_company": EVERY_COMPANY}
        typed = query.bindparams(sa.bindparam("ids", type_=pg.ARRAY(sa.Text)))
        known |= {Owner(kind, id_) for id_ in (await connection.execute(typed, arguments)).scalars()}
    complaints = [
        FieldError(
            line_pointer(no, f"/{each.owner.kind}"), "unknown_reference", "names nothing that is stored"
        )
        for no, each in enumerate(lines, 1)
        if each.owner not in known
    ]
    if complaints:
        raise InvalidRequest("Lines name what is not stored.", errors=complaints)


async def write_lines(
    connection: AsyncConnection, journal: UUID, lines: Sequence[Line], *, tenant: str
) -> None:
    """Put these lines in the place of all that the journal has."""
    await connection.execute(sa.delete(limit_adjustment_line).where(*_of(journal, tenant=tenant)))
    rows = [
        {
            "no": no,
            each.owner.kind.value: each.owner.id,
            "content": each.content,
            "proposed": each.proposed,
        }
        for no, each in enumerate(lines, 1)
    ]
    batch = orjson.dumps(rows).decode()
    await connection.execute(_WRITE, {"tenant": tenant, "adjustment": journal, "batch": batch})


async def read_lines(connection: AsyncConnection, journal: UUID, *, tenant: str) -> Sequence[StoredLine]:
    """The lines of a journal in their order."""
    query = sa.select(limit_adjustment_line).where(*_of(journal, tenant=tenant))
    rows = (await connection.execute(query.order_by(limit_adjustment_line.c.no))).mappings()
    return [_line(row) for row in rows]


async def decide_lines(
    connection: AsyncConnection, journal: UUID, numbers: Sequence[int], *, tenant: str, **values: Any
) -> None:
    """Set what was decided about some lines."""
    some = limit_adjustment_line.c.no == sa.any_(sa.literal(list(numbers), pg.ARRAY(sa.Integer)))
    await connection.execute(
        sa.update(limit_adjustment_line).where(*_of(journal, tenant=tenant), some).values(**values)
    )


def undecided(lines: Sequence[StoredLine], wanted: Sequence[int] | None) -> Sequence[int]:
    """The numbers of the lines to decide about; None: of all that are pending.

    Raises:
        InvalidRequest: there is no line of a number.
        Conflict: one is decided already.
    """
    statuses = {each.no: each.status for each in lines}
    if wanted is None:
        return [no for no, status in statuses.items() if status is LineStatus.PENDING]
    unknown = [
        FieldError(f"/lines/{n}", "unknown_line", "is the number of no line")
        for n, no in enumerate(wanted)
        if no not in statuses
    ]
    if unknown:
        raise InvalidRequest("There are no such lines.", errors=unknown)
    decided = [
        FieldError(f"/lines/{n}", statuses[no], "is decided already")
        for n, no in enumerate(wanted)
        if statuses[no] is not LineStatus.PENDING
    ]
    if decided:
        raise Conflict("Lines are decided already.", code="adjustment_status", errors=decided)
    return sorted(set(wanted))


def _of(journal: UUID, *, tenant: str) -> tuple[sa.ColumnElement[bool], ...]:
    return limit_adjustment_line.c.tenant == tenant, limit_adjustment_line.c.adjustment == journal


def _line(row: sa.RowMapping) -> StoredLine:
    kind = OwnerKind.CUSTOMER if row["customer"] is not None else OwnerKind.CREDIT_GROUP
    return StoredLine(
        no=row["no"],
        line=Line(Owner(kind, row[kind.value]), row["content"], row["proposed"]),
        status=LineStatus(row["status"]),
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
    )
