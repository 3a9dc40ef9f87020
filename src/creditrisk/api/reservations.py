"""Reservations over HTTP: credit that a check has set aside, and what becomes of it."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Body, Path
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.context import Use
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.service_ids import read_service_id
from creditrisk.api.wire import Instant, MoneyIn, MoneyOut, PathId, WireModel
from creditrisk.application.keys import Principal
from creditrisk.application.reservations import Reservation

MOST_SECONDS: Final = 2_592_000
"""Thirty days."""

Seconds = Annotated[
    int, Field(ge=1, le=MOST_SECONDS, description="How long it is held from now on, in seconds.")
]
ReservationStatus = Literal["held", "captured", "released", "expired", "superseded", "consumed"]


class ReservedDocumentOut(WireModel):
    """The document that credit is reserved for."""

    kind: Annotated[
        Literal["quotation", "order", "delivery", "invoice"], Field(description="What the document is.")
    ]
    number: Annotated[str, Field(description="Its number.")]


class ReservationOut(WireModel):
    """Credit set aside by a check until the document arrives or the time is up."""

    id: Annotated[str, Field(description="Given by the service.")]
    company: Annotated[str, Field(description="The legal entity.")]
    customer: Annotated[str, Field(description="The ordering customer.")]
    document: Annotated[ReservedDocumentOut, Field(description="The document it was made for.")]
    amount: Annotated[MoneyOut, Field(description="What was reserved, in the document's currency.")]
    captured_amount: Annotated[
        MoneyOut | None, Field(description="What was captured of it, and counts until the document arrives.")
    ]
    status: Annotated[
        ReservationStatus,
        Field(
            description="`held` and `captured` count. `superseded`: a later check of the document was "
            "granted one. `consumed`: the document has been stated since."
        ),
    ]
    created_at: Annotated[Instant, Field(description="When it was granted.")]
    expires_at: Annotated[
        Instant | None, Field(description="By the database's clock; null once captured: no expiry.")
    ]
    resolved_at: Annotated[
        Instant | None, Field(description="When its end was written down; null while it is held.")
    ]


class CaptureIn(WireModel):
    """How much of it is kept."""

    amount: Annotated[
        MoneyIn | None,
        Field(description="Not more than reserved, the rest is given back; absent: all of it."),
    ] = None


class ExtendIn(WireModel):
    """How long it is held."""

    ttl_seconds: Seconds


_CAPTURE: Final[dict[str, Any]] = {
    "whole": {"summary": "All of it", "value": {}},
    "part": {
        "summary": "A part; the rest is given back",
        "value": {"amount": {"amount": "200.00", "currency": "EUR"}},
    },
}
_EXTEND: Final[dict[str, Any]] = {"hour": {"summary": "For an hour", "value": {"ttl_seconds": 3600}}}

ReservationId = Annotated[PathId, Path(description="The id of the reservation.")]

router = resource_router(prefix="/v1/reservations", tag="reservations")


@router.get("/{id}", responses=documented(404))
async def get_reservation(
    id: ReservationId, caller: Annotated[Principal, requires("check")], use: Use
) -> ReservationOut:
    """Show a reservation in its state of now."""
    return shown(await use.reservations.get(_uuid(id), principal=caller))


@router.post("/{id}/capture", responses=documented(404, 409))
async def capture_reservation(
    id: ReservationId,
    caller: Annotated[Principal, requires("check")],
    use: Use,
    body: Annotated[CaptureIn | None, Body(openapi_examples=_CAPTURE)] = None,
) -> ReservationOut:
    """Keep it, or a part of it, without expiry until the document arrives."""
    amount = body.amount.money if body and body.amount else None
    return shown(await use.reservations.capture(_uuid(id), amount, principal=caller))


@router.post("/{id}/release", responses=documented(404, 409))
async def release_reservation(
    id: ReservationId, caller: Annotated[Principal, requires("check")], use: Use
) -> ReservationOut:
    """Give it back; the document will not come."""
    return shown(await use.reservations.release(_uuid(id), principal=caller))


@router.post("/{id}/extend", responses=documented(404, 409))
async def extend_reservation(
    id: ReservationId,
    body: Annotated[ExtendIn, Body(openapi_examples=_EXTEND)],
    caller: Annotated[Principal, requires("check")],
    use: Use,
) -> ReservationOut:
    """Hold it for longer, or shorter, without a new check."""
    return shown(await use.reservations.extend(_uuid(id), body.ttl_seconds, principal=caller))


def _uuid(text: str) -> UUID:
    return read_service_id(text, of="reservation")


def shown(reservation: Reservation) -> ReservationOut:
    """A reservation as the contract writes it."""
    return ReservationOut(
        id=str(reservation.id),
        company=reservation.company,
        customer=reservation.customer,
        document=ReservedDocumentOut(
            kind=reservation.kind,  # type: ignore[arg-type] # the table checks the words
            number=reservation.number,
        ),
        amount=MoneyOut.of(reservation.amount),
        captured_amount=MoneyOut.of(reservation.captured) if reservation.captured else None,
        status=reservation.status,  # type: ignore[arg-type] # the same
        created_at=reservation.created_at,
        expires_at=reservation.expires_at,
        resolved_at=reservation.resolved_at,
    )
