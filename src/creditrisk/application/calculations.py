"""Stored calculations: the exposure of an account as it was shown, with every paper that counted (F25)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from creditrisk.application.exposures import Exposures
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCalculation:
    """One calculation. It outlives the papers it was made from."""

    id: UUID
    """UUIDv7: ids are in order of time."""
    account: Account
    as_of: date
    evaluated_at: datetime
    content: Mapping[str, Any]
    """The exposure as shown."""
    lines: Sequence[Mapping[str, Any]] | None
    """The papers that counted; None where they were not kept, or not asked for."""
    created_by: str | None
    batch: UUID | None = None
    """What was evaluated in one run shares it; None: by itself."""


class CalculationStore(Protocol):
    """Keeps calculations."""

    async def add(self, calculation: StoredCalculation, *, tenant: str) -> None:
        """Keep a calculation."""

    async def list(
        self,
        customer: str,
        *,
        tenant: str,
        companies: frozenset[str] | None,
        after: UUID | None,
        limit: int,
        lines: bool,
    ) -> Sequence[StoredCalculation]:
        """List a customer's calculations in order of time, in some companies (None: all), behind ``after``.

        Raises:
            NotFound: there is no such customer.
        """


@dataclass(frozen=True, slots=True)
class Calculations:
    """Stores and lists calculations."""

    exposures: Exposures
    store: CalculationStore
    new_id: Callable[[], UUID]

    async def add(self, account: Account, *, as_of: date | None, principal: Principal) -> StoredCalculation:
        """Work out the exposure of an account now, and keep it with its lines.

        Raises: as `Exposures.of`.
        """
        shown = await self.exposures.of(
            company=account.company, customer=account.customer, as_of=as_of, detail=True, principal=principal
        )
        calculation = StoredCalculation(
            id=self.new_id(),
            account=account,
            as_of=date.fromisoformat(shown["as_of"]),
            evaluated_at=datetime.fromisoformat(shown["evaluated_at"]),
            content={name: value for name, value in shown.items() if name != "papers"},
            lines=shown["papers"],
            created_by=principal.author,
        )
        await self.store.add(calculation, tenant=principal.tenant)
        return calculation
