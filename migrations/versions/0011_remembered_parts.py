"""Snapshots: parts of them remembered as they were read, and less asked of entries without links.

Revision: 0011
"""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision
_FUNCTIONS = ("insert.sql", "write.sql")  # one statement each

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
    op.execute("DROP FUNCTION write_snapshot_3, insert_entries_2")
    op.execute("DROP TABLE snapshot_part")
