"""Papers stated one at a time or in streams: what the ERP says is kept.

The ERP books what it books: a paper is never refused for being over the limit; for a single one the answer
says so.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from creditrisk.application.errors import Conflict, FieldError, InvalidRequest, NotFound
from creditrisk.application.import_lines import Applied, Outcome, RejectedItems
from creditrisk.application.keys import Principal
from creditrisk.application.papers import (
    ConflictingStatements,
    PaperStatement,
    PaperStatus,
    PaperStore,
    StoredPaper,
)
from creditrisk.application.reservations import StatedReservation, StatedReservations
from creditrisk.domain.papers import Kind

VERSION_CONFLICT: Final = FieldError(
    "/version", "version_conflict", "is the stored version, but the content differs from what is stored"
)

# Where the day begins first. A paper settled there today is not from the future, whatever the company's own
# time zone; a slip of years, which this rule is for, is found all the same.
_EARLIEST_ZONE: Final = timedelta(hours=14)
_DOCUMENTS: Final = frozenset(Kind)
_FACTS_OF_THE_PAST: Final = ("presented_on", "settled_on")


class LimitWatch(Protocol):
    """Knows whether an account is above its limits."""

    async def over_limit(
        self, *, company: str, customer: str, bill_to: str | None, principal: Principal
    ) -> bool:
        """Whether the account that bears a paper is above a limit that applies to it, as stored now."""


class PassedChecks(Protocol):
    """Remembers who let documents pass."""

    async def last_passed_by(self, *, tenant: str, company: str, kind: str, number: str) -> str | None:
        """The operator whose check last let a document pass (D11); None where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperWritten:
    """What a statement did, and whether the account is above a limit afterwards."""

    status: PaperStatus
    over_limit: bool
    reservation: StatedReservation | None
    """What had been reserved for the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSeen:
    """A stored paper; of a document also the operator whose check last let it pass."""

    paper: StoredPaper
    passed_by: str | None


def complaints_about(statement: PaperStatement, *, now: datetime) -> Sequence[FieldError]:
    """Return what is wrong with a statement as a whole: dates of the future, documents followed in vain.

    A settlement or a presentation to the bank frees credit at once, so one that has not happened yet must not
    be stated. Pointers lead into the statement's content.
    """
    content = statement.content or {}
    stated = [name for name in _FACTS_OF_THE_PAST if name in content]
    latest = (now + _EARLIEST_ZONE).date().isoformat() if stated else ""
    complaints = [
        FieldError(f"/{name}", "in_the_future", "must not be later than today")
        for name in stated
        if content[name] > latest
    ]
    named = {(statement.kind, statement.number)}
    for position, followed in enumerate(content.get("follows", ())):
        key = followed["kind"], followed["number"]
        if key in named:
            detail = "must be another document, named once"
            complaints.append(FieldError(f"/follows/{position}", "duplicate", detail))
        named.add(key)
    return complaints


class IngestPapers:
    """Keeps what the ERP states about single papers."""

    def __init__(
        self,
        *,
        papers: PaperStore,
        limits: LimitWatch,
        checks: PassedChecks,
        reservations: StatedReservations,
        now: Callable[[], datetime],
    ) -> None:
        self._papers = papers
        self._limits = limits
        self._checks = checks
        self._reservations = reservations
        self._now = now

    async def put(self, statement: PaperStatement, *, principal: Principal) -> PaperWritten:
        """Replace a paper by what is stated now.

        Raises:
            InvalidRequest: see `complaints_about`.
            Conflict: `version_conflict`, the stored version states something else.
            ValueError: the statement is a deletion.
        """
        if statement.customer is None:
            raise ValueError("a deletion is not put")
        complaints = complaints_about(statement, now=self._now())
        if complaints:
            raise InvalidRequest("The paper contradicts itself or the calendar.", errors=complaints)
        (status,) = await self._papers.write([statement], tenant=principal.tenant)
        if status is PaperStatus.CONFLICT:
            raise Conflict(
                "This version of the paper is stored with other content.",
                code=VERSION_CONFLICT.code,
                errors=[VERSION_CONFLICT],
            )
        reservation = None
        if statement.kind in _DOCUMENTS:
            reservation = await self._reservations.of_stated(
                tenant=principal.tenant,
                company=statement.company,
                kind=statement.kind,
                number=statement.number,
            )
        over_limit = await self._limits.over_limit(
            company=statement.company,
            customer=statement.customer,
            bill_to=(statement.content or {}).get("bill_to"),
            principal=principal,
        )
        return PaperWritten(status=status, over_limit=over_limit, reservation=reservation)

    async def get(self, *, company: str, kind: str, number: str, principal: Principal) -> PaperSeen:
        """Return a paper as it is stored.

        Raises:
            NotFound: it was never stated, or is deleted.
        """
        tenant = principal.tenant
        paper = await self._papers.read(tenant=tenant, company=company, kind=kind, number=number)
        if paper is None:
            raise NotFound("There is no such paper.")
        passed_by = None
        if kind in _DOCUMENTS:
            passed_by = await self._checks.last_passed_by(
                tenant=tenant, company=company, kind=kind, number=number
            )
        return PaperSeen(paper=paper, passed_by=passed_by)

    async def delete(
        self, *, company: str, kind: str, number: str, version: int | None, principal: Principal
    ) -> PaperStatus:
        """Delete a paper; a version leaves a tombstone even where no paper was, so that older ones stay out.

        Raises:
            NotFound: there is no such paper, and no version was given.
        """
        deletion = PaperStatement(company=company, kind=kind, number=number, version=version, deleted=True)
        (status,) = await self._papers.write([deletion], tenant=principal.tenant)
        if status is PaperStatus.ABSENT:
            raise NotFound("There is no such paper.")
        return status


_APPLIED: Final = {
    PaperStatus.CREATED: Applied.ACCEPTED,
    PaperStatus.CHANGED: Applied.ACCEPTED,
    PaperStatus.DELETED: Applied.ACCEPTED,
    PaperStatus.UNCHANGED: Applied.UNCHANGED,
    PaperStatus.ABSENT: Applied.UNCHANGED,
    PaperStatus.STALE: Applied.STALE,
}


class ImportPapers:
    """Where streams of papers go. ``name`` says which: documents or ledger."""

    def __init__(self, *, name: str, papers: PaperStore, now: Callable[[], datetime]) -> None:
        self.name = name
        self._papers = papers
        self._now = now

    def complaints_about(self, item: PaperStatement) -> Sequence[FieldError]:
        """Return what is wrong with a statement as a whole."""
        return complaints_about(item, now=self._now())

    async def write(self, items: Sequence[PaperStatement], *, principal: Principal) -> Sequence[Outcome]:
        """Apply statements in one transaction; one whose version is stored with other content is rejected."""
        statuses = await self._papers.write(items, tenant=principal.tenant)
        return [_APPLIED.get(status, (VERSION_CONFLICT,)) for status in statuses]

    async def write_all(
        self, items: AsyncIterator[PaperStatement], *, principal: Principal
    ) -> Mapping[Applied, int]:
        """Apply all statements or none.

        Raises:
            RejectedItems: versions of some are stored with other content.
        """
        try:
            statuses = await self._papers.write_staged(items, tenant=principal.tenant)
        except ConflictingStatements as conflict:
            raise RejectedItems([(line, [VERSION_CONFLICT]) for line in conflict.lines]) from None
        applied: Counter[Applied] = Counter()
        for status, number in statuses.items():
            applied[_APPLIED[status]] += number
        return applied
