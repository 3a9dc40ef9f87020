"""One import at work, and its place in the journal."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from operator import attrgetter
from typing import Final
from uuid import UUID

from creditrisk.application.errors import ApplicationError, FieldError
from creditrisk.application.import_journal import Counts, ImportJournal, JobStatus, LineError
from creditrisk.application.keys import Principal

ERRORS_ANSWERED: Final = 1_000
"""Of the complaints, how many an answer holds; all are in the journal."""

COMPLAINTS_KEPT: Final = 1_000
"""How many complaints wait to be written down; memory does not grow with the stream."""


class ImportRecord:
    """What an import has done so far. ``answered`` are the first 1,000 complaints."""

    def __init__(self, journal: ImportJournal, import_id: UUID, principal: Principal) -> None:
        self.id = import_id
        self.counts = Counts()
        self.answered: list[LineError] = []
        self.principal = principal
        self._journal = journal
        self._unrecorded: list[LineError] = []

    @property
    def is_full(self) -> bool:
        """Whether so many complaints wait that it is time to `record` them."""
        return len(self._unrecorded) >= COMPLAINTS_KEPT

    @contextlib.asynccontextmanager
    async def running(self, *, kind: str, company: str | None) -> AsyncIterator[None]:
        """Be in the journal as running, and as failed if the block raises; the block records a good end."""
        await self._journal.begin(self.id, kind=kind, company=company, principal=self.principal)
        try:
            yield
        except BaseException:
            # Also when the caller left and the task is being cancelled: hence the shield.
            with contextlib.suppress(ApplicationError):
                await asyncio.shield(self.record(JobStatus.FAILED))
            raise

    def reject(self, line: int, errors: Iterable[FieldError]) -> None:
        """Count a line that cannot be kept, and complain."""
        self.counts.rejected += 1
        self.complain(line, errors)

    def complain(self, line: int, errors: Iterable[FieldError]) -> None:
        """Complain about a line, or with 0 about the stream as a whole."""
        self._unrecorded += [LineError(line, *error) for error in errors]

    async def record(self, status: JobStatus) -> None:
        """Bring the journal up to date."""
        # What is stored is complained about after what is read; in the order of lines it is easier to follow.
        errors = sorted(self._unrecorded, key=attrgetter("line"))
        self._unrecorded = []
        self.answered += errors[: ERRORS_ANSWERED - len(self.answered)]
        await self._journal.record(
            self.id, tenant=self.principal.tenant, counts=self.counts, errors=errors, status=status
        )
