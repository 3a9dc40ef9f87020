"""The tables as SQLAlchemy Core sees them.

The migrations make the tables; this page must say the same, and `alembic check` in the test suite holds it to
that.
Every key begins with the tenant. In reference data the company '' means every company of the tenant.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from creditrisk.adapters.postgres.columns import (
    PaperLine,
    content_column,
    identifier,
    instant,
    json_column,
    key,
    stamped,
)

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
    }
)

tenant = sa.Table(
    "tenant",
    metadata,
    key("tenant"),
    sa.Column("config_version", sa.BigInteger, nullable=False, server_default="1"),
    stamped("created_at"),
)

company = sa.Table(
    "company",
    metadata,
    key("tenant"),
    key("company"),
    json_column("policy"),
    sa.Column("policy_version", sa.Integer, nullable=False, server_default="0"),
    identifier("grouping", nullable=False, server_default="own"),
    sa.Column("time_zone", sa.Text, nullable=False, server_default="UTC"),
    identifier("currency"),
    stamped("updated_at"),
    identifier("updated_by"),
    sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"]),
)

api_key = sa.Table(
    "api_key",
    metadata,
    key("tenant"),
    key("id"),
    sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("companies", pg.ARRAY(sa.Text)),
    instant("expires_at"),
    instant("revoked_at"),
    stamped("created_at"),
    identifier("created_by"),
    sa.ForeignKeyConstraint(["tenant"], ["tenant.tenant"]),
)

customer = sa.Table(
    "customer",
    metadata,
    key("tenant"),
    key("customer"),
    content_column(),
    *(
        sa.Column(name, sa.Text(collation="C"), sa.Computed(f"content ->> '{name}'", persisted=True))
        for name in ("risk_customer", "head_account", "credit_group", "registration_number")
    ),
    sa.Column("relations", pg.JSONB, sa.Computed("content -> 'relations'", persisted=True)),
    sa.Column(
        "account_status", sa.Text(collation="C"), sa.Computed("content ->> 'account_status'", persisted=True)
    ),
    json_column("risk_score"),
    sa.Column("risk_group_scored", sa.Boolean, nullable=False, server_default=sa.false()),
    stamped("created_at"),
    stamped("updated_at"),
    identifier("updated_by"),
)
for _member in ("risk_customer", "head_account", "credit_group", "registration_number"):
    sa.Index(
        f"ix_customer_{_member}",
        customer.c.tenant,
        customer.c[_member],
        postgresql_where=customer.c[_member].is_not(None),
    )
sa.Index(
    "ix_customer_relations",
    customer.c.relations,
    postgresql_using="gin",
    postgresql_ops={"relations": "jsonb_path_ops"},
    postgresql_where=customer.c.relations.is_not(None),
)

credit_account = sa.Table(
    "credit_account",
    metadata,
    *(key(name) for name in ("tenant", "company", "customer")),
    content_column(),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    stamped("updated_at"),
    identifier("updated_by"),
)

temporary_limit = sa.Table(
    "temporary_limit",
    metadata,
    *(key(name) for name in ("tenant", "company", "owner_kind", "owner")),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    json_column("content", nullable=False),
    stamped("created_at"),
    identifier("created_by"),
)

cover = sa.Table(
    "cover",
    metadata,
    *(key(name) for name in ("tenant", "company", "customer")),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    json_column("content", nullable=False),
    stamped("created_at"),
    identifier("created_by"),
)

entry_number = sa.Table(
    "entry_number",
    metadata,
    *(key(name) for name in ("tenant", "company", "entry", "owner_kind", "owner")),
    sa.Column("last", sa.Integer, nullable=False),
)
"""The last number that an entry of an owner was given, whether it is there still or not."""

manual_block = sa.Table(
    "manual_block",
    metadata,
    *(key(name) for name in ("tenant", "company", "customer")),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    json_column("content", nullable=False),
    stamped("created_at"),
    identifier("created_by"),
    instant("lifted_at"),
    identifier("lifted_by"),
    instant("ended_at"),
    identifier("ended_by"),
)

reference = sa.Table(
    "reference",
    metadata,
    key("tenant"),
    key("company", server_default=""),
    key("kind"),
    key("code"),
    content_column(),
    stamped("updated_at"),
    identifier("updated_by"),
)

rate = sa.Table(
    "rate",
    metadata,
    key("tenant"),
    key("company", server_default=""),
    key("type", server_default="default"),
    key("source_currency"),
    key("target_currency"),
    sa.Column("valid_from", sa.Date, primary_key=True),
    sa.Column("rate", sa.Numeric, nullable=False),
)

paper = sa.Table(
    "paper",
    metadata,
    *(key(name) for name in ("tenant", "company", "kind", "number")),
    identifier("customer"),
    sa.Column("present", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("version", sa.BigInteger),
    identifier("source"),
    json_column("content"),
    sa.Column("bill_to", sa.Text(collation="C"), sa.Computed("content ->> 'bill_to'", persisted=True)),
    sa.Column(
        "posted_invoice",
        sa.Text(collation="C"),
        sa.Computed(
            "CASE WHEN kind = 'open_item' AND content #>> '{document,kind}' = 'invoice'"
            " THEN content #>> '{document,number}' END",
            persisted=True,
        ),
    ),
    json_column("links"),
    content_column("taken"),
    sa.Column("posted_by", sa.Integer, nullable=False, server_default="0"),
    instant("stated_at"),
    instant("changed_at"),
    instant("posted_at"),
    instant("linked_at"),
    sa.Column(
        "line",
        PaperLine,
        sa.Computed("line_of(kind, customer, present, content, taken, posted_by)", persisted=True),
    ),
    identifier("outcome", nullable=False),
    sa.Column("previous_line", PaperLine),
    json_column("previous_links"),
)
sa.Index(
    "ix_paper_counted",
    paper.c.tenant,
    paper.c.company,
    *(sa.text(f"((line).{_name})") for _name in ("customer", "billed", "category", "credit", "due_on")),
    paper.c.number,
    postgresql_where=sa.text("(line).category is not null"),
)
sa.Index(
    "ix_paper_posted_invoice",
    paper.c.tenant,
    paper.c.company,
    paper.c.posted_invoice,
    postgresql_where=sa.text("posted_invoice is not null"),
)

for _named in ("customer", "bill_to"):
    sa.Index(
        f"ix_paper_{_named}",
        *(paper.c[_name] for _name in ("tenant", "company", _named, "kind")),
        postgresql_where=sa.text(f"{_named} is not null and kind in ('invoice', 'open_item', 'payment')"),
    )

_BUCKET_TEXTS = ("category", "type", "status", "flags", "currency")

exposure_bucket = sa.Table(
    "exposure_bucket",
    metadata,
    *(key(name) for name in ("tenant", "company", "customer")),
    sa.Column("billed", sa.Boolean, primary_key=True),
    *(key(name) for name in _BUCKET_TEXTS),
    sa.Column("due_on", sa.Date, primary_key=True),
    sa.Column("since", sa.Date, primary_key=True),
    sa.Column("credit", sa.Boolean, primary_key=True),
    sa.Column("papers", sa.BigInteger, nullable=False),
    sa.Column("open_amount", sa.Numeric, nullable=False),
    sa.Column("total_amount", sa.Numeric, nullable=False),
)

exposure_state = sa.Table(
    "exposure_state",
    metadata,
    *(key(name) for name in ("tenant", "company", "customer")),
    sa.Column("version", sa.BigInteger, nullable=False),
)

feed = sa.Table(
    "feed", metadata, key("tenant"), key("company"), key("source"), instant("as_of", nullable=False)
)

snapshot = sa.Table(
    "snapshot",
    metadata,
    *(key(name) for name in ("tenant", "company", "source", "kind")),
    instant("taken_at", nullable=False),
)

snapshot_part = sa.Table(
    "snapshot_part",
    metadata,
    *map(key, ("tenant", "company", "source", "kinds")),
    sa.Column("fingerprint", sa.LargeBinary, primary_key=True),
    sa.Column("entries", sa.LargeBinary, nullable=False),
)

hold = sa.Table(
    "hold",
    metadata,
    key("tenant"),
    sa.Column("id", sa.Uuid, primary_key=True),
    *(identifier(name, nullable=False) for name in ("company", "kind", "number", "customer", "type")),
    identifier("status", nullable=False, server_default="open"),
    identifier("checkpoint"),
    json_column("findings", nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("total", sa.Numeric),
    identifier("currency"),
    identifier("owner"),
    stamped("opened_at"),
    stamped("updated_at"),
    instant("checked_at"),
    instant("closed_at"),
    identifier("closed_by"),
    sa.Column("reason", sa.Text),
    sa.Column("review_on", sa.Date),
    sa.Column("authorised_amount", sa.Numeric),
    sa.Column("valid_until", sa.Date),
    sa.Column("released_on", sa.Date),
    sa.Column("with_posting", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("ready_to_release", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("authorisation_used", sa.Boolean, nullable=False, server_default=sa.false()),
    json_column("request"),
    json_column("submitted"),
    sa.Index("ix_hold_document", "tenant", "company", "kind", "number"),
)
sa.Index(
    "uq_hold_open",
    *(hold.c[name] for name in ("tenant", "company", "kind", "number", "type")),
    unique=True,
    postgresql_where=hold.c.status == "open",
)
sa.Index("ix_hold_customer_open", hold.c.tenant, hold.c.customer, postgresql_where=hold.c.status == "open")

decision = sa.Table(
    "decision",
    metadata,
    key("tenant"),
    sa.Column("id", sa.Uuid, primary_key=True),
    *(identifier(name, nullable=False) for name in ("company", "customer", "decision", "signal")),
    instant("decided_at", nullable=False),
    *(identifier(name) for name in ("kind", "number", "operator")),
    json_column("content", nullable=False),
    sa.Index("ix_decision_customer", "tenant", "customer", "id"),
    sa.Index(
        "ix_decision_document",
        *("tenant", "company", "kind", "number", "id"),
        postgresql_where=sa.text("number is not null"),
    ),
    postgresql_partition_by="RANGE (id)",
)

calculation = sa.Table(
    "calculation",
    metadata,
    key("tenant"),
    sa.Column("id", sa.Uuid, primary_key=True),
    *(identifier(name, nullable=False) for name in ("company", "customer")),
    sa.Column("as_of", sa.Date, nullable=False),
    instant("evaluated_at", nullable=False),
    sa.Column("batch", sa.Uuid),
    json_column("content", nullable=False),
    json_column("lines"),
    identifier("created_by"),
    sa.Index("ix_calculation_account", "tenant", "company", "customer", "id"),
)

import_job = sa.Table(
    "import_job",
    metadata,
    key("tenant"),
    sa.Column("id", sa.Uuid, primary_key=True),
    identifier("company"),
    identifier("kind", nullable=False),
    identifier("status", nullable=False, server_default="running"),
    *(
        sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        for name in ("accepted", "unchanged", "stale", "rejected", "lines", "added", "changed", "closed")
    ),
    stamped("started_at"),
    instant("finished_at"),
    identifier("created_by"),
)

import_error = sa.Table(
    "import_error",
    metadata,
    key("tenant"),
    sa.Column("import_id", sa.Uuid, primary_key=True),
    sa.Column("line", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("pointer", sa.Text, primary_key=True),
    key("code"),
    sa.Column("detail", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(
        ["tenant", "import_id"], ["import_job.tenant", "import_job.id"], ondelete="CASCADE"
    ),
)

kept_answer = sa.Table(
    "kept_answer",
    metadata,
    key("tenant"),
    sa.Column("id", sa.LargeBinary, primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    content_column("headers"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    instant("kept_at", nullable=False, server_default=sa.func.clock_timestamp()),
    sa.Index("ix_kept_answer_kept_at", "kept_at"),
)
