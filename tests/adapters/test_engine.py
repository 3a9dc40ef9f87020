import asyncio

import asyncpg
import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres import engine
from creditrisk.adapters.postgres.driver import driver_connection
from creditrisk.adapters.postgres.engine import (
    ConnectionLimits,
    Database,
    UnsuitableDatabase,
    open_database,
    open_read_pool,
)
from creditrisk.application.errors import Unavailable


async def test_the_service_works_in_its_own_role_also_through_a_superusers_login(database: Database) -> None:
    await database.check()
    async with database.engine.connect() as connection:
        assert (await connection.execute(sa.text("SELECT current_user"))).scalar_one() == "creditrisk_app"
        await connection.execute(sa.text("RESET ROLE"))
        assert (await connection.execute(sa.text("SELECT current_user"))).scalar_one() == "creditrisk_app"


@pytest.mark.parametrize("role", ["none", "creditrisk_owner"])
async def test_a_role_that_row_level_security_does_not_bind_is_refused(database_url: str, role: str) -> None:
    database = open_database(database_url, limits=ConnectionLimits(), role=role)
    with pytest.raises(UnsuitableDatabase, match="row-level security does not bind"):
        await database.check()
    await database.close()


async def test_an_old_server_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "OLDEST_SERVER", 99)
    with pytest.raises(UnsuitableDatabase, match="PostgreSQL 99 or newer is needed"):
        await database.check()


async def test_a_transaction_is_its_tenants_and_rolled_back_on_failure(database: Database) -> None:
    tenant = sa.text("SELECT current_setting('app.tenant', true)")

    async def fail_late() -> None:
        async with database.transaction("t-1") as connection:
            assert (await connection.execute(tenant)).scalar_one() == "t-1"
            await connection.execute(sa.text("INSERT INTO tenant (tenant) VALUES ('t-1')"))
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await fail_late()
    async with database.transaction("t-1") as connection:
        assert (await connection.execute(sa.text("SELECT * FROM tenant"))).all() == []
    async with database.engine.connect() as connection:
        assert (await connection.execute(tenant)).scalar_one() in {None, ""}


async def test_a_connection_that_broke_while_idle_is_replaced_unnoticed(
    database: Database, database_url: str
) -> None:
    who = sa.text("SELECT pg_backend_pid()")
    async with database.transaction("t-1") as connection:
        pid = (await connection.execute(who)).scalar_one()
    await end_backend(database_url, pid)
    async with database.transaction("t-1") as connection:
        assert (await connection.execute(who)).scalar_one() != pid


