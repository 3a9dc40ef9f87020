"""When a held document was last checked.

Revision: 0016
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    # `updated_at` follows people, too. Of holds made before nothing tells which of both it was.
    op.execute("ALTER TABLE hold ADD COLUMN checked_at timestamptz")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("ALTER TABLE hold DROP COLUMN checked_at")
