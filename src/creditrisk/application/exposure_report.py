"""The exposure report over all accounts, one line after the other (F27)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from creditrisk.application.behaviour import average
from creditrisk.application.check import CheckCredit
from creditrisk.application.histories import HistoryReader
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account
from creditrisk.domain.behaviour import format_days
from creditrisk.domain.exposure_report import AMOUNTS, ReportLine, report_line
from creditrisk.domain.money import Money, format_amount
from creditrisk.domain.rates import Converter

PAGE: Final = 500
"""Accounts listed at a time."""
EVALUATED_TOGETHER: Final = 50
"""Accounts read and evaluated at a time: some of them may have many papers."""

Row: TypeAlias = Mapping[str, Any]
"""A line of a report as plain data: all of `COLUMNS`, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Which accounts are wanted, by what is known of their customers."""

    customer: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    """What fields of the customer must say: `head_account`, `country`, groups, status."""
    not_country: str | None = None
    """What the country must not be; a customer without a country is of none."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What the ERP's own attributes of a customer must say, such as its agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """Which accounts a report is about, in which order, and what it adds up."""

    companies: frozenset[str] | None
    """None: every one."""
    filter: AccountFilter
    as_of: date | None
    """None: today in each company."""
    group_by: str | None = None
    """`company`, `customer`, a field of customers, or `attribute:<name>`; None: a line for each account."""
    by_name: bool = False
    """In order of the customers' names instead of their ids."""


class ListedAccount(NamedTuple):
    """An account of a report."""

    account: Account
    name: str | None
    insured: Money | None
    group: str
    """What it is added up under; empty where the customer does not say, or nothing is added up."""
    position: tuple[str, str, str, str]
    """Where it stands in the order of the report."""


class AccountDirectory(Protocol):
    """Lists accounts: those that somebody has set, and those that papers belong to."""

    async def page(
        self, query: ReportQuery, *, tenant: str, after: tuple[str, str, str, str] | None, limit: int
    ) -> Sequence[ListedAccount]:
        """List accounts, group by group, beginning behind the position ``after``."""


class _Line(NamedTuple):
    """A line with the day and the currency it is for, and the currencies that lack a rate."""

    line: ReportLine
    as_of: date
    missing: frozenset[str]

    def plus(self, other: "_Line") -> "_Line":
        return _Line(self.line.plus(other.line), max(self.as_of, other.as_of), self.missing | other.missing)


@dataclass(frozen=True, slots=True)
class ExposureReport:
    """Makes reports. Memory does not grow with the number of accounts, nor that of groups."""

    checks: CheckCredit
    histories: HistoryReader
    accounts: AccountDirectory

    async def rows(self, query: ReportQuery, *, principal: Principal) -> AsyncIterator[Row]:
        """The lines of a report as plain data.

        Accounts are read while it goes on, so a report is not of one moment. A group has a line for each
        currency of its companies.

        Raises:
            Unauthenticated, Unavailable: as `CheckCredit.check`.
        """
        group: str | None = None
        sums: dict[str, _Line] = {}
        async for listed, currency, line in self._lines(query, principal):
            if query.group_by is None:
                yield _row(line, currency, account=listed)
                continue
            if group is not None and listed.group != group:
                for row in _group_rows(group, sums):
                    yield row
                sums = {}
            group = listed.group
            sums[currency] = sums[currency].plus(line) if currency in sums else line
        if group is not None:
            for row in _group_rows(group, sums):
                yield row

    async def _lines(
        self, query: ReportQuery, principal: Principal
    ) -> AsyncIterator[tuple[ListedAccount, str, _Line]]:
        after = None
        while page := await self.accounts.page(query, tenant=principal.tenant, after=after, limit=PAGE):
            for start in range(0, len(page), EVALUATED_TOGETHER):
                together = page[start : start + EVALUATED_TOGETHER]
                for evaluated in await self._evaluated(together, query, principal):
                    yield evaluated
            after = page[-1].position

    async def _evaluated(
        self, listed: Sequence[ListedAccount], query: ReportQuery, principal: Principal
    ) -> Sequence[tuple[ListedAccount, str, _Line]]:
        exposures = await self.checks.exposures(
            [each.account for each in listed], as_of=query.as_of, principal=principal
        )
        days = {each.account: found.as_of for each, found in zip(listed, exposures, strict=True)}
        histories = await self.histories.read(days, tenant=principal.tenant)
        lines: list[tuple[ListedAccount, str, _Line]] = []
        for each, found in zip(listed, exposures, strict=True):
            policy = found.configuration.policy
            converter = Converter(found.configuration.rates, policy.currency, policy.rate_type, found.as_of)
            line = report_line(
                found.situation, histories[each.account], insured=each.insured, converter=converter
            )
            # Whose papers are all borne by others has a customer's name and no business of its own.
            if found.situation.facts.account.defined or not line.empty:
                missing = frozenset(source for source, _ in converter.missing)
                lines.append((each, policy.currency, _Line(line, found.as_of, missing)))
        return lines


COLUMNS: Final = (
    "group",
    "company",
    "customer",
    "name",
    "accounts",
    "currency",
    "as_of",
    "limit",
    "unlimited",
    "insured",
    *AMOUNTS,
    "over_limit",
    "turnover_12m",
    "turnover_ytd",
    "dso",
    "average_delay",
    "due_date_deviation",
    "missing_rates",
)
"""The columns of a row, in their order."""


def _group_rows(group: str, sums: Mapping[str, _Line]) -> Sequence[Row]:
    return [_row(line, currency, group=group) for currency, line in sorted(sums.items())]


def _row(found: _Line, currency: str, *, group: str = "", account: ListedAccount | None = None) -> Row:
    line = found.line

    def amount(value: Decimal | None) -> str | None:
        return None if value is None else format_amount(value, currency)

    values = (
        group or None,
        account and account.account.company,
        account and account.account.customer,
        account and account.name,
        line.accounts,
        currency,
        found.as_of.isoformat(),
        amount(line.limit),
        line.unlimited,
        amount(line.insured),
        *(amount(line.amounts[name]) for name in AMOUNTS),
        amount(line.over_limit),
        amount(line.habits.turnover_12m),
        amount(line.habits.turnover_ytd),
        format_days(line.dso),
        average(line.habits.delays),
        average(line.lateness),
        " ".join(sorted(found.missing)) or None,
    )
    return dict(zip(COLUMNS, values, strict=True))
