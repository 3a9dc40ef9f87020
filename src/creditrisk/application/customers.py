"""Customers: what the ERP says about a trading partner, the same in every company of the tenant."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from creditrisk.application.errors import FieldError, InvalidRequest, NotFound
from creditrisk.application.keys import Principal
from creditrisk.application.outcomes import PutOutcome, PutStatus
from creditrisk.application.reference_data import ReferenceKind

REFERENCES: Final[Mapping[str, ReferenceKind]] = {
    "credit_group": ReferenceKind.CREDIT_GROUP,
    "management_group": ReferenceKind.MANAGEMENT_GROUP,
    "account_status": ReferenceKind.ACCOUNT_STATUS,
}
"""Fields that must name reference data there is: a misspelt group or status would silently end control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerStatement:
    """What the ERP says about one customer; it replaces everything it said before.

    ``content`` has the wire's fields, those at their default left out. Customers it names as `risk_customer`
    or `head_account` that nobody has heard of yet come into being empty: order of arrival does not matter.
    """

    id: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCustomer:
    """A customer as stored. ``updated_by`` is None while it is only known because something names it."""

    id: str
    content: Mapping[str, Any]
    risk_group_scored: bool
    """Its risk group was not stated, but comes from its risk score."""
    updated_by: str | None
    updated_at: datetime


class CustomerStore(Protocol):
    """Keeps customers."""

    async def put_many(
        self, statements: Sequence[CustomerStatement], *, tenant: str, by: str
    ) -> Sequence[PutOutcome]:
        """Apply statements in one transaction, in order, and say for each what it did.

        One that `complaints_about` objects to is refused; the others are stored.
        """

    async def get(self, customer: str, *, tenant: str) -> StoredCustomer | None:
        """Return a customer; None where nobody has heard of it."""

    async def list(self, *, tenant: str, after: str | None, limit: int) -> Sequence[StoredCustomer]:
        """List customers by id, beginning behind ``after``."""


def complaints_about(
    content: Mapping[str, Any],
    *,
    known: Collection[tuple[ReferenceKind, str]],
    status_reasons: Collection[str],
) -> tuple[FieldError, ...]:
    """Say which reference data a customer names that is not there.

    ``known`` holds at least what there is of all that the customer names, ``status_reasons`` the codes kept
    as reasons for a status; where the tenant keeps none, any text will do, or none. Where it does, a customer
    with a status has one of them (M34, M43).
    """
    complaints = [
        FieldError(f"/{field}", "unknown_reference", "names nothing that is stored")
        for field, kind in REFERENCES.items()
        if field in content and (kind, content[field]) not in known
    ]
    reason = content.get("status_reason")
    if status_reasons and reason is None and "account_status" in content:
        complaints.append(FieldError("/status_reason", "required", "is required together with a status"))
    if status_reasons and reason is not None and reason not in status_reasons:
        complaints.append(
            FieldError("/status_reason", "unknown_reference", "must be one of the reasons of type status")
        )
    return tuple(complaints)


@dataclass(frozen=True, slots=True)
class Customers:
    """Reads and sets customers."""

    store: CustomerStore

    async def put(self, statement: CustomerStatement, *, principal: Principal) -> tuple[StoredCustomer, bool]:
        """Set a customer; return it as stored, and whether it is new.

        Raises:
            InvalidRequest: it names reference data that is not there.
        """
        (outcome,) = await self.store.put_many([statement], tenant=principal.tenant, by=principal.author)
        if outcome.status is PutStatus.REFUSED:
            raise InvalidRequest("The customer names what is not stored.", errors=outcome.errors)
        return await self.get(statement.id, principal=principal), outcome.status is PutStatus.CREATED

    async def get(self, customer: str, *, principal: Principal) -> StoredCustomer:
        """Return a customer.

        Raises:
            NotFound: nobody has told this tenant's service about it.
        """
        stored = await self.store.get(customer, tenant=principal.tenant)
        if stored is None:
            raise NotFound("There is no such customer.")
        return stored
