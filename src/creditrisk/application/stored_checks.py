"""The checks that stored documents would be."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from creditrisk.application.papers import StoredPaper
from creditrisk.domain.facts import Check
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Document, Followed, Kind

_AS_STATED: Final = ("total", "prepaid")
_WHERE_STATED: Final = (
    "day",
    "due_date",
    "type",
    "bill_to",
    "site",
    "payment_terms",
    "cash_discount",
    "payment_method",
)


def check_of(paper: StoredPaper, *, checkpoint: str) -> Check:
    """The check that a stored document would be: with its whole total, as when it is saved again."""
    return Check(
        company=paper.company,
        customer=paper.customer,
        checkpoint=checkpoint,
        document=_document_of(paper),
    )


def restated(check: Check, paper: StoredPaper) -> Check:
    """A check of a document that the ERP has stated since.

    Its amounts are those stated now. Of what else is known of a document, the paper may say less than the
    check did: what it does not say stays as it was, so that silence never lets a document pass. For the same
    reason papers that only the check says it follows give up nothing, as they do where it is stored.
    """
    if check.document is None:
        return check
    stated = _document_of(paper)
    changed = {name: getattr(stated, name) for name in _AS_STATED}
    changed |= {name: value for name in _WHERE_STATED if (value := getattr(stated, name))}
    changed["follows"] = stated.follows or [
        replace(followed, total=Money(Decimal(0), stated.total.currency))
        for followed in check.document.follows
    ]
    return replace(check, customer=paper.customer, document=replace(check.document, **changed))


def _document_of(paper: StoredPaper) -> Document:
    content = paper.content
    currency = content["currency"]

    def money(name: str) -> Money | None:
        return Money(Decimal(content[name]), currency) if name in content else None

    def day(name: str) -> date | None:
        return date.fromisoformat(content[name]) if name in content else None

    return Document(
        kind=Kind(paper.kind),
        number=paper.number,
        total=Money(Decimal(content["total"]), currency),
        prepaid=money("prepaid"),
        day=day("date"),
        due_date=day("due_date"),
        type=content.get("type"),
        bill_to=content.get("bill_to"),
        site=content.get("site"),
        payment_terms=content.get("payment_terms"),
        cash_discount=content.get("cash_discount"),
        payment_method=content.get("payment_method"),
        follows=[
            Followed(
                kind=Kind(each["kind"]),
                number=each["number"],
                total=Money(Decimal(each["total"]), each["currency"]) if "total" in each else None,
            )
            for each in content.get("follows", ())
        ],
    )
