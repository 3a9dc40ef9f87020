"""Limit adjustment journals: limits that change only once somebody else has approved them (M36)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from creditrisk.application.entries import Owner
from creditrisk.application.errors import Conflict, FieldError, InvalidRequest
from creditrisk.application.keys import Principal
from creditrisk.domain.people import Person

MOST_LINES: Final = 10_000
"""Lines of a journal, at most: it is posted in one transaction."""


class JournalKind(StrEnum):
    """What a journal changes."""

    CREDIT_LIMIT = "credit_limit"
    """The own limits of accounts, and the limits of credit groups."""
    TEMPORARY = "temporary"


class Approval(StrEnum):
    """What is approved."""

    JOURNAL = "journal"
    LINE = "line"


class JournalStatus(StrEnum):
    """How far a journal has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    """Everything is decided, and something of it was approved."""
    REJECTED = "rejected"
    POSTED = "posted"


class LineStatus(StrEnum):
    """What was decided about a line."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    POSTED = "posted"


class Action(StrEnum):
    """What somebody did to a journal."""

    CREATED = "created"
    LINES_REPLACED = "lines_replaced"
    LINES_GENERATED = "lines_generated"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    POSTED = "posted"
    APPROVAL_REFUSED = "approval_refused"
    """Who wrote or submitted it tried to approve it."""
    POSTING_REFUSED = "posting_refused"
    """It was to be posted as soon as it was approved, and could not be."""


class Line(NamedTuple):
    """A limit that an owner is to have.

    ``content`` has the wire's fields: `limit`, `expires_on` or `from` and `to`, `reason`, and of a proposal
    also what it was made from.
    """

    owner: Owner
    content: Mapping[str, Any]
    proposed: bool = False
    """Generated; what a person wrote never gives way to it."""


class StoredLine(NamedTuple):
    """A line as stored, under its number in the journal, from 1."""

    no: int
    line: Line
    status: LineStatus
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalOrder:
    """What a new journal is to be."""

    company: str
    kind: JournalKind
    approval: Approval
    description: str | None
    post_when_approved: bool = False
    """Post it with the last decision, if any line is approved then."""


class Signature(NamedTuple):
    """Who did something, and when; empty while nobody has."""

    by: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A journal as stored."""

    id: UUID
    """UUIDv7: ids are in order of time."""
    order: JournalOrder
    status: JournalStatus
    writers: Sequence[Person]
    """Who wrote or submitted it, and so may not approve it; nobody is added once it is submitted."""
    created: Signature
    submitted: Signature
    decided: Signature
    """The last decision."""
    posted: Signature
    lines: Sequence[StoredLine]
    line_counts: Mapping[LineStatus, int]


class JournalEvent(NamedTuple):
    """Something that was done to a journal, or was tried."""

    id: UUID
    action: Action
    lines: Sequence[int] | None
    """Numbers of the lines it was about; None: all of the journal."""
    reason: str | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFilter:
    """Which journals to list; None: any."""

    companies: frozenset[str] | None = None
    status: JournalStatus | None = None
    kind: JournalKind | None = None


class Merged(NamedTuple):
    """What became of proposals."""

    added: int
    replaced: int
    """Earlier proposals for the same owner."""
    kept: int
    """Left out, because a person wrote a line for the owner."""


class Decision(NamedTuple):
    """What an approver says."""

    approve: bool
    lines: Sequence[int] | None
    """None: all that are pending."""
    reason: str | None


class JournalStore(Protocol):
    """Keeps journals. Whatever changes one locks it, and writes down who did what."""

    async def create(self, order: JournalOrder, lines: Sequence[Line], *, principal: Principal) -> Journal:
        """Keep a new journal.

        Raises:
            InvalidRequest: lines name what is not stored.
        """

    async def get(self, journal: UUID, *, tenant: str) -> Journal | None:
        """One journal with its lines; None where this tenant has none of that id."""

    async def list(
        self, wanted: JournalFilter, *, tenant: str, after: UUID | None, limit: int
    ) -> Sequence[Journal]:
        """Journals in the order they were made, without their lines."""

    async def replace_lines(self, journal: UUID, lines: Sequence[Line], *, principal: Principal) -> Journal:
        """Put other lines in the place of all there are.

        Raises:
            Conflict: it is no draft.
            InvalidRequest: lines name what is not stored.
        """

    async def add_proposals(self, journal: UUID, lines: Sequence[Line], *, principal: Principal) -> Merged:
        """Add proposed lines, in the place of earlier proposals for the same owners.

        Raises:
            Conflict: it is no draft.
            InvalidRequest: there would be more than `MOST_LINES`.
        """

    async def submit(self, journal: UUID, *, principal: Principal) -> Journal:
        """Hand a draft over for approval.

        Raises:
            Conflict: it is no draft, or has no lines.
        """

    async def decide(self, journal: UUID, decision: Decision, *, principal: Principal) -> Journal:
        """Approve or reject pending lines; with the last of them the journal is decided.

        Raises:
            Conflict: it is not submitted, or a line is decided already.
            InvalidRequest: there is no such line.
        """

    async def post(self, journal: UUID, *, principal: Principal) -> Journal:
        """Let the approved lines become limits: all of them, or none.

        Raises:
            Conflict: it is not approved.
            InvalidRequest: a line cannot be posted any more.
        """

    async def posting_refused(
        self, journal: UUID, complaints: Sequence[FieldError], *, principal: Principal
    ) -> None:
        """Write down which lines kept an approved journal from being posted at once."""

    async def delete(self, journal: UUID, *, principal: Principal) -> None:
        """Delete a draft with all that is kept of it.

        Raises:
            Conflict: it is no draft any more.
        """

    async def refused(self, journal: UUID, *, lines: Sequence[int] | None, principal: Principal) -> None:
        """Write down that somebody tried to approve what is his own; it stays, whatever the request does."""

    async def events(
        self, journal: UUID, *, tenant: str, after: UUID | None, limit: int
    ) -> Sequence[JournalEvent]:
        """What was done to a journal, in order of time."""


def wrong_status(status: str) -> Conflict:
    """Refuse what the state of a journal does not allow; ``errors[0].code`` is that state."""
    complaint = FieldError("", status, "is the state it is in")
    return Conflict(f"The adjustment is {status}.", code="adjustment_status", errors=[complaint])


def line_pointer(no: int, field: str = "") -> str:
    """Where a line of a journal is as GET shows it, or one of its fields."""
    return f"/lines/{no - 1}{field}"


def line_number(pointer: str) -> int:
    """The number of the line that a pointer made by `line_pointer` is about."""
    return int(pointer.split("/")[2]) + 1


def too_many_lines() -> InvalidRequest:
    """Refuse what would make a journal longer than one transaction should be."""
    complaint = FieldError("/filter", "too_many_lines", f"must leave at most {MOST_LINES} lines")
    return InvalidRequest("There would be too many lines.", errors=[complaint])
