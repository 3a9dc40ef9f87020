"""Reservations: credit set aside for a document until it arrives (docs/domain.md, Reservations)."""

from decimal import Decimal
from typing import NamedTuple

from creditrisk.domain.counting import adds_to_exposure, amount_at_risk
from creditrisk.domain.facts import Configuration
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Document, Kind

ZERO = Decimal(0)


class Claim(NamedTuple):
    """What a document that is reserved will take of one that it follows, in that document's currency."""

    kind: Kind
    number: str
    amount: Money


def amount_to_reserve(document: Document, *, passed_on: Decimal, configuration: Configuration) -> Money:
    """What a document adds to exposure once it is stored, in its own currency; a return reserves nothing.

    What it takes over from papers it follows is in it: while it is only reserved, they are counted the less.
    """
    amount = ZERO
    if adds_to_exposure(document, configuration=configuration):
        amount = amount_at_risk(document, passed_on=passed_on, configuration=configuration)
    return Money(max(amount, ZERO), document.total.currency)


def passed_on_of(
    document: Document, amount: Money, *, passed_on: Decimal, configuration: Configuration
) -> Decimal:
    """What of the whole the followers have taken that are stored when an amount is reserved.

    What they took beyond it is not of it. Where nothing was taken off, as of orders that count whole, it is
    all they took, so that the same followers do not lower it later.
    """
    if passed_on <= 0:
        return ZERO
    whole = amount_to_reserve(document, passed_on=ZERO, configuration=configuration)
    return whole.amount - amount.amount or passed_on


def claims_of(document: Document) -> tuple[Claim, ...]:
    """What a document takes of those it follows."""
    return tuple(
        Claim(followed.kind, followed.number, document.takes(followed)) for followed in document.follows
    )
