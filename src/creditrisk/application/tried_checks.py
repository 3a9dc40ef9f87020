"""What a changed policy or changed rules are tried on: stored decisions, or all open documents."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple, Protocol

from creditrisk.application.decisions import DecisionRecord
from creditrisk.application.papers import StoredPaper
from creditrisk.application.stored_checks import check_of
from creditrisk.domain.facts import Check

TOGETHER: Final = 50
"""Checks read and judged at a time; other requests are answered in between."""


class TriedCheck(NamedTuple):
    """A check that a changed configuration is tried on."""

    check: Check
    as_of: date | None = None
    """None: today in the company's time zone."""
    decision: DecisionRecord | None = None
    """The stored decision it was; None: an open document."""


class NewestDecisions(Protocol):
    """Reads stored decisions backwards."""

    async def newest(
        self, company: str, *, tenant: str, before: str | None, limit: int
    ) -> Sequence[DecisionRecord]:
        """Decisions of a company, the newest first, those made before ``before``."""


class OpenDocuments(Protocol):
    """Reads documents that count in exposure."""

    async def page(
        self, company: str, *, tenant: str, after: tuple[str, str] | None, limit: int
    ) -> Sequence[StoredPaper]:
        """Those of a company by (kind, number), beginning behind ``after``."""


class ReadDecision(Protocol):
    """Reads a stored check as it was asked."""

    def __call__(self, request: Mapping[str, Any], *, company: str) -> tuple[Check, date | None]:
        """The check to the domain, and the day it was asked for; None: the day it was asked."""


@dataclass(frozen=True, slots=True)
class TriedChecks:
    """Reads checks to try a configuration on, a few at a time."""

    decisions: NewestDecisions
    documents: OpenDocuments
    read_decision: ReadDecision

    async def newest(self, company: str, most: int, *, tenant: str) -> AsyncIterator[Sequence[TriedCheck]]:
        """So many of the newest decisions; of a document checked more than once, the newest check."""
        seen: set[tuple[str, str]] = set()
        before, left = None, most
        while left:
            records = await self.decisions.newest(
                company, tenant=tenant, before=before, limit=min(left, TOGETHER)
            )
            if not records:
                return
            before, left = records[-1].id, left - len(records)
            together = []
            for record in records:
                if record.kind is not None and record.number is not None:
                    if (record.kind, record.number) in seen:
                        continue
                    seen.add((record.kind, record.number))
                check, as_of = self.read_decision(record.content["request"], company=company)
                together.append(TriedCheck(check, as_of, record))
            if together:
                yield together

    async def open(
        self, company: str, *, checkpoint: str, tenant: str
    ) -> AsyncIterator[Sequence[TriedCheck]]:
        """The checks that all open documents would be."""
        after = None
        while papers := await self.documents.page(company, tenant=tenant, after=after, limit=TOGETHER):
            yield [TriedCheck(check_of(paper, checkpoint=checkpoint)) for paper in papers]
            after = papers[-1].kind, papers[-1].number
