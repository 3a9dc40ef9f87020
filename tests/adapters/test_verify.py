import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.verify import find_drift
from tests.adapters.statements import follows, paper


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE exposure_bucket SET open_amount = open_amount + 1 WHERE category = 'orders'", ["bucket"]),
        ("UPDATE exposure_bucket SET papers = papers + 1 WHERE category = 'orders'", ["bucket"]),
        ("DELETE FROM exposure_bucket WHERE category = 'orders'", ["bucket"]),
        ("UPDATE exposure_bucket SET customer = 'C-9' WHERE category = 'orders'", ["bucket", "bucket"]),
        ("UPDATE paper SET taken = '{\"EUR\": \"1\"}' WHERE kind = 'order'", ["bucket", "taken"]),
        ("UPDATE paper SET posted_by = 1 WHERE kind = 'order'", ["taken"]),
        ("UPDATE paper SET links = null WHERE kind = 'delivery'", ["links"]),
    ],
)
async def test_drift_is_found_and_named(
    database: Database, store: PostgresPaperStore, tenant: str, damage: str, what: list[str]
) -> None:
    await store.write(
        [paper("order", "O"), paper("delivery", "D", "60.00", follows=follows("order", "O"))], tenant=tenant
    )
    assert await find_drift(database, tenant=tenant) == []
    async with database.transaction(tenant) as connection:
        await connection.execute(sa.text(damage))
    assert [drift.what for drift in await find_drift(database, tenant=tenant)] == what
    assert [drift.what for drift in await find_drift(database, tenant=tenant, company="main")] == what
    assert await find_drift(database, tenant=tenant, company="north") == []
