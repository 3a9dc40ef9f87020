"""Reserving checks are read together as others are; so are accounts on which no more than sums is reserved.

Revision: 0022
"""

from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in ("known.sql", "facts.sql", "scopes.sql", "reserving.sql"):
        op.get_bind().exec_driver_sql((_SQL / file).read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("DROP FUNCTION reserving_facts_4, scopes_of_checks_1, facts_of_checks_2, as_known_1")
