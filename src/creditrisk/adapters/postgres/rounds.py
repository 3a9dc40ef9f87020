"""Batches in which a key may occur several times, for statements that take each key once."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def rounds(items: Iterable[T], *, key: Callable[[T], Hashable]) -> Iterator[Sequence[T]]:
    """Divide items into as few rounds as needed, each key at most once in a round and in its order."""
    found: list[list[T]] = []
    seen: dict[Hashable, int] = {}
    for item in items:
        turn = seen.get(key(item), 0)
        seen[key(item)] = turn + 1
        if turn == len(found):
            found.append([])
        found[turn].append(item)
    return iter(found)
