"""Statistics of an account over windows of months (M47, M48; docs/domain.md, Statistics)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from creditrisk.domain.behaviour import Numbers, days_of_sales, days_sales_outstanding
from creditrisk.domain.history import Habits, days_sold_in, period_days
from creditrisk.domain.money import EXACT
from creditrisk.domain.situation import Situation

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFigures:
    """What an account came to in the months up to a day; amounts are in its currency."""

    days: int
    """For which sales count: fewer of somebody who became a customer meanwhile."""
    turnover: Decimal
    dso: Decimal
    """Days, unrounded."""
    average_balance: Decimal
    limit_percent: Decimal | None
    """Average balance in percent of the own limit, unrounded; None where there is none above 0."""


def window_figures(
    situation: Situation,
    habits: Habits,
    *,
    months: int,
    outstanding: Decimal,
    customer_since: date | None,
) -> WindowFigures:
    """Work out a window from what was bought and owed in it, and what is owed now."""
    as_of = situation.as_of
    days = days_of_sales(as_of=as_of, customer_since=customer_since, period=days_sold_in(as_of, months))
    balance = EXACT.divide(habits.balances.numbers, Decimal(period_days(as_of, months)))
    limit = own_limit(situation)
    return WindowFigures(
        days=days,
        turnover=habits.turnover_12m,
        dso=days_sales_outstanding(outstanding=Numbers.of(outstanding, days), turnover=habits.turnover_12m),
        average_balance=balance,
        limit_percent=None if not limit else EXACT.divide(EXACT.multiply(balance, HUNDRED), limit),
    )


def own_limit(situation: Situation) -> Decimal | None:
    """The account's own limit, or the temporary one in its place; None where it has none."""
    own = (applied.limit for applied in situation.applied if not applied.limit.whole_group)
    return next((limit.amount for limit in own), None)
