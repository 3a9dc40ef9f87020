"""What streams are made of, and where their lines go."""

from collections.abc import AsyncIterator, Mapping, Sequence
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

from creditrisk.application.errors import FieldError
from creditrisk.application.keys import Principal

T = TypeVar("T")
S_contra = TypeVar("S_contra", contravariant=True)


class Applied(StrEnum):
    """What a good line did."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    STALE = "stale"


Outcome = Applied | tuple[FieldError, ...]
"""What became of an item: what it did, or why it was rejected."""


class ReadLine(NamedTuple, Generic[T]):
    """A line as read: what it says, or what is wrong with it. ``size`` is its length in bytes."""

    number: int
    size: int
    item: T | None
    errors: Sequence[FieldError] = ()


class RejectedItems(Exception):
    """An all-or-nothing write held items that cannot be kept; nothing was stored.

    ``errors`` pairs the position of an item, from 1, with the complaints; at most 1,000 of them.
    """

    def __init__(self, errors: Sequence[tuple[int, Sequence[FieldError]]]) -> None:
        super().__init__("items were rejected")
        self.errors = errors


class ImportTarget(Protocol[S_contra]):
    """Where the lines of one kind of stream go."""

    name: str

    def complaints_about(self, item: S_contra) -> Sequence[FieldError]:
        """What is wrong with an item by itself, beyond its form."""

    async def write(self, items: Sequence[S_contra], *, principal: Principal) -> Sequence[Outcome]:
        """Keep items and say for each, in order, what it did; a rejected one does not stop the others."""

    async def write_all(
        self, items: AsyncIterator[S_contra], *, principal: Principal
    ) -> Mapping[Applied, int]:
        """Keep all items or none, and count what they did.

        Raises:
            RejectedItems: nothing was stored.
        """
