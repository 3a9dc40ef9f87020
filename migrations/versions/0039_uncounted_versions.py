"""Reservations tell what is claimed more where a stored version does not count, or in another account.

Revision: 0039
"""

from pathlib import Path

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    _execute(revision)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    _execute(down_revision)


def _execute(of: str) -> None:
    op.get_bind().exec_driver_sql((_SQL / of / "reserved.sql").read_text(encoding="utf-8"))
