"""Walking and changing the bodies of requests."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from tests.service import JSON

At = tuple[str | int, ...]
"""A place in a body."""


def parts(value: Any, at: At = ()) -> Iterator[tuple[At, Any]]:
    """Every value inside a body with its place, the body itself first."""
    yield at, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inner:
        yield from parts(member, (*at, key))


def texts(body: JSON) -> Iterator[tuple[At, str]]:
    return ((at, value) for at, value in parts(body) if isinstance(value, str))


def replaced(body: JSON, at: At, value: Any) -> JSON:
    """The body with another value in one place."""
    changed = copy.deepcopy(body)
    place: Any = changed
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = value
    return changed


def pointer(at: Sequence[str | int]) -> str:
    return "".join(f"/{key}" for key in at)
