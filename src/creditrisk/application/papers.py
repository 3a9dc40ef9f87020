"""Papers as the ERP states them, and the port that keeps them.

A paper is a document (quotation, order, delivery, invoice) or a ledger entry; docs/domain.md says what each
contributes to exposure. It is known by (company, kind, number), without the customer: stated again for
another customer it moves, it never doubles.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from creditrisk.domain.papers import Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperStatement:
    """What the ERP says about one paper; it replaces everything it said before.

    ``content`` holds the wire's fields except customer, version and source, normalised: amounts are plain
    strings with the decimals of the currency, ``currency`` says it once for ``total``, ``open_amount`` and
    ``prepaid`` (an allocation or a followed document may name its own), and what is absent or default is left
    out. A statement without ``version`` always applies. ``source`` is the feed; None means ``documents`` for
    documents and ``default`` for ledger entries. A deletion (``deleted``) needs neither customer nor content.
    """

    company: str
    kind: str
    number: str
    customer: str | None = None
    content: Mapping[str, Any] | None = None
    version: int | None = None
    source: str | None = None
    deleted: bool = False


class PaperStatus(StrEnum):
    """What a statement did."""

    CREATED = "created"
    """The paper was not there, or was deleted."""
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    """It says what is stored; a higher version is kept."""
    STALE = "stale"
    """Its version is lower than the stored one, or not above that of a deletion; nothing changed."""
    CONFLICT = "conflict"
    """Its version is the stored one, but it says something else; nothing changed."""
    DELETED = "deleted"
    ABSENT = "absent"
    """A deletion without version of what is not there; nothing changed."""


class ConflictingStatements(Exception):
    """An all-or-nothing write held statements whose version is stored with other content; nothing was stored.

    ``lines`` are the positions of the first 1,000, from 1.
    """

    def __init__(self, lines: Sequence[int]) -> None:
        super().__init__("statements conflict with stored papers of the same version")
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPaper:
    """A paper as it is stored, with what the ERP last stated."""

    company: str
    kind: str
    number: str
    customer: str
    content: Mapping[str, Any]
    version: int | None
    source: str
    stated_at: datetime


class Account(NamedTuple):
    """A credit account: a customer in a company."""

    company: str
    customer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPaper:
    """A paper that is open, with its line: where and how much it contributes to exposure.

    ``customer`` is who bears it: its bill_to, else its customer's risk customer, else that customer.
    ``due_on`` and ``since`` are None where the paper states none, or where they play no part in what counts;
    ``due_date`` is what it states. Amounts are in ``currency``, net of what is prepaid.
    """

    company: str
    kind: str
    number: str
    customer: str
    category: str
    type: str
    status: str
    flags: str
    currency: str
    due_on: date | None
    due_date: date | None
    since: date | None
    open_amount: Decimal
    total_amount: Decimal
    taken: Taken | None
    """What others take of it in other currencies; it is not taken off the amounts."""
    held: bool
    """A hold on it is open."""


class PaperStore(Protocol):
    """Keeps papers, and with them what each account is exposed to."""

    async def write(self, statements: Sequence[PaperStatement], *, tenant: str) -> Sequence[PaperStatus]:
        """Apply statements in one transaction and say for each, in order, what it did.

        A conflict changes nothing of its paper; the others are stored.
        """

    async def write_staged(
        self, statements: AsyncIterator[PaperStatement], *, tenant: str
    ) -> Mapping[PaperStatus, int]:
        """Apply any number of statements, all or nothing, and count what they did.

        Raises:
            ConflictingStatements: nothing was stored.
        """

    async def read(self, *, tenant: str, company: str, kind: str, number: str) -> StoredPaper | None:
        """Return a paper, or None if it was never stated or is deleted."""

    async def counted(
        self, accounts: Sequence[Account], *, tenant: str, after: tuple[str, str, str] | None, limit: int
    ) -> Sequence[CountedPaper]:
        """List the open papers of accounts by (company, kind, number), beginning behind ``after``."""
