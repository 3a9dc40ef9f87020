"""An invoice that arrives in the ledger, named by an open item, ends its reservation as if it were stated.

Revision: 0025
"""

import re
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision

# A statement ends with a semicolon outside function bodies and comments.
_STATEMENT = re.compile(r"(?:\$\$.*?\$\$|--[^\n]*|[^;$])+;", re.DOTALL)

# All that ask what has become of a reservation, those of older releases too. Nothing else of them changes.
_ASKING = (
    "resolve_reservations_1",
    "sweep_reservations_1",
    "stated_reservation_1",
    "write_reservation_1",
    "reserved_1",
    "reserved_3",
    "resolve_reservations_2",
    "sweep_reservations_2",
)
_STATED = "p.stated_at"
_ARRIVED = "greatest(p.stated_at, p.posted_at)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in _statements(_SQL / "posting.sql"):
        op.get_bind().exec_driver_sql(statement)
    _ask_with(_STATED, _ARRIVED)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    _ask_with(_ARRIVED, _STATED)
    op.execute("DROP TRIGGER posted_when_written ON paper")
    op.execute("DROP TRIGGER posted_later ON paper")
    op.execute("DROP FUNCTION note_posting_1")
    op.execute("ALTER TABLE paper DROP COLUMN posted_at")


def _ask_with(before: str, after: str) -> None:
    """Let the functions tell the state of a reservation by another instant of its document."""
    asked = re.compile(rf"(\breservation_state\([^()]*){re.escape(before)},")
    for name in _ASKING:
        query = sa.text("SELECT pg_get_functiondef(CAST(:name AS regproc))").bindparams(name=name)
        function = op.get_bind().execute(query).scalar_one()
        changed, places = asked.subn(rf"\g<1>{after},", function)
        if not places:
            raise LookupError(f"{name} does not ask by {before}")
        op.get_bind().exec_driver_sql(changed)


def _statements(file: Path) -> Iterator[str]:
    """One statement at a time, because that is how the driver takes them."""
    yield from _STATEMENT.findall(file.read_text(encoding="utf-8"))
