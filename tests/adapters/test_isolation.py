"""Row-level security: the service's own role sees one tenant, whatever a statement forgets to say."""

import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import ConnectionLimits, Database, open_database
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.schema import METADATA
from tests.adapters.statements import follows, paper

TABLES = sorted(METADATA.tables)

APPEND_ONLY = {"hold_event", "exposure_report_page"}

# A row for every table that papers do not fill; all other columns have defaults.
ROWS = {
    "api_key": "(id, hash, name, scopes) VALUES ('k', convert_to(:tenant, 'UTF8'), 'n', '{check}')",
    "credit_account": "(company, customer) VALUES ('main', 'C-1')",
    "temporary_limit": (
        "(company, owner_kind, owner, no, content) VALUES ('main', 'customer', 'C-1', 1, '{}')"
    ),
    "entry_number": (
        "(company, entry, owner_kind, owner, last) VALUES ('main', 'cover', 'customer', 'C-1', 1)"
    ),
    "cover": "(company, customer, no, content) VALUES ('main', 'C-1', 1, '{}')",
    "manual_block": "(company, customer, no, content) VALUES ('main', 'C-1', 1, '{}')",
    "reference": "(kind, code) VALUES ('reason', 'R')",
    "rate": "(source_currency, target_currency, valid_from, rate) VALUES ('EUR', 'USD', '2026-01-01', 1.1)",
    "hold": (
        "(id, company, kind, number, customer, type)"
        " VALUES ('01900000-0000-7000-8000-000000000000', 'main', 'order', 'O', 'C-1', 'rule')"
    ),
    "hold_event": (
        "(id, hold, action, by) VALUES ('01900000-0000-7000-8000-000000000000',"
        " '01900000-0000-7000-8000-000000000000', 'release', 'k')"
    ),
    "reservation": (
        "(id, company, kind, number, customer, account, amount, currency, expires_at)"
        " VALUES ('01900000-0000-7000-8000-000000000000', 'main', 'order', 'R', 'C', 'C', 1, 'EUR', now())"
    ),
    "reserved_sum": "(company, account, currency, reservations, amount) VALUES ('main', 'C', 'EUR', 1, 1)",
    "reservation_met": (
        "(company, account, id) VALUES ('main', 'C', '01900000-0000-7000-8000-000000000000')"
    ),
    "credit_scope": "(scope) VALUES ('account')",
    "decision": (
        "(id, company, customer, decision, signal, decided_at, content)"
        " VALUES ('01900000-0000-7000-8000-000000000000', 'main', 'C-1', 'allow', 'green', now(), '{}')"
    ),
    "calculation": (
        "(id, company, customer, as_of, evaluated_at, content)"
        " VALUES ('01900000-0000-7000-8000-000000000000', 'main', 'C-1', '2026-01-01', now(), '{}')"
    ),
    "import_job": "(id, kind) VALUES ('01900000-0000-7000-8000-000000000000', 'documents')",
    "kept_answer": "(id, fingerprint, status, body) VALUES ('\\x01', '\\x02', 200, '\\x03')",
    "snapshot": "(company, source, kind, taken_at) VALUES ('main', 'default', 'open_item', now())",
    "snapshot_part": (
        "(company, source, kinds, fingerprint, entries)"
        " VALUES ('main', 'default', 'open_item', '\\x01', '\\x02')"
    ),
    "limit_change": (
        "(id, company, owner_kind, owner, kind, source) VALUES"
        " ('01900000-0000-7000-8000-000000000000', 'main', 'customer', 'C-1', 'credit_limit', 'direct')"
    ),
    "limit_adjustment": (
        "(id, company, kind, approval, writers, created_by)"
        " VALUES ('01900000-0000-7000-8000-000000000000', 'main', 'temporary', 'line', '{}', 'u1')"
    ),
    "limit_adjustment_line": (
        "(adjustment, no, customer) VALUES ('01900000-0000-7000-8000-000000000000', 1, 'C-1')"
    ),
    "limit_adjustment_event": (
        "(id, adjustment, action, by) VALUES ('01900000-0000-7000-8000-000000000000',"
        " '01900000-0000-7000-8000-000000000000', 'created', 'u1')"
    ),
    "exposure_report": "(id, created_by) VALUES ('01900000-0000-7000-8000-000000000000', 'u1')",
    "exposure_report_page": ("(report, no, rows) VALUES ('01900000-0000-7000-8000-000000000000', 0, '[]')"),
    "import_error": (
        "(import_id, line, pointer, code, detail)"
        " VALUES ('01900000-0000-7000-8000-000000000000', 1, '/total', 'c', 'd')"
    ),
}


async def fill(database: Database, store: PostgresPaperStore, tenant: str) -> None:
    """Put at least one row of the tenant in every table."""
    await store.write(
        [paper("order", "O"), paper("delivery", "D", "60.00", follows=follows("order", "O"))], tenant=tenant
    )
    async with database.transaction(tenant) as connection:
        for table, row in ROWS.items():
            statement = f"INSERT INTO {table} (tenant, {row[1:]}".replace("VALUES (", "VALUES (:tenant, ")
            await connection.execute(sa.text(statement), {"tenant": tenant})


