"""The open items that stand for a posted invoice are found by it.

Revision: 0030
"""

from pathlib import Path

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"

# Under row-level security an expression over the content cannot use an index; a column can.
_COLUMN = """
    ALTER TABLE paper
        ADD COLUMN posted_invoice text COLLATE "C" GENERATED ALWAYS AS (CASE
            WHEN kind = 'open_item' AND content #>> '{document,kind}' = 'invoice'
            THEN content #>> '{document,number}' END) STORED
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("DROP INDEX ix_paper_posted_invoice")
    op.execute(_COLUMN)
    op.execute(
        """
        CREATE INDEX ix_paper_posted_invoice ON paper (tenant, company, posted_invoice)
            WHERE posted_invoice IS NOT NULL
        """
    )
    op.get_bind().exec_driver_sql((_SQL / revision / "reserved.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.get_bind().exec_driver_sql((_SQL / "0028" / "reserved.sql").read_text(encoding="utf-8"))
    op.execute("ALTER TABLE paper DROP COLUMN posted_invoice")
    op.execute(
        """
        CREATE INDEX ix_paper_posted_invoice ON paper (tenant, company, (content #>> '{document,number}'))
            WHERE kind = 'open_item' AND content ? 'document'
        """
    )
