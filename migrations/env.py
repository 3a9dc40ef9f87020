"""How Alembic reaches the database: one asyncpg connection, one transaction for each migration.

The URL comes from `config.attributes["url"]` (the `creditrisk migrate` command), from `alembic -x url=…`, or
from CREDITRISK_DATABASE_URL, in this order.
"""

import asyncio
import os
from typing import Any

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine

from creditrisk.adapters.postgres.columns import PaperLine
from creditrisk.adapters.postgres.engine import sqlalchemy_url
from creditrisk.adapters.postgres.schema import METADATA

config = context.config


def _url() -> str:
    given = config.attributes.get("url") or context.get_x_argument(as_dictionary=True).get("url")
    url = given or os.environ.get("CREDITRISK_DATABASE_URL")  # noqa: TID251 - Alembic's own command starts here
    if not url:
        raise SystemExit("no database given: set CREDITRISK_DATABASE_URL or use `alembic -x url=…`")
    return sqlalchemy_url(url)


def _is_ours(_object: Any, name: str | None, kind: str, reflected: bool, _compared_to: Any) -> bool:  # noqa: FBT001 - Alembic's signature
    """Partitions are made by ensure_decision_partitions(), month by month, not by migrations."""
    return not (kind == "table" and reflected and name is not None and name.startswith("decision_"))


def _migrate(connection: Connection) -> None:
    # Alembic compares with what it reads from the database, and there our composite type has only its name.
    ischema_names["paper_line"] = PaperLine
    context.configure(
        connection=connection,
        target_metadata=METADATA,  # all tables are in it
        include_object=_is_ours,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    engine = create_async_engine(_url(), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(_run())
