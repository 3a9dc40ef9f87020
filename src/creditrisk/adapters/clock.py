"""The clock of this machine; where money is decided, the database's clock counts, shared by all processes."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(tz=UTC)
