"""A check that changes a hold is written in one statement.

Revision: 0024
"""

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in ("holds.sql", "held.sql"):
        op.get_bind().exec_driver_sql((_SQL / file).read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("DROP FUNCTION write_held_check_1, change_hold_1")
