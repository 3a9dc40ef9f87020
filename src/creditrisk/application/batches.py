"""What comes one by one, taken together."""

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

T = TypeVar("T")


async def batches(items: AsyncIterator[T], *, size: int) -> AsyncIterator[Sequence[T]]:
    """The items in their order, so many at a time; the last ones may be fewer."""
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
