"""How accounts pay, and the credit that their turnover and terms support."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from creditrisk.application.accounts import CreditAccounts
from creditrisk.application.answer import StoredExposure, applied_rates, instant, missing_rates, money_as_data
from creditrisk.application.check import CheckCredit
from creditrisk.application.errors import Conflict, FieldError, InvalidRequest, NotFound
from creditrisk.application.histories import HistoryReader
from creditrisk.application.keys import Principal
from creditrisk.application.limit_changes import ChangeSource
from creditrisk.application.papers import Account
from creditrisk.domain.behaviour import (
    Collection,
    Numbers,
    average_delay,
    estimated_credit,
    format_days,
    total_numbers,
    whole_days,
)
from creditrisk.domain.behaviour_figures import behaviour_figures
from creditrisk.domain.history import History, habits_of, months_before
from creditrisk.domain.money import BEYOND, Money, quantise
from creditrisk.domain.parameter_values import MOST_DAYS
from creditrisk.domain.rates import Converter
from creditrisk.domain.statistics import HUNDRED, window_figures


class Instalment(NamedTuple):
    """A part of an invoice and the days granted for it; an amount without currency is in the account's."""

    amount: Money | Decimal
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateCommand:
    """What a credit is to be estimated from; what is None comes from stored papers or the policy."""

    account: Account
    as_of: date | None
    multiplier: Decimal | None
    turnover: Money | Decimal | None
    instalments: Sequence[Instalment] | None
    apply: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayCommand:
    """What an average delay is to be worked out from; ``collections`` None: what stored payments say."""

    account: Account
    as_of: date | None
    collections: Sequence[Collection] | None
    apply: bool


class WorkedOut(NamedTuple):
    """An answer as plain data, and the account's version where something was set to it."""

    answer: dict[str, Any]
    version: int | None


class Utilisation(NamedTuple):
    """How much of its limit an account used on average, as stored calculations say."""

    days: int
    """Reference dates with a calculation that knew a limit; the newest of each counts."""
    average: Decimal | None
    """A fraction of the limit; None where there were no such days."""


class UtilisationReader(Protocol):
    """Reads what stored calculations say about the use of limits."""

    async def utilisation(self, account: Account, *, after: date, until: date, tenant: str) -> Utilisation:
        """The average over the reference dates from the day after ``after`` to ``until``."""


