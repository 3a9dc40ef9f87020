"""Stored evaluations of accounts, which make a history (F25)."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID


class Calculation(NamedTuple):
    """One evaluation of one account, to be kept."""

    id: UUID
    """UUIDv7, so that an account's calculations are in order of time by id."""
    company: str
    customer: str
    as_of: date
    evaluated_at: datetime
    content: str
    """The exposure as shown, as JSON."""
