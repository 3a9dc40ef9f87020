"""Risk scores of customers: worked out for all of them at once, and kept with them (M44, M45, M50)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

from creditrisk.application.answer import StoredExposure, instant
from creditrisk.application.check import CheckCredit
from creditrisk.application.histories import HistoryReader
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account
from creditrisk.application.reference_data import range_of
from creditrisk.domain.behaviour_figures import behaviour_figures
from creditrisk.domain.history import History
from creditrisk.domain.money import format_amount
from creditrisk.domain.rates import Converter
from creditrisk.domain.scoring import (
    Figure,
    RiskGroup,
    RiskScore,
    ScoredCustomer,
    ScoringGroup,
    ScoringType,
    score,
)

PAGE: Final = 1_000
"""Customers listed at a time."""
SCORED_TOGETHER: Final = 50
"""Customers read and scored at a time: some of them may have many papers."""


class Scheme(NamedTuple):
    """The scoring groups and risk groups of a tenant, in order of their ids."""

    groups: Sequence[ScoringGroup]
    risk_groups: Sequence[RiskGroup]


class ScoreStore(Protocol):
    """Keeps risk scores with the customers they are of."""

    async def scheme(self, *, tenant: str) -> Scheme:
        """What scores are made of."""

    async def customers(
        self, company: str, *, tenant: str, after: str | None, limit: int
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Customers with what they say, by id: those with an account in the company, and those with none."""

    async def keep(self, scores: Mapping[str, Mapping[str, Any]], *, tenant: str) -> None:
        """Keep the scores of customers, and their risk group where nobody states one."""

    async def get(self, customer: str, *, tenant: str) -> Mapping[str, Any] | None:
        """The score of a customer; None where there is none yet.

        Raises:
            NotFound: there is no such customer.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """What an update did."""

    customers: int
    risk_groups: Mapping[str, int]
    """Customers by risk group, those with a stated one under that of their score."""
    without_risk_group: int
    missing_rates: frozenset[str]
    """Currencies of amounts that are left out."""


class _Run(NamedTuple):
    """One update: what it goes by, and the currencies it lacked rates of."""

    company: str
    as_of: date | None
    scheme: Scheme
    missing: set[str]


@dataclass(frozen=True, slots=True)
class RiskScores:
    """Works out risk scores. Memory does not grow with the number of customers."""

    checks: CheckCredit
    histories: HistoryReader
    store: ScoreStore

    async def update(self, *, company: str, as_of: date | None, principal: Principal) -> Updated:
        """Score customers by what they did in a company; each goes on being read while others are scored.

        Raises:
            Unauthenticated, Unavailable: as `CheckCredit.check`.
        """
        scheme = await self.store.scheme(tenant=principal.tenant)
        run = _Run(company, as_of, scheme, set())
        counted: Counter[str | None] = Counter()
        after = None
        while page := await self.store.customers(company, tenant=principal.tenant, after=after, limit=PAGE):
            for start in range(0, len(page), SCORED_TOGETHER):
                together = dict(page[start : start + SCORED_TOGETHER])
                scores = await self._scored(together, run, principal)
                await self.store.keep(scores, tenant=principal.tenant)
                counted.update(each["risk_group"] for each in scores.values())
            after = page[-1][0]
        without = counted.pop(None, 0)
        return Updated(
            customers=counted.total() + without,
            risk_groups={name: count for name, count in counted.items() if name is not None},
            without_risk_group=without,
            missing_rates=frozenset(run.missing),
        )

    async def _scored(
        self, stated: Mapping[str, Mapping[str, Any]], run: _Run, principal: Principal
    ) -> Mapping[str, Mapping[str, Any]]:
        accounts = [Account(run.company, customer) for customer in stated]
        exposures = await self.checks.exposures(accounts, as_of=run.as_of, principal=principal)
        days = {account: found.as_of for account, found in zip(accounts, exposures, strict=True)}
        histories = await self.histories.read(days, tenant=principal.tenant)
        scores = {}
        for account, found in zip(accounts, exposures, strict=True):
            policy = found.configuration.policy
            converter = Converter(found.configuration.rates, policy.currency, policy.rate_type, found.as_of)
            content = stated[account.customer]
            scores[account.customer] = _score(found, histories[account], content, converter, run.scheme)
            run.missing.update(source for source, _ in converter.missing)
        return scores


def _score(
    exposure: StoredExposure,
    history: History,
    content: Mapping[str, Any],
    converter: Converter,
    scheme: Scheme,
) -> Mapping[str, Any]:
    """The score of a customer as it is kept."""
    figures = behaviour_figures(exposure.situation, history, converter=converter)
    customer = ScoredCustomer(
        average_payment_days=figures.habits.payments.average,
        dso=figures.dso,
        average_balance=figures.average_balance,
        customer_since=_day(content.get("customer_since")),
        in_business_since=_day(content.get("in_business_since")),
        management_group=content.get("management_group"),
        account_status=content.get("account_status"),
        country=content.get("country"),
        attributes=content.get("attributes"),
    )
    found = score(customer, groups=scheme.groups, risk_groups=scheme.risk_groups, as_of=exposure.as_of)
    turnover = format_amount(figures.habits.turnover_12m, converter.target)
    return {
        **_written(found),
        "company": exposure.company,
        "as_of": exposure.as_of.isoformat(),
        "scored_at": instant(exposure.evaluated_at),
        "turnover_12m": {"amount": turnover, "currency": converter.target},
    }


def _written(found: RiskScore) -> Mapping[str, Any]:
    return {
        "score": format(found.score, "f"),
        "risk_group": found.risk_group,
        "parts": [
            {
                "scoring_group": part.group.id,
                "type": part.group.type.value,
                "value": _figure(part.figure),
                "score": format(part.score, "f"),
            }
            for part in found.parts
        ],
    }


def _figure(figure: Figure) -> str | None:
    return format(figure, "f") if isinstance(figure, Decimal) else figure


def _day(stated: str | None) -> date | None:
    return None if stated is None else date.fromisoformat(stated)


def scoring_group(code: str, content: Mapping[str, Any]) -> ScoringGroup:
    """The scoring group that an entry of reference data states."""
    values = content.get("values")
    return ScoringGroup(
        id=code,
        type=ScoringType(content["type"]),
        attribute=content.get("attribute"),
        ranges=[(range_of(each), Decimal(each["score"])) for each in content.get("ranges", ())],
        values=None if values is None else {each["value"]: Decimal(each["score"]) for each in values},
    )


def risk_group(code: str, content: Mapping[str, Any]) -> RiskGroup:
    """The risk group that an entry of reference data states."""
    return RiskGroup(id=code, range=range_of(content))
