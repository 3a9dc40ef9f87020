"""Releases by approval: steps as one more kind of reference data, requests with their holds, and a trail.

Revision: 0014
"""

from alembic import op

revision = "0014"
down_revision = "0013"
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
    "rule",
    "scoring_group",
    "risk_group",
    "automatic_limit",
)
# Attempts that were refused are kept whatever becomes of the transaction that holds the hold's row, so no
# foreign key may make them wait for it.
_TRAIL = (
    "ALTER TABLE hold ADD COLUMN submitted jsonb",
    """
    CREATE TABLE hold_event (
        tenant text COLLATE "C" NOT NULL,
        id uuid NOT NULL,
        hold uuid NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        action text COLLATE "C" NOT NULL,
        by text COLLATE "C" NOT NULL,
        operator text COLLATE "C",
        step text COLLATE "C",
        refused text COLLATE "C",
        comment text,
        CONSTRAINT pk_hold_event PRIMARY KEY (tenant, id)
    )
    """,
    "CREATE INDEX ix_hold_event_hold ON hold_event (tenant, hold, id)",
    "ALTER TABLE hold_event ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE hold_event FORCE ROW LEVEL SECURITY",
    """
    CREATE POLICY own_tenant ON hold_event
        USING (tenant = nullif(current_setting('app.tenant', true), ''))
        WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))
    """,
    "GRANT SELECT, INSERT ON hold_event TO creditrisk_app",
)


def upgrade() -> None:
    _accept((*_KINDS_BEFORE, "release_step"))
    for statement in _TRAIL:
        op.execute(statement)


def downgrade() -> None:
    """Remove steps, requests and the trail: releases need no approval any more."""
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("ALTER TABLE reference NO FORCE ROW LEVEL SECURITY")  # the steps of all tenants go
    op.execute("DELETE FROM reference WHERE kind = 'release_step'")
    op.execute("ALTER TABLE reference FORCE ROW LEVEL SECURITY")
    _accept(_KINDS_BEFORE)
    op.execute("DROP TABLE hold_event")
    op.execute("ALTER TABLE hold DROP COLUMN submitted")


def _accept(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute(
        "ALTER TABLE reference DROP CONSTRAINT ck_reference_kind,"
        f" ADD CONSTRAINT ck_reference_kind CHECK (kind IN ({listed}))"
    )
