"""The oldest open items of an account are found without looking at its other papers.

Revision: 0018
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    # All but the due date is asked for as equal, so that the first rows are those wanted. Without `billed`,
    # nobody's items were found only at the end of all.
    op.execute(
        """
        CREATE INDEX ix_paper_counted ON paper (
            tenant, company, ((line).customer), ((line).billed), ((line).category), ((line).credit),
            ((line).due_on), number
        ) WHERE (line).category IS NOT NULL
        """
    )
    op.execute("DROP INDEX ix_paper_open")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute(
        """
        CREATE INDEX ix_paper_open ON paper (tenant, company, ((line).customer), ((line).due_on), number)
        WHERE (line).category IS NOT NULL
        """
    )
    op.execute("DROP INDEX ix_paper_counted")
