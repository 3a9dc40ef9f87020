"""What Hypothesis draws: money, days, periods and people as they may reach the service."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from creditrisk.domain.currencies import MINOR_UNITS
from creditrisk.domain.money import Money
from creditrisk.domain.people import Person
from creditrisk.domain.period import Period

MOST = Decimal(10) ** 15 - 1


def currencies() -> st.SearchStrategy[str]:
    """Any currency, the ones with unusual decimals often."""
    return st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF"]) | st.sampled_from(sorted(MINOR_UNITS))


def amounts(currency: str) -> st.SearchStrategy[Decimal]:
    """Any amount of a currency that can be written on the wire."""
    return st.decimals(-MOST, MOST, places=MINOR_UNITS[currency]).map(lambda amount: amount or abs(amount))


@st.composite
def money(draw: st.DrawFn, currency: str | None = None) -> Money:
    """Money of one currency, or of any."""
    code = currency or draw(currencies())
    return Money(draw(amounts(code)), code)


def days() -> st.SearchStrategy[date]:
    """Calendar dates of a lifetime."""
    return st.dates(date(1990, 1, 1), date(2090, 12, 31))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Periods, open ones too."""
    ends = sorted([draw(days()), draw(days())])
    return Period(
        ends[0] if draw(st.booleans()) else None,
        ends[1] if draw(st.booleans()) else None,
    )


def people() -> st.SearchStrategy[Person]:
    """Some few people, by keys and names that they share."""
    return st.builds(
        Person,
        st.sampled_from(["k", "l", "m"]),
        st.sampled_from([None, "a", "b", "c"]),
        st.sampled_from(["", "Anna", "Bert"]),
    )
