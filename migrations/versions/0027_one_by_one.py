"""What ends of reservations is written down one by one, however their table was planned for.

Revision: 0027
"""

import re
from pathlib import Path

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"

_BEFORE = {
    "resolve_reservations_2": "0012/writing.sql",
    "sweep_reservations_2": "0012/sweeping.sql",
    "settle_reservations_1": "0012/sweeping.sql",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for file in ("resolving.sql", "sweeping.sql", "settling.sql"):
        op.get_bind().exec_driver_sql((_SQL / revision / file).read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL ROLE creditrisk_owner")
    for function, file in _BEFORE.items():
        text = (_SQL / file).read_text(encoding="utf-8")
        found = re.search(rf"create (function {function}\(.*?\n\$\$;)", text, re.DOTALL)
        if found is None:
            raise LookupError(f"{file} does not make {function}")
        # As 0025 has left it.
        arrived = found[1].replace("p.stated_at", "greatest(p.stated_at, p.posted_at)")
        op.get_bind().exec_driver_sql(f"create or replace {arrived}")
