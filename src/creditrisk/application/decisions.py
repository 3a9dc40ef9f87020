"""Decision records: what was asked, under which configuration, and what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from creditrisk.domain.values import value


@value
class DecisionRecord:
    """A decision as kept: its inputs, the configuration it used, and its result."""

    id: str
    tenant: str
    company: str
    customer: str
    decision: str
    signal: str
    decided_at: datetime
    kind: str | None
    number: str | None
    operator: str | None
    content: dict[str, Any]
    """`request` as received, `answer` as given, `key` that asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFilter:
    """Which decisions to list; None: any."""

    companies: frozenset[str] | None = None
    customer: str | None = None
    decision: str | None = None
    since: datetime | None = None


class DecisionLog(Protocol):
    """Keeps decisions."""

    async def append(self, record: DecisionRecord) -> None:
        """Keep a plain decision soon; a killed process loses at most the last moment's."""

    async def get(self, decision_id: UUID, *, tenant: str) -> DecisionRecord | None:
        """One decision, also one made a moment ago by this process."""

    async def list(
        self, wanted: DecisionFilter, *, tenant: str, after: UUID | None, limit: int
    ) -> Sequence[DecisionRecord]:
        """Decisions in the order they were made, those after `after`."""
