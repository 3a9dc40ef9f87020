"""Bringing a database to the schema of this release, and telling whether it is there."""

import asyncio
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection

_PACKAGE: Final = Path(__file__).parent.parent.parent
_PLACES: Final = (_PACKAGE / "migrations", _PACKAGE.parent.parent / "migrations")
"""In an installed package the migrations lie inside it, in a checkout at the top."""

_REVISION: Final = sa.text("SELECT version_num FROM alembic_version")


def migration_config(url: str | None = None) -> Config:
    """Make Alembic's configuration as its own command would read it from alembic.ini."""
    place = next(place for place in _PLACES if (place / "env.py").is_file())
    config = Config(attributes={"url": url})
    config.set_main_option("script_location", str(place).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def newest_revision() -> str:
    """Return the revision this release is written for."""
    head = ScriptDirectory.from_config(migration_config()).get_current_head()
    if head is None:
        raise RuntimeError("this package has no migrations")
    return head


async def upgrade(url: str) -> None:
    """Migrate to the newest revision. Safe to repeat, and beside a running service of the release before."""
    # Alembic runs an event loop of its own, which needs a thread of its own.
    await asyncio.to_thread(command.upgrade, migration_config(url), "head")


async def stored_revision(connection: AsyncConnection) -> str | None:
    """Return the revision the database is at."""
    return (await connection.execute(_REVISION)).scalar_one_or_none()
