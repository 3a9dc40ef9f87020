"""All accounts of a tenant, evaluated as of a day: the portfolio, a page at a time."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, Protocol

from creditrisk.application.answer import StoredExposure
from creditrisk.application.check import MOST_READS, stored_exposure
from creditrisk.application.configuration import Configurations
from creditrisk.application.errors import Unavailable
from creditrisk.application.stored_facts import Question, StoredFacts
from creditrisk.domain.facts import Configuration

PAGE: Final = 500
"""Accounts read and evaluated together."""


class CompanyToday(NamedTuple):
    """A company and the day it is there, in its time zone."""

    company: str
    today: date


class PortfolioPage(NamedTuple):
    """Some accounts of one company, in order of the customer."""

    company: str
    customers: Sequence[str]


class AccountRead(NamedTuple):
    """An account as read for its evaluation."""

    customer: str
    name: str | None
    risk_customer: str | None
    """Who bears the papers of this customer that name no other; None: the customer itself."""
    stored: StoredFacts


class EvaluatedAccount(NamedTuple):
    """An account with its exposure."""

    name: str | None
    risk_customer: str | None
    """As in `AccountRead`."""
    exposure: StoredExposure


class PortfolioReader(Protocol):
    """Reads accounts by the page.

    There is an account where somebody has set one, where anything was ever open of papers of the customer's
    own or with it as `bill_to`, and where it bears papers or reservations as a risk customer.
    """

    async def companies(self, *, tenant: str) -> Sequence[CompanyToday]:
        """List the companies by name."""

    async def count(self, companies: Sequence[str], *, tenant: str) -> int:
        """Count the accounts of these companies."""

    async def customers(self, company: str, *, tenant: str, after: str, limit: int) -> Sequence[str]:
        """List the accounts of a company in order of the customer, beginning behind ``after``."""

    async def read(self, page: PortfolioPage, *, tenant: str) -> Sequence[AccountRead]:
        """Read what is needed to evaluate the accounts of a page, in its order."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Evaluates all accounts of a tenant.

    What is listed and read at one moment fits together; whoever wants the whole of one moment freezes it.
    """

    reader: PortfolioReader
    configurations: Configurations

    async def companies(self, *, tenant: str) -> Sequence[CompanyToday]:
        """List the companies by name."""
        return await self.reader.companies(tenant=tenant)

    async def count(self, companies: Sequence[str], *, tenant: str) -> int:
        """Count the accounts of these companies."""
        return await self.reader.count(companies, tenant=tenant)

    async def pages(self, company: str, *, tenant: str) -> AsyncIterator[PortfolioPage]:
        """List the accounts of a company in order of the customer."""
        after = ""
        while customers := await self.reader.customers(company, tenant=tenant, after=after, limit=PAGE):
            yield PortfolioPage(company, customers)
            after = customers[-1]

    async def evaluate(self, page: PortfolioPage, *, tenant: str, as_of: date) -> Iterator[EvaluatedAccount]:
        """Read the accounts of a page and give them in its order, each evaluated when it is asked for.

        So all that one is evaluated by can be gone before the next one is.

        Raises:
            Unavailable: the configuration kept changing meanwhile.
        """
        for _ in range(MOST_READS):
            accounts = await self.reader.read(page, tenant=tenant)
            versions = {account.stored.config_version for account in accounts}
            configuration = await self.configurations.at(
                tenant=tenant, company=page.company, version=max(versions)
            )
            if configuration is not None and len(versions) == 1:
                return _evaluated(accounts, configuration, company=page.company, as_of=as_of)
        raise Unavailable("The configuration is being changed.")


def _evaluated(
    accounts: Iterable[AccountRead], configuration: Configuration, *, company: str, as_of: date
) -> Iterator[EvaluatedAccount]:
    for account in accounts:
        question = Question(company, account.customer, bill_to=account.customer)
        exposure = stored_exposure(question, account.stored, configuration, as_of=as_of)
        yield EvaluatedAccount(account.name, account.risk_customer, exposure)
