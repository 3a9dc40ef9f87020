"""Customers in PostgreSQL."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import retried
from creditrisk.adapters.postgres.rounds import rounds
from creditrisk.adapters.postgres.tables import customer
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.customers import (
    REFERENCES,
    CustomerStatement,
    StoredCustomer,
    complaints_about,
)
from creditrisk.application.outcomes import PutOutcome, PutStatus
from creditrisk.application.reference_data import ReferenceKind

# Locked, so that an entry deleted at the same time is either missed here or found in use there.
_REFERENCES: Final = sa.text(
    """
    SELECT kind, code FROM reference
    WHERE tenant = :tenant AND company = :every_company AND (
        (kind, code) IN (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:codes AS text[])))
        OR (:with_reasons AND kind = 'reason' AND content ->> 'type' = 'status'))
    ORDER BY kind, code
    FOR KEY SHARE
    """
)

# A customer that states no risk group has that of its score.
_IS_SCORED: Final = "(excluded.content -> 'risk_group' IS NULL AND c.risk_score ->> 'risk_group' IS NOT NULL)"
_IN_FORCE: Final = f"""
    CASE WHEN {_IS_SCORED}
        THEN excluded.content || jsonb_build_object('risk_group', c.risk_score ->> 'risk_group')
        ELSE excluded.content END
"""

# One statement in the order of the key for those stated and those only named, so that writers who name each
# other's customers wait for one another and never in a circle. A row that was only named carries no author.
_PUT: Final = sa.text(
    f"""
    WITH stated AS (
        SELECT id COLLATE "C" AS id, content
        FROM jsonb_to_recordset(CAST(:batch AS jsonb)) AS b (id text, content jsonb)
    ), named AS (
        SELECT DISTINCT n.id COLLATE "C" AS id
        FROM stated
        CROSS JOIN LATERAL (VALUES (content ->> 'risk_customer'), (content ->> 'head_account')) AS n (id)
        WHERE n.id IS NOT NULL
            AND NOT EXISTS (SELECT FROM stated s WHERE s.id = n.id)
            AND NOT EXISTS (SELECT FROM customer k WHERE k.tenant = :tenant AND k.customer = n.id)
    )
    INSERT INTO customer AS c (tenant, customer, content, updated_by)
    SELECT :tenant, id, content, author
    FROM (
        SELECT id, content, CAST(:author AS text) AS author FROM stated
        UNION ALL
        SELECT id, '{{}}', NULL FROM named
    ) AS incoming
    ORDER BY id
    ON CONFLICT (tenant, customer) DO UPDATE
    SET content = {_IN_FORCE},
        risk_group_scored = {_IS_SCORED},
        updated_at = now(), updated_by = excluded.updated_by
    WHERE excluded.updated_by IS NOT NULL AND (
        c.content <> {_IN_FORCE}
        OR c.risk_group_scored <> {_IS_SCORED}
        OR c.updated_by IS NULL)
    RETURNING customer, xmax = 0 AS created
    """  # noqa: S608 - made of constants
)

# By what the statement returns: whether the row is new, or no row where nothing changed.
_STATUS: Final = {True: PutStatus.CREATED, False: PutStatus.CHANGED, None: PutStatus.UNCHANGED}

_WITH_REASON: Final = frozenset({"account_status", "status_reason"})
"""Fields that may need one of the status reasons."""


class PostgresCustomerStore:
    """The CustomerStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_many(
        self, statements: Sequence[CustomerStatement], *, tenant: str, by: str
    ) -> Sequence[PutOutcome]:
        """Apply statements in one transaction; see CustomerStore."""

        async def attempt() -> Sequence[PutOutcome]:
            async with self._database.transaction(tenant) as connection:
                return await put_customers(connection, statements, tenant=tenant, by=by)

        return await retried(attempt)

    async def get(self, customer_id: str, *, tenant: str) -> StoredCustomer | None:
        """Return a customer; see CustomerStore."""
        query = _SELECT.where(customer.c.tenant == tenant, customer.c.customer == customer_id)
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else StoredCustomer(**row)

    async def list(self, *, tenant: str, after: str | None, limit: int) -> Sequence[StoredCustomer]:
        """List customers; see CustomerStore."""
        query = _SELECT.where(customer.c.tenant == tenant).order_by(customer.c.customer).limit(limit)
        if after is not None:
            query = query.where(customer.c.customer > after)
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [StoredCustomer(**row) for row in rows]


_SELECT: Final = sa.select(
    customer.c.customer.label("id"),
    customer.c.content,
    customer.c.risk_group_scored,
    customer.c.updated_by,
    customer.c.updated_at,
)


async def put_customers(
    connection: AsyncConnection, statements: Sequence[CustomerStatement], *, tenant: str, by: str
) -> Sequence[PutOutcome]:
    """Apply statements within a transaction that has more to do; the caller wraps the whole in `retried`."""
    known, status_reasons = await _read_references(connection, statements, tenant=tenant)
    complaints = [
        complaints_about(statement.content, known=known, status_reasons=status_reasons)
        for statement in statements
    ]
    accepted = [n for n, errors in enumerate(complaints) if not errors]
    outcomes = [PutOutcome(PutStatus.REFUSED, errors) for errors in complaints]
    for batch in rounds(accepted, key=lambda n: statements[n].id):
        rows = [{"id": statements[n].id, "content": statements[n].content} for n in batch]
        arguments = {"tenant": tenant, "author": by, "batch": orjson.dumps(rows).decode()}
        written = {row.customer: row.created for row in await connection.execute(_PUT, arguments)}
        for n in batch:
            outcomes[n] = PutOutcome(_STATUS[written.get(statements[n].id)])
    return outcomes


async def _read_references(
    connection: AsyncConnection, statements: Iterable[CustomerStatement], *, tenant: str
) -> tuple[Collection[tuple[ReferenceKind, str]], Collection[str]]:
    contents = [statement.content for statement in statements]
    named = sorted({pair for content in contents for pair in _named(content)})
    with_reasons = any(_WITH_REASON & content.keys() for content in contents)
    if not named and not with_reasons:
        return (), ()
    arguments = {
        "tenant": tenant,
        "every_company": EVERY_COMPANY,
        "kinds": [kind.value for kind, _ in named],
        "codes": [code for _, code in named],
        "with_reasons": with_reasons,
    }
    found = {(ReferenceKind(kind), code) for kind, code in await connection.execute(_REFERENCES, arguments)}
    return found, {code for kind, code in found if kind is ReferenceKind.REASON}


def _named(content: Mapping[str, Any]) -> Iterable[tuple[ReferenceKind, str]]:
    return ((kind, content[field]) for field, kind in REFERENCES.items() if field in content)
