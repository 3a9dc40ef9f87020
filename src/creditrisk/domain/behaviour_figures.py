"""How an account pays, as the figures people look at (docs/domain.md, The figures of an account)."""

from dataclasses import dataclass
from decimal import Decimal

from creditrisk.domain.behaviour import Numbers, days_of_sales, days_sales_outstanding
from creditrisk.domain.history import Habits, History, habits_of, period_days
from creditrisk.domain.money import EXACT
from creditrisk.domain.rates import Converter
from creditrisk.domain.receivables import Receivables, receivables_of
from creditrisk.domain.situation import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourFigures:
    """The figures of one account in one currency, not rounded."""

    habits: Habits
    owed: Receivables
    outstanding: Numbers
    """What DSO is about, with the days the account has had to buy in."""
    average_balance: Decimal

    @property
    def dso(self) -> Decimal:
        """Days sales outstanding."""
        return days_sales_outstanding(outstanding=self.outstanding, turnover=self.habits.turnover_12m)


def behaviour_figures(situation: Situation, history: History, *, converter: Converter) -> BehaviourFigures:
    """Work the figures of an account out in the converter's currency; amounts without a rate are left out."""
    configuration, as_of = situation.configuration, situation.as_of
    habits = habits_of(history, configuration=configuration, converter=converter)
    owed = receivables_of(situation.facts, configuration=configuration, as_of=as_of, converter=converter)
    days = days_of_sales(as_of=as_of, customer_since=history.customer_since)
    return BehaviourFigures(
        habits=habits,
        owed=owed,
        outstanding=Numbers.of(owed.outstanding, days),
        average_balance=EXACT.divide(habits.balances.numbers, Decimal(period_days(as_of))),
    )
