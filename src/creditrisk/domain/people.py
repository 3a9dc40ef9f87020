"""Who acts, and who may be whom: what separation of duties goes by (docs/domain.md, Who is who; M33, M36)."""

from collections.abc import Iterable
from typing import NamedTuple


class Person(NamedTuple):
    """Who acts: an API key, and the operator it says is at the keyboard; None: it says nothing."""

    key: str
    """Its id."""
    operator: str | None = None
    name: str = ""
    """Of the key: who uses it."""

    @property
    def known_by(self) -> frozenset[str]:
        """What tells who uses the key: its id, and its name if it has one."""
        return frozenset({self.key, self.name or self.key})

    def may_be(self, other: "Person") -> bool:
        """Whether both may be the same person.

        Two operators are told apart by their ids. Without two of them, keys of one id or one name are used by
        one person: a key that names no operator may be used by any of its operators.
        """
        if self.operator is not None and other.operator is not None:
            return self.operator == other.operator
        return not self.known_by.isdisjoint(other.known_by)

    def may_be_among(self, others: Iterable["Person"]) -> bool:
        """Whether this may be one of several people."""
        return any(self.may_be(other) for other in others)
