"""Exposure reports that are kept: shown again as they were, without being worked out anew (F27)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from creditrisk.application.errors import NotFound, TooManyRequests
from creditrisk.application.exposure_report import ExposureReport, ReportQuery, Row
from creditrisk.application.keys import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What a report is about, and who had it made."""

    id: UUID
    """UUIDv7: ids are in order of time."""
    companies: frozenset[str] | None
    """Whose accounts it may have; None: those of every company."""
    as_of: date | None
    """None: that of the day it was made, in each company."""
    asked: Mapping[str, Any]
    """What else was asked for, in the caller's words."""
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReport:
    """A report that is kept."""

    heading: Heading
    rows: int
    """How many it has."""
    created_at: datetime
    """When it was begun, by the database's clock."""


class ReportStore(Protocol):
    """Keeps reports.

    ``companies`` are those the caller reaches (None: every one): only reports about no others are there.
    """

    async def keep(self, heading: Heading, rows: AsyncIterator[Row], *, tenant: str) -> KeptReport:
        """Keep a report with all its rows, or nothing of it if they end with an error.

        What is read for the rows joins the transaction, so that a report takes one connection.
        """

    async def find(
        self, report: UUID | None, *, tenant: str, companies: frozenset[str] | None
    ) -> KeptReport | None:
        """Find a report; None: the newest."""

    async def list(
        self, *, tenant: str, companies: frozenset[str] | None, after: UUID | None, limit: int
    ) -> Sequence[KeptReport]:
        """List reports by id, beginning behind ``after``."""

    def rows(self, report: KeptReport, *, tenant: str) -> AsyncIterator[Row]:
        """Read the rows again; columns that the report does not have yet are None.

        Raises:
            NotFound: it was deleted meanwhile.
        """

    async def delete(self, report: UUID, *, tenant: str, companies: frozenset[str] | None) -> bool:
        """Delete a report with its rows; whether there was one."""


@dataclass(frozen=True, slots=True)
class KeptReports:
    """Makes reports to be kept, and finds them again."""

    live: ExposureReport
    store: ReportStore
    new_id: Callable[[], UUID]
    turns: asyncio.Semaphore
    """A report keeps a connection for as long as it is made."""

    async def keep(self, query: ReportQuery, asked: Mapping[str, Any], *, principal: Principal) -> KeptReport:
        """Work a report out now, and keep it.

        Raises:
            TooManyRequests: as many reports as may be are being made.
            Unauthenticated, Unavailable: as `ExposureReport.rows`.
        """
        if self.turns.locked():
            raise TooManyRequests("Other reports are being made.", retry_after=5)
        heading = Heading(
            id=self.new_id(),
            companies=query.companies,
            as_of=query.as_of,
            asked=asked,
            created_by=principal.author,
        )
        async with self.turns:
            rows = self.live.rows(query, principal=principal)
            return await self.store.keep(heading, rows, tenant=principal.tenant)

    async def find(self, report: UUID | None, *, tenant: str, companies: frozenset[str] | None) -> KeptReport:
        """Find a report that is about no other companies (None: any); without an id the newest.

        Raises:
            NotFound: there is none.
        """
        found = await self.store.find(report, tenant=tenant, companies=companies)
        if found is None:
            raise no_such_report()
        return found

    async def delete(self, report: UUID, *, principal: Principal) -> None:
        """Delete a report.

        Raises:
            NotFound: there is none that the caller may see.
        """
        if not await self.store.delete(report, tenant=principal.tenant, companies=principal.companies):
            raise no_such_report()


def no_such_report() -> NotFound:
    """Make the refusal of a report that is not there, or not any more."""
    return NotFound("There is no such report.")
