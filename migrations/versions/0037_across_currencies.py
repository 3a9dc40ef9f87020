"""What is taken of a paper in another currency than its own lowers it.

Revision: 0037
"""

import re
from collections.abc import Iterator
from pathlib import Path

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"

# A statement ends with a semicolon outside function bodies and comments.
_STATEMENT = re.compile(r"(?:\$\$.*?\$\$|--[^\n]*|[^;$])+;", re.DOTALL)

# document_facts_1 tells besides what stored papers have taken of the document in other currencies.
_PASSED_ON = "'passed_on', v_taken ->> (p_document ->> 'currency'), "
_PASSED_ELSEWHERE = "'passed_elsewhere', nullif(v_taken - (p_document ->> 'currency'), '{}'), "

_BEFORE = (
    ("0034", "reserved.sql"),
    ("0036", "adjustments.sql"),
    ("0030", "facts.sql"),
    ("0029", "lines.sql"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in ("lines.sql", "adjustments.sql", "reserved.sql"):
        _execute(_read(revision, file))
    facts = _read("0030", "facts.sql")
    if facts.count(_PASSED_ON) != 1:
        raise LookupError("document_facts_1 does not tell what is passed on")
    _execute(facts.replace(_PASSED_ON, _PASSED_ON + _PASSED_ELSEWHERE))
    _restate()


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for earlier, file in _BEFORE:
        _execute(_read(earlier, file))
    _restate()
    op.execute("DROP FUNCTION status_of_taken")


def _read(of: str, file: str) -> str:
    return (_SQL / of / file).read_text(encoding="utf-8")


def _execute(text: str) -> None:
    for statement in _statements(text):
        op.get_bind().exec_driver_sql(statement)


def _statements(text: str) -> Iterator[str]:
    """One statement at a time, because that is how the driver takes them."""
    yield from _STATEMENT.findall(text)


def _restate() -> None:
    """Let the papers of all tenants that are stored count as the function says now."""
    op.execute("ALTER TABLE paper NO FORCE ROW LEVEL SECURITY")
    op.get_bind().exec_driver_sql(_read(revision, "restate.sql"))
    op.execute("ALTER TABLE paper FORCE ROW LEVEL SECURITY")
