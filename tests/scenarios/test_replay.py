"""Two years of real invoices, stated day by day as an ERP would, and the exposure at the end of every day."""

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

import creditrisk.demo
from creditrisk.demo.invoices import FILE, read_invoices, replay
from tests.service import JSON, Site, ok

FIRST = date(2012, 1, 3)
LAST = date(2014, 1, 9)
SOME_EVENING = date(2013, 6, 30)
QUARTERS = {date(year, month, 28) for year in (2012, 2013) for month in (3, 6, 9, 12)}


class Row(NamedTuple):
    """What the file says about one invoice, as far as exposure goes."""

    customer: str
    posted: date
    settled: date
    amount: Decimal


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The file, read here once more so that the expected figures come from it alone."""
    path = Path(creditrisk.demo.__path__[0], FILE)
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Row(
                line["customerID"],
                calendar_day(line["InvoiceDate"]),
                calendar_day(line["SettledDate"]),
                Decimal(line["InvoiceAmount"]),
            )
            for line in csv.DictReader(file)
        ]


def calendar_day(text: str) -> date:
    day, month, year = text.split("/")
    return date(int(year), int(month), int(day))


def open_on(rows: list[Row], day: date) -> list[Row]:
    return [row for row in rows if row.posted <= day < row.settled]


def days() -> Iterator[date]:
    day = FIRST
    while day <= LAST:
        yield day
        day += timedelta(days=1)


def state(erp: httpx.Client, lines: list[JSON]) -> None:
    content = "".join(f"{json.dumps(line)}\n" for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = ok(erp.post("/v1/ledger:import", content=content, headers=headers))
    assert (answer["accepted"], answer["rejected"]) == (len(lines), 0)


def exposures(erp: httpx.Client, customers: list[str], day: date) -> dict[str, Decimal]:
    """What each customer owes without any document, read off checks that leave no trace."""
    nothing = {"kind": "quotation", "total": {"amount": "0.00", "currency": "USD"}}
    checks = [
        {"customer": name, "document": nothing, "as_of": day.isoformat(), "dry_run": True}
        for name in customers
    ]
    results = ok(erp.post("/v1/checks", json={"checks": checks}))["results"]
    return {result["customer"]: Decimal(result["exposure"]["current"]) for result in results}


def account(erp: httpx.Client, customer: str, day: date) -> JSON:
    answer: JSON = ok(
        erp.get(f"/v1/customers/{customer}/exposure", params={"as_of": day.isoformat(), "detail": "true"})
    )
    return answer


def test_at_the_end_of_every_day_all_customers_together_owe_the_open_invoices(
    site: Site, rows: list[Row]
) -> None:
    happened = {
        day: [event.line for event in events]
        for day, events in groupby(replay(read_invoices()), key=lambda event: event.day)
    }
    owed: dict[str, Decimal] = {}
    accounts: list[JSON] = []
    seen: dict[date, Decimal] = {}
    with site.tenant() as erp:
        ok(erp.put("/v1/policy", json={"preset": "standard", "overrides": {"currency": "USD"}}))
        for day in days():
            if lines := happened.pop(day, []):
                state(erp, lines)
                owed |= exposures(erp, sorted({line["customer"] for line in lines}), day)
            if day in QUARTERS:
                assert exposures(erp, sorted(owed), day) == owed
            if day == SOME_EVENING:
                accounts = [account(erp, customer, day) for customer in sorted(owed)]
            seen[day] = sum(owed.values(), Decimal(0))

    assert happened == {}
    assert seen == {day: sum((row.amount for row in open_on(rows, day)), Decimal(0)) for day in days()}
    assert seen[SOME_EVENING] == Decimal("5119.85")
    owing = [each for each in accounts if each["papers"]]
    assert (len(owing), sum(len(each["papers"]) for each in owing)) == (52, 84)
    assert sum(Decimal(each["exposure"]["current"]) for each in owing) == seen[SOME_EVENING]


def test_every_customer_owes_the_own_open_invoices_on_some_evening(site: Site, rows: list[Row]) -> None:
    expected: dict[str, Decimal] = {row.customer: Decimal(0) for row in rows if row.posted <= SOME_EVENING}
    for row in open_on(rows, SOME_EVENING):
        expected[row.customer] += row.amount

    with site.tenant() as erp:
        state(erp, [event.line for event in replay(read_invoices(), until=SOME_EVENING)])
        ok(erp.put("/v1/policy", json={"preset": "standard", "overrides": {"currency": "USD"}}))
        assert exposures(erp, sorted(expected), SOME_EVENING) == expected
