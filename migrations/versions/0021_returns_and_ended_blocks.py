"""A return takes nothing of the document whose goods come back; blocks keep who gave them their last day.

Revision: 0021
"""

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute(
        'ALTER TABLE manual_block ADD COLUMN ended_at timestamptz, ADD COLUMN ended_by text COLLATE "C"'
    )
    _replace("links.sql")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    _replace("links_before.sql")
    op.execute("ALTER TABLE manual_block DROP COLUMN ended_at, DROP COLUMN ended_by")


def _replace(function: str) -> None:
    op.execute("ALTER TABLE paper NO FORCE ROW LEVEL SECURITY")  # the returns of all tenants
    for file in (function, "restate.sql"):
        op.get_bind().exec_driver_sql((_SQL / file).read_text(encoding="utf-8"))
    op.execute("ALTER TABLE paper FORCE ROW LEVEL SECURITY")
