"""The trail of what people did with holds, and tried to do: more of `tables`."""

import sqlalchemy as sa

from creditrisk.adapters.postgres.columns import identifier, instant, key
from creditrisk.adapters.postgres.tables import metadata

hold_event = sa.Table(
    "hold_event",
    metadata,
    key("tenant"),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("hold", sa.Uuid, nullable=False),
    instant("at", nullable=False, server_default=sa.func.clock_timestamp()),
    identifier("action", nullable=False),
    identifier("by", nullable=False),
    identifier("operator"),
    identifier("step"),
    identifier("refused"),
    sa.Column("comment", sa.Text),
    sa.Index("ix_hold_event_hold", "tenant", "hold", "id"),
)
