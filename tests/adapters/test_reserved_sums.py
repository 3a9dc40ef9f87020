"""Sums of what is reserved are in step with reservations and papers, whatever happens at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditrisk.adapters.postgres import reservations
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.verify import find_drift
from creditrisk.application.keys import Principal
from creditrisk.bootstrap.backend import Backend, build_backend
from creditrisk.domain.papers import Kind
from tests.adapters.reserving import CONNECTIONS, ask, make_shared_limit, reserving
from tests.adapters.statements import deletion, follows, paper
from tests.adapters.stored import rows

COUNTED = "SELECT number, counted FROM reservation ORDER BY number, created_at"
SUMS = "SELECT account, currency, reservations, amount FROM reserved_sum ORDER BY 1, 2"
MET = "SELECT number FROM reservation_met JOIN reservation USING (tenant, id) ORDER BY 1"


@pytest.fixture
async def backend(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Backend]:
    """One service process, that sweeps when it is told to."""
    monkeypatch.setattr(reservations, "SWEEP_SECONDS", 3_600)
    backend = build_backend(database_url, limits=CONNECTIONS)
    async with backend.opened():
        yield backend


@pytest.fixture
async def caller(database: Database) -> Principal:
    """Somebody who may ask for everything, in a tenant of its own."""
    return await make_shared_limit(database, f"tenant-{uuid4().hex}", "1000000.00")


async def test_a_reservation_is_in_the_sum_of_its_account_until_the_sweeper_takes_it_out(
    backend: Backend, database: Database, caller: Principal
) -> None:
    first, _ = await ask([backend], [reserving("60"), reserving("30")], caller)
    await ask([backend], [reserving("5", customer="C-2")], caller)
    both = [("C-1", "EUR", 2, Decimal(90)), ("C-2", "EUR", 1, Decimal(5))]
    assert await rows(database, caller.tenant, SUMS) == both

    await backend.services.reservations.release(UUID(first["reservation"]["id"]), principal=caller)
    assert await rows(database, caller.tenant, SUMS) == both
    assert await agreed(database, caller.tenant) == {"sums": {"EUR": (2, Decimal(35))}}

    await backend.reservations.sweep()
    assert await rows(database, caller.tenant, SUMS) == [
        ("C-1", "EUR", 1, Decimal(30)),
        ("C-2", "EUR", 1, Decimal(5)),
    ]
    assert await agreed(database, caller.tenant) == {"sums": {"EUR": (2, Decimal(35))}}


async def test_a_sum_of_nothing_live_is_settled_too(
    backend: Backend, database: Database, caller: Principal
) -> None:
    (answer,) = await ask([backend], [reserving("60")], caller)
    await backend.services.reservations.release(UUID(answer["reservation"]["id"]), principal=caller)
    await backend.reservations.sweep()
    assert await rows(database, caller.tenant, SUMS) == [("C-1", "EUR", 0, Decimal(0))]
    assert await find_drift(database, tenant=caller.tenant) == []


async def test_a_paper_says_which_reservation_it_meets(
    backend: Backend, database: Database, store: PostgresPaperStore, caller: Principal
) -> None:
    await ask([backend], [reserving("60", number="SO-A"), reserving("30", number="SO-B")], caller)
    # Named by a delivery, the order is there as a row of which 20.00 are taken; its reservation goes on.
    await store.write(
        [paper("delivery", "DN", "20.00", follows=follows("order", "SO-A"))], tenant=caller.tenant
    )
    assert await rows(database, caller.tenant, MET) == [("SO-A",)]
    assert await agreed(database, caller.tenant) == {"sums": {"EUR": (2, Decimal(70))}}

    await backend.reservations.sweep()
    assert await rows(database, caller.tenant, COUNTED) == [("SO-A", None), ("SO-B", Decimal(30))]
    assert await rows(database, caller.tenant, MET) == []
    assert await agreed(database, caller.tenant) == {"sums": {"EUR": (2, Decimal(70))}}


async def test_who_reserves_while_the_paper_is_being_written_does_not_wait_and_is_not_summed(
    backend: Backend, database: Database, store: PostgresPaperStore, caller: Principal
) -> None:
    async with database.together(caller.tenant) as writing:
        await store.write([paper("order", "SO-A", "10.00", version=1)], tenant=caller.tenant)
        reserved = asyncio.create_task(ask([backend], [reserving("60", number="SO-A")], caller))
        await asyncio.wait_for(reserved, timeout=5)
        assert await rows_apart(database, caller.tenant, COUNTED) == [("SO-A", None)]
        await backend.reservations.sweep()
        assert await rows_apart(database, caller.tenant, COUNTED) == [("SO-A", None)]
        await writing.commit()
    # The paper was stated before, so that the reservation counts for what it exceeds it.
    assert "singly" in await agreed(database, caller.tenant)
    await backend.reservations.sweep()
    assert await rows(database, caller.tenant, COUNTED) == [("SO-A", None)]
    assert await find_drift(database, tenant=caller.tenant) == []


async def test_a_paper_that_is_not_written_after_all_leaves_the_reservation_to_the_sweeper(
    backend: Backend, database: Database, store: PostgresPaperStore, caller: Principal
) -> None:
    async with database.together(caller.tenant) as writing:
        await store.write([paper("order", "SO-A", "10.00")], tenant=caller.tenant)
        await asyncio.create_task(ask([backend], [reserving("60", number="SO-A")], caller))
        await writing.rollback()
    assert await rows(database, caller.tenant, COUNTED) == [("SO-A", None)]
    assert await agreed(database, caller.tenant) == {"sums": {"EUR": (1, Decimal(60))}}
    await backend.reservations.sweep()
    assert await rows(database, caller.tenant, COUNTED) == [("SO-A", Decimal(60))]
    assert await agreed(database, caller.tenant) == {"sums": {"EUR": (1, Decimal(60))}}


async def test_a_paper_waits_for_the_reservation_that_is_being_written(
    backend: Backend, database: Database, store: PostgresPaperStore, caller: Principal
) -> None:
    async with backend.database.together(caller.tenant) as reserving_now:
        await backend.services.checks.check(reserving("60", number="SO-A"), principal=caller)
        written = asyncio.create_task(
            store.write(
                [paper("delivery", "DN", "20.00", follows=follows("order", "SO-A"))], tenant=caller.tenant
            )
        )
        done, _ = await asyncio.wait([written], timeout=0.3)
        assert not done
        await reserving_now.commit()
    await written
    assert await rows(database, caller.tenant, MET) == [("SO-A",)]
    assert await agreed(database, caller.tenant) == {"sums": {"EUR": (1, Decimal(40))}}


async def test_reservations_of_an_earlier_release_are_summed_by_the_sweeper(
    backend: Backend, database: Database, caller: Principal
) -> None:
    async with database.transaction(caller.tenant) as connection:
        await connection.execute(
            sa.text(
                "SELECT write_reservation_1("
                ":tenant, :id, 'main', 'order', 'SO-A', 'C-1', 'C-1', 60, 'EUR', 0, '[]', 900, null)"
            ),
            {"tenant": caller.tenant, "id": uuid4()},
        )
    assert await rows(database, caller.tenant, SUMS) == []
    assert await agreed(database, caller.tenant) == {"sums": {"EUR": (1, Decimal(60))}}
    await backend.reservations.sweep()
    assert await rows(database, caller.tenant, SUMS) == [("C-1", "EUR", 1, Decimal(60))]
    assert await agreed(database, caller.tenant) == {"sums": {"EUR": (1, Decimal(60))}}


async def test_one_sweep_settles_all_that_has_lapsed_however_much_it_is(
    backend: Backend, database: Database, caller: Principal
) -> None:
    """At once, or whoever reserves looks at thousands that have ended."""
    lapsed = """
        INSERT INTO reservation (
            tenant, id, company, kind, number, customer, account, amount, currency, expires_at)
        SELECT :tenant, gen_random_uuid(), 'main', 'order', 'SO-' || n, 'C-1', 'C-1', 1, 'EUR',
            clock_timestamp()
        FROM generate_series(1, 2500) AS n
    """
    async with database.transaction(caller.tenant) as connection:
        await connection.execute(sa.text(lapsed), {"tenant": caller.tenant})
    await backend.reservations.sweep()
    left = """
        SELECT status, count(*), count(*) FILTER (WHERE counted IS DISTINCT FROM owed)
        FROM reservation GROUP BY 1
    """
    assert await rows(database, caller.tenant, left) == [("expired", 2500, 0)]
    assert await find_drift(database, tenant=caller.tenant) == []


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE reserved_sum SET amount = amount + 1", "reserved"),
        ("UPDATE reserved_sum SET reservations = 3", "reserved"),
        ("DELETE FROM reserved_sum", "reserved"),
        ("UPDATE reservation SET claims = '[{}]' WHERE number = 'SO-B'", "counted"),
        ("DELETE FROM reservation_met", "counted"),
    ],
)
async def test_drift_of_sums_is_found_and_named(
    backend: Backend, database: Database, caller: Principal, damage: str, what: str
) -> None:
    await ask([backend], [reserving("60", number="SO-A"), reserving("30", number="SO-B")], caller)
    store = PostgresPaperStore(database)
    await store.write([paper("order", "SO-A", "10.00")], tenant=caller.tenant)
    assert await find_drift(database, tenant=caller.tenant) == []
    async with database.transaction(caller.tenant) as connection:
        await connection.execute(sa.text(damage))
    assert [drift.what for drift in await find_drift(database, tenant=caller.tenant)] == [what]
    assert await find_drift(database, tenant=caller.tenant, company="north") == []


NUMBERS = st.integers(min_value=1, max_value=4)
AMOUNTS = st.integers(min_value=1, max_value=50)
EVENTS = st.one_of(
    st.tuples(st.just("order"), NUMBERS, AMOUNTS, st.sampled_from(["C-1", "C-2"])),
    st.tuples(st.just("delivery"), NUMBERS, AMOUNTS, NUMBERS),
    st.tuples(st.sampled_from(["release", "capture", "lapse", "delete"]), NUMBERS),
    st.tuples(st.just("state order"), NUMBERS, AMOUNTS),
    st.tuples(st.just("state delivery"), NUMBERS, AMOUNTS, NUMBERS),
    st.tuples(st.just("invoice"), NUMBERS, AMOUNTS),
    st.tuples(st.just("post invoice"), NUMBERS, AMOUNTS),
    st.tuples(st.just("sweep")),
)
DOCUMENTS: list[dict[str, Any]] = [
    {**document, "follows": followed}
    for document in ({}, {"kind": "order", "number": "SO-1"}, {"kind": "delivery", "number": "SO-2"})
    for followed in ([], follows("order", "SO-1"))
]
"""What may be asked while something is reserved: another document, or one that a reservation is for."""


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, min_size=3, max_size=12))
async def test_what_is_read_with_sums_is_what_looking_at_every_reservation_says(
    backend: Backend, database: Database, store: PostgresPaperStore, events: list[tuple[Any, ...]]
) -> None:
    caller = await make_shared_limit(database, f"tenant-{uuid4().hex}", "1000000.00")
    for event in events:
        await happen(event, backend=backend, database=database, store=store, caller=caller)
        await agreed(database, caller.tenant, *DOCUMENTS)
        assert await find_drift(database, tenant=caller.tenant) == []
    await backend.reservations.sweep()
    await agreed(database, caller.tenant)
    assert await find_drift(database, tenant=caller.tenant) == []


async def happen(
    event: tuple[Any, ...],
    *,
    backend: Backend,
    database: Database,
    store: PostgresPaperStore,
    caller: Principal,
) -> None:
    """Let something happen to one of a few numbers."""
    match event:
        case "order", number, amount, customer:
            await ask([backend], [reserving(str(amount), number=f"SO-{number}", customer=customer)], caller)
        case "delivery", number, amount, followed:
            command = reserving(str(amount), number=f"SO-{number}", follows=f"SO-{followed}")
            await ask([backend], [command], caller)
        case "state order", number, amount:
            await store.write([paper("order", f"SO-{number}", f"{amount}.00")], tenant=caller.tenant)
        case "state delivery", number, amount, followed:
            links = follows("order", f"SO-{followed}")
            await store.write(
                [paper("delivery", f"SO-{number}", f"{amount}.00", follows=links)], tenant=caller.tenant
            )
        case "invoice", number, amount:
            command = reserving(str(amount), kind=Kind.INVOICE, number=f"SO-{number}")
            await ask([backend], [command], caller)
        case "post invoice", number, amount:
            invoice = {"kind": "invoice", "number": f"SO-{number}"}
            items = [paper("open_item", f"R-{number}-{amount}", f"{amount}.00", document=invoice)]
            await store.write(items, tenant=caller.tenant)
        case "delete", number:
            await store.write([deletion("order", f"SO-{number}", version=1)], tenant=caller.tenant)
        case (what, number):
            change = {
                "release": "status = 'released'",
                "capture": "status = 'captured', captured_amount = trunc(amount / 2)",
                "lapse": "expires_at = created_at",
            }[what]
            async with database.transaction(caller.tenant) as connection:
                await connection.execute(
                    sa.text(f"UPDATE reservation SET {change} WHERE number = :number AND status = 'held'"),
                    {"number": f"SO-{number}"},
                )
        case _:
            await backend.reservations.sweep()


async def rows_apart(database: Database, tenant: str, query: str) -> list[tuple[Any, ...]]:
    """Read what others see."""
    with database.apart():
        return await rows(database, tenant, query)


async def agreed(database: Database, tenant: str, *documents: dict[str, Any]) -> dict[str, Any]:
    """Read what is reserved on C-1 and C-2; looking at every reservation says the same for each document.

    Returns what is read for the first of them, by itself an order of no number.
    """
    asked: dict[str, Any] = {
        "kind": "order",
        "number": None,
        "total": "10.00",
        "currency": "EUR",
        "follows": [],
    }
    told = ":tenant, 'main', 'C-1', '{main,main}', '{C-1,C-2}', document, true, clock_timestamp()"
    # Everything that is in a sum is taken out of it, and every reservation is looked at.
    every = """
        ARRAY(SELECT id FROM reservation WHERE tenant = :tenant AND counted IS NOT NULL),
        ARRAY(SELECT id FROM reservation WHERE tenant = :tenant AND status IN ('held', 'captured'))
    """
    columns = f"reserved_2({told}), reserved_3({told}, {every})"
    async with database.transaction(tenant) as connection:
        # As checks ask: planned once, not anew for each of thousands of questions.
        await connection.execute(sa.text("SET LOCAL plan_cache_mode = force_generic_plan"))
        found = await connection.execute(
            sa.text(f"SELECT {columns} FROM jsonb_array_elements(CAST(:documents AS jsonb)) AS document"),
            {
                "tenant": tenant,
                "documents": orjson.dumps([asked | document for document in documents or ({},)]).decode(),
            },
        )
        sums = [(plain(with_sums), plain(singly)) for with_sums, singly in found]
    assert len(sums) == max(1, len(documents))
    for with_sums, singly in sums:
        assert with_sums == singly
    return sums[0][0]


def plain(told: dict[str, Any] | None) -> dict[str, Any]:
    """Amounts as numbers, and no order that means nothing."""
    if told is None:
        return {}
    sums: dict[str, tuple[int, Decimal]] = {}
    for _, currency, many, amount in told.get("sums") or []:
        before = sums.get(currency, (0, Decimal(0)))
        sums[currency] = (before[0] + many, before[1] + Decimal(amount))
    singly = [
        (own, currency, Decimal(amount), Decimal(claimed), Decimal(passed), orjson.dumps(line))
        for own, currency, amount, claimed, passed, line in told.get("singly") or []
    ]
    claimed = told.get("claimed")
    meant = {
        "sums": sums,
        "singly": sorted(singly),
        "claimed": None if claimed is None else Decimal(claimed),
    }
    return {name: value for name, value in meant.items() if value}
