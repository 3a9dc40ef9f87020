import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from creditrisk.adapters.postgres.engine import ConnectionLimits, open_database
from creditrisk.adapters.postgres.migrate import migration_config, newest_revision, stored_revision, upgrade
from tests import database as postgres

LEFT = """
    SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT typname FROM pg_type
        WHERE typnamespace = 'public'::regnamespace AND typname NOT LIKE '%alembic_version'
    ORDER BY 1
"""


@pytest.fixture
def empty_url() -> Iterator[str]:
    """The address of a database nobody has migrated."""
    server = postgres.server_url()
    name = postgres.create_database(server)
    yield postgres.with_database(server, name)
    postgres.drop_database(server, name)


@pytest.fixture
def config(empty_url: str) -> Config:
    """Alembic's configuration for the empty database."""
    return migration_config(empty_url)


async def names_left(url: str) -> list[str]:
    database = open_database(url, limits=ConnectionLimits(), role="none")
    async with database.engine.connect() as connection:
        names = (await connection.execute(sa.text(LEFT))).scalars().all()
    await database.close()
    return list(names)


def test_migrations_go_up_down_and_up_again(config: Config, empty_url: str) -> None:
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    assert asyncio.run(names_left(empty_url)) == ["alembic_version", "alembic_version_pkc"]
    command.upgrade(config, "head")


def test_every_migration_goes_down_alone(config: Config) -> None:
    command.upgrade(config, "head")
    command.downgrade(config, "-1")
    command.upgrade(config, "head")


def test_the_tables_are_those_the_code_knows(config: Config) -> None:
    command.upgrade(config, "head")
    command.check(config)


async def test_upgrading_twice_is_harmless_and_the_revision_is_known(empty_url: str) -> None:
    await upgrade(empty_url)
    await upgrade(empty_url)
    database = open_database(empty_url, limits=ConnectionLimits())
    async with database.engine.connect() as connection:
        assert await stored_revision(connection) == newest_revision()
    await database.close()


async def execute(url: str, *statements: str) -> list[sa.Row[Any]]:
    """Run statements as the superuser; what the last one finds."""
    database = open_database(url, limits=ConnectionLimits(), role="none")
    async with database.engine.begin() as connection:
        *before, last = [sa.text(statement) for statement in statements]
        for statement in before:
            await connection.execute(statement)
        result = await connection.execute(last)
        found = list(result.all()) if result.returns_rows else []
    await database.close()
    return found


def test_adjustments_and_scores_go_with_their_migration_and_customers_stay(
    config: Config, empty_url: str
) -> None:
    command.upgrade(config, "head")
    filled = (
        """
        INSERT INTO reference (tenant, kind, code) SELECT 't', kind, 'X'
        FROM unnest('{scoring_group,risk_group,automatic_limit,reason}'::text[]) AS kind
        """,
        """
        INSERT INTO customer (tenant, customer, content, risk_score, risk_group_scored)
        VALUES ('t', 'C-1', '{"risk_group": "B"}', '{"risk_group": "B"}', true)
        """,
        """
        INSERT INTO limit_adjustment (tenant, id, company, kind, approval, writers, created_by)
        VALUES ('t', gen_random_uuid(), 'main', 'temporary', 'line', '{}', 'u1')
        """,
    )
    asyncio.run(execute(empty_url, *filled))

    command.downgrade(config, "0013-1")

    kinds = asyncio.run(execute(empty_url, "SELECT kind FROM reference"))
    contents = asyncio.run(execute(empty_url, "SELECT content FROM customer"))
    assert ([row.kind for row in kinds], [row.content for row in contents]) == (
        ["reason"],
        [{"risk_group": "B"}],
    )
    command.upgrade(config, "head")


def test_what_returns_took_of_their_deliveries_is_given_back_and_taken_again_on_the_way_back(
    config: Config, empty_url: str
) -> None:
    papers = """
        SELECT write_papers_1(jsonb_agg(jsonb_build_object(
            'company', 'main', 'kind', d.kind, 'number', d.number, 'customer', 'C-1', 'content', d.content)))
        FROM (VALUES
            ('delivery', 'D-1', '{"total": "50.00", "currency": "EUR"}'::jsonb),
            ('delivery', 'R-1', '{"total": "-10.00", "currency": "EUR",
                "follows": [{"kind": "delivery", "number": "D-1"}]}'),
            ('invoice', 'I-1', '{"total": "50.00", "currency": "EUR",
                "follows": [{"kind": "delivery", "number": "D-1"}]}')
        ) AS d (kind, number, content)
    """
    exposure = "SELECT category, sum(open_amount) FROM exposure_bucket GROUP BY 1 ORDER BY 1"

    command.upgrade(config, "0020")
    for tenant in ("t1", "t2"):
        own = f"SELECT set_config('app.tenant', '{tenant}', true)"
        asyncio.run(execute(empty_url, own, f"INSERT INTO tenant (tenant) VALUES ('{tenant}')", papers))
    before = asyncio.run(execute(empty_url, exposure))
    command.upgrade(config, "0021")
    after = asyncio.run(execute(empty_url, exposure))
    command.downgrade(config, "0020")

    assert after == [("deliveries", -20), ("invoices", 100)]
    assert before == asyncio.run(execute(empty_url, exposure)) == [("deliveries", 0), ("invoices", 100)]


