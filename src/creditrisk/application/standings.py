"""What an account amounts to, kept by the process for as long as the same is stored about it."""

from datetime import date
from typing import Final, NamedTuple

from creditrisk.application.answer import Written
from creditrisk.domain.facts import Configuration, Facts
from creditrisk.domain.situation import Standing, standing_of

MOST_DAYS: Final = 8
"""Of one account: nearly all checks are of today."""


class KeptStanding(NamedTuple):
    """What an account amounts to, and what was written of it."""

    configuration: Configuration
    standing: Standing
    written: Written


class Standings:
    """The standings of one account as it is stored, by day. They are kept with its facts and go with them."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[date, KeptStanding] = {}

    def of(self, facts: Facts, configuration: Configuration, *, as_of: date) -> KeptStanding:
        """The standing of the account; what else there is in its facts, it does not depend on."""
        known = self._known.get(as_of)
        if known is not None and known.configuration is configuration:
            return known
        if len(self._known) == MOST_DAYS and as_of not in self._known:
            del self._known[next(iter(self._known))]
        standing = standing_of(facts, configuration, as_of=as_of)
        known = self._known[as_of] = KeptStanding(configuration, standing, Written())
        return known
