"""The kinds of columns that tables are made of."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg


class PaperLine(sa.types.UserDefinedType[Any]):
    """The composite type of a paper's line; its fields are read one by one, never the whole."""

    cache_ok = True

    def get_col_spec(self, **_keywords: Any) -> str:
        """Name the type in DDL."""
        return "paper_line"


def identifier(name: str, **options: Any) -> sa.Column[str]:
    """Make a column of the ERP's own identifiers, compared byte by byte."""
    return sa.Column(name, sa.Text(collation="C"), **options)


def key(name: str, **options: Any) -> sa.Column[str]:
    """Make an identifier column of the primary key."""
    return identifier(name, primary_key=True, **options)


def instant(name: str, **options: Any) -> sa.Column[Any]:
    """Make a column of moments."""
    return sa.Column(name, sa.DateTime(timezone=True), **options)


def stamped(name: str) -> sa.Column[Any]:
    """Make a column of moments that the database fills in."""
    return instant(name, nullable=False, server_default=sa.func.now())


def json_column(name: str, **options: Any) -> sa.Column[Any]:
    """Make a column of JSON."""
    return sa.Column(name, pg.JSONB(none_as_null=True), **options)


def content_column(name: str = "content") -> sa.Column[Any]:
    """Make a column of a JSON object that is never null."""
    return json_column(name, nullable=False, server_default=sa.text("'{}'::jsonb"))
