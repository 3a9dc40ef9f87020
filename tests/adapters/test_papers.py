from datetime import date
from itertools import permutations
from uuid import uuid4

import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.verify import find_drift
from creditrisk.application.papers import Account, ConflictingStatements, PaperStatement, PaperStatus
from tests.adapters.statements import allocation, deletion, follows, paper
from tests.adapters.stored import exposure, make_tenant, rows, streamed

CREATED, CHANGED, UNCHANGED = PaperStatus.CREATED, PaperStatus.CHANGED, PaperStatus.UNCHANGED
STALE, CONFLICT, DELETED, ABSENT = (
    PaperStatus.STALE,
    PaperStatus.CONFLICT,
    PaperStatus.DELETED,
    PaperStatus.ABSENT,
)


@pytest.mark.parametrize(
    "case",
    [
        ([], paper("order", "1", version=5), CREATED),
        ([paper("order", "1", version=5)], paper("order", "1", "1.00", version=4), STALE),
        ([paper("order", "1", version=5)], paper("order", "1", version=4), STALE),
        ([paper("order", "1", version=5)], paper("order", "1", version=5), UNCHANGED),
        ([paper("order", "1", version=5)], paper("order", "1", "1.00", version=5), CONFLICT),
        ([paper("order", "1", version=5)], paper("order", "1", customer="C-2", version=5), CONFLICT),
        ([paper("order", "1", version=5)], paper("order", "1", source="other", version=5), CONFLICT),
        ([paper("order", "1", version=5)], paper("order", "1", "1.00", version=6), CHANGED),
        ([paper("order", "1", version=5)], paper("order", "1", version=6), UNCHANGED),
        (
            [paper("order", "1", version=5), paper("order", "1", version=6)],
            paper("order", "1", version=5),
            STALE,
        ),
        ([paper("order", "1", version=5)], paper("order", "1", "1.00"), CHANGED),
        (
            [paper("order", "1", version=5), paper("order", "1", "1.00")],
            paper("order", "1", version=4),
            STALE,
        ),
        ([paper("order", "1")], paper("order", "1", "1.00", version=1), CHANGED),
        ([paper("order", "1", version=5)], deletion("order", "1", version=4), STALE),
        ([paper("order", "1", version=5)], deletion("order", "1", version=5), DELETED),
        ([paper("order", "1", version=5)], deletion("order", "1"), DELETED),
        ([paper("order", "1", version=5), deletion("order", "1")], paper("order", "1", version=5), STALE),
        ([paper("order", "1", version=5), deletion("order", "1")], paper("order", "1", version=6), CREATED),
        ([paper("order", "1", version=5), deletion("order", "1")], paper("order", "1"), CREATED),
        ([paper("order", "1", version=5), deletion("order", "1")], deletion("order", "1"), ABSENT),
        ([deletion("order", "1", version=5)], paper("order", "1", version=5), STALE),
        ([deletion("order", "1", version=5)], paper("order", "1", version=6), CREATED),
        ([deletion("order", "1", version=5)], deletion("order", "1", version=6), UNCHANGED),
        ([], deletion("order", "1", version=5), DELETED),
        ([], deletion("order", "1"), ABSENT),
        ([paper("delivery", "D", follows=follows("order", "1"))], paper("order", "1"), CREATED),
        ([paper("delivery", "D", follows=follows("order", "1"))], deletion("order", "1"), ABSENT),
    ],
)
async def test_versions_decide_what_a_statement_does(
    store: PostgresPaperStore,
    database: Database,
    tenant: str,
    case: tuple[list[PaperStatement], PaperStatement, PaperStatus],
) -> None:
    before, now, status = case
    for statement in before:
        await store.write([statement], tenant=tenant)
    stored = await store.read(tenant=tenant, company="main", kind="order", number="1")
    assert await store.write([now], tenant=tenant) == [status]
    if status in {STALE, CONFLICT}:
        assert await store.read(tenant=tenant, company="main", kind="order", number="1") == stored
    assert await find_drift(database, tenant=tenant) == []


