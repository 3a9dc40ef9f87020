"""Limit adjustments that are posted with the last approval.

Revision: 0019
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _begin()
    op.execute("ALTER TABLE limit_adjustment ADD COLUMN post_when_approved boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    _begin()
    op.execute("ALTER TABLE limit_adjustment DROP COLUMN post_when_approved")


def _begin() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
