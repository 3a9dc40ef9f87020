"""Papers: the documents and ledger entries that exposure is made of, and the lines they contribute.

A *document* is active-cycle paper (quotation, order, delivery, invoice); a *ledger entry* is accounting paper
(open item, bill, advance, ledger balance, payment, other). What one paper contributes is its *line*; lines
that agree in everything a policy can ask for are added up in buckets, so a line here stands for one paper or
for many.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from creditrisk.domain.money import Money
from creditrisk.domain.values import value

ZERO = Decimal(0)


class Kind(StrEnum):
    """What a document is: the step of the sales cycle it stands for."""

    QUOTATION = "quotation"
    ORDER = "order"
    DELIVERY = "delivery"
    INVOICE = "invoice"


class LedgerKind(StrEnum):
    """What a ledger entry is."""

    OPEN_ITEM = "open_item"
    BILL = "bill"
    ADVANCE = "advance"
    BALANCE = "balance"
    PAYMENT = "payment"
    OTHER = "other"


class Category(StrEnum):
    """The part of exposure a paper falls in; every counted paper falls in exactly one (F1)."""

    ORDERS = "orders"
    DELIVERIES = "deliveries"
    INVOICES = "invoices"
    OPEN_ITEMS = "open_items"
    LEDGER_BALANCE = "ledger_balance"
    BILLS = "bills"
    UNPAID_BILLS = "unpaid_bills"
    ADVANCES = "advances"
    RESERVATIONS = "reservations"
    OTHER = "other"


class BillStatus(StrEnum):
    """Where a bill of exchange (effect, Ri.Ba., draft) stands; F9."""

    ISSUED = "issued"
    DISCOUNT = "discount"
    SUBJECT_TO_COLLECTION = "subject_to_collection"
    AFTER_COLLECTION = "after_collection"
    ENDORSED = "endorsed"


class Flag(StrEnum):
    """A one-letter mark of a line, set only where some policy can ask for it."""

    PRINTED = "P"
    CONFIRMED = "C"
    FORCE_FULFILLED = "F"
    PRESENTED = "B"
    """Handed to the bank."""
    PROVISIONAL = "V"
    DISPUTED = "D"


class Taken(NamedTuple):
    """What others take of a paper in other currencies than its own: what is left depends on the rates.

    Amounts without a currency are in the paper's own.
    """

    open_amount: Decimal
    """What is open otherwise; less than nothing where others take more than there is."""
    whole: Decimal
    """The most that may be open, before what is prepaid."""
    prepaid: Decimal
    returned: Sequence[Money]
    """What it gets back first, as far as that makes it no more than whole."""
    amounts: Sequence[Money]
    """What is taken."""


class Line(NamedTuple):
    """What papers contribute: their amounts beside every fact by which a policy may count them or not."""

    own: bool
    """True: of the checked account itself. False: of another member of its group."""
    category: str
    type: str
    """The ERP's document type code; empty for ledger entries."""
    status: str
    """Of bills: a `BillStatus`; otherwise empty."""
    flags: str
    """Letters of `Flag`."""
    currency: str
    due_on: date
    """`date.max` where there is none: never due."""
    since: date
    """The paper's date, or the day an advance became effective; `date.min` where it plays no part."""
    credit: bool
    """True for open items that lower the balance."""
    papers: int
    open_amount: Decimal
    total_amount: Decimal
    taken: Taken | None = None
    """Of each of the papers, which are alike in this; it is not taken off their amounts yet."""

    def negated(self) -> "Line":
        """The same papers taken out instead of put in."""
        return self._replace(
            papers=-self.papers, open_amount=-self.open_amount, total_amount=-self.total_amount
        )


class OpenItem(NamedTuple):
    """One positive open item, named so that a remedy can say which to pay."""

    number: str
    line: Line


