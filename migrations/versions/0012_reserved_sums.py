"""Sums of what is reserved, and marks of accounts: what is as it was is neither added up nor read again.

Revision: 0012
"""

import re
from collections.abc import Iterator
from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"
_FILES = ("tables.sql", "gates.sql", "reserved.sql", "facts.sql", "writing.sql", "sweeping.sql")

# A statement ends with a semicolon outside function bodies, comments and literals.
_STATEMENT = re.compile(r"(?:\$\$.*?\$\$|--[^\n]*|'[^']*'|[^;$])+;", re.DOTALL)


def _statements(file: Path) -> Iterator[str]:
    """One statement at a time, because that is how the driver takes them."""
    yield from _STATEMENT.findall(file.read_text(encoding="utf-8"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in _FILES:
        for statement in _statements(_SQL / revision / file):
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for function in (
        "analyze_reservations_1",
        "sweep_reservations_2",
        "settle_reservations_1",
        "reserving_facts_3",
        "credit_facts_4",
        "document_known_1",
        "write_reservations_2",
        "resolve_reservations_2",
        "reserved_3",
        "reserved_sums_1",
        "passed_on_1",
        "apply_snapshot_exposure_2",
        "apply_papers_1",
        "meet_reservations_1",
        "without_papers_1",
        "reserving_flag_1",
        "tenants_with_reservations_2",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TYPE check_facts_2")
    op.execute("ALTER FUNCTION apply_snapshot_buckets_2 RENAME TO apply_snapshot_exposure_2")
    op.execute("ALTER FUNCTION upsert_papers_1 RENAME TO apply_papers_1")
    facts = _statements(_SQL / "0005" / "facts.sql")
    (before,) = (statement for statement in facts if "create function reserved_2(" in statement)
    op.get_bind().exec_driver_sql(before.replace("create function", "create or replace function"))
    op.execute("ALTER POLICY sweep ON reservation USING (status IN ('held', 'captured'))")
    op.execute("DROP TABLE reservation_met, reserved_sum")
    op.execute("DROP INDEX ix_reservation_lapsing")
    op.execute("ALTER TABLE reservation DROP COLUMN counted, DROP COLUMN owed")
