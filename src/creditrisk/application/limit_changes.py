"""Changes of limits: who made them, why, and whether they may be made without an adjustment journal (M36)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

from creditrisk.application.entries import Owner
from creditrisk.application.errors import Conflict, FieldError

ADJUSTED_FIELDS: Final = ("limit", "unlimited", "expires_on")
"""What of an account or a credit group only journals change, where the policy says so."""

LIMIT_FIELDS: Final = (*ADJUSTED_FIELDS, "mandatory", "category_limits")
"""What of an account or a credit group its history tells."""


class ChangeSource(StrEnum):
    """The way on which a limit was changed."""

    DIRECT = "direct"
    """A call that sets the limit itself."""
    IMPORT = "import"
    ESTIMATE = "estimate"
    """An estimated credit that was applied."""
    ADJUSTMENT = "adjustment"
    """A posted adjustment journal."""


class LimitKind(StrEnum):
    """Which limit was changed."""

    CREDIT_LIMIT = "credit_limit"
    TEMPORARY_LIMIT = "temporary_limit"
    COVER = "cover"
    """What raises a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who changes limits, on which way, and, of a journal, from which one."""

    by: str
    source: ChangeSource = ChangeSource.DIRECT
    adjustment: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """One limit before and after a change; None: there was none, or is none any more."""

    owner: Owner
    company: str
    """`EVERY_COMPANY` for a credit group's."""
    kind: LimitKind
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    no: int | None = None
    """Of a temporary limit or cover: its number among the owner's."""
    line: int | None = None
    """The line of the journal."""
    reason: str | None = None
    """Why, as the journal says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLimitChange:
    """A change as kept, with its origin."""

    id: UUID
    """UUIDv7: ids are in order of time."""
    change: LimitChange
    origin: Origin
    changed_at: datetime


class LimitHistory(Protocol):
    """Reads changes; they are kept by whatever changes limits, in the same transaction."""

    async def list(
        self,
        owner: Owner,
        *,
        tenant: str,
        companies: frozenset[str] | None,
        after: UUID | None,
        limit: int,
    ) -> Sequence[StoredLimitChange]:
        """List the changes of an owner's limits in order of time, in some companies (None: all).

        Raises:
            NotFound: there is no such owner.
        """


def limit_part(content: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What of an account or a credit group is about limits; None where there is nothing of it."""
    part = {name: content[name] for name in LIMIT_FIELDS if name in content} if content else {}
    return part or None


def complaints_about_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldError, ...]:
    """Say which fields of an account or a credit group may only be changed by an adjustment journal."""
    return tuple(
        FieldError(f"/{name}", "only_by_adjustment", "changes only by a posted limit adjustment")
        for name in ADJUSTED_FIELDS
        if before.get(name) != after.get(name)
    )


def refuse_direct_change(complaints: Sequence[FieldError]) -> None:
    """Refuse a change that needs a journal.

    Raises:
        Conflict: there are complaints.
    """
    if complaints:
        raise Conflict(
            "Limits change only by posted limit adjustments here.",
            code="only_by_adjustment",
            errors=complaints,
        )
