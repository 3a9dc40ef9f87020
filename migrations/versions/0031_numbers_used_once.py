"""A number of a temporary limit or cover is given once, though the entry is deleted.

Revision: 0031
"""

from alembic import op

revision = "0031"
down_revision = "0030"
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


# Numbers that were given before, as far as they are known: those of covers that were deleted are not.
_READ = ("temporary_limit", "cover", "manual_block", "limit_change")
_GIVEN = """
    INSERT INTO entry_number (tenant, company, entry, owner_kind, owner, last)
    SELECT tenant, company, entry, owner_kind, owner, max(no)
    FROM (
        SELECT tenant, company, 'temporary_limit' AS entry, owner_kind, owner, no FROM temporary_limit
        UNION ALL
        SELECT tenant, company, 'temporary_limit', owner_kind, owner, no FROM limit_change
        WHERE kind = 'temporary_limit'
        UNION ALL
        SELECT tenant, company, 'cover', 'customer', customer, no FROM cover
        UNION ALL
        SELECT tenant, company, 'manual_block', 'customer', customer, no FROM manual_block
    ) AS given
    GROUP BY 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in _CREATE:
        op.execute(statement)
    for table in _READ:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(_GIVEN)
    for table in (*_READ, "entry_number"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    op.execute("DROP FUNCTION next_entry_1")
    op.execute("DROP TABLE entry_number")
