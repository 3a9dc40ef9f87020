"""Reservations count orders that count whole again, and first what was given back beyond a whole.

Revision: 0038
"""

import re
from collections.abc import Iterator
from pathlib import Path

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"

# A statement ends with a semicolon outside function bodies and comments.
_STATEMENT = re.compile(r"(?:\$\$.*?\$\$|--[^\n]*|[^;$])+;", re.DOTALL)


def upgrade() -> None:
    _replace_reserved(revision)


def downgrade() -> None:
    _replace_reserved(down_revision)
    op.execute("DROP FUNCTION given_back_beyond_1")


def _replace_reserved(of: str) -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in _statements((_SQL / of / "reserved.sql").read_text(encoding="utf-8")):
        op.get_bind().exec_driver_sql(statement)


def _statements(text: str) -> Iterator[str]:
    """One statement at a time, because that is how the driver takes them."""
    yield from _STATEMENT.findall(text)
