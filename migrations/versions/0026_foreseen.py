"""Reserving checks are decided before their locks are taken, and kept if all was as expected.

What has ended is taken out of the sums that are read, and looked at no further.

Revision: 0026
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / revision

# Of reserved_2: whether a reservation that differs from what is in the sum has to be looked at by itself.
_ALWAYS = "true as singly from reservation r"
_IF_LIVE = "r.owed is not null as singly from reservation r"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in ("grants.sql", "foreseen.sql"):
        op.get_bind().exec_driver_sql((_SQL / file).read_text(encoding="utf-8"))
    _look_singly(_ALWAYS, _IF_LIVE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    _look_singly(_IF_LIVE, _ALWAYS)
    op.execute("DROP FUNCTION reserve_as_foreseen_1, write_grants_1")


def _look_singly(before: str, after: str) -> None:
    query = sa.text("SELECT pg_get_functiondef('reserved_2'::regproc)")
    function: str = op.get_bind().execute(query).scalar_one()
    if function.count(before) != 1:
        raise LookupError(f"reserved_2 does not say {before}")
    op.get_bind().exec_driver_sql(function.replace(before, after))
