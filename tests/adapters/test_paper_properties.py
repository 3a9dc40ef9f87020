"""What holds for all papers, in whatever order, batches and company of other writers they come."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.verify import find_drift
from creditrisk.application.papers import ConflictingStatements, PaperStatement, PaperStatus
from tests.adapters.statements import allocation, deletion, follows, paper
from tests.adapters.stored import make_tenant, rows, stored_state, streamed

NUMBERS = st.sampled_from(["1", "2", "3"])
CUSTOMERS = st.sampled_from(["C-1", "C-2"])
TOTALS = st.sampled_from(["-40.00", "10.00", "25.50", "100.00"])
CURRENCIES = st.sampled_from(["EUR", "EUR", "USD"])
VERSIONS = st.none() | st.integers(min_value=1, max_value=4)


@st.composite
def statements(draw: st.DrawFn) -> PaperStatement:
    kind = draw(st.sampled_from(["payment", "open_item", "invoice", "delivery", "order", "balance"]))
    number, version = draw(NUMBERS), draw(VERSIONS)
    if draw(st.integers(min_value=0, max_value=9)) == 0:
        return deletion(kind, number, version=version)
    content: dict[str, Any] = {}
    linked = draw(st.booleans())
    if kind == "payment" and linked:
        content["allocations"] = allocation(draw(NUMBERS), draw(TOTALS))
    elif kind == "open_item" and linked:
        content["document"] = {"kind": "invoice", "number": draw(NUMBERS)}
    elif kind in {"invoice", "delivery", "order"}:
        content["cancelled"] = draw(st.booleans())
        if linked:
            followed = draw(st.sampled_from(["order", "delivery", "quotation"]))
            content["follows"] = follows(followed, draw(NUMBERS), draw(st.none() | TOTALS))
    content["currency"] = draw(CURRENCIES)
    return paper(kind, number, draw(TOTALS), customer=draw(CUSTOMERS), version=version, **content)


SOME = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SOME
@given(batch=st.lists(statements(), max_size=25), cut=st.integers(min_value=0, max_value=25))
async def test_one_by_one_in_batches_and_staged_come_to_the_same(
    store: PostgresPaperStore, database: Database, batch: list[PaperStatement], cut: int
) -> None:
    alone, together, staged = (f"tenant-{uuid4().hex}" for _ in range(3))
    for name in (alone, together, staged):
        await make_tenant(database, name)
    statuses: list[PaperStatus] = []
    for statement in batch:
        statuses.extend(await store.write([statement], tenant=alone))
    halves = [
        *await store.write(batch[:cut], tenant=together),
        *await store.write(batch[cut:], tenant=together),
    ]
    assert halves == statuses
    assert await stored_state(database, together) == await stored_state(database, alone)
    conflicts = [line for line, status in enumerate(statuses, 1) if status == PaperStatus.CONFLICT]
    if conflicts:
        with pytest.raises(ConflictingStatements) as refused:
            await store.write_staged(streamed(batch), tenant=staged)
        assert list(refused.value.lines) == conflicts
        assert await rows(database, staged, "SELECT * FROM paper") == []
    else:
        counts = await store.write_staged(streamed(batch), tenant=staged)
        assert counts == {status: statuses.count(status) for status in set(statuses)}
        assert await stored_state(database, staged) == await stored_state(database, alone)
    for name in (alone, together, staged):
        assert await find_drift(database, tenant=name) == []


@SOME
@given(data=st.data())
async def test_the_order_in_which_versioned_papers_arrive_does_not_matter(
    store: PostgresPaperStore, database: Database, data: st.DataObject
) -> None:
    drawn = data.draw(st.lists(statements(), max_size=12))
    # One version of a paper says one thing: papers are versioned by their place in the list.
    batch = [
        PaperStatement(
            company=s.company, kind=s.kind, number=s.number, customer=s.customer, content=s.content,
            source=s.source, deleted=s.deleted, version=version,
        )
        for version, s in enumerate(drawn, 1)
    ]  # fmt: skip
    # Of a deleted paper only its version counts; which customer it had before depends on what arrived.
    papers = (
        "SELECT kind, number, present, version, content, taken, posted_by, line::text FROM paper"
        " WHERE stated_at IS NOT NULL OR taken <> '{}' OR posted_by <> 0 ORDER BY 1, 2"
    )
    outcomes = []
    for arrival in (batch, data.draw(st.permutations(batch)), batch[::-1]):
        name = f"tenant-{uuid4().hex}"
        await make_tenant(database, name)
        await store.write(arrival, tenant=name)
        buckets = (await stored_state(database, name))[1]
        outcomes.append([await rows(database, name, papers), buckets])
    assert outcomes[0] == outcomes[1] == outcomes[2]


async def test_stating_everything_again_changes_nothing(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    batch = [
        paper("order", "O", version=1),
        paper("delivery", "D", "60.00", follows=follows("order", "O")),
        paper("open_item", "R", customer="C-2"),
        paper("payment", "P", "10.00", customer="C-2", allocations=allocation("R", "10.00")),
    ]
    await store.write(batch, tenant=tenant)
    before = await stored_state(database, tenant)
    versions = await rows(database, tenant, "SELECT * FROM exposure_state")
    assert await store.write(batch, tenant=tenant) == [PaperStatus.UNCHANGED] * 4
    assert await store.write_staged(streamed(batch), tenant=tenant) == {PaperStatus.UNCHANGED: 4}
    assert await stored_state(database, tenant) == before
    assert await rows(database, tenant, "SELECT * FROM exposure_state") == versions


def drawn_statement(draw: random.Random, *, links_within_a_kind: bool) -> PaperStatement:
    """State one of few papers for one of few customers, so that writers meet."""
    kind = draw.choice(["payment", "open_item", "invoice", "delivery", "order"])
    number, named = str(draw.randint(1, 12)), str(draw.randint(1, 12))
    content: dict[str, Any] = {}
    if kind == "payment":
        content["allocations"] = allocation(named, "5.00")
    elif kind == "open_item":
        content["document"] = {"kind": "invoice", "number": named}
    elif kind == "delivery":
        content["follows"] = follows("delivery" if links_within_a_kind else "order", named)
    if draw.random() < 0.1:
        return deletion(kind, number)
    content["currency"] = draw.choice(["EUR", "EUR", "USD"])
    return paper(kind, number, f"{draw.randint(1, 500)}.00", customer=f"C-{draw.randint(1, 4)}", **content)


async def write_concurrently(
    store: PostgresPaperStore, database: Database, tenant: str, *, links_within_a_kind: bool
) -> None:
    async def writer(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(25):
            size = draw.randint(1, 20)
            batch = [drawn_statement(draw, links_within_a_kind=links_within_a_kind) for _ in range(size)]
            if draw.random() < 0.1 and not links_within_a_kind:
                await store.write_staged(streamed(batch), tenant=tenant)
            else:
                await store.write(batch, tenant=tenant)

    async def verifier() -> None:
        for _ in range(10):
            assert await find_drift(database, tenant=tenant) == []

    await asyncio.gather(verifier(), *(writer(seed) for seed in range(8)))
    assert await find_drift(database, tenant=tenant) == []


async def test_eight_concurrent_writers_leave_buckets_equal_to_papers_and_never_deadlock(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = await rows(database, tenant, deadlocks)
    await write_concurrently(store, database, tenant, links_within_a_kind=False)
    assert await rows(database, tenant, deadlocks) == before


async def test_writers_of_returns_that_follow_deliveries_try_again_until_they_succeed(
    store: PostgresPaperStore, database: Database, tenant: str
) -> None:
    await write_concurrently(store, database, tenant, links_within_a_kind=True)
