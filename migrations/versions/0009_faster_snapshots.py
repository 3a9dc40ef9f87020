"""Snapshots: first loads without upserts.

Revision: 0009
"""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision
_FUNCTIONS = ("compare.sql", "insert.sql", "upsert.sql", "exposure.sql", "write.sql")  # one statement each


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in _FUNCTIONS:
        op.get_bind().exec_driver_sql((_SQL / file).read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute(
        "DROP FUNCTION write_snapshot_2, apply_snapshot_exposure_2, upsert_entries_1, insert_entries_1,"
        " compare_snapshot_2"
    )
