"""Stored evaluations of accounts.

`content` is the exposure as shown at that moment, `lines` the counted papers where they were kept with it.
What was evaluated in one run shares its `batch`. A row outlives the papers it was made from.

Revision: 0006
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLE = (
    """
    CREATE TABLE calculation (
        tenant text COLLATE "C" NOT NULL,
        id uuid NOT NULL,
        company text COLLATE "C" NOT NULL,
        customer text COLLATE "C" NOT NULL,
        as_of date NOT NULL,
        evaluated_at timestamptz NOT NULL,
        batch uuid,
        content jsonb NOT NULL,
        lines jsonb,
        CONSTRAINT pk_calculation PRIMARY KEY (tenant, id)
    )
    """,
    "CREATE INDEX ix_calculation_account ON calculation (tenant, company, customer, id)",
    "ALTER TABLE calculation ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE calculation FORCE ROW LEVEL SECURITY",
    """
    CREATE POLICY own_tenant ON calculation
        USING (tenant = nullif(current_setting('app.tenant', true), ''))
        WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))
    """,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON calculation TO creditrisk_app",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in _TABLE:
        op.execute(statement)


def downgrade() -> None:
    """Remove the table; stored evaluations are forgotten."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("DROP TABLE calculation")