async def test_a_deletion_of_what_never_was_stores_nothing(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    await store.write([deletion("order", "1")], tenant=tenant)
    assert await rows(database, tenant, "SELECT * FROM paper") == []
    assert await rows(database, tenant, "SELECT * FROM company") == []


async def test_a_batch_applies_the_statements_of_one_paper_in_their_order(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    batch = [
        paper("order", "1", "10.00"),
        paper("open_item", "R", "7.00"),
        paper("order", "1", "20.00", customer="C-2"),
        deletion("order", "1"),
        deletion("order", "1"),
        paper("order", "1", "30.00"),
    ]
    assert await store.write(batch, tenant=tenant) == [CREATED, CREATED, CHANGED, DELETED, ABSENT, CREATED]
    assert await exposure(database, tenant) == {("C-1", "orders"): 30, ("C-1", "open_items"): 7}
    assert await find_drift(database, tenant=tenant) == []


async def test_a_paper_restated_for_another_customer_moves(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    await store.write([paper("order", "1"), paper("order", "2", "5.00")], tenant=tenant)
    await store.write([paper("order", "1", customer="C-2")], tenant=tenant)
    assert await exposure(database, tenant) == {("C-1", "orders"): 5, ("C-2", "orders"): 100}
    versions = "SELECT customer, version FROM exposure_state ORDER BY 1"
    assert await rows(database, tenant, versions) == [("C-1", 2), ("C-2", 1)]


async def test_a_delivery_takes_from_its_order_and_the_invoice_from_the_delivery(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    chain = [
        paper("order", "O", "1000.00"),
        paper("delivery", "D", "600.00", follows=follows("order", "O")),
        paper("invoice", "I", "600.00", follows=follows("delivery", "D")),
        paper("open_item", "R", "600.00", document={"kind": "invoice", "number": "I"}),
        paper("payment", "P", "250.00", allocations=allocation("R", "200.00")),
    ]
    expected = {("C-1", "orders"): 400, ("C-1", "open_items"): 350}
    for arrival in list(permutations(chain))[::7]:
        other = f"{tenant}-{uuid4().hex}"
        await make_tenant(database, other)
        for statement in arrival:
            await store.write([statement], tenant=other)
        assert await exposure(database, other) == expected
        assert await find_drift(database, tenant=other) == []


async def test_a_cancelled_follower_gives_back_what_it_took(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    await store.write(
        [paper("order", "O"), paper("delivery", "D", follows=follows("order", "O", "60.00"))], tenant=tenant
    )
    assert (await exposure(database, tenant))["C-1", "orders"] == 40
    await store.write([paper("delivery", "D", follows=follows("order", "O"), cancelled=True)], tenant=tenant)
    assert await exposure(database, tenant) == {("C-1", "orders"): 100}


async def test_a_deleted_payment_gives_back_what_it_settled(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    await store.write(
        [paper("payment", "P", allocations=allocation("R", "100.00")), paper("open_item", "R")], tenant=tenant
    )
    assert await exposure(database, tenant) == {}
    await store.write([deletion("payment", "P")], tenant=tenant)
    assert await exposure(database, tenant) == {("C-1", "open_items"): 100}


async def test_a_return_that_follows_its_delivery_does_not_raise_it(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    back = paper("delivery", "D2", "-30.00", follows=follows("delivery", "D1"))
    await store.write([back, paper("delivery", "D1")], tenant=tenant)
    assert await exposure(database, tenant) == {("C-1", "deliveries"): 70}
    assert await find_drift(database, tenant=tenant) == []


async def test_customers_companies_and_feeds_exist_from_their_first_paper(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    await store.write(
        [paper("order", "1", company="north", bill_to="C-2"), paper("open_item", "R", source="bank")],
        tenant=tenant,
    )
    assert await rows(database, tenant, "SELECT company FROM company ORDER BY 1") == [("main",), ("north",)]
    assert await rows(database, tenant, "SELECT customer FROM customer ORDER BY 1") == [("C-1",), ("C-2",)]
    feeds = await rows(database, tenant, "SELECT company, source FROM feed ORDER BY 1")
    assert feeds == [("main", "bank"), ("north", "documents")]


async def test_counted_papers_are_listed_page_by_page(store: PostgresPaperStore, tenant: str) -> None:
    await store.write(
        [
            paper("order", "1"),
            paper("order", "2", bill_to="C-2"),
            paper("order", "3", fulfilled=True),
            paper("open_item", "4", due_date="2026-03-01"),
            paper("order", "5", customer="C-3"),
        ],
        tenant=tenant,
    )
    accounts = [Account("main", "C-1"), Account("main", "C-2")]
    first = await store.counted(accounts, tenant=tenant, after=None, limit=2)
    assert [(item.number, item.customer, item.due_on) for item in first] == [
        ("4", "C-1", date(2026, 3, 1)),
        ("1", "C-1", None),
    ]
    rest = await store.counted(accounts, tenant=tenant, after=("main", "order", "1"), limit=9)
    assert [(item.number, item.customer) for item in rest] == [("2", "C-2")]


async def test_an_atomic_write_with_a_conflict_stores_nothing(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    await store.write([paper("order", "1", version=1)], tenant=tenant)
    batch = [paper("order", "2"), paper("order", "1", "7.00", version=1), paper("order", "3")]
    with pytest.raises(ConflictingStatements) as refused:
        await store.write_staged(streamed(batch), tenant=tenant)
    assert refused.value.lines == (2,)
    assert await exposure(database, tenant) == {("C-1", "orders"): 100}


async def test_a_staged_write_longer_than_a_slice_is_complete(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    batch = [paper("open_item", str(n), "1.00", customer=f"C-{n % 7_001}") for n in range(12_000)]
    links = [paper("payment", str(n), "1.00", allocations=allocation(str(n), "1.00")) for n in range(6_000)]
    assert await store.write_staged(streamed(batch + links), tenant=tenant) == {CREATED: 18_000}
    assert sum((await exposure(database, tenant)).values()) == 6_000
    assert await find_drift(database, tenant=tenant) == []


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
async def test_an_amount_that_is_no_number_is_not_stored(
    store: PostgresPaperStore, tenant: str, amount: str
) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="ck_paper_line"):
        await store.write([paper("open_item", "R", amount)], tenant=tenant)
