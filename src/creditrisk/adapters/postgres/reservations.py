"""Reservations in PostgreSQL. Expiry is by its clock; its functions say what has become of a reservation.

How they come into being is in `reserving`.
"""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.adapters.postgres.repeating import repeat
from creditrisk.application.reservations import CAPTURED, HELD, Reservation, StatedReservation
from creditrisk.domain.money import Money

SWEEP_SECONDS: Final = 5

_COLUMNS: Final = """
    r.id, r.company, r.customer, r.kind, r.number, r.amount, r.captured_amount, r.currency, r.created_at,
    r.expires_at, r.resolved_at
"""

_GET: Final = sa.text(
    f"""
    SELECT {_COLUMNS},
        reservation_state(r.status, r.created_at, r.expires_at,
            arrived_at_1(r.status, r.is_edit, r.resolved_at, p.stated_at, p.changed_at, p.posted_at),
            clock_timestamp()) AS status
    FROM reservation AS r
    LEFT JOIN paper AS p
        ON p.tenant = :tenant AND p.company = r.company AND p.kind = r.kind AND p.number = r.number
    WHERE r.tenant = :tenant AND r.id = :id
    """  # noqa: S608 - a list of columns of our own
)

# The row is locked before it is judged: of two who want to resolve it, the second sees what the first did.
_LOCK: Final = sa.text("SELECT FROM reservation WHERE tenant = :tenant AND id = :id FOR NO KEY UPDATE")

_RESOLVE: Final = """
    UPDATE reservation AS r SET {change}
    WHERE r.tenant = :tenant AND r.id = :id AND reservation_state(
        r.status, r.created_at, r.expires_at,
        (SELECT arrived_at_1(r.status, r.is_edit, r.resolved_at, p.stated_at, p.changed_at, p.posted_at)
         FROM paper AS p
         WHERE p.tenant = :tenant AND p.company = r.company AND p.kind = r.kind AND p.number = r.number),
        clock_timestamp()) = 'held'
    RETURNING {columns}, r.status
"""

_STATED: Final = "SELECT * FROM stated_reservation_1($1, $2, $3, $4)"

_TENANTS: Final = sa.text("SELECT tenants_with_reservations_2()")
_SWEEP: Final = sa.text("SELECT sweep_reservations_2(:tenant, :most)")
_ANALYZE: Final = sa.text("SELECT analyze_reservations_1()")
_MOST_IN_ONE_SWEEP: Final = 1_000


def _resolving(change: str) -> sa.TextClause:
    return sa.text(_RESOLVE.format(change=change, columns=_COLUMNS))


_CAPTURE: Final = _resolving(
    "status = 'captured', captured_amount = coalesce(CAST(:amount AS numeric), r.amount),"
    " resolved_at = clock_timestamp()"
)
_RELEASE: Final = _resolving("status = 'released', resolved_at = clock_timestamp()")
_EXTEND: Final = _resolving("expires_at = clock_timestamp() + make_interval(secs => :seconds)")


class PostgresReservationStore:
    """Keeps reservations."""

    def __init__(self, database: Database, reads: ReadPool) -> None:
        self._database = database
        self._reads = reads

    async def get(self, reservation_id: UUID, *, tenant: str) -> Reservation | None:
        """One reservation in its state of now."""
        async with self._database.transaction(tenant) as connection:
            result = await connection.execute(_GET, {"tenant": tenant, "id": reservation_id})
            row = result.mappings().one_or_none()
        return None if row is None else _reservation(row)

    async def capture(
        self, reservation_id: UUID, amount: Decimal | None, *, tenant: str
    ) -> Reservation | None:
        """Capture a held one, wholly or in part; None where it is not held any more."""
        return await self._resolve(_CAPTURE, reservation_id, tenant=tenant, amount=amount)

    async def release(self, reservation_id: UUID, *, tenant: str) -> Reservation | None:
        """Give a held one back; None where it is not held any more."""
        return await self._resolve(_RELEASE, reservation_id, tenant=tenant)

    async def extend(self, reservation_id: UUID, seconds: int, *, tenant: str) -> Reservation | None:
        """Hold a held one for so long from now on; None where it is not held any more."""
        return await self._resolve(_EXTEND, reservation_id, tenant=tenant, seconds=seconds)

    async def _resolve(
        self, statement: sa.TextClause, reservation_id: UUID, *, tenant: str, **values: Any
    ) -> Reservation | None:
        key = {"tenant": tenant, "id": reservation_id}
        async with self._database.transaction(tenant) as connection:
            await connection.execute(_LOCK, key)
            row = (await connection.execute(statement, key | values)).mappings().one_or_none()
        return None if row is None else _reservation(row)

    async def of_stated(
        self, *, tenant: str, company: str, kind: str, number: str
    ) -> StatedReservation | None:
        """The newest reservation of a document that has just been stated; its end is written down."""
        rows = await self._reads.fetch(_STATED, tenant, company, kind, number)
        if not rows:
            return None
        row = rows[0]
        same_currency = row["open_currency"] in {None, row["currency"]}
        return StatedReservation(
            id=UUID(str(row["id"])),
            status=row["state"],
            amount=Money(row["amount"], row["currency"]),
            # While it lives, the document has not come: what is open of it is what was there before.
            exceeded=row["state"] not in {HELD, CAPTURED}
            and (not same_currency or row["open_amount"] > row["amount"]),
        )

    async def keep_sweeping(self) -> None:
        """Write down what has lapsed or was consumed, until cancelled, so that reads stay short.

        Nothing depends on it: whatever reads a reservation works out its state.
        """
        await repeat(self.sweep, every=SWEEP_SECONDS, failing="reservations could not be swept; trying again")

    async def sweep(self) -> None:
        """Write down what has lapsed or was consumed until now, of every tenant."""
        async with self._database.of_no_tenant() as connection:
            await connection.execute(_ANALYZE)
            tenants = (await connection.execute(_TENANTS)).scalars().all()
        for tenant in tenants:
            resolved = _MOST_IN_ONE_SWEEP
            while resolved >= _MOST_IN_ONE_SWEEP:
                async with self._database.transaction(tenant) as connection:
                    swept = await connection.execute(_SWEEP, {"tenant": tenant, "most": _MOST_IN_ONE_SWEEP})
                    resolved = swept.scalar_one()


def _reservation(row: sa.RowMapping) -> Reservation:
    currency, captured = row["currency"], row["captured_amount"]
    return Reservation(
        id=UUID(str(row["id"])),
        company=row["company"],
        customer=row["customer"],
        kind=row["kind"],
        number=row["number"],
        amount=Money(row["amount"], currency),
        captured=None if captured is None else Money(captured, currency),
        status=row["status"],
        created_at=row["created_at"],
        expires_at=row["expires_at"] if captured is None else None,
        resolved_at=row["resolved_at"],
    )
