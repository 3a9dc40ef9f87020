"""Two years of real invoices, and what an ERP would have said about them day by day.

The file is a public sample of an analytics vendor, often used for studies of late payment: 2,466 invoices of
100 customers, 2012-01-03 to 2013-12-02, the last one settled on 2014-01-09. Its amounts name no currency;
here they are US dollars.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from importlib.resources import files
from typing import Any, Final, NamedTuple

FILE: Final = "accounts-receivable.csv"
CURRENCY: Final = "USD"


class Invoice(NamedTuple):
    """One line of the file; ``amount`` is in US dollars, as written there."""

    number: str
    customer: str
    day: date
    due_date: date
    amount: str
    disputed: bool
    settled_on: date


class Event(NamedTuple):
    """What the ERP says on a day about one open item: a line for POST /v1/ledger:import."""

    day: date
    line: dict[str, Any]


def read_invoices() -> list[Invoice]:
    """Read the file."""
    text = files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    return [_invoice(row) for row in csv.DictReader(text.splitlines())]


def replay(invoices: Iterable[Invoice], *, until: date = date.max) -> Iterator[Event]:
    """Say everything in the order it happened: each invoice on its day, its settlement on its day."""
    events = [event for invoice in invoices for event in _events(invoice) if event.day <= until]
    # On one day items are posted before any is settled, as within the version of one item.
    yield from sorted(events, key=lambda event: (event.day, event.line["version"], event.line["id"]))


def _events(invoice: Invoice) -> Iterator[Event]:
    posted: dict[str, Any] = {
        "kind": "open_item",
        "id": invoice.number,
        "customer": invoice.customer,
        "date": invoice.day.isoformat(),
        "due_date": invoice.due_date.isoformat(),
        "total": {"amount": invoice.amount, "currency": CURRENCY},
        "disputed": invoice.disputed,
        "version": 1,
    }
    yield Event(invoice.day, posted)
    settled = posted | {"settled_on": invoice.settled_on.isoformat(), "version": 2}
    yield Event(invoice.settled_on, settled)


def _invoice(row: dict[str, str]) -> Invoice:
    return Invoice(
        number=row["invoiceNumber"],
        customer=row["customerID"],
        day=_day(row["InvoiceDate"]),
        due_date=_day(row["DueDate"]),
        amount=row["InvoiceAmount"],
        disputed=row["Disputed"] == "Yes",
        settled_on=_day(row["SettledDate"]),
    )


def _day(text: str) -> date:
    # A calendar date; there is no time in it and so no time zone.
    return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007 - see above
