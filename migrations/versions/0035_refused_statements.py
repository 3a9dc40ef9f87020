"""A statement that is refused is no news of its feed.

Revision: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

# What follows from statements in each of the functions that write them, before and since.
_TOUCHING = {
    "write_papers_1": (
        "array_agg(s.source)) from unnest(statements) as s;",
        """array_agg(s.source)) from unnest(statements) as s
    where s.line in (
        -- What is refused, and the deletion of what was never there, says nothing of a feed.
        select a.line from unnest(applied) as a where a.status not in ('conflict', 'absent'));""",
    ),
    "write_staged_papers_1": (
        "from (select distinct company, source_of(kind, source) as source from staged_paper) as f;",
        """from (
        select distinct company, source_of(kind, source) as source from staged_paper
        where line in (select r.line from staged_result as r where r.status not in ('conflict', 'absent'))
    ) as f;""",
    ),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for name, (before, since) in _TOUCHING.items():
        _replace(name, before, since)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for name, (before, since) in _TOUCHING.items():
        _replace(name, since, before)


def _replace(name: str, before: str, since: str) -> None:
    """Put other lines in the place of some of a function; nothing else of it changes."""
    query = sa.text("SELECT pg_get_functiondef(CAST(:name AS regproc))").bindparams(name=name)
    function = op.get_bind().execute(query).scalar_one()
    if before not in function:
        raise LookupError(f"{name} does not touch feeds as expected")
    op.get_bind().exec_driver_sql(function.replace(before, since))
