"""What each paper contributes to exposure: one line of the table for each rule."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database

NEVER, ALWAYS = date.max, date.min
DAY, DUE = date(2026, 3, 1), date(2026, 4, 30)
DATED = {"date": "2026-03-01", "due_date": "2026-04-30"}

LINE_OF = sa.text(
    """
    SELECT (l).category, (l).type, (l).status, (l).flags, (l).due_on, (l).since, (l).credit,
        (l).open_amount, (l).total_amount, (l).customer, (l).billed, (l).currency
    FROM (
        SELECT line_of(:kind, 'C-1', true, CAST(:content AS jsonb), CAST(:taken AS jsonb), :posted_by) AS l
    ) AS computed
    """
)


async def line_of(
    database: Database, kind: str, content: dict[str, Any], *, taken: dict[str, str], posted_by: int = 0
) -> Any:
    async with database.transaction("any") as connection:
        arguments = {
            "kind": kind,
            "content": json.dumps({"currency": "EUR"} | content),
            "taken": json.dumps(taken),
            "posted_by": posted_by,
        }
        return (await connection.execute(LINE_OF, arguments)).one()


# What a paper states, and the key and the amounts it counts with. The key is category, type, status, flags,
# due_on, since and credit; the amounts are the open one and the total.
COUNTED = [
    ("order", {"total": "100.00"}, ("orders", "", "", "", NEVER, ALWAYS, False), "100.00", "100.00"),
    (
        "order",
        {
            "total": "100.00",
            "type": "STD",
            "printed": True,
            "confirmed": True,
            "force_fulfilled": True,
            **DATED,
        },
        ("orders", "STD", "", "PCF", NEVER, ALWAYS, False),
        "100.00",
        "100.00",
    ),
    (
        "order",
        {"total": "100.00", "open_amount": "70.00", "prepaid": "30.00"},
        ("orders", "", "", "", NEVER, ALWAYS, False),
        "40.00",
        "70.00",
    ),
    (
        "delivery",
        {"total": "100.00", "type": "D", "confirmed": True, **DATED},
        ("deliveries", "D", "", "C", NEVER, DAY, False),
        "100.00",
        "100.00",
    ),
    (
        "delivery",
        {"total": "-100.00", "prepaid": "10.00"},
        ("deliveries", "", "", "", NEVER, ALWAYS, False),
        "-100.00",
        "-100.00",
    ),
    (
        "invoice",
        {"total": "100.00", "type": "I", "printed": True, "presented_on": "2026-03-02", **DATED},
        ("invoices", "I", "", "PB", DUE, DAY, False),
        "100.00",
        "100.00",
    ),
    ("invoice", {"total": "-20.00"}, ("invoices", "", "", "", NEVER, ALWAYS, False), "-20.00", "-20.00"),
    (
        "open_item",
        {
            "total": "100.00",
            "type": "X",
            "provisional": True,
            "disputed": True,
            "presented_on": "2026-03-02",
            **DATED,
        },
        ("open_items", "", "", "VDB", DUE, ALWAYS, False),
        "100.00",
        "100.00",
    ),
    (
        "open_item",
        {"total": "100.00", "open_amount": "25.00"},
        ("open_items", "", "", "", NEVER, ALWAYS, False),
        "25.00",
        "100.00",
    ),
    ("open_item", {"total": "-60.00"}, ("open_items", "", "", "", NEVER, ALWAYS, True), "-60.00", "-60.00"),
    (
        "bill",
        {"total": "50.00", **DATED},
        ("bills", "", "issued", "", NEVER, ALWAYS, False),
        "50.00",
        "50.00",
    ),
    (
        "bill",
        {"total": "50.00", "state": "presented", "presentation": "discount", **DATED},
        ("bills", "", "discount", "", DUE, ALWAYS, False),
        "50.00",
        "50.00",
    ),
    (
        "bill",
        {"total": "50.00", "state": "presented", **DATED},
        ("bills", "", "subject_to_collection", "", DUE, ALWAYS, False),
        "50.00",
        "50.00",
    ),
    (
        "bill",
        {"total": "50.00", "state": "endorsed", **DATED},
        ("bills", "", "endorsed", "", DUE, ALWAYS, False),
        "50.00",
        "50.00",
    ),
    (
        "bill",
        {"total": "50.00", "state": "returned", **DATED},
        ("unpaid_bills", "", "", "", NEVER, ALWAYS, False),
        "50.00",
        "50.00",
    ),
    (
        "advance",
        {"total": "30.00", "effective_on": "2026-03-01"},
        ("advances", "", "", "", NEVER, DAY, False),
        "-30.00",
        "-30.00",
    ),
    ("advance", {"total": "30.00"}, ("advances", "", "", "", NEVER, NEVER, False), "-30.00", "-30.00"),
    (
        "balance",
        {"total": "-5.00", **DATED},
        ("ledger_balance", "", "", "", NEVER, DAY, False),
        "-5.00",
        "-5.00",
    ),
    (
        "payment",
        {"total": "80.00", "allocations": [{"item": "R-1", "amount": "30.00"}], **DATED},
        ("open_items", "", "", "", NEVER, ALWAYS, True),
        "-50.00",
        "-50.00",
    ),
    ("other", {"total": "-9.00", **DATED}, ("other", "", "", "", NEVER, ALWAYS, False), "-9.00", "-9.00"),
]


@pytest.mark.parametrize("case", COUNTED)
async def test_an_open_paper_counts_in_its_category(
    database: Database, case: tuple[str, dict[str, Any], tuple[Any, ...], str, str]
) -> None:
    kind, content, key, left_open, total = case
    line = await line_of(database, kind, content, taken={})
    assert tuple(line[:9]) == (*key, Decimal(left_open), Decimal(total))
    assert (line.customer, line.billed, line.currency) == ("C-1", False, "EUR")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("quotation", {"total": "100.00"}),
        ("order", {"total": "100.00", "fulfilled": True}),
        ("order", {"total": "100.00", "cancelled": True}),
        ("order", {"total": "100.00", "open_amount": "0.00"}),
        ("order", {"total": "100.00", "prepaid": "100.00"}),
        ("order", {"total": "-100.00"}),
        ("delivery", {"total": "100.00", "invoiced": True}),
        ("delivery", {"total": "100.00", "cancelled": True}),
        ("invoice", {"total": "100.00", "posted": True}),
        ("invoice", {"total": "100.00", "cancelled": True}),
        ("open_item", {"total": "100.00", "settled_on": "2026-03-01"}),
        ("open_item", {"total": "100.00", "open_amount": "0.00"}),
        ("bill", {"total": "100.00", "settled_on": "2026-03-01"}),
        ("bill", {"total": "100.00", "state": "settled"}),
        ("bill", {"total": "100.00", "state": "returned_credited"}),
        ("bill", {"total": "100.00", "state": "returned", "posted_back": True}),
        ("payment", {"total": "100.00", "allocations": [{"item": "R-1", "amount": "100.00"}]}),
        ("payment", {"total": "100.00", "allocations": [{"item": "R-1", "amount": "120.00"}]}),
        (
            "payment",
            {"total": "80.00", "allocations": [{"item": "R-1", "amount": "9.00", "currency": "USD"}]},
        ),
    ],
)
async def test_a_closed_paper_counts_nowhere(database: Database, kind: str, content: dict[str, Any]) -> None:
    assert (await line_of(database, kind, content, taken={})).category is None


@pytest.mark.parametrize(
    ("total", "taken", "left_open"),
    [
        ("100.00", {"EUR": "99.99"}, "0.01"),
        ("100.00", {"EUR": "100.00"}, None),
        ("100.00", {"EUR": "100.01"}, None),
        ("100.00", {"USD": "40.00"}, "100.00"),
        ("100.00", {"EUR": "-40.00"}, "100.00"),
        ("-100.00", {"EUR": "-40.00"}, "-60.00"),
        ("-100.00", {"EUR": "-140.00"}, None),
        ("-100.00", {"EUR": "40.00"}, "-100.00"),
    ],
)
async def test_what_others_take_lowers_a_paper_never_past_zero(
    database: Database, total: str, taken: dict[str, str], left_open: str | None
) -> None:
    line = await line_of(database, "delivery", {"total": total}, taken=taken)
    assert line.open_amount == (None if left_open is None else Decimal(left_open))


async def test_a_stated_open_amount_wins_over_what_others_take(database: Database) -> None:
    line = await line_of(
        database, "open_item", {"total": "100.00", "open_amount": "90.00"}, taken={"EUR": "50.00"}
    )
    assert line.open_amount == Decimal("90.00")


async def test_an_invoice_named_by_an_open_item_counts_nowhere(database: Database) -> None:
    assert (await line_of(database, "invoice", {"total": "100.00"}, taken={}, posted_by=1)).category is None


async def test_a_document_billed_to_another_counts_for_him(database: Database) -> None:
    line = await line_of(database, "order", {"total": "100.00", "bill_to": "C-9"}, taken={})
    assert (line.customer, line.billed) == ("C-9", True)


@pytest.mark.parametrize(
    ("kind", "content", "taken", "told"),
    [
        (
            "order",
            {"total": "100.00", "prepaid": "15.00"},
            {"EUR": "30.00", "USD": "40.00"},
            ("55.00", {"open": "70", "whole": "100", "prepaid": "15", "taken": {"USD": "40.00"}}),
        ),
        # What is taken in one currency may be given back in another.
        (
            "delivery",
            {"total": "100.00"},
            {"EUR": "130.00", "USD": "-40.00"},
            ("0", {"open": "-30", "whole": "100", "taken": {"USD": "-40.00"}}),
        ),
        (
            "open_item",
            {"total": "-60.00"},
            {"USD": "-20.00"},
            ("-60.00", {"open": "-60", "whole": "-60", "taken": {"USD": "-20.00"}}),
        ),
    ],
)
async def test_what_is_taken_in_another_currency_is_told_beside_the_amount(
    database: Database, kind: str, content: dict[str, str], taken: dict[str, str], told: tuple[str, object]
) -> None:
    line = await line_of(database, kind, content, taken=taken)
    assert (line.open_amount, json.loads(line.status)) == (Decimal(told[0]), told[1])


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("order", {"total": "100.00", "open_amount": "40.00"}),
        ("bill", {"total": "100.00", "state": "returned"}),
        ("advance", {"total": "100.00"}),
        ("balance", {"total": "100.00"}),
        ("payment", {"total": "100.00"}),
    ],
)
async def test_nothing_is_taken_of_what_states_it_itself(
    database: Database, kind: str, content: dict[str, str]
) -> None:
    assert (await line_of(database, kind, content, taken={"USD": "40.00"})).status == ""


async def test_a_negative_order_counts_nowhere_whatever_is_taken(database: Database) -> None:
    assert (await line_of(database, "order", {"total": "-9.00"}, taken={"USD": "-1.00"})).category is None
