"""A document that is stated again unchanged leaves the reservation of an edit as it is.

Revision: 0034
"""

import re
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"

# A statement ends with a semicolon outside function bodies and comments.
_STATEMENT = re.compile(r"(?:\$\$.*?\$\$|--[^\n]*|[^;$])+;", re.DOTALL)

# All but reserved_3 that ask what has become of a reservation, those of older releases too. Nothing else of
# them changes.
_ASKING = (
    "resolve_reservations_1",
    "sweep_reservations_1",
    "stated_reservation_1",
    "write_reservation_1",
    "reserved_1",
    "resolve_reservations_2",
    "sweep_reservations_2",
)
_STATED = "greatest(p.stated_at, p.posted_at)"
_ARRIVED = "arrived_at_1(p.stated_at, p.changed_at, p.posted_at)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in _statements(_SQL / revision / "arriving.sql"):
        op.get_bind().exec_driver_sql(statement)
    _ask_with(_STATED, _ARRIVED)
    op.get_bind().exec_driver_sql((_SQL / revision / "reserved.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.get_bind().exec_driver_sql((_SQL / "0033" / "reserved.sql").read_text(encoding="utf-8"))
    _ask_with(_ARRIVED, _STATED)
    op.execute("DROP TRIGGER restated ON paper")
    op.execute("DROP FUNCTION note_restatement_1")
    op.execute("DROP FUNCTION arrived_at_1")
    op.execute("ALTER TABLE paper DROP COLUMN changed_at")


def _ask_with(before: str, after: str) -> None:
    """Let the functions tell the state of a reservation by another instant of its document."""
    for name in _ASKING:
        query = sa.text("SELECT pg_get_functiondef(CAST(:name AS regproc))").bindparams(name=name)
        function = op.get_bind().execute(query).scalar_one()
        if before not in function:
            raise LookupError(f"{name} does not ask by {before}")
        op.get_bind().exec_driver_sql(function.replace(before, after))


def _statements(file: Path) -> Iterator[str]:
    """One statement at a time, because that is how the driver takes them."""
    yield from _STATEMENT.findall(file.read_text(encoding="utf-8"))
