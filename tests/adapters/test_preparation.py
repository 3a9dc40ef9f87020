import asyncio
import struct
from collections.abc import AsyncIterator

import asyncpg
import pytest

from creditrisk.adapters.postgres.engine import UnsuitableDatabase
from creditrisk.adapters.postgres.migrate import newest_revision
from creditrisk.adapters.postgres.preparation import UnreachableDatabase, list_tenants, prepare
from tests import database as postgres


@pytest.fixture
async def empty_database() -> AsyncIterator[str]:
    """The address of a database that nobody has migrated."""
    server = await asyncio.to_thread(postgres.server_url)
    name = await asyncio.to_thread(postgres.create_database, server)
    yield postgres.with_database(server, name)
    await asyncio.to_thread(postgres.drop_database, server, name)


@pytest.fixture
async def old_server() -> AsyncIterator[str]:
    """The address of something that lets anybody in and says it is PostgreSQL 15."""
    version = b"server_version\x0015.12\x00"
    greeting = (
        struct.pack("!cii", b"R", 8, 0)
        + struct.pack("!ci", b"S", 4 + len(version))
        + version
        + struct.pack("!cic", b"Z", 5, b"I")
    )

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(greeting)
        await reader.read(4096)
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://user:password@127.0.0.1:{port}/creditrisk?sslmode=disable"


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_processes_that_migrate_at_once_wait_for_each_other(empty_database: str) -> None:
    done = await asyncio.gather(*(prepare(empty_database) for _ in range(3)))

    newest = newest_revision()
    assert {each.after for each in done} == {newest}
    assert sorted(str(each.before) for each in done) == [newest, newest, "None"]


async def test_without_leave_to_migrate_an_old_schema_is_refused(empty_database: str) -> None:
    with pytest.raises(UnsuitableDatabase, match="creditrisk migrate"):
        await prepare(empty_database, migrate=False)

    await prepare(empty_database)
    assert (await prepare(empty_database, migrate=False)).before == newest_revision()


async def test_a_schema_of_a_newer_release_is_left_alone(empty_database: str) -> None:
    await prepare(empty_database)
    await execute(empty_database, "UPDATE alembic_version SET version_num = 'from the future'")

    with pytest.raises(UnsuitableDatabase, match="migrated by a newer one"):
        await prepare(empty_database)


async def test_a_postgresql_older_than_16_is_refused_in_clear_words(old_server: str) -> None:
    with pytest.raises(UnsuitableDatabase, match=r"PostgreSQL 16 or newer is needed, .* version 15"):
        await prepare(old_server)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:s3cret@127.0.0.1:1/creditrisk",
        "postgresql://user:s3cret@:port/creditrisk",
        "postgresql://user:s3cret@127.0.0.1:1/creditrisk?sslmode=perhaps",
    ],
)
async def test_a_database_that_is_not_there_is_said_without_its_password(url: str) -> None:
    with pytest.raises(UnreachableDatabase) as refused:
        await prepare(url)

    assert "s3cret" not in str(refused.value)


async def test_tenants_are_listed_for_a_login_that_may_see_them_all(
    empty_database: str,
) -> None:
    await prepare(empty_database)
    await execute(empty_database, "INSERT INTO tenant (tenant) VALUES ('B'), ('A')")
    assert await list_tenants(empty_database) == ["A", "B"]

    # The options of a URL are what the session begins with.
    with pytest.raises(UnsuitableDatabase, match="name the tenant"):
        await list_tenants(f"{empty_database}&role=creditrisk_app")
