"""The history of limits tells of covers, too, which raise them.

Revision: 0032
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_BEFORE = ("credit_limit", "temporary_limit")


def upgrade() -> None:
    _begin()
    _accept((*_BEFORE, "cover"))


def downgrade() -> None:
    _begin()
    op.execute("ALTER TABLE limit_change NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM limit_change WHERE kind = 'cover'")
    op.execute("ALTER TABLE limit_change FORCE ROW LEVEL SECURITY")
    _accept(_BEFORE)


def _begin() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")


def _accept(kinds: tuple[str, ...]) -> None:
    names = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("ALTER TABLE limit_change DROP CONSTRAINT ck_limit_change_kind")
    op.execute(f"ALTER TABLE limit_change ADD CONSTRAINT ck_limit_change_kind CHECK (kind IN ({names}))")
