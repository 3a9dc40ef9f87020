"""Numbered entries of an owner: temporary limits, covers and manual blocks.

What an entry says is its resource's business; here it is content that belongs to somebody and has a number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol


class OwnerKind(StrEnum):
    """Whose entries there are. The words are those of the table."""

    CUSTOMER = "customer"
    CREDIT_GROUP = "credit_group"


class Owner(NamedTuple):
    """Whose an entry is."""

    kind: OwnerKind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as stored. ``content`` has the wire's fields, those at their default left out."""

    company: str
    """`EVERY_COMPANY` for a credit group's."""
    no: int
    """Counts the entries of one owner in one company, from 1."""
    content: Mapping[str, Any]
    created_by: str | None
    created_at: datetime


class EntryStore(Protocol):
    """Keeps the entries of one resource."""

    async def add(
        self, owner: Owner, content: Mapping[str, Any], *, tenant: str, company: str, by: str
    ) -> Entry:
        """Add an entry under the owner's next number. The company exists from then on.

        Raises:
            Conflict: it is a limit, and the policy lets limits change by adjustments only.
            NotFound: there is no such owner.
        """

    async def list(
        self,
        owner: Owner,
        *,
        tenant: str,
        companies: frozenset[str] | None,
        after: tuple[str, int] | None,
        limit: int,
    ) -> Sequence[Entry]:
        """List entries in ``companies`` (None: in all) by (company, number), beginning behind ``after``.

        Raises:
            NotFound: there is no such owner.
        """

    async def delete(self, owner: Owner, no: int, *, tenant: str, company: str, by: str) -> None:
        """Delete an entry.

        Raises:
            Conflict: it is a limit, and the policy lets limits change by adjustments only.
            NotFound: there is no such entry.
        """
