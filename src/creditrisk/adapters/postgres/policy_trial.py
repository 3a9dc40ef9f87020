"""What a changed policy is tried on, and the facts there would be under it."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.facts import PostgresFactsReader
from creditrisk.adapters.postgres.parties import ensure_companies
from creditrisk.adapters.postgres.tables import company as companies
from creditrisk.adapters.postgres.tables import paper
from creditrisk.application.keys import Principal
from creditrisk.application.papers import StoredPaper
from creditrisk.application.policy_trial import SupposedPolicy
from creditrisk.application.stored_facts import Question, StoredFacts
from creditrisk.domain.papers import Kind

_KINDS: Final = [kind.value for kind in Kind]


class PostgresSupposedFacts:
    """The SupposedFacts over one database."""

    def __init__(self, database: Database, facts: PostgresFactsReader) -> None:
        self._database = database
        self._facts = facts

    async def read(
        self,
        questions: Sequence[Question],
        *,
        principal: Principal,
        company: str,
        policy: SupposedPolicy | None,
    ) -> tuple[Sequence[StoredFacts], Sequence[StoredFacts]]:
        """Facts of now, and those under a policy that is not set; see SupposedFacts."""
        read = partial(
            self._facts.read, questions, tenant=principal.tenant, key_id=principal.key_id, keep=False
        )
        if policy is None:
            found = await read()
            return found, found
        async with self._database.together(principal.tenant) as connection:
            now = await read()
            undone = await connection.begin_nested()
            await ensure_companies(connection, {company}, tenant=principal.tenant)
            await connection.execute(
                sa.update(companies)
                .where(companies.c.tenant == principal.tenant, companies.c.company == company)
                .values(
                    policy={"preset": policy.stated.preset, "overrides": dict(policy.stated.overrides)},
                    grouping=policy.grouping,
                )
            )
            then = await read()
            await undone.rollback()
        return now, then


class PostgresOpenDocuments:
    """The OpenDocuments over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, company: str, *, tenant: str, after: tuple[str, str] | None, limit: int
    ) -> Sequence[StoredPaper]:
        """Documents of a company that count in exposure, by (kind, number); see OpenDocuments."""
        columns = [paper.c[name] for name in ("company", "kind", "number", "customer", "content")]
        query = (
            sa.select(*columns, paper.c.version, paper.c.source, paper.c.stated_at)
            .where(
                paper.c.tenant == tenant,
                paper.c.company == company,
                paper.c.present,
                paper.c.kind == sa.any_(sa.literal(_KINDS)),
                sa.literal_column("(paper.line).category").is_not(None),
            )
            .order_by(paper.c.kind, paper.c.number)
            .limit(limit)
        )
        if after is not None:
            query = query.where(sa.tuple_(paper.c.kind, paper.c.number) > sa.tuple_(*after))
        async with self._database.transaction(tenant) as connection:
            return [StoredPaper(**row) for row in (await connection.execute(query)).mappings()]
