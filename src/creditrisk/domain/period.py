"""Calendar dates: periods with both ends included, days past due, ageing bands (docs/domain.md)."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date


class InvalidPeriod(ValueError):
    """A period that would end before it begins."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` to `end`, both included; a missing end is open.

    Raises:
        InvalidPeriod: `end` lies before `start`.
    """

    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise InvalidPeriod("ends before it begins")

    def contains(self, day: date) -> bool:
        """Tell whether `day` lies in the period; its first and its last day do."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


BANDS = ("not_due", "1-30", "31-60", "61-90", "over_90")
"""Names of the ageing bands, in days past due, youngest first."""
_LAST_DAYS = (0, 30, 60, 90)
"""Of each but the last."""


def days_past_due(due_on: date, as_of: date) -> int:
    """Count the days from the due date to the reference date: 0 on the day itself, negative before it."""
    return (as_of - due_on).days


def band(days: int) -> str:
    """Name the ageing band of so many days past due; due today (0) is not due yet."""
    return BANDS[bisect_left(_LAST_DAYS, days)]
