"""Risk scores in PostgreSQL: on the rows of the customers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.known_accounts import known_accounts
from creditrisk.adapters.postgres.papers import retried
from creditrisk.adapters.postgres.tables import customer, reference
from creditrisk.application.errors import NotFound
from creditrisk.application.reference_data import ReferenceKind
from creditrisk.application.risk_scores import Scheme, risk_group, scoring_group

# Who has accounts only in other companies is scored there.
_CUSTOMERS: Final = sa.text(
    f"""
    WITH account AS MATERIALIZED ({known_accounts(":tenant")})
    SELECT c.customer, c.content FROM customer AS c
    WHERE c.tenant = :tenant AND c.customer > :after AND (
        EXISTS (SELECT FROM account AS a WHERE a.customer = c.customer AND a.company = :company)
        OR NOT EXISTS (SELECT FROM account AS a WHERE a.customer = c.customer))
    ORDER BY c.customer
    LIMIT :limit
    """  # noqa: S608 - made of constants
)
# Held in the order of their key, as whoever states customers holds them.
_KEEP: Final = sa.text(
    """
    WITH held AS (
        SELECT customer, content, risk_group_scored FROM customer
        WHERE tenant = :tenant AND customer = ANY (ARRAY(SELECT jsonb_object_keys(CAST(:batch AS jsonb))))
        ORDER BY customer
        FOR NO KEY UPDATE
    )
    UPDATE customer AS c
    SET risk_score = n.score,
        risk_group_scored = NOT n.stated AND n.risk_group IS NOT NULL,
        content = CASE
            WHEN n.stated THEN c.content
            WHEN n.risk_group IS NULL THEN c.content - 'risk_group'
            ELSE c.content || jsonb_build_object('risk_group', n.risk_group) END
    FROM (
        SELECT h.customer, s.score, s.score ->> 'risk_group' AS risk_group,
            h.content ->> 'risk_group' IS NOT NULL AND NOT h.risk_group_scored AS stated
        FROM held AS h
        JOIN jsonb_each(CAST(:batch AS jsonb)) AS s (customer, score) ON s.customer = h.customer
    ) AS n
    WHERE c.tenant = :tenant AND c.customer = n.customer
    """
)


class PostgresScoreStore:
    """The ScoreStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def scheme(self, *, tenant: str) -> Scheme:
        """What scores are made of; see ScoreStore."""
        kinds = (ReferenceKind.SCORING_GROUP, ReferenceKind.RISK_GROUP)
        query = (
            sa.select(reference.c.kind, reference.c.code, reference.c.content)
            .where(reference.c.tenant == tenant, reference.c.kind.in_(kinds))
            .order_by(reference.c.code)
        )
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(query)).all()
        return Scheme(
            [scoring_group(code, content) for kind, code, content in rows if kind == kinds[0]],
            [risk_group(code, content) for kind, code, content in rows if kind == kinds[1]],
        )

    async def customers(
        self, company: str, *, tenant: str, after: str | None, limit: int
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Customers of a company, and those of none; see ScoreStore."""
        arguments = {"tenant": tenant, "company": company, "after": after or "", "limit": limit}
        async with self._database.transaction(tenant) as connection:
            return [(row.customer, row.content) for row in await connection.execute(_CUSTOMERS, arguments)]

    async def keep(self, scores: Mapping[str, Mapping[str, Any]], *, tenant: str) -> None:
        """Keep scores, and the risk groups that nobody states; see ScoreStore."""

        async def attempt() -> None:
            async with self._database.transaction(tenant) as connection:
                await connection.execute(_KEEP, {"tenant": tenant, "batch": orjson.dumps(scores).decode()})

        await retried(attempt)

    async def get(self, customer_id: str, *, tenant: str) -> Mapping[str, Any] | None:
        """The score of a customer; see ScoreStore."""
        query = sa.select(customer.c.risk_score).where(
            customer.c.tenant == tenant, customer.c.customer == customer_id
        )
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("There is no such customer.")
        score: Mapping[str, Any] | None = row.risk_score
        return score
