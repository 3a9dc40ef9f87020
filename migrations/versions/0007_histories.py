"""Papers found by who bears them, settled ones too; and who stored a calculation.

Revision: 0007
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Under row-level security an expression over the content cannot use an index; a column can.
_STATEMENTS = (
    """
    ALTER TABLE paper
        ADD COLUMN bill_to text COLLATE "C" GENERATED ALWAYS AS (content ->> 'bill_to') STORED
    """,
    """
    CREATE INDEX ix_paper_customer ON paper (tenant, company, customer, kind)
        WHERE customer IS NOT NULL AND kind IN ('invoice', 'open_item', 'payment')
    """,
    """
    CREATE INDEX ix_paper_bill_to ON paper (tenant, company, bill_to, kind)
        WHERE bill_to IS NOT NULL AND kind IN ('invoice', 'open_item', 'payment')
    """,
    'ALTER TABLE calculation ADD COLUMN created_by text COLLATE "C"',
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("ALTER TABLE calculation DROP COLUMN created_by")
    op.execute("DROP INDEX ix_paper_customer")
    op.execute("ALTER TABLE paper DROP COLUMN bill_to")
