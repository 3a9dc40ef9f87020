"""The tables of limit adjustments and of the history of limits, beside those of `tables`."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from creditrisk.adapters.postgres.columns import (
    content_column,
    identifier,
    instant,
    json_column,
    key,
    stamped,
)
from creditrisk.adapters.postgres.tables import metadata

limit_change: Final = sa.Table(
    "limit_change",
    metadata,
    key("tenant"),
    sa.Column("id", sa.Uuid, primary_key=True),
    *(identifier(name, nullable=False) for name in ("company", "owner_kind", "owner", "kind")),
    sa.Column("no", sa.Integer),
    json_column("before"),
    json_column("after"),
    identifier("source", nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("adjustment", sa.Uuid),
    sa.Column("line", sa.Integer),
    identifier("changed_by"),
    stamped("changed_at"),
    sa.Index("ix_limit_change_owner", "tenant", "owner_kind", "owner", "id"),
)

limit_adjustment: Final = sa.Table(
    "limit_adjustment",
    metadata,
    key("tenant"),
    sa.Column("id", sa.Uuid, primary_key=True),
    *(identifier(name, nullable=False) for name in ("company", "kind", "approval")),
    identifier("status", nullable=False, server_default="draft"),
    sa.Column("description", sa.Text),
    sa.Column("post_when_approved", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("writers", pg.ARRAY(sa.Text), nullable=False),
    identifier("created_by", nullable=False),
    stamped("created_at"),
    identifier("submitted_by"),
    instant("submitted_at"),
    identifier("decided_by"),
    instant("decided_at"),
    identifier("posted_by"),
    instant("posted_at"),
)

limit_adjustment_line: Final = sa.Table(
    "limit_adjustment_line",
    metadata,
    key("tenant"),
    sa.Column("adjustment", sa.Uuid, primary_key=True),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    identifier("customer"),
    identifier("credit_group"),
    content_column(),
    sa.Column("proposed", sa.Boolean, nullable=False, server_default=sa.false()),
    identifier("status", nullable=False, server_default="pending"),
    identifier("decided_by"),
    instant("decided_at"),
    sa.ForeignKeyConstraint(
        ["tenant", "adjustment"], ["limit_adjustment.tenant", "limit_adjustment.id"], ondelete="CASCADE"
    ),
)
sa.Index(
    "ix_limit_adjustment_line_credit_group",
    limit_adjustment_line.c.tenant,
    limit_adjustment_line.c.credit_group,
    postgresql_where=limit_adjustment_line.c.credit_group.is_not(None),
)

limit_adjustment_event: Final = sa.Table(
    "limit_adjustment_event",
    metadata,
    key("tenant"),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("adjustment", sa.Uuid, nullable=False),
    identifier("action", nullable=False),
    sa.Column("lines", pg.ARRAY(sa.Integer)),
    sa.Column("reason", sa.Text),
    identifier("by", nullable=False),
    stamped("at"),
    sa.Index("ix_limit_adjustment_event_adjustment", "tenant", "adjustment", "id"),
)
