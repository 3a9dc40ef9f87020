"""Reservations, the scopes that serialise them, and a read that counts them.

Revision: 0004
"""

import re
from collections.abc import Iterator
from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision
_FILES = ("tables.sql", "states.sql", "reserved.sql", "facts.sql", "reserving.sql")

# A statement ends with a semicolon outside function bodies, comments and literals.
_STATEMENT = re.compile(r"(?:\$\$.*?\$\$|--[^\n]*|'[^']*'|[^;$])+;", re.DOTALL)


def _statements(file: str) -> Iterator[str]:
    """One statement at a time, because that is how the driver takes them."""
    yield from _STATEMENT.findall((_SQL / file).read_text(encoding="utf-8"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in _FILES:
        for statement in _statements(file):
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Remove reservations; what was reserved is forgotten."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for function in (
        (
            "write_reservation_1(text, uuid, text, text, text, text, text, numeric, text, numeric, jsonb,"
            " integer, text)"
        ),
        "reserving_facts_1(text, text, text, text, text, text, jsonb)",
        "lock_scopes_1(text, text[])",
        "credit_scopes_1(text, text, text, text)",
        "credit_facts_2(text, text, text, text, text, text, jsonb, timestamp with time zone)",
        "reserved_1(text, text, text, text[], text[], jsonb, boolean, timestamp with time zone)",
        "stated_reservation_1(text, text, text, text)",
        "sweep_reservations_1(text, integer)",
        "resolve_lapsed_1(text, text[], text[], timestamp with time zone)",
        "resolve_reservations_1(text, uuid[], timestamp with time zone)",
        "tenants_with_reservations_1()",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE reservation, credit_scope")
    op.execute(
        "DROP FUNCTION reservation_state(text, timestamp with time zone, timestamp with time zone,"
        " timestamp with time zone, timestamp with time zone)"
    )
