import asyncio

import asyncpg
import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres import engine
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
