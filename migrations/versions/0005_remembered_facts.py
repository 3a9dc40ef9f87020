"""A read of checks for processes that remember what they have read.

Revision: 0005
"""

import re
from collections.abc import Iterator
from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision
_FILES = ("facts.sql", "reserving.sql", "decisions.sql")

# A statement ends with a semicolon outside function bodies, comments and literals.
_STATEMENT = re.compile(r"(?:\$\$.*?\$\$|--[^\n]*|'[^']*'|[^;$])+;", re.DOTALL)


def _statements(file: str) -> Iterator[str]:
    """One statement at a time, because that is how the driver takes them."""
    yield from _STATEMENT.findall((_SQL / file).read_text(encoding="utf-8"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in _FILES:
        for statement in _statements(file):
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for function in (
        (
            "write_decisions_1(text, boolean, text[], text[], text[], text[], text[], text[], text[], text[],"
            " text[], text[])"
        ),
        "reserving_facts_2(text, text[], text[], text[], text[], text[], text[], text[])",
        "credit_facts_3(text, text, text, text, text, text, jsonb, text, jsonb, timestamp with time zone)",
        "document_facts_1(text, text, text, jsonb, boolean, text[], text[], text[], boolean[])",
        "reserved_2(text, text, text, text[], text[], jsonb, boolean, timestamp with time zone)",
        "papers_of_1(text, text, text, text[], text[], text[], boolean[])",
        "account_facts_2(text, text, text)",
        "temporary_limits_2(text, text, text, text)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TYPE check_facts")
