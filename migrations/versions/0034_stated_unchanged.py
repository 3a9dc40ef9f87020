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

# All but reserved_3 that ask what has become of a reservation, those of older releases too, and what they
# call it. Nothing else of them changes.
_ASKING = {
    "resolve_reservations_1": "e",
    "sweep_reservations_1": "r",
    "stated_reservation_1": "er",
    "write_reservation_1": "r",
    "reserved_1": "r",
    "resolve_reservations_2": "e",
    "sweep_reservations_2": "r",
}
_STATED = "greatest(p.stated_at, p.posted_at)"
_ARRIVED = "arrived_at_1({0}.status, {0}.is_edit, {0}.resolved_at, p.stated_at, p.changed_at, p.posted_at)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in _statements(_SQL / revision / "arriving.sql"):
        op.get_bind().exec_driver_sql(statement)
    for name, aliases in _ASKING.items():
        for alias in aliases:
            _replace(name, _STATED, _ARRIVED.format(alias))
    op.get_bind().exec_driver_sql((_SQL / revision / "reserved.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.get_bind().exec_driver_sql((_SQL / "0033" / "reserved.sql").read_text(encoding="utf-8"))
    grants = (_SQL / "0026" / "grants.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(grants.replace("create function", "create or replace function"))
    for name, aliases in _ASKING.items():
        for alias in aliases:
            _replace(name, _ARRIVED.format(alias), _STATED)
    op.execute("DROP TRIGGER restated ON paper")
    op.execute("DROP FUNCTION note_restatement_1")
    op.execute("DROP FUNCTION arrived_at_1")
    op.execute("ALTER TABLE paper DROP COLUMN changed_at")
    op.execute("ALTER TABLE reservation DROP COLUMN is_edit")


def _replace(name: str, before: str, since: str) -> None:
    """Let a function tell the state of a reservation by another instant of the document, at one place."""
    query = sa.text("SELECT pg_get_functiondef(CAST(:name AS regproc))").bindparams(name=name)
    function = op.get_bind().execute(query).scalar_one()
    if before not in function:
        raise LookupError(f"{name} does not ask by {before}")
    op.get_bind().exec_driver_sql(function.replace(before, since, 1))


def _statements(file: Path) -> Iterator[str]:
    """One statement at a time, because that is how the driver takes them."""
    yield from _STATEMENT.findall(file.read_text(encoding="utf-8"))
