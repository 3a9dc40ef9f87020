"""Reservations: credit that a check sets aside for a document until it arrives or the time is up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol
from uuid import UUID

from creditrisk.application.answer import instant, money_as_data
from creditrisk.application.errors import Conflict, FieldError, InvalidRequest, NotFound
from creditrisk.application.keys import Principal
from creditrisk.domain.decision import Outcome, Verdict
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Document, Kind
from creditrisk.domain.reservations import Claim, amount_to_reserve, claims_of, passed_on_of
from creditrisk.domain.situation import Situation

HELD: Final = "held"
CAPTURED: Final = "captured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A reservation to be written, in the place of the document's earlier one."""

    id: UUID
    company: str
    customer: str
    """Who ordered."""
    account: str
    """Who bears it."""
    kind: Kind
    number: str
    amount: Money
    passed_on: Decimal
    """What stored followers had taken of the whole when it was decided, in the document's currency."""
    claims: Sequence[Claim]
    is_edit: bool
    """The document is stored, and saving it may raise exposure: stated again as it is, it has not come."""
    expires_at: datetime
    by: str

    def shown(self) -> dict[str, Any]:
        """As the answer to the check says it, once it is written."""
        return {
            "id": str(self.id),
            "amount": money_as_data(*self.amount),
            "status": HELD,
            "expires_at": instant(self.expires_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A reservation in its state of now."""

    id: UUID
    company: str
    customer: str
    kind: str
    number: str
    amount: Money
    captured: Money | None
    status: str
    """`held` | `captured` | `released` | `expired` | `superseded` | `consumed`."""
    created_at: datetime
    expires_at: datetime | None
    """None once captured: that counts until the document arrives."""
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedReservation:
    """What had been reserved for a document that has just been stated."""

    id: UUID
    status: str
    """`consumed` by the statement, or what had become of it before: `expired`, `released`."""
    amount: Money
    """Reserved, or captured of it."""
    exceeded: bool
    """The document is open with more than that."""


class ReservationStore(Protocol):
    """Keeps reservations."""

    async def get(self, reservation_id: UUID, *, tenant: str) -> Reservation | None:
        """One reservation; None where this tenant has none of that id."""

    async def capture(
        self, reservation_id: UUID, amount: Decimal | None, *, tenant: str
    ) -> Reservation | None:
        """Capture a held one, wholly or in part; None where it is not held any more."""

    async def release(self, reservation_id: UUID, *, tenant: str) -> Reservation | None:
        """Give a held one back; None where it is not held any more."""

    async def extend(self, reservation_id: UUID, seconds: int, *, tenant: str) -> Reservation | None:
        """Hold a held one for so long from now on; None where it is not held any more."""


class StatedReservations(Protocol):
    """Knows what had been reserved for documents."""

    async def of_stated(
        self, *, tenant: str, company: str, kind: str, number: str
    ) -> StatedReservation | None:
        """The newest reservation of a document that has just been stated; None where there was none."""


def grant_of(
    verdict: Verdict, *, now: datetime, seconds: int | None, new_id: Callable[[], UUID], by: str
) -> Grant | None:
    """The reservation a check is granted: where it asks for one, and is not blocked.

    It is held for so many seconds from `now`, the database's instant of which the check was decided.
    """
    situation = verdict.situation
    check, facts, document = situation.check, situation.facts, situation.check.document
    if seconds is None or document is None or document.number is None or verdict.decision is Outcome.BLOCK:
        return None
    passed_on, configuration = facts.passed_on, situation.configuration
    amount = amount_to_reserve(document, passed_on=passed_on, configuration=configuration)
    return Grant(
        id=new_id(),
        company=check.company,
        customer=check.customer,
        account=facts.account.customer,
        kind=document.kind,
        number=document.number,
        amount=amount,
        passed_on=passed_on_of(document, amount, passed_on=passed_on, configuration=configuration),
        claims=claims_of(document),
        is_edit=_is_edit(situation, document),
        expires_at=now + timedelta(seconds=seconds),
        by=by,
    )


def _is_edit(situation: Situation, document: Document) -> bool:
    facts = situation.facts
    if not facts.is_stored:
        return False
    # What other papers give up for it, or take of it, is theirs to say: only without can nothing be to come.
    taken = facts.passed_on or facts.passed_elsewhere
    linked = document.follows or taken or facts.is_claimed or len(facts.adjustments) > len(facts.version)
    return bool(linked) or situation.raises


@dataclass(frozen=True, slots=True)
class Reservations:
    """What callers do with reservations. Needs a store that keeps them."""

    store: ReservationStore

    async def get(self, reservation_id: UUID, *, principal: Principal) -> Reservation:
        """One reservation.

        Raises:
            NotFound: this tenant has none of that id.
            Forbidden: it is in a company the key does not reach.
        """
        found = await self.store.get(reservation_id, tenant=principal.tenant)
        if found is None:
            raise NotFound("There is no such reservation.")
        principal.require_company(found.company)
        return found

    async def capture(
        self, reservation_id: UUID, amount: Money | None, *, principal: Principal
    ) -> Reservation:
        """Keep a reservation without expiry, or a part of it, and give the rest back.

        Raises:
            NotFound: as `get`.
            Conflict: it is not held any more.
            InvalidRequest: the amount is not in the reservation's currency, or above it.
        """
        found = await self.get(reservation_id, principal=principal)
        if amount is not None:
            _require_within(amount, found.amount)
        captured = await self.store.capture(
            reservation_id, amount.amount if amount else None, tenant=principal.tenant
        )
        return captured or await self._refuse(reservation_id, principal)

    async def release(self, reservation_id: UUID, *, principal: Principal) -> Reservation:
        """Give a reservation back.

        Raises:
            NotFound: as `get`.
            Conflict: it is not held any more.
        """
        await self.get(reservation_id, principal=principal)
        released = await self.store.release(reservation_id, tenant=principal.tenant)
        return released or await self._refuse(reservation_id, principal)

    async def extend(self, reservation_id: UUID, seconds: int, *, principal: Principal) -> Reservation:
        """Hold a reservation for so many seconds from now on, without a new check.

        Raises:
            NotFound: as `get`.
            Conflict: it is not held any more.
        """
        await self.get(reservation_id, principal=principal)
        extended = await self.store.extend(reservation_id, seconds, tenant=principal.tenant)
        return extended or await self._refuse(reservation_id, principal)

    async def _refuse(self, reservation_id: UUID, principal: Principal) -> Reservation:
        final = await self.get(reservation_id, principal=principal)
        raise Conflict(
            f"The reservation is {final.status} already.",
            code="reservation_resolved",
            errors=[FieldError("path/id", final.status, f"is {final.status} already")],
        )


def _require_within(amount: Money, reserved: Money) -> None:
    if amount.currency != reserved.currency:
        raise InvalidRequest(
            "The captured amount must be in the reservation's currency.",
            errors=[FieldError("/amount/currency", "other_currency", "must be the reservation's currency")],
        )
    if not 0 <= amount.amount <= reserved.amount:
        raise InvalidRequest(
            "No more than is reserved can be captured.",
            errors=[FieldError("/amount/amount", "out_of_range", "must be from 0 to the reserved amount")],
        )
