"""The journal of imports: what became of each, and every complaint about its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from creditrisk.application.keys import Principal


class JobStatus(StrEnum):
    """Where an import stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """It broke off, or was all or nothing and had an error."""


class LineError(NamedTuple):
    """One complaint about one line; lines count from 1, the header of a table included. 0: all of them."""

    line: int
    pointer: str
    code: str
    detail: str


@dataclass(slots=True, kw_only=True)
class Counts:
    """What the lines of an import did, so far. ``rejected`` counts lines, not complaints.

    ``lines`` are those read. ``added``, ``changed`` and ``closed`` are counted of snapshots alone, whose
    ``accepted`` are the added and changed ones.
    """

    lines: int = 0
    accepted: int = 0
    unchanged: int = 0
    stale: int = 0
    rejected: int = 0
    added: int = 0
    changed: int = 0
    closed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """An import as the journal knows it. ``company`` is the one named for the whole stream, if any."""

    id: UUID
    kind: str
    company: str | None
    status: JobStatus
    counts: Counts
    created_by: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFilter:
    """Which imports are meant: None leaves a question open.

    Whoever reaches only some ``companies`` sees those named for one of these, and what ``own`` has sent.
    """

    companies: frozenset[str] | None
    own: str
    company: str | None = None
    kind: str | None = None
    status: JobStatus | None = None


class ImportJournal(Protocol):
    """Keeps what became of imports, in transactions of its own: progress shows while the import runs."""

    async def begin(self, import_id: UUID, *, kind: str, company: str | None, principal: Principal) -> None:
        """Write down that an import runs."""

    async def record(
        self,
        import_id: UUID,
        *,
        tenant: str,
        counts: Counts,
        errors: Sequence[LineError],
        status: JobStatus,
    ) -> None:
        """Replace the counts and the status, and add complaints."""

    async def find(self, import_id: UUID, *, tenant: str) -> ImportJob | None:
        """Return an import, None where this tenant has none of that id."""

    async def list(
        self, wanted: ImportFilter, *, tenant: str, before: UUID | None, limit: int
    ) -> Sequence[ImportJob]:
        """List imports, the last begun first, from the one behind ``before`` on."""

    async def errors(
        self, import_id: UUID, *, tenant: str, after: tuple[int, str, str] | None, limit: int
    ) -> Sequence[LineError]:
        """List complaints by (line, pointer, code), beginning behind ``after``."""
