"""Roles, tables, lines of papers, the write path and row-level security.

Revision: 0001, the first
"""

import re
from collections.abc import Iterator
from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision
_FILES = ("lines.sql", "tables.sql", "write.sql", "staged.sql", "facts.sql", "access.sql")

# Roles belong to the whole server: another database of it may have made them already, and on some servers
# only an administrator may. The application's role must never be able to see past row-level security.
_ROLES = """
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['creditrisk_owner', 'creditrisk_app'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database is being migrated at this moment
            END;
        END IF;
        IF NOT pg_has_role(current_user, role, 'SET') THEN
            EXECUTE format('GRANT %I TO %I', role, current_user);
        END IF;
    END LOOP;
END
$$
"""


# A statement ends with a semicolon outside function bodies, comments and literals.
_STATEMENT = re.compile(r"(?:\$\$.*?\$\$|--[^\n]*|'[^']*'|[^;$])+;", re.DOTALL)


def _statements(file: str) -> Iterator[str]:
    """One statement at a time, because that is how the driver takes them."""
    yield from _STATEMENT.findall((_SQL / file).read_text(encoding="utf-8"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_ROLES)
    op.execute("GRANT USAGE, CREATE ON SCHEMA public TO creditrisk_owner")
    op.execute("GRANT USAGE ON SCHEMA public TO creditrisk_app")
    op.execute("ALTER TABLE alembic_version OWNER TO creditrisk_owner")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in _FILES:
        for statement in _statements(file):
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Remove everything of this database; the roles stay, because other databases may use them."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for function in (
        "credit_facts_1(text, text, text, text, text, text, jsonb)",
        "packed_line_1(boolean, paper_line, integer)",
        "manual_blocks_1(text, text, text)",
        "account_facts_1(text, text, text)",
        "temporary_limits_1(text, text, text, text)",
        "group_members_1(text, text, text, text)",
        "document_adjustments_1(text, text, jsonb, boolean)",
        "write_staged_papers_1()",
        "write_papers_1(jsonb)",
        "touch_feeds_1(text, text[], text[])",
        "apply_parties_1(text, text[], text[])",
        "apply_exposure_1(exposure_bucket[])",
        "bucket_changes(text, paper_applied[])",
        "merged_work(paper_work[], paper_link[])",
        "linked_work(paper_link[])",
        "link_changes(paper_applied[])",
        "apply_papers_1(text, paper_work[])",
        "ensure_decision_partitions(date, integer)",
        "find_api_key(bytea)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.execute(
        "DROP TABLE import_error, import_job, decision, hold, feed, exposure_state, exposure_bucket, paper,"
        " rate, reference, manual_block, cover, temporary_limit, credit_account, customer, api_key, company,"
        " tenant"
    )
    for function in (
        "line_of(text, text, boolean, jsonb, jsonb, integer)",
        "paper_links(text, boolean, jsonb)",
        "links_of(text, jsonb)",
        "add_taken(jsonb, jsonb)",
        "net_of_prepaid(numeric, numeric)",
        "amount_left(numeric, numeric)",
        "iso_date(text)",
        "kind_rank(text)",
        "source_of(text, text)",
        "statement_outcome(boolean, boolean, bigint, bigint, boolean, boolean)",
        "first_uuid_of(timestamp with time zone)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TYPE paper_link, paper_applied, paper_work, paper_line")
