"""The history of limits, adjustment journals, and what risk scores need.

Every change of a limit is a row of `limit_change`. A journal has lines, and events: who did what to it,
refused attempts, too. The customer's row carries its risk score; `risk_group_scored` says that the risk group
in `content` is the scored one, not one that was stated.

Revision: 0013
"""

from alembic import op

revision = "0013"
down_revision = "0012"
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
)
_NEW_KINDS = ("scoring_group", "risk_group", "automatic_limit")
_TABLES = ("limit_change", "limit_adjustment", "limit_adjustment_line", "limit_adjustment_event")

_CREATE = (
    """
    CREATE TABLE limit_change (
        tenant text COLLATE "C" NOT NULL,
        id uuid NOT NULL,
        company text COLLATE "C" NOT NULL,
        owner_kind text COLLATE "C" NOT NULL,
        owner text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL,
        no integer,
        before jsonb,
        after jsonb,
        source text COLLATE "C" NOT NULL,
        reason text,
        adjustment uuid,
        line integer,
        changed_by text COLLATE "C",
        changed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_limit_change PRIMARY KEY (tenant, id),
        CONSTRAINT ck_limit_change_owner_kind CHECK (owner_kind IN ('customer', 'credit_group')),
        CONSTRAINT ck_limit_change_kind CHECK (kind IN ('credit_limit', 'temporary_limit')),
        CONSTRAINT ck_limit_change_source CHECK (source IN ('direct', 'import', 'estimate', 'adjustment'))
    )
    """,
    "CREATE INDEX ix_limit_change_owner ON limit_change (tenant, owner_kind, owner, id)",
    """
    CREATE TABLE limit_adjustment (
        tenant text COLLATE "C" NOT NULL,
        id uuid NOT NULL,
        company text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL,
        approval text COLLATE "C" NOT NULL,
        status text COLLATE "C" NOT NULL DEFAULT 'draft',
        description text,
        writers text[] NOT NULL,
        created_by text COLLATE "C" NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        submitted_by text COLLATE "C",
        submitted_at timestamptz,
        decided_by text COLLATE "C",
        decided_at timestamptz,
        posted_by text COLLATE "C",
        posted_at timestamptz,
        CONSTRAINT pk_limit_adjustment PRIMARY KEY (tenant, id),
        CONSTRAINT ck_limit_adjustment_kind CHECK (kind IN ('credit_limit', 'temporary')),
        CONSTRAINT ck_limit_adjustment_approval CHECK (approval IN ('journal', 'line')),
        CONSTRAINT ck_limit_adjustment_status
            CHECK (status IN ('draft', 'submitted', 'approved', 'rejected', 'posted'))
    )
    """,
    """
    CREATE TABLE limit_adjustment_line (
        tenant text COLLATE "C" NOT NULL,
        adjustment uuid NOT NULL,
        no integer NOT NULL,
        customer text COLLATE "C",
        credit_group text COLLATE "C",
        content jsonb NOT NULL DEFAULT '{}'::jsonb,
        proposed boolean NOT NULL DEFAULT false,
        status text COLLATE "C" NOT NULL DEFAULT 'pending',
        decided_by text COLLATE "C",
        decided_at timestamptz,
        CONSTRAINT pk_limit_adjustment_line PRIMARY KEY (tenant, adjustment, no),
        CONSTRAINT fk_limit_adjustment_line_limit_adjustment FOREIGN KEY (tenant, adjustment)
            REFERENCES limit_adjustment (tenant, id) ON DELETE CASCADE,
        CONSTRAINT ck_limit_adjustment_line_owner CHECK ((customer IS NULL) <> (credit_group IS NULL)),
        CONSTRAINT ck_limit_adjustment_line_status
            CHECK (status IN ('pending', 'approved', 'rejected', 'posted'))
    )
    """,
    """
    CREATE INDEX ix_limit_adjustment_line_credit_group ON limit_adjustment_line (tenant, credit_group)
        WHERE credit_group IS NOT NULL
    """,
    """
    CREATE TABLE limit_adjustment_event (
        tenant text COLLATE "C" NOT NULL,
        id uuid NOT NULL,
        adjustment uuid NOT NULL,
        action text COLLATE "C" NOT NULL,
        lines integer[],
        reason text,
        by text COLLATE "C" NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_limit_adjustment_event PRIMARY KEY (tenant, id)
    )
    """,
    "CREATE INDEX ix_limit_adjustment_event_adjustment ON limit_adjustment_event (tenant, adjustment, id)",
    """
    ALTER TABLE customer
        ADD COLUMN risk_score jsonb, ADD COLUMN risk_group_scored boolean NOT NULL DEFAULT false
    """,
)


def upgrade() -> None:
    _begin()
    for statement in _CREATE:
        op.execute(statement)
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"""
            CREATE POLICY own_tenant ON {table}
                USING (tenant = nullif(current_setting('app.tenant', true), ''))
                WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))
            """
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO creditrisk_app")
    _accept((*_KINDS_BEFORE, *_NEW_KINDS))


def downgrade() -> None:
    """Remove it all; scored risk groups stay with their customers as if they had been stated."""
    _begin()
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE customer DROP COLUMN risk_score, DROP COLUMN risk_group_scored")
    op.execute("ALTER TABLE reference NO FORCE ROW LEVEL SECURITY")  # those of all tenants go
    listed = ", ".join(f"'{kind}'" for kind in _NEW_KINDS)
    op.execute(f"DELETE FROM reference WHERE kind IN ({listed})")
    op.execute("ALTER TABLE reference FORCE ROW LEVEL SECURITY")
    _accept(_KINDS_BEFORE)


def _begin() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")


def _accept(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(
        "ALTER TABLE reference DROP CONSTRAINT ck_reference_kind,"
        f" ADD CONSTRAINT ck_reference_kind CHECK (kind IN ({listed}))"
    )
