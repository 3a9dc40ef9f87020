"""The exposure report: one line for an account, or for a group of accounts added up (F27)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from creditrisk.domain.behaviour import NOTHING, Numbers, days_sales_outstanding
from creditrisk.domain.behaviour_figures import behaviour_figures
from creditrisk.domain.history import Habits, History
from creditrisk.domain.limits import Limit, LimitState, account_limit
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Category
from creditrisk.domain.rates import Converter
from creditrisk.domain.receivables import Receivables
from creditrisk.domain.situation import Situation

ZERO = Decimal(0)

AMOUNTS = (
    "orders",
    "to_invoice",
    "to_post",
    "balance",
    "provisional_payments",
    "bills_due",
    "unpaid",
    "advances",
    "reservations",
    "other",
    "exposure",
    "overdue",
    "overdue_provisional",
)
"""The amounts of a line that add up over accounts, besides limits and turnover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """Figures of one account, or sums over several, all in one currency."""

    accounts: int = 0
    limit: Decimal | None = None
    """Sum of the limits of those that have one; None where none has."""
    unlimited: bool = False
    """One of them at least has no bound."""
    insured: Decimal | None = None
    """The informative insured amounts (F23)."""
    amounts: Mapping[str, Decimal]
    habits: Habits = Habits()  # noqa: RUF009 - it is immutable
    lateness: Numbers = NOTHING
    outstanding: Numbers = NOTHING
    """What DSO is about, with the days each account has had to buy in."""

    @property
    def over_limit(self) -> Decimal | None:
        """F1, the overrun: by how much exposure is above the limit, 0 within it; None without a limit."""
        if self.limit is None or self.unlimited:
            return None
        return max(self.amounts["exposure"] - self.limit, ZERO)

    @property
    def dso(self) -> Decimal:
        """Days sales outstanding."""
        return days_sales_outstanding(outstanding=self.outstanding, turnover=self.habits.turnover_12m)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return (
            self.limit is None
            and not self.unlimited
            and not self.insured
            and not any(self.amounts.values())
            and not self.habits.turnover_12m
        )

    def plus(self, other: "ReportLine") -> "ReportLine":
        """Both together; averages become those of all their amounts."""
        return ReportLine(
            accounts=self.accounts + other.accounts,
            limit=_sum(self.limit, other.limit),
            unlimited=self.unlimited or other.unlimited,
            insured=_sum(self.insured, other.insured),
            amounts={name: self.amounts[name] + other.amounts[name] for name in AMOUNTS},
            habits=self.habits.plus(other.habits),
            lateness=self.lateness.plus(other.lateness),
            outstanding=self.outstanding.plus(other.outstanding),
        )


def report_line(
    situation: Situation, history: History, *, insured: Money | None, converter: Converter
) -> ReportLine:
    """The line of one account, in the converter's currency; amounts without a rate are left out."""
    figures = behaviour_figures(situation, history, converter=converter)
    limit = _own_limit(situation, converter)
    return ReportLine(
        accounts=1,
        limit=None if limit is None else limit.amount,
        unlimited=limit is not None and limit.state is LimitState.UNLIMITED,
        insured=None if insured is None else converter.convert(*insured),
        amounts=_amounts(figures.owed, on_ledger=situation.policy.balance_basis == "ledger_balance"),
        habits=figures.habits,
        lateness=figures.owed.lateness,
        outstanding=figures.outstanding,
    )


def _own_limit(situation: Situation, converter: Converter) -> Limit | None:
    """The account's own limit; of those under a head account the head alone has one (F15)."""
    facts, customer = situation.facts, situation.facts.account.customer
    if any(limit.source == "head" and limit.id != customer for limit in situation.limits):
        return None
    return account_limit(
        facts.account.limit,
        customer=customer,
        as_of=situation.as_of,
        convert=converter.convert,
        zero_is_no_limit=situation.policy.zero_limit == "no_limit",
        in_credit_group=facts.group is not None,
    )


def _amounts(owed: Receivables, *, on_ledger: bool) -> dict[str, Decimal]:
    by_category = owed.by_category
    return {
        "orders": by_category[Category.ORDERS],
        "to_invoice": by_category[Category.DELIVERIES],
        "to_post": by_category[Category.INVOICES],
        "balance": by_category[Category.LEDGER_BALANCE if on_ledger else Category.OPEN_ITEMS],
        "provisional_payments": owed.provisional_payments,
        "bills_due": by_category[Category.BILLS],
        "unpaid": by_category[Category.UNPAID_BILLS],
        "advances": by_category[Category.ADVANCES],
        "reservations": by_category[Category.RESERVATIONS],
        "other": by_category[Category.OTHER],
        "exposure": owed.exposure,
        "overdue": owed.overdue,
        "overdue_provisional": owed.overdue_provisional,
    }


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
