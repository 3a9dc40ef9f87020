"""Decisions: kept as they are, not compressed.

Revision: 0015
"""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.get_bind().exec_driver_sql((_SQL / "partitions.sql").read_text(encoding="utf-8"))
    op.execute("REVOKE ALL ON FUNCTION ensure_decision_partitions_2(date, integer) FROM public")
    op.execute("GRANT EXECUTE ON FUNCTION ensure_decision_partitions_2(date, integer) TO creditrisk_app")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("DROP FUNCTION ensure_decision_partitions_2")
