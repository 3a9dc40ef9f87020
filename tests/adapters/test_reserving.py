"""Reserving side by side: whoever reserves sees what everybody before him has reserved."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.application.errors import Conflict
from creditrisk.application.reservations import Reservations
from creditrisk.bootstrap.backend import Backend, build_backend
from tests.adapters.reserving import CONNECTIONS, ask, ask_one, make_shared_limit, reserving
from tests.adapters.statements import paper
from tests.adapters.stored import rows


@pytest.fixture
async def backend(database_url: str) -> AsyncIterator[Backend]:
    """One service process."""
    backend = build_backend(database_url, limits=CONNECTIONS)
    async with backend.opened():
        yield backend


@pytest.fixture
async def other_backend(database_url: str) -> AsyncIterator[Backend]:
    """Another service process over the same database."""
    backend = build_backend(database_url, limits=CONNECTIONS)
    async with backend.opened():
        yield backend


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=st.lists(
        st.tuples(
            st.sampled_from(["C-1", "C-2", "C-3"]),
            st.sampled_from(["main", "north"]),
            st.integers(min_value=1, max_value=60),
        ),
        min_size=2,
        max_size=12,
    )
)
async def test_reservations_of_a_group_at_the_same_time_never_exceed_its_limit(
    backend: Backend, other_backend: Backend, database: Database, wanted: list[tuple[str, str, int]]
) -> None:
    caller = await make_shared_limit(database, f"tenant-{uuid4().hex}", "100.00")
    commands = [reserving(str(amount), customer=who, company=where) for who, where, amount in wanted]
    answers = await ask([backend, other_backend], commands, caller)
    granted = sum(
        amount for (_, _, amount), answer in zip(wanted, answers, strict=True) if answer["reservation"]
    )
    refused = [
        amount for (_, _, amount), answer in zip(wanted, answers, strict=True) if not answer["reservation"]
    ]
    assert granted <= 100
    # Nothing was given back meanwhile, so whoever was refused would be refused now.
    assert all(granted + amount > 100 for amount in refused)
    stored = await rows(database, caller.tenant, "SELECT sum(amount) FROM reservation WHERE status = 'held'")
    assert stored == [(granted or None,)]


async def test_a_check_that_waits_for_its_locks_is_kept_once_whatever_is_kept_meanwhile(
    backend: Backend, database: Database
) -> None:
    caller = await make_shared_limit(database, f"tenant-{uuid4().hex}", "100.00")
    alone = (
        "UPDATE company SET grouping = 'own', policy = jsonb_set(policy, '{overrides,grouping}', '\"own\"')"
    )
    async with database.transaction(caller.tenant) as connection:
        await connection.execute(sa.text(alone))
    for customer in ("C-1", "C-2") * 3:  # and the next ones are foreseen
        await ask_one(backend, reserving("1", customer=customer), caller)

    async with database.transaction(caller.tenant) as holder:
        await holder.execute(sa.text("SELECT FROM credit_scope WHERE scope LIKE '%single%C-1%' FOR UPDATE"))
        waiting = asyncio.create_task(ask([backend], [reserving("1"), reserving("1")], caller))
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        meanwhile = await ask_one(backend, reserving("1", customer="C-2"), caller)
    answers = [meanwhile, *await waiting]

    assert all(answer["reservation"] for answer in answers)
    kept = await rows(
        database, caller.tenant, "SELECT account, count(*) FROM reservation GROUP BY 1 ORDER BY 1"
    )
    assert kept == [("C-1", 5), ("C-2", 4)]
    assert await rows(database, caller.tenant, "SELECT count(*) FROM decision") == [(9,)]


async def test_an_account_remembered_alone_is_locked_with_the_group_it_has_joined_since(
    backend: Backend, database: Database
) -> None:
    caller = await make_shared_limit(database, f"tenant-{uuid4().hex}", "100.00")

    async def group_by(grouping: str) -> None:
        async with database.transaction(caller.tenant) as connection:
            await connection.execute(sa.text("UPDATE company SET grouping = :new"), {"new": grouping})

    await group_by("own")
    await ask([backend], [reserving("10")], caller)
    await group_by("credit_group")
    lock = sa.text("INSERT INTO credit_scope (tenant, scope) VALUES (:tenant, :scope)")
    async with database.transaction(caller.tenant) as connection:
        await connection.execute(lock, {"tenant": caller.tenant, "scope": '["credit_group", "G"]'})
        asked = asyncio.create_task(ask([backend], [reserving("90"), reserving("1")], caller))
        done, _ = await asyncio.wait({asked}, timeout=0.5)
        assert not done
    answers = await asked
    assert [answer["reservation"] is not None for answer in answers] == [True, False]


async def test_a_document_reserved_many_times_at_once_is_reserved_once(
    backend: Backend, other_backend: Backend, database: Database
) -> None:
    caller = await make_shared_limit(database, f"tenant-{uuid4().hex}", "1000.00")
    commands = [reserving("60", customer=f"C-{1 + turn % 3}", number="SO-1") for turn in range(12)]
    answers = await ask([backend, other_backend], commands, caller)
    assert all(answer["reservation"] for answer in answers)
    states = "SELECT status, count(*) FROM reservation GROUP BY 1 ORDER BY 1"
    assert await rows(database, caller.tenant, states) == [("held", 1), ("superseded", 11)]


async def test_a_reservation_is_captured_released_or_extended_by_one_of_many(
    backend: Backend, other_backend: Backend, database: Database
) -> None:
    caller = await make_shared_limit(database, f"tenant-{uuid4().hex}", "1000.00")
    (answer,) = await ask([backend], [reserving("60")], caller)
    (row,) = await rows(database, caller.tenant, "SELECT id FROM reservation")
    assert str(row[0]) == answer["reservation"]["id"]
    services = [backend.services.reservations, other_backend.services.reservations]

    async def resolve(turn: int) -> str | None:
        use: Reservations = services[turn % 2]
        try:
            if turn % 4 < 2:
                return (await use.capture(row[0], None, principal=caller)).status
            return (await use.release(row[0], principal=caller)).status
        except Conflict:
            return None

    ends = await asyncio.gather(*(resolve(turn) for turn in range(8)))
    assert len([end for end in ends if end]) == 1
    assert await rows(database, caller.tenant, "SELECT status FROM reservation") == [
        (next(end for end in ends if end),)
    ]


async def test_a_capture_at_the_last_moment_and_the_next_reservation_exclude_each_other(
    backend: Backend, database: Database
) -> None:
    caller = await make_shared_limit(database, f"tenant-{uuid4().hex}", "100.00")
    (answer,) = await ask([backend], [reserving("60", seconds=1)], caller)
    async with database.transaction(caller.tenant) as capturing:
        # Judged in time, but not committed before the time is up.
        await capturing.execute(
            sa.text("UPDATE reservation SET status = 'captured', captured_amount = 60 WHERE id = :id"),
            {"id": answer["reservation"]["id"]},
        )
        await asyncio.sleep(1.1)
        second = asyncio.create_task(ask_one(backend, reserving("60"), caller))
        done, _ = await asyncio.wait([second], timeout=0.3)
        assert not done
        await capturing.commit()
    assert (await second)["reservation"] is None


async def test_an_account_that_joins_another_group_while_it_is_waited_for_is_judged_there(
    backend: Backend, database: Database
) -> None:
    caller = await make_shared_limit(database, f"tenant-{uuid4().hex}", "100.00")
    await ask([backend], [reserving("60", customer="C-2")], caller)
    change = sa.text("UPDATE customer SET content = CAST(:content AS jsonb) WHERE customer = 'C-1'")
    async with database.transaction(caller.tenant) as connection:
        await connection.execute(change, {"content": "{}"})
    await ask([backend], [reserving("1")], caller)  # makes the lock of C-1 alone
    async with database.transaction(caller.tenant) as holder:
        await holder.execute(sa.text("SELECT FROM credit_scope WHERE scope LIKE '%single%C-1%' FOR UPDATE"))
        waiting = asyncio.create_task(ask_one(backend, reserving("60"), caller))
        await asyncio.sleep(0.3)
        async with database.transaction(caller.tenant) as connection:
            await connection.execute(change, {"content": '{"credit_group": "G"}'})
        assert not waiting.done()
        await holder.commit()
    answer = await waiting
    assert answer["reservation"] is None
    assert [finding["code"] for finding in answer["findings"]] == ["GROUP_LIMIT_EXCEEDED"]


async def test_the_sweeper_writes_down_what_has_lapsed_or_was_consumed(
    backend: Backend, database: Database, store: PostgresPaperStore
) -> None:
    caller = await make_shared_limit(database, f"tenant-{uuid4().hex}", "100.00")
    await ask([backend], [reserving("1", number="SO-A", seconds=1)], caller)
    await ask([backend], [reserving("2", number="SO-B"), reserving("3", number="SO-C")], caller)
    await store.write([paper("order", "SO-B", "2.00")], tenant=caller.tenant)
    await asyncio.sleep(1.1)
    await backend.reservations.sweep()
    states = "SELECT number, status, resolved_at IS NULL FROM reservation ORDER BY 1"
    assert await rows(database, caller.tenant, states) == [
        ("SO-A", "expired", False),
        ("SO-B", "consumed", False),
        ("SO-C", "held", True),
    ]