def test_payments_in_other_currencies_are_worked_out_anew_with_their_sums(
    config: Config, empty_url: str
) -> None:
    papers = """
        SELECT write_papers_1(jsonb_agg(jsonb_build_object(
            'company', 'main', 'kind', d.kind, 'number', d.number, 'customer', d.customer,
            'content', d.content)))
        FROM (VALUES
            ('open_item', 'P-1', 'C-1', '{"total": "200.00", "currency": "USD"}'::jsonb),
            ('payment', 'Z-1', 'C-1', '{"total": "150.00", "currency": "EUR",
                "allocations": [{"item": "P-1", "amount": "200.00", "currency": "USD"}]}'),
            ('payment', 'Z-2', 'C-1', '{"total": "20.00", "currency": "EUR"}'),
            ('payment', 'Z-3', 'C-2', '{"total": "20.00", "currency": "EUR",
                "allocations": [{"item": "P-2", "amount": "5.00", "currency": "EUR"}]}')
        ) AS d (kind, number, customer, content)
    """
    exposure = """
        SELECT tenant, customer, papers, open_amount FROM exposure_bucket WHERE papers > 0 ORDER BY 1, 2
    """
    versions = "SELECT customer, version FROM exposure_state WHERE tenant = 't1' ORDER BY 1"

    command.upgrade(config, "0028")
    for tenant in ("t1", "t2"):
        own = f"SELECT set_config('app.tenant', '{tenant}', true)"
        asyncio.run(execute(empty_url, own, f"INSERT INTO tenant (tenant) VALUES ('{tenant}')", papers))
    before = asyncio.run(execute(empty_url, exposure))
    command.upgrade(config, "0029")
    after = asyncio.run(execute(empty_url, exposure))
    raised = asyncio.run(execute(empty_url, versions))
    command.downgrade(config, "0028")

    assert after == [
        (tenant, *rest) for tenant in ("t1", "t2") for rest in (("C-1", 1, -20), ("C-2", 1, -15))
    ]
    assert raised == [("C-1", 2), ("C-2", 1)]
    assert before == asyncio.run(execute(empty_url, exposure))
    assert before[0] == ("t1", "C-1", 2, -170)


def test_numbers_that_were_given_before_are_not_given_again(config: Config, empty_url: str) -> None:
    own = "SELECT set_config('app.tenant', 't', true)"
    filled = (
        own,
        "INSERT INTO tenant (tenant) VALUES ('t')",
        """
        INSERT INTO temporary_limit (tenant, company, owner_kind, owner, no, content)
        VALUES ('t', 'main', 'customer', 'C-1', 1, '{}')
        """,
        """
        INSERT INTO limit_change (tenant, id, company, owner_kind, owner, kind, no, source)
        VALUES ('t', gen_random_uuid(), 'main', 'customer', 'C-1', 'temporary_limit', 3, 'direct')
        """,
        "INSERT INTO cover (tenant, company, customer, no, content) VALUES ('t', 'main', 'C-1', 2, '{}')",
    )
    command.upgrade(config, "0030")
    asyncio.run(execute(empty_url, *filled))
    command.upgrade(config, "0031")

    found = asyncio.run(
        execute(
            empty_url,
            own,
            """
            SELECT next_entry_1('t', 'main', 'temporary_limit', 'customer', 'C-1', 1),
                next_entry_1('t', 'main', 'cover', 'customer', 'C-1', 2),
                next_entry_1('t', 'north', 'cover', 'customer', 'C-1', NULL)
            """,
        )
    )

    assert found == [(4, 3, 1)]


def test_what_is_taken_in_another_currency_is_worked_out_anew(config: Config, empty_url: str) -> None:
    papers = """
        SELECT write_papers_1(jsonb_agg(jsonb_build_object(
            'company', 'main', 'kind', d.kind, 'number', d.number, 'customer', 'C-1', 'content', d.content)))
        FROM (VALUES
            ('order', 'O-1', '{"total": "100.00", "currency": "USD"}'::jsonb),
            ('order', 'O-2', '{"total": "100.00", "currency": "USD", "open_amount": "90.00"}'),
            ('delivery', 'D-1', '{"total": "40.00", "currency": "EUR",
                "follows": [{"kind": "order", "number": "O-1"}, {"kind": "order", "number": "O-2"}]}')
        ) AS d (kind, number, content)
    """
    orders = """
        SELECT nullif(status, '')::jsonb -> 'taken', papers, open_amount FROM exposure_bucket
        WHERE category = 'orders' ORDER BY open_amount
    """
    command.upgrade(config, "0036")
    own = "SELECT set_config('app.tenant', 't', true)"
    asyncio.run(execute(empty_url, own, "INSERT INTO tenant (tenant) VALUES ('t')", papers))
    before = "SELECT status, papers, open_amount FROM exposure_bucket WHERE category = 'orders'"
    together = asyncio.run(execute(empty_url, before))
    command.upgrade(config, "head")
    assert asyncio.run(execute(empty_url, orders)) == [
        (None, 1, 90),
        ({"EUR": "40.00"}, 1, 100),
    ]
    command.downgrade(config, "0036")
    assert asyncio.run(execute(empty_url, before)) == together == [("", 2, 190)]
