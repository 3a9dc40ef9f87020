import asyncio
from collections.abc import Iterator

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