async def test_no_table_shows_or_changes_another_tenants_rows(
    database: Database, store: PostgresPaperStore, tenant: str
) -> None:
    await fill(database, store, tenant)
    async with database.transaction(tenant) as connection:
        for table in TABLES:
            seen = await connection.execute(sa.text(f"SELECT count(*) FROM {table}"))
            assert seen.scalar_one() > 0, f"{table} is empty, so this test says nothing about it"
    async with database.transaction("somebody-else") as connection:
        for table in TABLES:
            assert (await connection.execute(sa.text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0
            if table in APPEND_ONLY:
                continue
            changed = await connection.execute(sa.text(f"UPDATE {table} SET tenant = 'somebody-else'"))
            assert changed.rowcount == 0
            removed = await connection.execute(sa.text(f"DELETE FROM {table}"))
            assert removed.rowcount == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE hold_event SET refused = NULL",
        "DELETE FROM hold_event",
        "UPDATE exposure_report_page SET rows = '[]'",
        "DELETE FROM exposure_report_page",
    ],
)
async def test_trails_and_rows_of_reports_can_only_be_added_to(
    database: Database, tenant: str, change: str
) -> None:
    async with database.transaction(tenant) as connection:
        with pytest.raises(sa.exc.DBAPIError, match="permission denied"):
            await connection.execute(sa.text(change))


async def test_without_a_tenant_nothing_is_seen(
    database: Database, store: PostgresPaperStore, tenant: str
) -> None:
    await fill(database, store, tenant)
    async with database.engine.connect() as connection:
        for table in TABLES:
            assert (await connection.execute(sa.text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0


async def test_a_row_cannot_be_written_for_another_tenant(database: Database, tenant: str) -> None:
    async with database.transaction(tenant) as connection:
        statement = sa.text("INSERT INTO tenant (tenant) VALUES ('somebody-else')")
        with pytest.raises(sa.exc.DBAPIError, match="row-level security"):
            await connection.execute(statement)


async def test_every_table_forces_row_level_security(database: Database) -> None:
    query = sa.text(
        """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            AND NOT (relrowsecurity AND relforcerowsecurity)
        ORDER BY relname
        """
    )
    async with database.engine.connect() as connection:
        without = (await connection.execute(query)).scalars().all()
    # Partitions hold no grants: their rows are reached through decision, which forces it.
    assert [name for name in without if not name.startswith("decision_")] == ["alembic_version"]


async def test_a_partition_is_not_readable_by_itself(database: Database) -> None:
    async with database.engine.connect() as connection:
        with pytest.raises(sa.exc.DBAPIError, match="permission denied"):
            await connection.execute(sa.text("SELECT * FROM decision_default"))


async def test_the_owner_is_bound_too(
    database: Database, database_url: str, store: PostgresPaperStore, tenant: str
) -> None:
    await fill(database, store, tenant)
    owner = open_database(database_url, limits=ConnectionLimits(), role="creditrisk_owner")
    async with owner.transaction("somebody-else") as connection:
        # The owner's functions find keys, and who has something reserved, before there is a tenant.
        for table in set(TABLES) - {"api_key", "reservation"}:
            assert (await connection.execute(sa.text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0
    await owner.close()


async def test_a_key_is_found_by_its_hash_before_the_tenant_is_known(
    database: Database, store: PostgresPaperStore, tenant: str
) -> None:
    await fill(database, store, tenant)
    async with database.engine.connect() as connection:
        query = sa.text("SELECT tenant, scopes FROM find_api_key(convert_to(:tenant, 'UTF8'))")
        assert tuple((await connection.execute(query, {"tenant": tenant})).one()) == (tenant, ["check"])


async def test_decisions_go_to_the_partition_of_their_month(database: Database, tenant: str) -> None:
    insert = sa.text(
        """
        INSERT INTO decision (tenant, id, company, customer, decision, signal, decided_at, content)
        VALUES (:tenant, :id, 'main', 'C-1', 'allow', 'green', now(), '{}')
        """
    )
    make = sa.text("SELECT ensure_decision_partitions_2('2031-01-15', 2)")
    where = sa.text("SELECT tableoid::regclass::text FROM decision ORDER BY id")
    # The last millisecond of December 2030, the first of January, of February and of March 2031.
    ids = [
        f"{stamp[:8]}-{stamp[8:]}-7000-8000-000000000000"
        for stamp in ("01c03276dfff", "01c03276e000", "01c0d21c0400", "01c1624e1400")
    ]
    async with database.transaction(tenant) as connection:
        for decision in ids:
            await connection.execute(insert, {"tenant": tenant, "id": decision})
        assert (await connection.execute(where)).scalars().all() == ["decision_default"] * 4
    async with database.transaction(tenant) as connection:
        await connection.execute(make)
        await connection.execute(make)
        places = (await connection.execute(where)).scalars().all()
    assert places == ["decision_default", "decision_203101", "decision_203102", "decision_default"]


async def test_every_partition_keeps_decisions_as_they_are(database: Database, tenant: str) -> None:
    make = sa.text("SELECT ensure_decision_partitions_2('2032-01-15', 2)")
    settings = sa.text(
        """
        SELECT DISTINCT c.reloptions FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'decision'::regclass
        """
    )
    async with database.transaction(tenant) as connection:
        await connection.execute(make)
        assert (await connection.execute(settings)).scalars().all() == [["toast_tuple_target=8160"]]
