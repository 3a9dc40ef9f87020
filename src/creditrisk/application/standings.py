"""What accounts amount to, kept by the process for as long as the same is stored about them."""

from collections import OrderedDict
from datetime import date
from typing import NamedTuple

from creditrisk.application.answer import Written
from creditrisk.domain.facts import Configuration, Facts
from creditrisk.domain.situation import Standing, standing_of

_Key = tuple[int, date]


class KeptStanding(NamedTuple):
    """What an account amounts to, and what was written of it."""

    configuration: Configuration
    standing: Standing
    written: Written


class Standings:
    """The standings asked for last. Whoever asks has read the facts, and with them their revision."""

    def __init__(self, *, most: int = 20_000) -> None:
        self._most = most
        self._known: OrderedDict[_Key, KeptStanding] = OrderedDict()

    def of(self, facts: Facts, configuration: Configuration, *, revision: int, as_of: date) -> KeptStanding:
        """The standing of an account; facts of one revision differ in nothing that it depends on."""
        key = revision, as_of
        known = self._known.get(key)
        if known is not None and known.configuration is configuration:
            self._known.move_to_end(key)
            return known
        standing = standing_of(facts, configuration, as_of=as_of)
        known = self._known[key] = KeptStanding(configuration, standing, Written())
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return known
