"""Proposed lines of limit adjustment journals: limits there are, adjusted, or automatic limits (M36, M46).

A proposal changes nothing: its line has to be approved as any other, and gives way to what a person wrote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from creditrisk.application.adjusting import LimitAdjustments
from creditrisk.application.adjustments import (
    MOST_LINES,
    Journal,
    JournalKind,
    JournalStatus,
    Line,
    too_many_lines,
    wrong_status,
)
from creditrisk.application.answer import money_as_data
from creditrisk.application.configuration import Configurations
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.errors import FieldError, Forbidden, InvalidRequest
from creditrisk.application.keys import Principal
from creditrisk.domain.adjustments import Adjustment, DayRule, adjusted
from creditrisk.domain.automatic_limits import AutomaticLimit, automatic_limit
from creditrisk.domain.facts import Configuration
from creditrisk.domain.money import BEYOND, Money
from creditrisk.domain.rates import Converter
from creditrisk.domain.scoring import Figure


class ProposalSource(StrEnum):
    """What limits are proposed from."""

    CUSTOMERS = "customers"
    CREDIT_GROUPS = "credit_groups"
    AUTOMATIC_LIMITS = "automatic_limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerFilter:
    """Whose limits: everything stated must hold; nothing stated: everybody's."""

    customers: frozenset[str] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """What fields of the customer must say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalOrder:
    """How lines are to be made."""

    source: ProposalSource
    filter: OwnerFilter
    adjustment: Adjustment | None
    """None: limits stay, or are automatic."""
    expires_on: DayRule | None
    """Of a journal of own limits."""
    period: tuple[DayRule, DayRule] | None
    """First and last day, of a journal of temporary limits."""
    as_of: date | None
    """What days are counted from; None: today in the journal's company."""


class Owned(NamedTuple):
    """A limit there is, and whose it is."""

    owner: Owner
    limit: Money


class Scored(NamedTuple):
    """A customer with what its last risk score was made of."""

    customer: str
    risk_group: str
    limit: Money | None
    """The own limit of its account."""
    figures: Mapping[str, Figure]
    """By id of the scoring group."""
    turnover: Money | None
    """Of 12 months, with the company that scored it."""


class ProposalReader(Protocol):
    """Reads what limits can be proposed from, in a number of statements that does not depend on theirs."""

    async def today(self, company: str, *, tenant: str) -> date:
        """Today in a company."""

    async def owned(
        self, source: ProposalSource, wanted: OwnerFilter, *, company: str, tenant: str, most: int
    ) -> Sequence[Owned]:
        """The limits of accounts or of groups, by id of the owner, at most so many; never unlimited ones."""

    async def scored(self, wanted: OwnerFilter, *, company: str, tenant: str, most: int) -> Sequence[Scored]:
        """Customers of risk groups that have automatic limits, by id; never unlimited ones."""

    async def automatic_limits(self, *, tenant: str) -> Sequence[AutomaticLimit]:
        """All automatic limits."""


