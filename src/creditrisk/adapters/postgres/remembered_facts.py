"""What the process has read of accounts: not read or made sense of again while it is still the same."""

from collections import OrderedDict
from typing import Final, NamedTuple

from creditrisk.application.standings import Standings
from creditrisk.domain.facts import Facts

MOST_LINES: Final = 250_000
"""How many lines of papers are kept, of all accounts together: some 100 MiB."""

LINES_OF_AN_ACCOUNT: Final = 20
"""As many lines take the room that an account takes without any, its standings included."""


class RememberedAccount(NamedTuple):
    """An account as last read."""

    account: str
    """What is stored about the account itself, as text."""
    stamp: str
    """Of the versions of its papers."""
    mark: str | None
    """Of the versions of all it is made of; None: of more than its own rows."""
    facts: Facts
    """What it means, with what its papers add up to."""
    standings: Standings
    """What it amounts to; other ones for everything that was made sense of."""


class RememberedFacts:
    """The accounts read last, up to a number of lines. None is trusted without asking for its stamp."""

    def __init__(self, *, most_lines: int = MOST_LINES) -> None:
        self._most_lines = most_lines
        self._lines = 0
        self._known: OrderedDict[tuple[str, ...], RememberedAccount] = OrderedDict()

    def find(self, key: tuple[str, ...]) -> RememberedAccount | None:
        """The account as last read."""
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
        return known

    def keep(self, key: tuple[str, ...], known: RememberedAccount) -> None:
        """Keep what was read, in the place of what was known, and forget what was not asked for longest."""
        self._forget(key)
        self._known[key] = known
        self._lines += _size(known)
        while self._lines > self._most_lines and len(self._known) > 1:
            self._forget(next(iter(self._known)))

    def _forget(self, key: tuple[str, ...]) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._lines -= _size(known)


def _size(known: RememberedAccount) -> int:
    return LINES_OF_AN_ACCOUNT + len(known.facts.lines) + len(known.facts.items) + len(known.facts.members)
