"""A payment of an item in another currency leaves nothing over.

Revision: 0029
"""

from pathlib import Path

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    _count_by((_SQL / revision / "lines.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    lines = (_SQL / "0001" / "lines.sql").read_text(encoding="utf-8")
    begun = "create function line_of("
    before = begun + lines.partition(begun)[2].partition("$$;")[0] + "$$;"
    _count_by(before.replace("create function", "create or replace function"))


def _count_by(line_of: str) -> None:
    """Let papers count as this function says, the payments of all tenants that are stored, too."""
    restate = (_SQL / revision / "restate.sql").read_text(encoding="utf-8")
    op.execute("ALTER TABLE paper NO FORCE ROW LEVEL SECURITY")
    for statement in (line_of, restate):
        op.get_bind().exec_driver_sql(statement)
    op.execute("ALTER TABLE paper FORCE ROW LEVEL SECURITY")