@dataclass(frozen=True, slots=True)
class PaymentBehaviour:
    """Works out payment behaviour and estimated credit."""

    checks: CheckCredit
    histories: HistoryReader
    accounts: CreditAccounts
    utilisations: UtilisationReader

    async def of(
        self,
        account: Account,
        *,
        as_of: date | None,
        principal: Principal,
        windows: Sequence[int] = (),
    ) -> dict[str, Any]:
        """The behaviour of one account as plain data, and its statistics over windows of so many months.

        Raises:
            NotFound: nobody ever told the service about this customer.
            Unauthenticated, Unavailable: as `CheckCredit.check`.
        """
        exposure = await self._exposure(account, as_of, principal)
        history = await self._history(exposure, account, principal)
        situation = exposure.situation
        figures = behaviour_figures(situation, history, converter=situation.converter)
        habits, currency = figures.habits, situation.currency
        return {
            "company": account.company,
            "customer": account.customer,
            "turnover_12m": money_as_data(habits.turnover_12m, currency),
            "turnover_ytd": money_as_data(habits.turnover_ytd, currency),
            "dso": format_days(figures.dso),
            "average_delay": average(habits.delays),
            "due_date_deviation": average(figures.owed.lateness),
            "average_payment_days": average(habits.payments),
            "average_balance": money_as_data(figures.average_balance, currency),
            "aged_balances": {
                band: money_as_data(amount, currency) for band, amount in situation.own.overdue.ageing.items()
            },
            "windows": [
                await self._window(account, exposure, months, figures.owed.outstanding, principal)
                for months in windows
            ],
            **_circumstances(exposure),
        }

    async def _window(
        self,
        account: Account,
        exposure: StoredExposure,
        months: int,
        outstanding: Decimal,
        principal: Principal,
    ) -> dict[str, Any]:
        as_of, situation = exposure.as_of, exposure.situation
        histories = await self.histories.read({account: as_of}, tenant=principal.tenant, months=months)
        history = histories[account]
        habits = habits_of(history, configuration=exposure.configuration, converter=situation.converter)
        figures = window_figures(
            situation,
            habits,
            months=months,
            outstanding=outstanding,
            customer_since=history.customer_since,
        )
        after = months_before(as_of, months)
        utilisation = await self.utilisations.utilisation(
            account, after=after, until=as_of, tenant=principal.tenant
        )
        currency = situation.currency
        return {
            "months": months,
            "from": (after + timedelta(days=1)).isoformat(),
            "days": figures.days,
            "turnover": money_as_data(figures.turnover, currency),
            "dso": format_days(figures.dso),
            "average_balance": money_as_data(figures.average_balance, currency),
            "limit_percent": _percent(figures.limit_percent),
            "exposure_percent": _percent(utilisation.average and utilisation.average * HUNDRED),
            "exposure_days": utilisation.days,
        }

    async def estimate(self, command: EstimateCommand, *, principal: Principal) -> WorkedOut:
        """Estimate the credit of one account, and set its limit to it where the command says so.

        Raises:
            InvalidRequest, Conflict: a given amount has no rate; there is nothing to set the limit to; or as
                `CreditAccounts.set_limit`.
            NotFound: nobody ever told the service about this customer.
            Unauthenticated, Unavailable: as `CheckCredit.check`.
        """
        exposure = await self._exposure(command.account, command.as_of, principal)
        history = await self._history(exposure, command.account, principal)
        situation = exposure.situation
        habits = habits_of(history, configuration=exposure.configuration, converter=situation.converter)
        turnover, terms = habits.turnover_12m, habits.terms
        if command.turnover is not None:
            turnover = _in_account(command.turnover, situation.converter, "/turnover_12m")
        if command.instalments is not None:
            terms = total_numbers(
                Numbers.of(
                    _in_account(each.amount, situation.converter, f"/instalments/{n}/amount"), each.days
                )
                for n, each in enumerate(command.instalments)
            )
        multiplier = (
            situation.policy.estimate_multiplier if command.multiplier is None else command.multiplier
        )
        credit = None
        if terms.average is not None:
            estimated = estimated_credit(turnover=turnover, multiplier=multiplier, average_days=terms.average)
            credit = Money(quantise(estimated, situation.currency), situation.currency)
        version = await self._apply(command.account, credit, principal) if command.apply else None
        answer = {
            "company": command.account.company,
            "customer": command.account.customer,
            "turnover_12m": money_as_data(turnover, situation.currency),
            "multiplier": format(multiplier, "f"),
            "average_days": average(terms),
            "estimated_credit": None if credit is None else money_as_data(*credit),
            "applied": command.apply,
            **_circumstances(exposure),
        }
        return WorkedOut(answer, version)

    async def delay(self, command: DelayCommand, *, principal: Principal) -> WorkedOut:
        """Work out how late an account pays on average, and keep it with the account where that is asked for.

        Raises:
            InvalidRequest: there is nothing to keep.
            NotFound: nobody ever told the service about this customer.
            Unauthenticated, Unavailable: as `CheckCredit.check`.
        """
        exposure = await self._exposure(command.account, command.as_of, principal)
        if command.collections is None:
            history = await self._history(exposure, command.account, principal)
            converter = exposure.situation.converter
            found = habits_of(
                history, configuration=exposure.configuration, converter=converter
            ).delays.average
        else:
            delay = average_delay(command.collections)
            found = None if delay is None else delay.days
        days = None if found is None else whole_days(found)
        version = await self._keep_delay(command.account, days, principal) if command.apply else None
        answer = {
            "company": command.account.company,
            "customer": command.account.customer,
            "average_delay": None if found is None else format_days(found),
            "average_delay_days": days,
            "applied": command.apply,
            **_circumstances(exposure),
        }
        return WorkedOut(answer, version)

    async def _keep_delay(self, account: Account, days: int | None, principal: Principal) -> int:
        complaint = None
        if days is None:
            complaint = FieldError("/apply", "nothing_to_average", "cannot be done: no money is known")
        elif abs(days) > MOST_DAYS:
            complaint = FieldError("/apply", "out_of_range", f"cannot be done: it is over {MOST_DAYS} days")
        if complaint is not None:
            raise InvalidRequest("There is no average to keep.", errors=[complaint])
        seen = await self.accounts.set_some(account, {"average_delay_days": days}, principal=principal)
        return seen.version

    async def _apply(self, account: Account, credit: Money | None, principal: Principal) -> int:
        if credit is None:
            complaint = FieldError(
                "/apply", "nothing_estimated", "cannot be done: no instalment says how many days are granted"
            )
            raise InvalidRequest("There is no estimate to set the limit to.", errors=[complaint])
        if credit.amount >= BEYOND:
            complaint = FieldError("/apply", "out_of_range", "cannot be done: it has more than 15 digits")
            raise InvalidRequest("The estimate is no amount of money.", errors=[complaint])
        try:
            seen = await self.accounts.set_limit(
                account, credit, principal=principal, source=ChangeSource.ESTIMATE
            )
        except (InvalidRequest, Conflict) as refused:
            errors = [error._replace(pointer="/apply") for error in refused.errors]
            raise type(refused)(refused.detail, code=refused.code, errors=errors) from None
        return seen.version

    async def _exposure(self, account: Account, as_of: date | None, principal: Principal) -> StoredExposure:
        exposure = await self.checks.exposure(
            company=account.company, customer=account.customer, as_of=as_of, principal=principal
        )
        if exposure.situation.facts.risk_customer is None:
            raise NotFound("There is no such customer.")
        return exposure

    async def _history(self, exposure: StoredExposure, account: Account, principal: Principal) -> History:
        histories = await self.histories.read({account: exposure.as_of}, tenant=principal.tenant)
        return histories[account]


def _percent(share: Decimal | None) -> str | None:
    return None if share is None else format_days(share)


def average(numbers: Numbers) -> str | None:
    """Write an average of days; None where there is nothing to average."""
    return None if numbers.average is None else format_days(numbers.average)


def _circumstances(exposure: StoredExposure) -> Mapping[str, Any]:
    converter = exposure.situation.converter
    return {
        "rates": applied_rates(converter),
        "missing_rates": missing_rates(converter),
        "as_of": exposure.as_of.isoformat(),
        "evaluated_at": instant(exposure.evaluated_at),
    }


def _in_account(amount: Money | Decimal, converter: Converter, pointer: str) -> Decimal:
    """A given amount in the account's currency, which it is in where it names none."""
    if isinstance(amount, Decimal):
        return amount
    converted = converter.convert(*amount)
    if converted is None:
        complaint = FieldError(pointer, "rate_missing", "has no rate into the currency of the account")
        raise InvalidRequest("An amount cannot be converted.", errors=[complaint])
    return converted
