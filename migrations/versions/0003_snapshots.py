"""Snapshots of the ledger: when each source's last one was taken, and the functions that compare and write.

Revision: 0003
"""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision
_FUNCTIONS = ("outcome.sql", "compare.sql", "exposure.sql", "write.sql")  # one statement each

_TABLES = (
    """
    CREATE TABLE snapshot (
        tenant text COLLATE "C" NOT NULL,
        company text COLLATE "C" NOT NULL,
        source text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL,
        taken_at timestamptz NOT NULL,
        CONSTRAINT pk_snapshot PRIMARY KEY (tenant, company, source, kind)
    )
    """,
    "ALTER TABLE snapshot ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE snapshot FORCE ROW LEVEL SECURITY",
    """
    CREATE POLICY own_tenant ON snapshot
        USING (tenant = nullif(current_setting('app.tenant', true), ''))
        WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))
    """,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON snapshot TO creditrisk_app",
    """
    ALTER TABLE import_job
        ADD COLUMN lines bigint NOT NULL DEFAULT 0,
        ADD COLUMN added bigint NOT NULL DEFAULT 0,
        ADD COLUMN changed bigint NOT NULL DEFAULT 0,
        ADD COLUMN closed bigint NOT NULL DEFAULT 0
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in _TABLES:
        op.execute(statement)
    for file in _FUNCTIONS:
        op.get_bind().exec_driver_sql((_SQL / file).read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute(
        "DROP FUNCTION write_snapshot_1, apply_snapshot_exposure_1, compare_snapshot_1, snapshot_outcome"
    )
    op.execute("DROP TABLE snapshot")
    op.execute(
        "ALTER TABLE import_job DROP COLUMN lines, DROP COLUMN added, DROP COLUMN changed, DROP COLUMN closed"
    )
