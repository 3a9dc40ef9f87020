"""One transaction for what a request does and what it is answered, however the request ends."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from creditrisk.adapters.postgres.decisions import PostgresDecisionLog
from creditrisk.adapters.postgres.engine import ConnectionLimits, Database, open_database
from creditrisk.adapters.postgres.kept_answers import PostgresAnswerStore
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.application.decisions import DecisionRecord
from creditrisk.application.errors import Conflict, InvalidRequest, TooManyRequests, Unavailable
from creditrisk.application.idempotency import Answer, Idempotency, Performed, RequestIdentity
from tests.adapters.statements import paper

ANSWER = Answer(status=201, headers={"content-type": "text/plain"}, body=b"\x00made")
PAPERS = sa.text("SELECT number FROM paper ORDER BY number")


class Bench:
    """Requests of one tenant, as one service process carries them out."""

    def __init__(self, database: Database, tenant: str, **options: float) -> None:
        self.database = database
        self.tenant = tenant
        self.store = PostgresAnswerStore(database)
        self.idempotency = Idempotency(self.store, **options)  # type: ignore[arg-type] # by name
        self.performed = 0

    def identity(self, key: str = "k-1", *, credential: str = "me") -> RequestIdentity:
        return RequestIdentity(self.tenant, credential, key, "POST", "/v1/things")

    async def send(
        self,
        perform: Callable[[], Awaitable[object]],
        *,
        identity: RequestIdentity | None = None,
        said: bytes = b"same",
        kept: bool = True,
        streamed: bool = False,
    ) -> Answer | None:
        async def performed() -> Performed:
            self.performed += 1
            await perform()
            return Performed(ANSWER, said if kept else None)

        async def fingerprint() -> bytes:
            return said

        return await self.idempotency.once(
            identity or self.identity(), fingerprint=fingerprint, perform=performed, streamed=streamed
        )

    async def write(self, number: str = "O-1") -> None:
        await PostgresPaperStore(self.database).write([paper("order", number)], tenant=self.tenant)

    async def papers(self) -> list[str]:
        async with self.database.transaction(self.tenant) as connection:
            return list((await connection.execute(PAPERS)).scalars())


@pytest.fixture
def bench(database: Database, tenant: str) -> Bench:
    return Bench(database, tenant, wait_seconds=0.3)


async def fail() -> None:
    raise ArithmeticError


async def nothing() -> None:
    return


async def test_what_was_answered_once_is_answered_again_and_nothing_is_done(bench: Bench) -> None:
    assert await bench.send(bench.write) is None
    assert await bench.send(fail) == ANSWER
    assert (bench.performed, await bench.papers()) == (1, ["O-1"])


async def test_the_effect_shows_no_sooner_than_the_answer_is_kept(bench: Bench, database_url: str) -> None:
    async def write_and_look() -> None:
        await bench.write()
        other = open_database(database_url, limits=ConnectionLimits())
        async with other.transaction(bench.tenant) as connection:
            assert (await connection.execute(PAPERS)).all() == []
        await other.close()

    await bench.send(write_and_look)
    assert await bench.papers() == ["O-1"]


async def test_a_request_that_fails_leaves_nothing_and_can_be_sent_again(bench: Bench) -> None:
    async def write_and_fail() -> None:
        await bench.write()
        await fail()

    with pytest.raises(ArithmeticError):
        await bench.send(write_and_fail)
    assert await bench.papers() == []
    assert await bench.send(bench.write, kept=False) is None
    assert await bench.papers() == []
    assert await bench.send(bench.write) is None
    assert await bench.papers() == ["O-1"]


async def test_a_part_that_fails_is_undone_alone(bench: Bench) -> None:
    async def write_and_fail() -> None:
        async with bench.database.transaction(bench.tenant):
            await bench.write("O-2")
            await fail()

    async def write_in_two_parts() -> None:
        await bench.write("O-1")
        with pytest.raises(ArithmeticError):
            await write_and_fail()

    await bench.send(write_in_two_parts)
    assert await bench.papers() == ["O-1"]


async def test_a_part_may_be_another_tenants(bench: Bench) -> None:
    other = Bench(bench.database, f"tenant-{uuid4().hex}")

    async def write_both() -> None:
        async with bench.database.transaction(other.tenant) as connection:
            await connection.execute(sa.text("INSERT INTO tenant (tenant) VALUES (:t)"), {"t": other.tenant})
        await other.write("O-9")
        await bench.write()

    await bench.send(write_both)
    assert (await bench.papers(), await other.papers()) == (["O-1"], ["O-9"])


async def test_what_is_written_separately_stays_when_the_request_is_undone(bench: Bench) -> None:
    async def write_apart_and_fail() -> None:
        with bench.database.apart():
            await bench.write("O-1")
        await bench.write("O-2")
        await fail()

    with pytest.raises(ArithmeticError):
        await bench.send(write_apart_and_fail)
    assert await bench.papers() == ["O-1"]


async def test_the_hot_read_sees_what_the_request_has_written(bench: Bench, database_url: str) -> None:
    limits = ConnectionLimits()
    reads = ReadPool(database_url, limits=limits, database=bench.database)
    await reads.open()
    seen = []

    async def write_and_read() -> None:
        await bench.write()
        seen.extend(await reads.fetch("SELECT number FROM paper WHERE tenant = $1", bench.tenant))

    await bench.send(write_and_read)
    assert [row["number"] for row in seen] == ["O-1"]
    # A connection of the pool has no tenant of its own.
    assert await reads.fetch("SELECT number FROM paper WHERE tenant = $1", bench.tenant) == []
    await reads.close()


async def test_what_another_task_does_is_no_part_of_the_request(bench: Bench) -> None:
    async def write_beside_and_fail() -> None:
        await asyncio.create_task(bench.write("O-1"))
        await fail()

    with pytest.raises(ArithmeticError):
        await bench.send(write_beside_and_fail)
    assert await bench.papers() == ["O-1"]


async def test_a_plain_decision_is_kept_with_the_request_not_in_the_buffer(
    bench: Bench, database_url: str
) -> None:
    never_opened = ReadPool(database_url, limits=ConnectionLimits(), database=bench.database)
    log = PostgresDecisionLog(bench.database, never_opened)
    record = DecisionRecord(
        id=str(uuid7()),
        tenant=bench.tenant,
        company="main",
        customer="C-1",
        decision="allow",
        signal="green",
        decided_at=datetime(2026, 11, 22, tzinfo=UTC),
        kind=None,
        number=None,
        operator=None,
        content={},
    )
    await bench.send(lambda: log.append(record))
    async with bench.database.transaction(bench.tenant) as connection:
        kept = (await connection.execute(sa.text("SELECT id::text FROM decision"))).scalars().all()
    assert kept == [record.id]


async def test_other_content_under_the_same_key_is_refused(bench: Bench) -> None:
    await bench.send(bench.write)
    with pytest.raises(InvalidRequest) as refused:
        await bench.send(bench.write, said=b"other")
    assert refused.value.code == "idempotency_key_reused"


async def test_every_credential_has_keys_of_its_own(bench: Bench) -> None:
    await bench.send(nothing)
    assert await bench.send(nothing, identity=bench.identity(credential="you")) is None
    assert bench.performed == 2


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_repeated_request_waits_for_the_first_and_gets_its_answer(
    bench: Bench, database_url: str, processes: int
) -> None:
    other = open_database(database_url, limits=ConnectionLimits())
    second = bench if processes == 1 else Bench(other, bench.tenant, wait_seconds=10)
    bench.idempotency = Idempotency(bench.store, wait_seconds=10)
    first_at_work, go_on = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        first_at_work.set()
        await go_on.wait()

    first = asyncio.create_task(bench.send(work))
    await first_at_work.wait()
    repeated = asyncio.create_task(second.send(fail))
    await asyncio.sleep(0.05)
    assert not repeated.done()
    go_on.set()
    assert (await first, await repeated) == (None, ANSWER)
    await other.close()


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_request_that_takes_too_long_is_a_conflict_for_those_after_it(
    bench: Bench, database_url: str, processes: int
) -> None:
    other = open_database(database_url, limits=ConnectionLimits())
    second = bench if processes == 1 else Bench(other, bench.tenant, wait_seconds=0.3)

    async def meanwhile() -> None:
        with pytest.raises(Conflict) as refused:
            await second.send(fail)
        assert refused.value.code == "idempotency_key_in_use"

    async def work() -> None:
        await asyncio.create_task(meanwhile())

    assert await bench.send(work) is None
    assert bench.performed == 1
    await other.close()


async def test_after_a_day_the_key_is_forgotten_and_swept_away(bench: Bench, database_url: str) -> None:
    await bench.send(nothing)
    await bench.send(nothing, identity=bench.identity("k-2"))
    await age(database_url, bench.tenant)
    assert await bench.send(nothing) is None
    assert bench.performed == 3
    assert await bench.send(fail) == ANSWER

    await bench.store.sweep()
    async with bench.database.transaction(bench.tenant) as connection:
        kept = (await connection.execute(sa.text("SELECT id FROM kept_answer"))).scalars().all()
    assert kept == [bench.identity().digest]


async def test_no_more_streams_run_under_keys_than_there_are_connections_for(
    database: Database, tenant: str
) -> None:
    bench = Bench(database, tenant, streams=1)

    async def stream_another() -> None:
        assert await bench.send(nothing, identity=bench.identity("short")) is None
        with pytest.raises(TooManyRequests):
            await bench.send(nothing, identity=bench.identity("long"), streamed=True)

    await bench.send(stream_another, streamed=True)
    assert await bench.send(nothing, identity=bench.identity("long"), streamed=True) is None


async def test_a_connection_that_breaks_is_told_as_unavailable(bench: Bench, database_url: str) -> None:
    async def be_cut_off() -> None:
        async with bench.database.transaction(bench.tenant) as connection:
            pid = (await connection.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one()
            await run(database_url, f"SELECT pg_terminate_backend({pid}, 5000)")
            await connection.execute(sa.text("SELECT 1"))

    with pytest.raises(Unavailable):
        await bench.send(be_cut_off)
    assert await bench.send(nothing) is None


async def test_requests_in_each_others_way_can_be_sent_again(bench: Bench) -> None:
    both = asyncio.Barrier(2)

    def crosswise(first: int, then: int) -> Callable[[], Awaitable[None]]:
        async def lock() -> None:
            async with bench.database.transaction(bench.tenant) as connection:
                await connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({first})"))
            await both.wait()
            async with bench.database.transaction(bench.tenant) as connection:
                await connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({then})"))

        return lock

    ended = await asyncio.gather(
        bench.send(crosswise(1, 2), identity=bench.identity("a")),
        bench.send(crosswise(2, 1), identity=bench.identity("b")),
        return_exceptions=True,
    )
    assert [type(each) for each in ended if each is not None] == [Unavailable]


async def age(url: str, tenant: str) -> None:
    """Let the tenant's answers be of yesterday."""
    await run(
        url, f"UPDATE kept_answer SET kept_at = kept_at - interval '24 hours' WHERE tenant = '{tenant}'"
    )


async def run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()
