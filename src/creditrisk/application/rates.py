"""Exchange rates: stored in batches, listed, used by checks (docs/domain.md, Money and dates; M40)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple, Protocol

from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.errors import FieldError, InvalidRequest
from creditrisk.application.keys import Principal
from creditrisk.domain.rates import Rate


class StoredRate(NamedTuple):
    """A rate and whose it is; ``company`` may be `EVERY_COMPANY`."""

    company: str
    rate: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFilter:
    """Which rates to list; None: any."""

    companies: frozenset[str] | None = None
    source: str | None = None
    target: str | None = None
    type: str | None = None
    day: date | None = None


class RatePosition(NamedTuple):
    """A rate's place in the list, which is sorted by these in this order."""

    type: str
    source: str
    target: str
    day: date
    company: str


class RateStore(Protocol):
    """Keeps rates. Every write raises the version of the tenant's configuration."""

    async def put(self, rates: Sequence[Rate], *, tenant: str, company: str) -> None:
        """Store rates, all or none, each replacing the one of its type, pair and day."""

    async def list(
        self, wanted: RateFilter, *, tenant: str, after: RatePosition | None, limit: int
    ) -> Sequence[StoredRate]:
        """List rates in the order of `RatePosition`, beginning behind ``after``."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Stores and lists exchange rates.

    A company that has rates of its own for a type and pair uses those alone; otherwise the rates of every
    company apply.
    """

    store: RateStore

    async def put(self, rates: Sequence[Rate], *, company: str | None, principal: Principal) -> None:
        """Store a batch, all or none; ``company`` None: for every company.

        Raises:
            InvalidRequest: a rate turns a currency into itself, or two are for the same type, pair and day.
        """
        complaints = _complaints(rates)
        if complaints:
            raise InvalidRequest("Rates are not accepted; none was stored.", errors=complaints)
        await self.store.put(rates, tenant=principal.tenant, company=company or EVERY_COMPANY)

    async def list(
        self, wanted: RateFilter, *, principal: Principal, after: RatePosition | None, limit: int
    ) -> Sequence[StoredRate]:
        """List rates of the wanted companies, and with them those of every company."""
        if wanted.companies is not None:
            wanted = replace(wanted, companies=wanted.companies | {EVERY_COMPANY})
        return await self.store.list(wanted, tenant=principal.tenant, after=after, limit=limit)


_MOST_COMPLAINTS = 100


def _complaints(rates: Sequence[Rate]) -> list[FieldError]:
    complaints = []
    seen: set[tuple[str, str, str, date]] = set()
    for position, rate in enumerate(rates):
        key = rate.type, rate.source, rate.target, rate.day
        if rate.source == rate.target:
            complaints.append(FieldError(f"/rates/{position}/to", "same_currency", "must differ from `from`"))
        elif key in seen:
            complaints.append(
                FieldError(f"/rates/{position}", "duplicate", "is for the same type, pair and day as another")
            )
        seen.add(key)
    return complaints[:_MOST_COMPLAINTS]
