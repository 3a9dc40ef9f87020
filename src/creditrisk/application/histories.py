"""The port that reads what accounts bought and paid."""

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from creditrisk.application.papers import Account
from creditrisk.domain.history import YEAR, History


class HistoryReader(Protocol):
    """Reads histories from stored papers, those that are settled, too."""

    async def read(
        self, days: Mapping[Account, date], *, tenant: str, months: int = YEAR
    ) -> Mapping[Account, History]:
        """The history of each account in the months up to its day.

        Raises:
            Unavailable: the database does not answer.
        """
