"""Answers kept under an Idempotency-Key, taking turns at a key, and removing answers whose day is over.

Revision: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE kept_answer (
        tenant text COLLATE "C" NOT NULL,
        id bytea NOT NULL,
        fingerprint bytea NOT NULL,
        status integer NOT NULL,
        headers jsonb NOT NULL DEFAULT '{}'::jsonb,
        body bytea NOT NULL,
        kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT pk_kept_answer PRIMARY KEY (tenant, id)
    )
    """,
    "CREATE INDEX ix_kept_answer_kept_at ON kept_answer (kept_at)",
    "ALTER TABLE kept_answer ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE kept_answer FORCE ROW LEVEL SECURITY",
    """
    CREATE POLICY own_tenant ON kept_answer
        USING (tenant = nullif(current_setting('app.tenant', true), ''))
        WITH CHECK (tenant = nullif(current_setting('app.tenant', true), ''))
    """,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON kept_answer TO creditrisk_app",
    # No row: another request of the identity has its turn. The kept answer is read by a later statement than
    # the one that locks, and so sees what the request before has committed; in one statement it might not.
    """
    CREATE FUNCTION take_turn_1(whose text, wanted bytea, lock bigint)
    RETURNS TABLE (fingerprint bytea, status integer, headers jsonb, body bytea)
    LANGUAGE plpgsql VOLATILE
    AS $$
    BEGIN
        IF NOT pg_try_advisory_xact_lock(lock) THEN
            RETURN;
        END IF;
        RETURN QUERY
            SELECT k.fingerprint, k.status, k.headers, k.body
            FROM (VALUES (1)) AS always
            LEFT JOIN kept_answer AS k ON k.tenant = whose AND k.id = wanted
                AND k.kept_at >= clock_timestamp() - interval '24 hours';
    END
    $$
    """,
    # The sweep runs with the owner's rights, whom this shows the expired answers of every tenant, no others.
    """
    CREATE POLICY expired ON kept_answer TO creditrisk_owner
        USING (kept_at < clock_timestamp() - interval '24 hours')
    """,
    # Several processes sweep, each passes over what another is removing; a bounded number keeps it short.
    """
    CREATE FUNCTION sweep_kept_answers_1(most integer) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public
    AS $$
        WITH expired AS (
            SELECT k.tenant, k.id FROM kept_answer AS k
            WHERE k.kept_at < clock_timestamp() - interval '24 hours'
            ORDER BY k.kept_at LIMIT most
            FOR UPDATE SKIP LOCKED
        ), removed AS (
            DELETE FROM kept_answer AS k USING expired AS e
            WHERE k.tenant = e.tenant AND k.id = e.id
            RETURNING 1
        )
        SELECT count(*) FROM removed
    $$
    """,
    "REVOKE ALL ON FUNCTION sweep_kept_answers_1(integer) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION sweep_kept_answers_1(integer) TO creditrisk_app",
)

_DOWN = (
    "DROP FUNCTION sweep_kept_answers_1(integer)",
    "DROP FUNCTION take_turn_1(text, bytea, bigint)",
    "DROP TABLE kept_answer",
)


def upgrade() -> None:
    _run(_UP)


def downgrade() -> None:
    _run(_DOWN)


def _run(statements: tuple[str, ...]) -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
