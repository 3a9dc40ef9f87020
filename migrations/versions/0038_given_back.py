"""Reservations count orders that count whole again, and first what was given back beyond a whole.

Revision: 0038
"""

from pathlib import Path

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in ("given_back.sql", "reserved.sql"):
        _execute(revision, file)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    _execute(down_revision, "reserved.sql")
    op.execute("DROP FUNCTION given_back_beyond_1")


def _execute(of: str, file: str) -> None:
    op.get_bind().exec_driver_sql((_SQL / of / file).read_text(encoding="utf-8"))
