"""An account's stored exposure, explained down to the paper."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from creditrisk.application.answer import StoredExposure, circumstances, figures, missing_rates
from creditrisk.application.check import CheckCredit
from creditrisk.application.errors import NotFound
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account, CountedPaper, PaperStore
from creditrisk.domain.counting import counted_amount, lowered
from creditrisk.domain.decision import amount_signal
from creditrisk.domain.forecast import ForecastDay, forecast
from creditrisk.domain.money import format_amount
from creditrisk.domain.papers import Line
from creditrisk.domain.remedy import headroom
from creditrisk.domain.situation import Situation

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Exposures:
    """Shows the exposure of accounts."""

    checks: CheckCredit
    papers: PaperStore

    async def of(
        self, *, company: str, customer: str, as_of: date | None, detail: bool, principal: Principal
    ) -> dict[str, Any]:
        """The exposure of one account as plain data.

        Raises:
            NotFound: nobody ever told the service about this customer.
            Unauthenticated, Unavailable: as `CheckCredit.check`.
        """
        found = await self.checks.exposure(
            company=company, customer=customer, as_of=as_of, principal=principal
        )
        if found.situation.facts.risk_customer is None:
            raise NotFound("There is no such customer.")
        papers = await self._papers(found, principal) if detail else None
        return {**shown_exposure(found), "papers": papers}

    async def forecast(
        self, account: Account, *, as_of: date | None, days: int, delay_days: int | None, principal: Principal
    ) -> dict[str, Any]:
        """The exposure of one account day by day as plain data, if what falls due is paid.

        ``delay_days`` None: what is paid late is paid as late as the account is said to pay on average (F29).

        Raises:
            NotFound: nobody ever told the service about this customer.
            Unauthenticated, Unavailable: as `CheckCredit.check`.
        """
        found = await self.checks.exposure(
            company=account.company, customer=account.customer, as_of=as_of, principal=principal
        )
        if found.situation.facts.risk_customer is None:
            raise NotFound("There is no such customer.")
        if delay_days is None:
            delay_days = max(found.situation.facts.account.average_delay_days or 0, 0)
        shown: list[dict[str, Any]] = []
        for day in forecast(found.situation, days=days, delay_days=delay_days):
            shown.append(_shown_day(day))
            await asyncio.sleep(0)  # a year of a large account takes a while, and checks must not wait for it
        return {
            "company": account.company,
            "customer": account.customer,
            "currency": found.situation.currency,
            "delay_days": delay_days,
            "current": format_amount(found.situation.exposure.current, found.situation.currency),
            "days": shown,
            **circumstances(
                found.situation, found.configuration, as_of=found.as_of, evaluated_at=found.evaluated_at
            ),
        }

    async def _papers(self, exposure: StoredExposure, principal: Principal) -> Sequence[dict[str, Any]]:
        situation = exposure.situation
        members = situation.facts.members if situation.exposure is situation.whole_group else ()
        # Those of other companies are in the sums, which the limit is compared with, and not told one by one.
        accounts = {
            Account(member.company, member.customer)
            for member in members
            if principal.may_use(member.company)
        }
        accounts.add(Account(exposure.company, situation.facts.account.customer))
        found: list[dict[str, Any]] = []
        after: tuple[str, str, str] | None = None
        while True:
            page = await self.papers.counted(
                sorted(accounts), tenant=principal.tenant, after=after, limit=PAGE
            )
            found += [shown for paper in page if (shown := _shown(paper, exposure)) is not None]
            if len(page) < PAGE:
                return found
            after = page[-1].company, page[-1].kind, page[-1].number


def shown_exposure(exposure: StoredExposure) -> dict[str, Any]:
    """An account's exposure as plain data, without its papers."""
    situation = exposure.situation
    return {
        "company": exposure.company,
        "customer": situation.check.customer,
        "signal": amount_signal(situation).value,
        "auto_blocked": situation.auto_blocked,
        **figures(situation),
        "headroom": shown_headroom(situation),
        "missing_rates": missing_rates(situation.converter),
        **circumstances(
            situation, exposure.configuration, as_of=exposure.as_of, evaluated_at=exposure.evaluated_at
        ),
    }


def shown_headroom(situation: Situation) -> str | None:
    """What is left below the limits, as text; None where there is none."""
    room = headroom(situation)
    return None if room is None else format_amount(room, situation.currency)


def _shown_day(forecast_day: ForecastDay) -> dict[str, Any]:
    situation = forecast_day.situation
    room, binding = headroom(situation), situation.binding

    def amount(value: Decimal | None) -> str | None:
        return None if value is None else format_amount(value, situation.currency)

    return {
        "date": forecast_day.day.isoformat(),
        "falling_due": amount(forecast_day.falling_due),
        "bills_released": amount(forecast_day.bills_released),
        "advances_effective": amount(forecast_day.advances_effective),
        "exposure": amount(situation.exposure.current),
        "limit": amount(binding.limit.amount if binding else None),
        "headroom": amount(room),
        "signal": amount_signal(situation).value,
    }


def _shown(paper: CountedPaper, exposure: StoredExposure) -> dict[str, Any] | None:
    """A paper as far as the policy counts it on the reference date."""
    line = Line(
        own=True,
        category=paper.category,
        type=paper.type,
        status=paper.status,
        flags=paper.flags,
        currency=paper.currency,
        due_on=paper.due_on or date.max,
        since=paper.since or date.min,
        credit=paper.open_amount < 0,
        papers=1,
        open_amount=paper.open_amount,
        total_amount=paper.total_amount,
        taken=paper.taken,
    )
    configuration = exposure.configuration
    if paper.held and not configuration.policy.count_held:
        return None
    if paper.category not in configuration.included:
        return None
    (line,) = lowered(
        [line],
        wanted=configuration.included,
        configuration=configuration,
        as_of=exposure.as_of,
        converter=exposure.situation.converter,
    )
    amount = counted_amount(line, configuration=configuration, as_of=exposure.as_of)
    if not amount:
        return None
    return {
        "company": paper.company,
        "kind": paper.kind,
        "number": paper.number,
        "customer": paper.customer,
        "category": paper.category,
        "amount": format_amount(amount, line.currency),
        "currency": line.currency,
        "due_on": paper.due_date.isoformat() if paper.due_date else None,
        "days_past_due": max((exposure.as_of - paper.due_date).days, 0) if paper.due_date else None,
    }
