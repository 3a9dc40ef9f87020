"""What is used of the limits at an instant, added up by a statement of the trial's own."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import asyncpg

from bench.trials.promises import promised

# Reservations that are captured, or held and not lapsed, as long as their document was not stated.
_LIVE: Final = """
    SELECT r.company, r.account, r.kind, r.number, coalesce(r.captured_amount, r.amount) AS amount
    FROM reservation r
    WHERE (r.status = 'captured' OR (r.status = 'held' AND r.expires_at > clock_timestamp()))
        AND NOT EXISTS (
            SELECT FROM paper p
            WHERE p.tenant = r.tenant AND p.company = r.company AND p.kind = r.kind
                AND p.number = r.number AND p.stated_at > r.created_at)
"""

# Papers and reservations. An order and its deliveries belong together by the number: a stored order that is
# reserved anew counts with the larger of both amounts; what a delivery will take of it is not counted again.
USED: Final = f"""
    WITH live AS ({_LIVE}),
    part AS (
        SELECT company, account, split_part(number, '/', 1) AS belongs, 0 AS stored, 0 AS stored_order,
            CASE WHEN kind = 'order' THEN amount ELSE 0 END AS ordering,
            CASE WHEN kind = 'order' THEN 0 ELSE amount END AS delivering
        FROM live
        UNION ALL
        SELECT company, customer, split_part(number, '/', 1), (line).open_amount,
            CASE WHEN kind = 'order' THEN (line).open_amount ELSE 0 END, 0, 0
        FROM paper WHERE (line).category IS NOT NULL
    ),
    family AS (
        SELECT company, account, sum(stored) AS stored, sum(stored_order) AS stored_order,
            sum(ordering) AS ordering, sum(delivering) AS delivering
        FROM part GROUP BY company, account, belongs
    )
    SELECT company, account, sum(
        stored + greatest(ordering - stored_order, 0) + delivering - least(delivering, stored_order)) AS used
    FROM family GROUP BY company, account
"""

TWICE: Final = f"""
    WITH live AS ({_LIVE})
    SELECT number FROM live GROUP BY company, kind, number HAVING count(*) > 1
"""


@dataclass
class Watch:
    """Reads the database again and again, and remembers how close to the limits it came."""

    group_limit: Decimal
    own_limit: Decimal
    looks: int = 0
    most: Decimal = Decimal(0)
    most_own: Decimal = Decimal(0)

    async def until(self, url: str, over: Callable[[], bool]) -> None:
        """Look until it is over.

        Raises:
            PromiseBroken: more is used than a limit, or something is reserved twice.
        """
        database = await asyncpg.connect(url)
        try:
            while not over():
                await self.look(database)
                await asyncio.sleep(0.005)
        finally:
            await database.close()

    async def look(self, database: asyncpg.Connection) -> Decimal:
        """Add up once."""
        rows = await database.fetch(USED)
        own = max((row["used"] for row in rows), default=Decimal(0))
        group = sum((row["used"] for row in rows), Decimal(0))
        promised(own <= self.own_limit, f"an account had {own} used of {self.own_limit}")
        promised(group <= self.group_limit, f"the group had {group} used of {self.group_limit}")
        twice = await database.fetch(TWICE)
        promised(not twice, f"reserved twice at once: {[row['number'] for row in twice]}")
        self.looks += 1
        self.most, self.most_own = max(self.most, group), max(self.most_own, own)
        return group

    async def drained(self, url: str, *, seconds: float) -> float:
        """Wait until nothing is used any more and all ends are written down; returns how long it took.

        Raises:
            PromiseBroken: it did not happen in time.
        """
        database = await asyncpg.connect(url)
        began = time.monotonic()
        live = "SELECT count(*) FROM reservation WHERE status IN ('held', 'captured')"
        try:
            while await self.look(database) or await database.fetchval(live):
                promised(time.monotonic() - began < seconds, f"after {seconds} s credit is still taken")
                await asyncio.sleep(0.2)
        finally:
            await database.close()
        return time.monotonic() - began
