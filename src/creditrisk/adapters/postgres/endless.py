"""Days and instants at the ends of the calendar.

asyncpg stores the very first and last ones as the endless ones of PostgreSQL, which is what people mean by
9999-12-31. Read back in some ways, they look different from all others.
"""

from datetime import UTC, date, datetime
from typing import Final

_ENDLESS: Final = {"infinity": date.max, "-infinity": date.min}


def read_day(text: str) -> date:
    """Read a day from JSON or text; an endless one is the calendar's last or first."""
    return _ENDLESS.get(text) or date.fromisoformat(text)


def with_zone(instant: datetime) -> datetime:
    """Return an instant read from a column with its zone, which endless ones come without."""
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
