"""Manual blocks: kinds of documents a person refuses for a customer, whatever the limit says (F20)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from creditrisk.application.entries import Entry
from creditrisk.application.errors import Conflict, FieldError, InvalidRequest
from creditrisk.domain.period import InvalidPeriod, Period


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualBlock(Entry):
    """A block as stored. Lifted ones stay, so that who set and who lifted them is kept.

    One that was given an earlier last day is obeyed up to it; ``ended_by`` is who gave it (F20).
    """

    lifted_by: str | None = None
    lifted_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockChange:
    """What a person changes of a block. ``fields`` holds new values by name, None to take one away."""

    fields: Mapping[str, str | None]
    lifted: bool = False


class Amendment(NamedTuple):
    """What becomes of a block: its content, and whether it is lifted now.

    ``ends`` is true where it is given an earlier last day, false where a later one or none, else None.
    """

    content: Mapping[str, Any]
    lift: bool
    ends: bool | None = None


class ManualBlockStore(Protocol):
    """Keeps manual blocks of customers."""

    async def add(
        self, customer: str, content: Mapping[str, Any], *, tenant: str, company: str, by: str
    ) -> ManualBlock:
        """Add a block under the account's next number. The company exists from then on.

        Raises:
            NotFound: there is no such customer.
        """

    async def list(
        self,
        customer: str,
        *,
        tenant: str,
        companies: frozenset[str] | None,
        after: tuple[str, int] | None,
        limit: int,
    ) -> Sequence[ManualBlock]:
        """List blocks in ``companies`` (None: in all) by (company, number), beginning behind ``after``.

        Raises:
            NotFound: there is no such customer.
        """

    async def amend(
        self,
        customer: str,
        no: int,
        decide: Callable[[ManualBlock], Amendment],
        *,
        tenant: str,
        company: str,
        by: str,
    ) -> ManualBlock:
        """Make of a block what ``decide`` says, on the locked row.

        Raises:
            NotFound: there is no such block; and whatever ``decide`` raises.
        """


def amended(block: ManualBlock, change: BlockChange) -> Amendment:
    """Work out what a change makes of a block. Lifting a lifted one again changes nothing.

    Raises:
        Conflict: the block is lifted, so there is nothing left to change.
        InvalidRequest: it would end before it begins.
    """
    if block.lifted_at is not None:
        if change.fields:
            raise Conflict("The block is lifted.", code="already_lifted")
        return Amendment(block.content, lift=False)
    content = {key: value for key, value in {**block.content, **change.fields}.items() if value is not None}
    try:
        Period(_day(content.get("from")), _day(content.get("to")))
    except InvalidPeriod as error:
        complaint = FieldError("/to", "ends_before_it_begins", "must not be before the day it begins")
        raise InvalidRequest("The block would end before it begins.", errors=[complaint]) from error
    return Amendment(content, lift=change.lifted, ends=_ends(block.content.get("to"), content.get("to")))


def _ends(before: str | None, now: str | None) -> bool | None:
    if before == now:
        return None
    return now is not None and (before is None or now < before)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
