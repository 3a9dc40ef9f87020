"""Snapshots: first loads without upserts, and the parts of a stream that were read before.

Revision: 0006
"""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision
_FUNCTIONS = ("compare.sql", "insert.sql", "upsert.sql", "exposure.sql", "write.sql")  # one statement each

# Entries are compressed before they come here.
_TABLES = (
    """
    CREATE TABLE snapshot_part (
        tenant text COLLATE "C" NOT NULL,
        company text COLLATE "C" NOT NULL,
        source text COLLATE "C" NOT NULL,
        kinds text COLLATE "C" NOT NULL,
        fingerprint bytea NOT NULL,
        entries bytea STORAGE EXTERNAL NOT NULL,
        CONSTRAINT pk_snapshot_part PRIMARY KEY (tenant, company, source, kinds, fingerprint)
    )
    """,
    "ALTER TABLE snapshot_part ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE snapshot_part FORCE ROW LEVEL SECURITY",
    """
    CREATE POLICY own_tenant ON snapshot_part
        USING (tenant = nullif(current_setting('app.tenant', true), ''))
        WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))
    """,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON snapshot_part TO creditrisk_app",
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
        "DROP FUNCTION write_snapshot_2, apply_snapshot_exposure_2, upsert_entries_1, insert_entries_1,"
        " compare_snapshot_2"
    )
    op.execute("DROP TABLE snapshot_part")
