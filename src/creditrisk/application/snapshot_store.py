"""The port behind snapshots: what one is of, and what it did."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from creditrisk.application.errors import Conflict, FieldError
from creditrisk.application.snapshot_parts import StagedPart


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotOrder:
    """What a snapshot is of, and the figures by which the sender knows it.

    ``taken_at`` None: when it arrived. ``count`` is the number of lines; ``totals`` are the
    sums of the signed open amounts by currency.
    """

    company: str
    source: str
    kinds: tuple[str, ...]
    taken_at: datetime | None = None
    count: int | None = None
    totals: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotOutcome:
    """What a snapshot did to entries; ``conflicts`` are lines whose version is stored with other content."""

    added: int
    changed: int
    closed: int
    unchanged: int
    stale: int
    conflicts: Sequence[int]


class SnapshotOutOfOrder(Conflict):
    """The source's last snapshot was taken later than this one."""

    default_code = "snapshot_out_of_order"


class SnapshotRefused(Exception):
    """Duplicate entries or wrong control figures; nothing was stored.

    ``errors`` pairs lines with complaints, line 0 being the snapshot as a whole; at most 1,000 of them.
    """

    def __init__(self, errors: Sequence[tuple[int, FieldError]]) -> None:
        super().__init__("the snapshot contradicts itself or its control figures")
        self.errors = errors


class SnapshotStore(Protocol):
    """Puts the entries of a source in the place of those it stated before."""

    async def now(self, *, tenant: str) -> datetime:
        """The instant by the clock that dates what is written."""

    async def remembered(
        self, order: SnapshotOrder, fingerprints: Sequence[bytes], *, tenant: str
    ) -> Mapping[bytes, bytes]:
        """Return what was kept of those parts that the source's last snapshot of these kinds had, too."""

    async def replace(
        self, order: SnapshotOrder, parts: AsyncIterator[StagedPart], *, tenant: str
    ) -> SnapshotOutcome:
        """Make the source's entries equal to the parts, in one transaction; their like are remembered.

        Checks go on meanwhile against the old state. Snapshots of one source wait for each other.

        Raises:
            SnapshotOutOfOrder: a later one is stored.
            SnapshotRefused: an entry comes twice, or a total is another one.
        """


def not_the_total(currency: str) -> FieldError:
    """Complain about the sum of one currency."""
    detail = f"is not the sum of the open amounts in {currency}"
    return FieldError("query/total", "control_mismatch", detail)
