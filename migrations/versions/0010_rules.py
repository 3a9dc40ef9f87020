"""Rules: one more kind of reference data.

Revision: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_KINDS_BEFORE = (
    "document_type",
    "payment_terms",
    "cash_discount",
    "credit_group",
    "management_group",
    "account_status",
    "reason",
    "operator",
    "message",
)


def upgrade() -> None:
    _accept((*_KINDS_BEFORE, "rule"))


def downgrade() -> None:
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("ALTER TABLE reference NO FORCE ROW LEVEL SECURITY")  # the rules of all tenants go
    op.execute("DELETE FROM reference WHERE kind = 'rule'")
    op.execute("ALTER TABLE reference FORCE ROW LEVEL SECURITY")
    _accept(_KINDS_BEFORE)


def _accept(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute(
        "ALTER TABLE reference DROP CONSTRAINT ck_reference_kind,"
        f" ADD CONSTRAINT ck_reference_kind CHECK (kind IN ({listed}))"
    )
