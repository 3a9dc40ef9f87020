"""The tables of kept reports, beside those of `tables`."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from creditrisk.adapters.postgres.columns import content_column, identifier, json_column, key, stamped
from creditrisk.adapters.postgres.tables import metadata

exposure_report: Final = sa.Table(
    "exposure_report",
    metadata,
    key("tenant"),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("companies", pg.ARRAY(sa.Text)),
    sa.Column("as_of", sa.Date),
    content_column("asked"),
    sa.Column("rows", sa.BigInteger, nullable=False, server_default="0"),
    identifier("created_by", nullable=False),
    stamped("created_at"),
)

exposure_report_page: Final = sa.Table(
    "exposure_report_page",
    metadata,
    key("tenant"),
    sa.Column("report", sa.Uuid, primary_key=True),
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=False),
    json_column("rows", nullable=False),
    sa.ForeignKeyConstraint(
        ["tenant", "report"], ["exposure_report.tenant", "exposure_report.id"], ondelete="CASCADE"
    ),
)
