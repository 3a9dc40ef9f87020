"""The tables of reservations as SQLAlchemy Core sees them; see `tables`, whose others they join."""

import sqlalchemy as sa

from creditrisk.adapters.postgres.columns import identifier, instant, json_column, key
from creditrisk.adapters.postgres.tables import metadata

reservation = sa.Table(
    "reservation",
    metadata,
    key("tenant"),
    sa.Column("id", sa.Uuid, primary_key=True),
    *(identifier(name, nullable=False) for name in ("company", "kind", "number", "customer", "account")),
    sa.Column("amount", sa.Numeric, nullable=False),
    identifier("currency", nullable=False),
    sa.Column("captured_amount", sa.Numeric),
    sa.Column("passed_on", sa.Numeric, nullable=False, server_default="0"),
    json_column("claims", nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("is_edit", sa.Boolean, nullable=False, server_default=sa.false()),
    identifier("status", nullable=False, server_default="held"),
    instant("created_at", nullable=False, server_default=sa.func.clock_timestamp()),
    instant("expires_at", nullable=False),
    instant("resolved_at"),
    identifier("created_by"),
    sa.Column(
        "owed",
        sa.Numeric,
        sa.Computed(
            "case status when 'held' then amount when 'captured' then captured_amount end", persisted=True
        ),
    ),
    sa.Column("counted", sa.Numeric),
    sa.Index("ix_reservation_document", "tenant", "company", "kind", "number", "created_at"),
)
_LIVE = reservation.c.status.in_(["held", "captured"])
_OF_DOCUMENT = (reservation.c[name] for name in ("tenant", "company", "kind", "number"))
_OF_ACCOUNT = tuple(reservation.c[name] for name in ("tenant", "company", "account"))
sa.Index("uq_reservation_live", *_OF_DOCUMENT, unique=True, postgresql_where=_LIVE)
sa.Index("ix_reservation_account", *_OF_ACCOUNT, postgresql_where=_LIVE)
sa.Index(
    "ix_reservation_apart",
    *_OF_ACCOUNT,
    reservation.c.created_at,
    postgresql_where=reservation.c.counted.is_distinct_from(reservation.c.owed),
)
sa.Index(
    "ix_reservation_lapsing",
    *_OF_ACCOUNT,
    reservation.c.expires_at,
    postgresql_where=reservation.c.status == "held",
)

reserved_sum = sa.Table(
    "reserved_sum",
    metadata,
    *(key(name) for name in ("tenant", "company", "account", "currency")),
    sa.Column("reservations", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.Numeric, nullable=False),
)

reservation_met = sa.Table(
    "reservation_met",
    metadata,
    *(key(name) for name in ("tenant", "company", "account")),
    sa.Column("id", sa.Uuid, primary_key=True),
)

credit_scope = sa.Table("credit_scope", metadata, key("tenant"), key("scope"))
