"""Reservations of documents in chains free nothing before these are there.

Revision: 0033
"""

from pathlib import Path

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"

_RISEN = """
    CREATE OR REPLACE TRIGGER posted_later BEFORE UPDATE ON paper
    FOR EACH ROW WHEN (new.posted_by > old.posted_by) EXECUTE FUNCTION note_posting_1()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in ("reserved.sql", "posting.sql"):
        op.get_bind().exec_driver_sql((_SQL / revision / file).read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.get_bind().exec_driver_sql((_SQL / "0028" / "reserved.sql").read_text(encoding="utf-8"))
    op.execute(_RISEN)
