"""A return takes nothing of the document whose goods come back; blocks keep who gave them their last day.

Revision: 0021
"""

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute(
        'ALTER TABLE manual_block ADD COLUMN ended_at timestamptz, ADD COLUMN ended_by text COLLATE "C"'
    )
    _take_by((_SQL / revision / "links.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    lines = (_SQL / "0001" / "lines.sql").read_text(encoding="utf-8")
    begun = "create function links_of("
    before = begun + lines.partition(begun)[2].partition("$$;")[0] + "$$;"
    _take_by(before.replace("create function", "create or replace function"))
    op.execute("ALTER TABLE manual_block DROP COLUMN ended_at, DROP COLUMN ended_by")


def _take_by(links_of: str) -> None:
    """Let documents take of others as this function says, those of all tenants that are stored, too."""
    restate = (_SQL / revision / "restate.sql").read_text(encoding="utf-8")
    op.execute("ALTER TABLE paper NO FORCE ROW LEVEL SECURITY")
    for statement in (links_of, restate):
        op.get_bind().exec_driver_sql(statement)
    op.execute("ALTER TABLE paper FORCE ROW LEVEL SECURITY")
