"""What holds for all snapshots, whatever else is written at the same time."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.snapshots import PostgresSnapshotStore
from creditrisk.adapters.postgres.verify import find_drift
from creditrisk.application.errors import Unavailable
from creditrisk.application.papers import PaperStatement, PaperStatus
from creditrisk.application.snapshot_parts import ReadPart, StagedPart
from creditrisk.application.snapshot_store import SnapshotOrder, SnapshotOutcome
from tests.adapters.statements import allocation, paper
from tests.adapters.stored import make_tenant, rows, stored_state
from tests.adapters.test_paper_properties import SOME

KINDS = ("open_item", "bill", "advance", "balance", "payment", "other")
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def snapshots(database: Database) -> PostgresSnapshotStore:
    return PostgresSnapshotStore(database)


def order(taken_at: datetime | None = None, *, source: str = "default") -> SnapshotOrder:
    return SnapshotOrder(company="main", source=source, kinds=KINDS, taken_at=taken_at, totals={})


async def lines(
    statements: Sequence[PaperStatement], *, then: asyncio.Event | None = None
) -> AsyncIterator[StagedPart]:
    """The statements as lines of a snapshot, each a part of its own, which ends when it may."""
    for number, stated in enumerate(statements, 1):
        content = json.dumps(stated.content)
        entry = (0, stated.kind, stated.number, stated.customer, stated.version, content)
        yield StagedPart(number, uuid4().bytes, ReadPart(1, [entry], kept=b"kept"))
    if then is not None:
        await then.wait()


@st.composite
def entries(draw: st.DrawFn) -> PaperStatement:
    kind = draw(st.sampled_from(["payment", "open_item", "balance"]))
    number = draw(st.sampled_from(["1", "2", "3"]))
    total = draw(st.sampled_from(["-40.00", "10.00", "25.50", "100.00"]))
    content: dict[str, Any] = {"currency": draw(st.sampled_from(["EUR", "EUR", "USD"]))}
    linked = draw(st.booleans())
    if kind == "payment" and linked:
        content["allocations"] = allocation(draw(st.sampled_from(["1", "2", "3"])), "5.00")
    elif kind == "open_item" and linked:
        content["document"] = {"kind": "invoice", "number": draw(st.sampled_from(["1", "2"]))}
    return paper(kind, number, total, customer=draw(st.sampled_from(["C-1", "C-2"])), **content)


LEDGERS = st.lists(entries(), max_size=9, unique_by=lambda entry: (entry.kind, entry.number))


@SOME
@given(ledgers=st.lists(LEDGERS, min_size=1, max_size=4), invoiced=st.booleans())
async def test_a_snapshot_equals_the_replay_of_its_entries(
    store: PostgresPaperStore,
    snapshots: PostgresSnapshotStore,
    database: Database,
    ledgers: list[list[PaperStatement]],
    invoiced: bool,  # noqa: FBT001 - drawn by Hypothesis
) -> None:
    taken, replayed = (f"tenant-{uuid4().hex}" for _ in range(2))
    for name in (taken, replayed):
        await make_tenant(database, name)
        if invoiced:
            await store.write([paper("invoice", "1"), paper("invoice", "2")], tenant=name)
    for day, ledger in enumerate(ledgers):
        outcome = await snapshots.replace(order(START + timedelta(days=day)), lines(ledger), tenant=taken)
        named = {(entry.kind, entry.number) for entry in ledger}
        earlier = {(entry.kind, entry.number) for entry in ledgers[day - 1]} if day else set()
        gone = [
            PaperStatement(company="main", kind=kind, number=number, source="default", deleted=True)
            for kind, number in sorted(earlier - named)
        ]
        statuses = await store.write([*gone, *ledger], tenant=replayed)
        expected = (PaperStatus.CREATED, PaperStatus.CHANGED, PaperStatus.DELETED, PaperStatus.UNCHANGED)
        did = (outcome.added, outcome.changed, outcome.closed, outcome.unchanged)
        assert did == tuple(statuses.count(status) for status in expected)
    assert await stored_state(database, taken) == await stored_state(database, replayed)
    assert await find_drift(database, tenant=taken) == []


async def test_an_unchanged_snapshot_writes_nothing(
    snapshots: PostgresSnapshotStore, database: Database, tenant: str
) -> None:
    ledger = [paper("open_item", str(number), version=1) for number in range(20)]
    await snapshots.replace(order(), lines(ledger), tenant=tenant)
    where = (
        "SELECT number, xmin::text FROM paper"
        " UNION ALL SELECT customer, version::text FROM exposure_state ORDER BY 1, 2"
    )
    before = await rows(database, tenant, where)
    outcome = await snapshots.replace(order(), lines(ledger), tenant=tenant)
    assert outcome.unchanged == 20
    assert await rows(database, tenant, where) == before


async def test_a_higher_version_of_the_same_content_is_kept(
    snapshots: PostgresSnapshotStore, database: Database, tenant: str
) -> None:
    await snapshots.replace(order(), lines([paper("open_item", "1", version=1)]), tenant=tenant)
    outcome = await snapshots.replace(order(), lines([paper("open_item", "1", version=7)]), tenant=tenant)
    assert (outcome.unchanged, outcome.changed) == (1, 0)
    assert await rows(database, tenant, "SELECT version FROM paper") == [(7,)]


async def test_snapshots_beside_single_writers_leave_buckets_equal_to_papers(
    store: PostgresPaperStore, snapshots: PostgresSnapshotStore, database: Database, tenant: str
) -> None:
    def drawn(draw: random.Random) -> PaperStatement:
        kind, number = draw.choice(["payment", "open_item", "balance"]), str(draw.randint(1, 15))
        content: dict[str, Any] = {}
        if kind == "payment":
            content["allocations"] = allocation(str(draw.randint(1, 15)), "5.00")
        elif kind == "open_item":
            content["document"] = {"kind": "invoice", "number": number}
        return paper(
            kind, number, f"{draw.randint(1, 500)}.00", customer=f"C-{draw.randint(1, 4)}", **content
        )

    async def writer(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(30):
            await store.write([drawn(draw) for _ in range(draw.randint(1, 8))], tenant=tenant)

    async def snapshooter(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(15):
            ledger = {(e.kind, e.number): e for e in (drawn(draw) for _ in range(25))}
            source = draw.choice(["default", "other"])
            async with asyncio.timeout(30):
                await snapshots.replace(
                    order(datetime.now(UTC) + timedelta(hours=1), source=source),
                    lines(list(ledger.values())),
                    tenant=tenant,
                )
            assert await find_drift(database, tenant=tenant) == []

    await asyncio.gather(*(writer(seed) for seed in range(5)), snapshooter(101))
    assert await find_drift(database, tenant=tenant) == []


async def test_two_snapshots_at_once_come_one_after_the_other(
    snapshots: PostgresSnapshotStore, database: Database, tenant: str
) -> None:
    async def taken(day: int) -> SnapshotOutcome | Exception:
        ledger = [paper("open_item", f"{day}-{number}") for number in range(300)]
        try:
            return await snapshots.replace(order(START + timedelta(days=day)), lines(ledger), tenant=tenant)
        except Exception as refused:  # noqa: BLE001 - compared below
            return refused

    outcomes = await asyncio.gather(*(taken(day) for day in (1, 2, 3)))
    last = outcomes[2]
    assert isinstance(last, SnapshotOutcome)
    for outcome in outcomes[:2]:
        assert isinstance(outcome, SnapshotOutcome) or "later" in str(outcome)
    found = await rows(database, tenant, "SELECT count(*), min(number) FROM paper WHERE present")
    assert found == [(300, "3-0")]
    assert await find_drift(database, tenant=tenant) == []


async def test_a_snapshot_that_is_killed_changes_nothing_and_leaves_the_next_one_room(
    snapshots: PostgresSnapshotStore, database: Database, database_url: str, tenant: str
) -> None:
    await snapshots.replace(order(), lines([paper("open_item", "1")]), tenant=tenant)
    before = await stored_state(database, tenant)
    never = asyncio.Event()
    running = asyncio.create_task(
        snapshots.replace(
            order(), lines([paper("open_item", str(n)) for n in range(2_500)], then=never), tenant=tenant
        )
    )
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state = 'idle in transaction' AND query LIKE 'COPY%staged_paper%'"
    )
    administrator = await asyncpg.connect(database_url)
    async with asyncio.timeout(20):
        while not await administrator.fetch(kill):  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.02)
    await administrator.close()
    never.set()
    with pytest.raises(Unavailable):
        await running
    assert await stored_state(database, tenant) == before
    outcome = await snapshots.replace(order(), lines([paper("open_item", "2")]), tenant=tenant)
    assert (outcome.added, outcome.closed) == (1, 1)


async def test_other_writers_wait_neither_for_the_stream_nor_for_another_sources_snapshot(
    store: PostgresPaperStore, snapshots: PostgresSnapshotStore, tenant: str
) -> None:
    await snapshots.replace(order(START), lines([paper("open_item", "1")]), tenant=tenant)
    ends = asyncio.Event()
    running = asyncio.create_task(
        snapshots.replace(
            order(datetime.now(UTC)), lines([paper("open_item", "1", "5.00")], then=ends), tenant=tenant
        )
    )
    async with asyncio.timeout(10):
        (status,) = await store.write([paper("open_item", "2")], tenant=tenant)
        assert status is PaperStatus.CREATED
        await snapshots.replace(order(source="b"), lines([paper("open_item", "3")]), tenant=tenant)
        ends.set()
        outcome = await running
    assert (outcome.changed, outcome.closed) == (1, 0)  # what was written meanwhile stays
