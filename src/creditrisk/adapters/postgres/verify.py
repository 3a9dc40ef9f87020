"""Comparing what is derived with what it is derived from. It must always find nothing.

Each comparison is one statement, so one snapshot: it may run while papers are being written.
"""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One place where stored and derived values differ.

    ``what`` is ``bucket`` (its papers and amounts), ``taken`` (what others take of a paper, how many items
    post it), ``links`` (what a paper takes of others), ``reserved`` (the sum of an account's reservations) or
    ``counted`` (what a reservation adds to that sum); ``key`` names the row, the rest both values as text.
    """

    company: str
    what: str
    key: str
    stored: str
    derived: str


_BUCKETS: Final = """
    SELECT company, 'bucket' AS what, key::text, stored::text, derived::text
    FROM (
        SELECT company,
            ROW(customer, billed, category, type, status, flags, currency, due_on, since, credit) AS key,
            ROW(b.papers, trim_scale(b.open_amount), trim_scale(b.total_amount)) AS stored,
            ROW(p.papers, trim_scale(p.open_amount), trim_scale(p.total_amount)) AS derived
        FROM (
            SELECT * FROM exposure_bucket
            WHERE tenant = :tenant AND company = coalesce(CAST(:company AS text), company)
        ) AS b
        FULL JOIN (
            SELECT company, (line).customer, (line).billed, (line).category, (line).type, (line).status,
                (line).flags, (line).currency, (line).due_on, (line).since, (line).credit,
                count(*) AS papers, sum((line).open_amount) AS open_amount,
                sum((line).total_amount) AS total_amount
            FROM (
                -- Computed anew, not read: a line stored under an older rule is a drift too.
                SELECT company, line_of(kind, customer, present, content, taken, posted_by) AS line FROM paper
                WHERE tenant = :tenant AND company = coalesce(CAST(:company AS text), company)
            ) AS computed
            WHERE (line).category IS NOT NULL
            GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        ) AS p
        USING (company, customer, billed, category, type, status, flags, currency, due_on, since, credit)
    ) AS compared
    WHERE stored IS DISTINCT FROM derived
"""

_TAKEN: Final = """
    SELECT company, 'taken' AS what, kind || ' ' || number AS key, stored::text, derived::text
    FROM (
        SELECT company, kind, number,
            ROW(add_taken('{}', coalesce(p.taken, '{}')), coalesce(p.posted_by, 0)) AS stored,
            ROW(coalesce(l.taken, '{}'), coalesce(l.posted_by, 0)) AS derived
        FROM (
            SELECT company, kind, number, taken, posted_by FROM paper
            WHERE tenant = :tenant AND company = coalesce(CAST(:company AS text), company)
        ) AS p
        FULL JOIN (
            SELECT company, kind, number, sum(posts)::integer AS posted_by,
                jsonb_object_agg(currency, amount::text) FILTER (WHERE amount <> 0) AS taken
            FROM (
                SELECT p.company, l.kind, l.number, l.currency, sum(l.amount) AS amount,
                    count(*) FILTER (WHERE l.what = 'post') AS posts
                FROM paper AS p CROSS JOIN LATERAL paper_links(p.kind, p.present, p.content) AS l
                WHERE p.tenant = :tenant AND p.company = coalesce(CAST(:company AS text), p.company)
                GROUP BY 1, 2, 3, 4
            ) AS summed
            GROUP BY 1, 2, 3
        ) AS l USING (company, kind, number)
    ) AS compared
    WHERE stored IS DISTINCT FROM derived
"""

_LINKS: Final = """
    SELECT company, 'links' AS what, kind || ' ' || number AS key, links::text AS stored,
        links_of(kind, content)::text AS derived
    FROM paper
    WHERE tenant = :tenant AND company = coalesce(CAST(:company AS text), company)
        AND links IS DISTINCT FROM links_of(kind, content)
"""

_RESERVED: Final = """
    SELECT company, 'reserved' AS what, account || ' ' || currency AS key, stored::text, derived::text
    FROM (
        SELECT company, account, currency,
            ROW(coalesce(s.reservations, 0), trim_scale(coalesce(s.amount, 0))) AS stored,
            ROW(coalesce(r.reservations, 0), trim_scale(coalesce(r.amount, 0))) AS derived
        FROM (
            SELECT * FROM reserved_sum
            WHERE tenant = :tenant AND company = coalesce(CAST(:company AS text), company)
        ) AS s
        FULL JOIN (
            SELECT company, account, currency, count(*) AS reservations, sum(counted) AS amount
            FROM reservation
            WHERE tenant = :tenant AND company = coalesce(CAST(:company AS text), company)
                AND counted IS NOT NULL
            GROUP BY 1, 2, 3
        ) AS r USING (company, account, currency)
    ) AS compared
    WHERE stored IS DISTINCT FROM derived
"""

# In a sum without a further look is only what needs none.
_COUNTED: Final = """
    SELECT r.company, 'counted' AS what, r.kind || ' ' || r.number AS key, r.counted::text AS stored,
        'to be looked at' AS derived
    FROM reservation r
    WHERE r.tenant = :tenant AND r.company = coalesce(CAST(:company AS text), r.company)
        AND r.counted = r.owed
        AND NOT EXISTS (
            SELECT FROM reservation_met t
            WHERE t.tenant = :tenant AND t.company = r.company AND t.account = r.account AND t.id = r.id)
        AND (r.claims <> '[]' OR EXISTS (
            SELECT FROM paper p
            WHERE p.tenant = :tenant AND p.company = r.company AND p.kind = r.kind AND p.number = r.number))
"""


async def find_drift(database: Database, *, tenant: str, company: str | None = None) -> list[Drift]:
    """Compare buckets with papers, papers with the links of others, and sums with reservations.

    In one company, or in all.
    """
    arguments = {"tenant": tenant, "company": company}
    found: list[Drift] = []
    async with database.transaction(tenant) as connection:
        await connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # it reads everything
        for comparison in (_BUCKETS, _TAKEN, _LINKS, _RESERVED, _COUNTED):
            rows = (await connection.execute(sa.text(comparison), arguments)).mappings()
            found.extend(Drift(**row) for row in rows)
    return found