async def test_a_connection_that_breaks_in_use_is_told_as_unavailable(
    database: Database, database_url: str
) -> None:
    async def be_cut_off() -> None:
        async with database.transaction("t-1") as connection:
            pid = (await connection.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one()
            await end_backend(database_url, pid)
            await connection.execute(sa.text("SELECT 1"))

    with pytest.raises(Unavailable):
        await be_cut_off()


async def end_backend(url: str, pid: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
    await connection.close()


WHO = "SELECT pg_backend_pid()"
TENANT = "SELECT current_setting('app.tenant', true)"


async def lent_next(database: Database) -> tuple[int, str]:
    """The connection the pool lends next, and in whose name it begins."""
    async with database.engine.connect() as connection:
        driver = await driver_connection(connection)
        assert not driver.is_in_transaction()
        return await driver.fetchval(WHO), await driver.fetchval(TENANT) or ""


async def test_a_plain_transaction_is_its_tenants_and_rolled_back_on_failure(database: Database) -> None:
    tenant = "it's \\ t-2"

    async def fail_late() -> None:
        async with database.plain_transaction(tenant) as driver:
            assert await driver.fetchval(TENANT) == tenant
            await driver.execute("INSERT INTO tenant (tenant) VALUES ($1)", tenant)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await fail_late()
    assert (await lent_next(database))[1] == ""
    async with database.plain_transaction(tenant) as driver:
        assert await driver.fetch("SELECT * FROM tenant") == []
        await driver.execute("INSERT INTO tenant (tenant) VALUES ($1)", tenant)
    async with database.plain_transaction(tenant) as driver:
        assert len(await driver.fetch("SELECT * FROM tenant")) == 1


async def test_a_plain_transaction_is_part_of_the_one_its_task_runs_in(database: Database) -> None:
    async with database.together("t-3") as connection, database.plain_transaction("t-3") as driver:
        joint = (await connection.execute(sa.text(WHO))).scalar_one()
        assert await driver.fetchval(WHO) == joint


async def test_a_plain_transaction_replaces_connections_that_broke_while_idle(
    database: Database, database_url: str
) -> None:
    async def both() -> list[int]:
        async with database.plain_transaction("t") as one, database.plain_transaction("t") as other:
            return [await one.fetchval(WHO), await other.fetchval(WHO)]

    before = await both()
    for each in before:
        await end_backend(database_url, each)
    assert set(await both()).isdisjoint(before)


async def test_a_plain_transaction_that_breaks_in_use_is_told_as_unavailable(
    database: Database, database_url: str
) -> None:
    async def be_cut_off() -> None:
        async with database.plain_transaction("t") as driver:
            await end_backend(database_url, await driver.fetchval(WHO))
            await driver.fetchval(WHO)

    with pytest.raises(Unavailable):
        await be_cut_off()
    assert (await lent_next(database))[1] == ""


async def test_a_connection_left_in_the_middle_of_a_plain_transaction_is_not_used_again(
    database: Database,
) -> None:
    seen: asyncio.Queue[int] = asyncio.Queue()

    async def for_ever() -> None:
        async with database.plain_transaction("t") as driver:
            seen.put_nowait(await driver.fetchval(WHO))
            await driver.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(for_ever())
    left = await seen.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    pid, tenant = await lent_next(database)
    assert pid != left
    assert tenant == ""


async def test_a_plain_statement_is_committed_at_its_end(database: Database) -> None:
    tenant = "t-5"
    write = "INSERT INTO tenant (tenant) SELECT set_config('app.tenant', $1, true)"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.plain_fetch("INSERT INTO tenant (tenant) VALUES ($1)", tenant)
    await database.plain_fetch(write, tenant)
    with pytest.raises(asyncpg.UniqueViolationError):
        await database.plain_fetch(write, tenant)
    async with database.plain_transaction(tenant) as driver:
        assert len(await driver.fetch("SELECT * FROM tenant")) == 1
    assert (await lent_next(database))[1] == ""


async def test_a_plain_statement_is_part_of_the_transaction_its_task_runs_in(database: Database) -> None:
    async with database.together("t-3") as connection:
        joint = (await connection.execute(sa.text(WHO))).scalar_one()
        assert [row[0] for row in await database.plain_fetch(WHO)] == [joint]


async def test_a_plain_statement_uses_no_connection_that_broke_while_idle(
    database: Database, database_url: str
) -> None:
    before = [row[0] for row in await database.plain_fetch(WHO)]
    await end_backend(database_url, before[0])
    await asyncio.sleep(0.1)  # the driver hears of it
    assert [row[0] for row in await database.plain_fetch(WHO)] != before


async def test_a_connection_left_in_the_middle_of_a_plain_statement_is_not_used_again(
    database: Database,
) -> None:
    left = (await lent_next(database))[0]
    task = asyncio.create_task(database.plain_fetch("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await lent_next(database))[0] != left


async def test_a_plain_statement_that_breaks_in_use_is_told_as_unavailable(
    database: Database, database_url: str
) -> None:
    left = (await lent_next(database))[0]
    task = asyncio.create_task(database.plain_fetch("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.1)
    await end_backend(database_url, left)
    with pytest.raises(Unavailable):
        await task


async def test_no_free_connection_is_told_as_unavailable(database_url: str) -> None:
    database = open_database(database_url, limits=ConnectionLimits(write_connections=1, wait_seconds=0.05))
    async with database.transaction("t-1"):
        with pytest.raises(Unavailable):
            async with database.transaction("t-1"):
                pytest.fail("there was no second connection to be had")
    await database.close()


async def test_no_server_is_told_as_unavailable() -> None:
    database = open_database("postgresql://nobody@/none?host=/nowhere", limits=ConnectionLimits())
    with pytest.raises(Unavailable):
        async with database.transaction("t-1"):
            pytest.fail("there is no server")
    await database.close()


async def test_the_hot_reads_connections_are_prepared_for_it(database_url: str) -> None:
    pool = await open_read_pool(database_url, limits=ConnectionLimits(check_connections=2))
    settings = "SELECT current_user::text, current_setting('jit'), current_setting('plan_cache_mode')"
    answers = await asyncio.gather(*(pool.fetchrow(settings) for _ in range(4)))
    assert {tuple(answer) for answer in answers} == {("creditrisk_app", "off", "force_generic_plan")}
    await pool.close()