class Proposed(NamedTuple):
    """What became of an order."""

    added: int
    replaced: int
    kept: int
    """Left out, because a person wrote a line for the owner."""
    without_rate: int
    """Left out, because an amount lacks a rate into the currency of the limit."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """Makes proposed lines."""

    adjustments: LimitAdjustments
    reader: ProposalReader
    configurations: Configurations

    async def generate(self, journal: UUID, order: ProposalOrder, *, principal: Principal) -> Proposed:
        """Add proposed lines to a draft, in the place of earlier proposals for the same owners.

        Raises:
            NotFound: as `LimitAdjustments.get`.
            Conflict: it is no draft.
            InvalidRequest: the days are not those of the journal's kind, or there would be too many lines.
            Forbidden: it is about credit groups, or the journal is, and the key is limited to companies.
        """
        found = await self.adjustments.changeable(journal, principal)
        if found.status is not JournalStatus.DRAFT:
            raise wrong_status(found.status)
        if order.source is ProposalSource.CREDIT_GROUPS and principal.companies is not None:
            raise Forbidden("Credit groups span all companies.", code="company_forbidden")
        tenant, company = principal.tenant, found.order.company
        as_of = order.as_of or await self.reader.today(company, tenant=tenant)
        days = _days(found, order, as_of=as_of)
        stored = await self.configurations.stored(tenant=tenant, company=company)
        converters = _Converters(self.configurations.compiled(stored, company=company), as_of)
        if order.source is ProposalSource.AUTOMATIC_LIMITS:
            lines = await self._automatic(order, days, converters, company, principal)
            without_rate = 0
        else:
            owned = await self.reader.owned(
                order.source, order.filter, company=company, tenant=tenant, most=MOST_LINES + 1
            )
            _require_few(owned)
            lines = [line for each in owned if (line := _adjusted(each, order.adjustment, days, converters))]
            without_rate = len(owned) - len(lines)
        merged = await self.adjustments.store.add_proposals(journal, lines, principal=principal)
        return Proposed(*merged, without_rate=without_rate)

    async def _automatic(
        self,
        order: ProposalOrder,
        days: Mapping[str, str],
        converters: "_Converters",
        company: str,
        principal: Principal,
    ) -> Sequence[Line]:
        limits = await self.reader.automatic_limits(tenant=principal.tenant)
        scored = await self.reader.scored(
            order.filter, company=company, tenant=principal.tenant, most=MOST_LINES + 1
        )
        _require_few(scored)
        lines = []
        for each in scored:
            currency = converters.currency if each.limit is None else each.limit.currency
            turnover = None if each.turnover is None else converters.into(currency).convert(*each.turnover)
            proposal = automatic_limit(
                limits,
                risk_group=each.risk_group,
                currency=currency,
                figures=each.figures,
                revenue=turnover,
            )
            if proposal is not None:
                origin = {"automatic_limit": proposal.automatic_limit}
                owner = Owner(OwnerKind.CUSTOMER, each.customer)
                lines.append(_line(owner, proposal.limit, days, basis=each.limit, more=origin))
        return lines


class _Converters:
    """Converters into the currencies of limits, at a company's rates."""

    def __init__(self, configuration: Configuration, as_of: date) -> None:
        self._configuration = configuration
        self._as_of = as_of
        self._known: dict[str, Converter] = {}

    @property
    def currency(self) -> str:
        """The company's."""
        return self._configuration.policy.currency

    def into(self, currency: str) -> Converter:
        """The converter into one of them."""
        if currency not in self._known:
            rate_type = self._configuration.policy.rate_type
            self._known[currency] = Converter(self._configuration.rates, currency, rate_type, self._as_of)
        return self._known[currency]


def _days(journal: Journal, order: ProposalOrder, *, as_of: date) -> Mapping[str, str]:
    """The days of all lines, which are those of the journal's kind."""
    if journal.order.kind is JournalKind.CREDIT_LIMIT:
        if order.expires_on is None or order.period is not None:
            at = "/expires_on" if order.expires_on is None else "/from"
            raise _wrong_days(at, "an adjustment of credit limits has an expiry date and no period")
        return {"expires_on": order.expires_on.on(as_of).isoformat()}
    if order.period is None or order.expires_on is not None:
        at = "/from" if order.period is None else "/expires_on"
        raise _wrong_days(at, "an adjustment of temporary limits has a period and no expiry date")
    first, last = (rule.on(as_of) for rule in order.period)
    if last < first:
        raise _wrong_days("/to", "must not be before the day it begins")
    return {"from": first.isoformat(), "to": last.isoformat()}


def _wrong_days(pointer: str, detail: str) -> InvalidRequest:
    return InvalidRequest("The days are not right.", errors=[FieldError(pointer, "wrong_days", detail)])


def _require_few(found: Sequence[object]) -> None:
    if len(found) > MOST_LINES:
        raise too_many_lines()


def _adjusted(
    owned: Owned, adjustment: Adjustment | None, days: Mapping[str, str], converters: _Converters
) -> Line | None:
    limit: Money | None = owned.limit
    if adjustment is not None:
        into = converters.into(owned.limit.currency)
        limit = adjusted(owned.limit, adjustment, convert=into.convert)
    if limit is not None and limit.amount >= BEYOND:
        complaint = FieldError("/adjustment", "out_of_range", "makes a limit of more than 15 digits")
        raise InvalidRequest("The adjustment makes too much of a limit.", errors=[complaint])
    return None if limit is None else _line(owned.owner, limit, days, basis=owned.limit, more={})


def _line(
    owner: Owner, limit: Money, days: Mapping[str, str], *, basis: Money | None, more: Mapping[str, Any]
) -> Line:
    content = {"limit": money_as_data(*limit), **days, **more}
    if basis is not None:
        content["basis"] = money_as_data(*basis)
    return Line(owner, content, proposed=True)
