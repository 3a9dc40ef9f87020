"""Statements of papers, short enough for a test to be read as a sentence."""

from typing import Any

from creditrisk.application.papers import PaperStatement


def paper(
    kind: str,
    number: str,
    total: str | None = "100.00",
    *,
    customer: str = "C-1",
    version: int | None = None,
    company: str = "main",
    source: str | None = None,
    **content: Any,
) -> PaperStatement:
    """State a paper in EUR unless the content says another currency."""
    amounts = {} if total is None else {"total": total}
    return PaperStatement(
        company=company,
        kind=kind,
        number=number,
        customer=customer,
        version=version,
        source=source,
        content={"currency": "EUR"} | amounts | content,
    )


def deletion(kind: str, number: str, *, version: int | None = None, company: str = "main") -> PaperStatement:
    """Say that a paper is no more."""
    return PaperStatement(company=company, kind=kind, number=number, version=version, deleted=True)


def follows(kind: str, number: str, total: str | None = None) -> list[dict[str, str]]:
    """Name the document that is followed, and what it passes on if that is said."""
    return [{"kind": kind, "number": number} | ({} if total is None else {"total": total})]


def allocation(item: str, amount: str) -> list[dict[str, str]]:
    """Name the item a payment is for."""
    return [{"item": item, "amount": amount}]