class Reserved(NamedTuple):
    """One document for which credit is reserved, or of which other reservations will take a part.

    Stored papers and reservations must not count the same amount twice. What of the document is stored is
    among the lines; `beyond` is what reservations add to that.
    """

    own: bool
    currency: str
    amount: Decimal
    """Reserved for the document; 0: it is stored only; negative: followers have taken more than there is."""
    claimed: Decimal
    """What documents with a reservation of their own will take of it; negative: what they will give back."""
    passed: Decimal
    """What the document under check takes of it, less what its stored version did."""
    line: Line | None
    """The document as stored; what is open of it is less than nothing where followers have taken more, but
    what they take in other currencies stands beside it. In the currency of what is reserved, unless the
    document is about to change its currency."""
    is_order: bool
    over: Decimal = Decimal(0)
    """What was given back to the document beyond its whole, which is taken before anything else of it."""
    regained: Decimal = Decimal(0)
    """What an order will get back in all."""
    lessened: Decimal = Decimal(0)
    """What of that comes from documents which become smaller by as much, and until then count with it."""
    whole: Decimal = Decimal(0)
    """With what a reserved order counts that counts with its total; `amount` is what is left of it."""
    taken: Decimal = Decimal(0)
    """What followers have taken of it."""
    by_others: Decimal = Decimal(0)
    """What of `claimed` documents of other accounts will take."""
    uncounted: "Sequence[Uncounted]" = ()
    """What is claimed more where the policy does not count the claiming documents as they are stored."""
    across: "Across | None" = None

    @property
    def is_stored_only(self) -> bool:
        """Whether nothing is reserved for the document, of which others take in other currencies.

        What is stored of it and what is reserved for it are taken of alike.
        """
        line = self.line
        return (
            not self.amount
            and line is not None
            and line.taken is not None
            and line.currency == self.currency
            and not (self.across and self.across.taken)
        )

    @property
    def taken_elsewhere(self) -> "Sequence[Money]":
        """What is taken of the document as stored in other currencies."""
        return self.line.taken.amounts if self.line is not None and self.line.taken is not None else ()

    @property
    def differs_alone(self) -> bool:
        """Whether it counts otherwise for the account alone than within its group."""
        more = any(each.alone is not None for each in self.uncounted)
        return bool(self.by_others or more or (self.across and self.across.by_others))

    def left_by_others(self) -> "Reserved":
        """The same for the account alone: documents of other accounts take nothing until they are stored.

        Its own exposure would be less by them, and no other would be more. What they give back is in it, but
        not what they lessen by that.
        """
        across = self.across
        if not self.differs_alone:  # as nearly everywhere
            return self
        if across and across.by_others:
            left = (Money(-each.amount, each.currency) for each in across.by_others)
            across = across._replace(claimed=(*across.claimed, *left), by_others=())
        more, uncounted = uncounted_alone(self.uncounted)
        alone = self._replace(
            claimed=self.claimed - self.by_others, by_others=ZERO, uncounted=uncounted, across=across
        )
        return alone.claimed_more(more)

    def claimed_more(self, amounts: Sequence[Money]) -> "Reserved":
        """The same where these are claimed as well, by documents that lessen nothing."""
        if not amounts:
            return self
        same = sum((each.amount for each in amounts if each.currency == self.currency), ZERO)
        elsewhere = [each for each in amounts if each.currency != self.currency]
        across = self.across
        if across or elsewhere:
            across = across or Across()
            across = across._replace(claimed=(*across.claimed, *elsewhere), lessened=())
        return self._replace(claimed=self.claimed + same, lessened=ZERO, across=across)

    def beyond(self, stored: Decimal | None, *, with_document: bool) -> Decimal:
        """What counts as reserved beside the stored amount, as the policy counts that (None: not at all).

        Negative where others will take a part of what is stored. `with_document`: the document under check
        has taken its part already, and the lines say so.
        """
        passed = self.passed if with_document else ZERO
        if stored is None:
            reserved = self.line is None or self.amount > 0
            claimed = min(self.claimed, max(self.claimed - self.over, ZERO))
            return max(self.amount - claimed - passed, ZERO) if reserved else ZERO
        whole = max(self.amount, stored)
        if self.line is not None and self.line.total_amount < 0:  # a return
            return max(whole - self.claimed - passed, ZERO) - stored if self.amount > 0 else ZERO
        # Nothing gets back more than what was taken of it.
        taken = ZERO if self.line is None else max(self.line.total_amount - stored, ZERO)
        given_back, given_back_now = self.over - self.claimed - passed, self.over - passed
        return max(whole + min(given_back, taken), ZERO) - max(stored + min(given_back_now, taken), ZERO)

    def in_full(self, whole: Decimal, left: Decimal) -> Decimal:
        """What an order counts with that counts with its whole while anything is left of it.

        It will be left something where it gets something back; what gives it back still counts with what it
        will become smaller by.
        """
        if left > 0:
            return whole
        return whole - self.lessened if left + self.regained > 0 else ZERO


