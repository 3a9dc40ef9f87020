"""A number of a temporary limit or cover is given once, though the entry is deleted.

Revision: 0032
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_CREATE = (
    """
    CREATE TABLE entry_number (
        tenant text COLLATE "C" NOT NULL,
        company text COLLATE "C" NOT NULL,
        entry text COLLATE "C" NOT NULL,
        owner_kind text COLLATE "C" NOT NULL,
        owner text COLLATE "C" NOT NULL,
        last integer NOT NULL,
        CONSTRAINT pk_entry_number PRIMARY KEY (tenant, company, entry, owner_kind, owner)
    )
    """,
    "ALTER TABLE entry_number ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE entry_number FORCE ROW LEVEL SECURITY",
    """
    CREATE POLICY own_tenant ON entry_number
        USING (tenant = nullif(current_setting('app.tenant', true), ''))
        WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))
    """,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON entry_number TO creditrisk_app",
    # highest: of the entries that are there, which an earlier release may have numbered.
    """
    CREATE FUNCTION next_entry_1(
        p_tenant text, p_company text, p_entry text, p_owner_kind text, p_owner text, highest integer
    ) RETURNS integer
    LANGUAGE sql VOLATILE
    AS $$
        INSERT INTO entry_number AS n (tenant, company, entry, owner_kind, owner, last)
        VALUES (p_tenant, p_company, p_entry, p_owner_kind, p_owner, coalesce(highest, 0) + 1)
        ON CONFLICT (tenant, company, entry, owner_kind, owner)
            DO UPDATE SET last = greatest(n.last + 1, excluded.last)
        RETURNING n.last
    $$
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in _CREATE:
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("DROP FUNCTION next_entry_1")
    op.execute("DROP TABLE entry_number")
