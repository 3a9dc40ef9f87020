"""What a document was stored as, and its releases by checkpoint, are told apart.

Revision: 0030
"""

from pathlib import Path

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in ("adjustments.sql", "facts.sql"):
        op.get_bind().exec_driver_sql((_SQL / revision / file).read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    facts = (_SQL / "0005" / "facts.sql").read_text(encoding="utf-8")
    begun = "create function document_facts_1("
    before = begun + facts.partition(begun)[2].partition("$$;")[0] + "$$;"
    op.get_bind().exec_driver_sql(before.replace("create function", "create or replace function"))
    op.execute("DROP FUNCTION document_adjustments_2")
