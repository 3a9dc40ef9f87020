"""What a checked document gives back to a paper it followed makes that no larger than it is.

Revision: 0036
"""

from pathlib import Path

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.get_bind().exec_driver_sql((_SQL / revision / "adjustments.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    before = (_SQL / "0030" / "adjustments.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(before.replace("create function", "create or replace function"))
