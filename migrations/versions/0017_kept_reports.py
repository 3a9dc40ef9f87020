"""Exposure reports that are kept: headings, and their rows by the page.

Revision: 0017
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# A report says what was: the service may add rows, and remove them with the whole report, but change none.
_TABLES = {"exposure_report": "SELECT, INSERT, UPDATE, DELETE", "exposure_report_page": "SELECT, INSERT"}

_CREATE = (
    """
    CREATE TABLE exposure_report (
        tenant text COLLATE "C" NOT NULL,
        id uuid NOT NULL,
        companies text[],
        as_of date,
        asked jsonb NOT NULL DEFAULT '{}'::jsonb,
        rows bigint NOT NULL DEFAULT 0,
        created_by text COLLATE "C" NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_exposure_report PRIMARY KEY (tenant, id)
    )
    """,
    """
    CREATE TABLE exposure_report_page (
        tenant text COLLATE "C" NOT NULL,
        report uuid NOT NULL,
        no integer NOT NULL,
        rows jsonb NOT NULL,
        CONSTRAINT pk_exposure_report_page PRIMARY KEY (tenant, report, no),
        CONSTRAINT fk_exposure_report_page_exposure_report FOREIGN KEY (tenant, report)
            REFERENCES exposure_report (tenant, id) ON DELETE CASCADE
    )
    """,
)


def upgrade() -> None:
    _begin()
    for statement in _CREATE:
        op.execute(statement)
    for table, rights in _TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"""
            CREATE POLICY own_tenant ON {table}
                USING (tenant = nullif(current_setting('app.tenant', true), ''))
                WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))
            """
        )
        op.execute(f"GRANT {rights} ON {table} TO creditrisk_app")


def downgrade() -> None:
    _begin()
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")


def _begin() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
