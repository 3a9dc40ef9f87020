"""Reservations of documents that are stored or follow others count neither twice nor negatively.

Revision: 0028
"""

import re
from pathlib import Path

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"

# The open items that stand for an invoice: under row-level security an expression over the content cannot use
# an index; a column can.
_POSTED_INVOICE = (
    "DROP INDEX ix_paper_posted_invoice",
    """
    ALTER TABLE paper
        ADD COLUMN posted_invoice text COLLATE "C" GENERATED ALWAYS AS (CASE
            WHEN kind = 'open_item' AND content #>> '{document,kind}' = 'invoice'
            THEN content #>> '{document,number}' END) STORED
    """,
    """
    CREATE INDEX ix_paper_posted_invoice ON paper (tenant, company, posted_invoice)
        WHERE posted_invoice IS NOT NULL
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in _POSTED_INVOICE:
        op.execute(statement)
    for file in ("stored.sql", "reserved.sql"):
        op.get_bind().exec_driver_sql((_SQL / revision / file).read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    before = (_SQL / "0012/reserved.sql").read_text(encoding="utf-8")
    found = re.search(r"create (function reserved_3\(.*?\n\$\$;)", before, re.DOTALL)
    if found is None:
        raise LookupError("0012/reserved.sql does not make reserved_3")
    # As 0025 has left it.
    arrived = found[1].replace("p.stated_at, p_now", "greatest(p.stated_at, p.posted_at), p_now")
    op.get_bind().exec_driver_sql(f"create or replace {arrived}")
    op.execute("DROP FUNCTION stored_line_1")
    op.execute("ALTER TABLE paper DROP COLUMN posted_invoice")
    op.execute(
        """
        CREATE INDEX ix_paper_posted_invoice ON paper (tenant, company, (content #>> '{document,number}'))
            WHERE kind = 'open_item' AND content ? 'document'
        """
    )