def reserved_alone(reserved: Iterable[Reserved]) -> list[Reserved]:
    """Those of the account itself, as they count for it alone."""
    return [each.left_by_others() for each in reserved if each.own]


class Capped(NamedTuple):
    """An amount in one currency of which no more counts than another amount, in another currency."""

    amount: Money
    most: Money


class Uncounted(NamedTuple):
    """What a reserved document claims more of another one if its stored version does not count.

    The document then adds all it is, and lessens nothing by becoming smaller.
    """

    version: Line
    claimed: Money
    """Negative: what it gives back more. 0: only what it lessens is in question."""
    alone: bool | None
    """Whether it is claimed for the account of the paper alone, whatever the policy counts: True where that
    does not bear the stored version, False where it will not bear the document, None where both are its own.
    """


def uncounted_alone(claims: Sequence[Uncounted]) -> tuple[Sequence[Money], Sequence[Uncounted]]:
    """For an account alone: what is claimed more in any case, and what is where the policy says so."""
    return [each.claimed for each in claims if each.alone], [each for each in claims if each.alone is None]


class Across(NamedTuple):
    """What is taken of a reserved document in other currencies than its own."""

    taken: Sequence[Money] = ()
    """By stored followers, of what is reserved; what is stored of the document says it itself."""
    claimed: Sequence[Money] = ()
    capped: Sequence[Capped] = ()
    """Claimed as well, but no more than the claiming document adds."""
    passed: Sequence[Money] = ()
    regained: Sequence[Money] = ()
    lessened: Sequence[Money] = ()
    by_others: Sequence[Money] = ()


@value
class Followed:
    """A document that another one follows: the order turned into this delivery."""

    kind: Kind
    number: str
    total: Money | None = None
    """What it passes on; None: as much as it can."""


@value
class Document:
    """The document under check, as the ERP is about to save it; returns and credit notes are negative."""

    kind: Kind
    total: Money
    number: str | None = None
    type: str | None = None
    day: date | None = None
    due_date: date | None = None
    bill_to: str | None = None
    site: str | None = None
    prepaid: Money | None = None
    payment_terms: str | None = None
    cash_discount: str | None = None
    payment_method: str | None = None
    excluded: bool = False
    follows: Sequence[Followed] = ()

    def takes(self, followed: Followed) -> Money:
        """What it would take of a document it follows, as far as that has it.

        Without an amount it is as much as its own total. A return takes nothing of what comes back: it lowers
        exposure by itself (F4). Only a credit note takes over the delivery of a return.
        """
        wanted = followed.total or self.total
        if self.total.amount >= 0 or (self.kind, followed.kind) == (Kind.INVOICE, Kind.DELIVERY):
            return wanted
        return Money(Decimal(0), wanted.currency)

    @property
    def amount(self) -> Decimal:
        """The amount at risk in the document's currency while nothing follows it: total less prepaid."""
        return self.left_open(Decimal(0))

    def left_open(self, passed_on: Decimal) -> Decimal:
        """The amount at risk once stored papers that follow it have taken over `passed_on` of it.

        A prepayment never turns a sale into a credit, a follower takes no more than there is, and a negative
        order lowers nothing until it is a delivery.
        """
        total = self.total.amount
        if total >= 0:
            left = left_of(total, passed_on) if passed_on else total
            return max(left - self.prepaid.amount, Decimal(0)) if self.prepaid else left
        if self.kind in {Kind.QUOTATION, Kind.ORDER}:
            return Decimal(0)
        return left_of(total, passed_on)


def left_of(total: Decimal, taken: Decimal) -> Decimal:
    """What is left of an amount after others took from it: never past zero, never more than the amount."""
    if total >= 0:
        return min(total, max(total - taken, ZERO))
    return max(total, min(total - taken, ZERO))


CATEGORY_OF_KIND = {
    Kind.QUOTATION: Category.ORDERS,
    Kind.ORDER: Category.ORDERS,
    Kind.DELIVERY: Category.DELIVERIES,
    Kind.INVOICE: Category.INVOICES,
}
"""The category in which a document under check counts; a quotation counts as the order it may become."""
