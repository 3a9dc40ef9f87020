"""Whether the database is there and at the schema of this release."""

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.migrate import newest_revision, stored_revision


class PostgresReadiness:
    """Looks at the database each time it is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted = newest_revision()

    async def find_obstacle(self) -> str | None:
        """Return None when the database answers and has this release's schema, else a reason."""
        try:
            async with self._database.engine.connect() as connection:
                found = await stored_revision(connection)
        except Exception:  # noqa: BLE001 - whatever keeps the database from answering is the obstacle
            return "the database does not answer"
        if found != self._wanted:
            return f"the database is at schema revision {found}, this release needs {self._wanted}"
        return None
