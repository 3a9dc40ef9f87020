"""Reading all accounts of a tenant: every one of them, in order, as of one moment."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres import tables
from creditrisk.adapters.postgres.engine import ConnectionLimits, Database
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.application.portfolio import Portfolio, PortfolioPage
from creditrisk.bootstrap.portfolio import build_portfolio
from tests.adapters.statements import paper
from tests.wiretap import Wiretap


@pytest.fixture
async def reading(database_url: str) -> AsyncIterator[tuple[Database, Portfolio]]:
    """The evaluation over the module's database, with connections of its own."""
    database, portfolio = build_portfolio(database_url, limits=ConnectionLimits())
    yield database, portfolio
    await database.close()


async def listed(portfolio: Portfolio, tenant: str, *, page: int) -> list[str]:
    """List all accounts of the company `main`, so many at a time."""
    found: list[str] = []
    while customers := await portfolio.reader.customers(
        "main", tenant=tenant, after=found[-1] if found else "", limit=page
    ):
        found += customers
    return found


async def test_pages_of_whatever_size_list_every_account_once_in_order(
    database: Database, store: PostgresPaperStore, tenant: str, reading: tuple[Database, Portfolio]
) -> None:
    papers = [paper("order", f"O-{number}", customer=f"C-{number:02}") for number in range(1, 12)]
    await store.write(papers, tenant=tenant)
    async with database.transaction(tenant) as connection:
        for customer in ("A", "C-05"):
            account = {"tenant": tenant, "company": "main", "customer": customer}
            await connection.execute(sa.insert(tables.credit_account), account)
        bears_others = tables.customer.c.customer.in_(["C-01", "C-02"])
        risk_customer = sa.update(tables.customer).values(content={"risk_customer": "R"})
        await connection.execute(risk_customer.where(bears_others))
    other, portfolio = reading
    everybody = ["A", *(f"C-{number:02}" for number in range(1, 12)), "R"]
    async with other.frozen(tenant):
        for page in (1, 2, 5, 500):
            assert await listed(portfolio, tenant, page=page) == everybody
        assert await portfolio.count(["main"], tenant=tenant) == len(everybody)
        assert await portfolio.count([], tenant=tenant) == 0


async def test_everything_frozen_is_as_of_one_moment_also_over_another_connection(
    store: PostgresPaperStore, tenant: str, reading: tuple[Database, Portfolio]
) -> None:
    database, portfolio = reading
    await store.write([paper("order", "O-1", "100.00")], tenant=tenant)
    page = PortfolioPage("main", ["C-1"])
    async with database.frozen(tenant) as moment:
        await store.write([paper("order", "O-2", "20.00")], tenant=tenant)
        (then,) = await portfolio.reader.read(page, tenant=tenant)
        with database.apart():
            async with database.frozen(tenant, snapshot=moment):
                (elsewhere,) = await portfolio.reader.read(page, tenant=tenant)
    async with database.frozen(tenant):
        (later,) = await portfolio.reader.read(page, tenant=tenant)
    amounts = [sum(line.open_amount for line in each.stored.facts.lines) for each in (then, elsewhere, later)]
    assert amounts == [100, 100, 120]


async def test_nothing_is_written_while_everything_is_frozen(
    tenant: str, reading: tuple[Database, Portfolio]
) -> None:
    database, _ = reading
    async with database.frozen(tenant):
        with pytest.raises(sa.exc.DBAPIError, match="read-only transaction"):
            async with database.transaction(tenant) as connection:
                await connection.execute(sa.text("INSERT INTO tenant (tenant) VALUES ('T')"))


async def test_reading_a_page_takes_the_same_statements_for_one_account_and_for_many(
    database_url: str, store: PostgresPaperStore, tenant: str
) -> None:
    papers = [paper("order", f"O-{number}", customer=f"C-{number}") for number in range(40)]
    await store.write(papers, tenant=tenant)
    with Wiretap(database_url).listening() as tap:
        database, portfolio = build_portfolio(tap.url, limits=ConnectionLimits(write_connections=1))

        async def statements(customers: list[str]) -> int:
            async with database.frozen(tenant):
                await portfolio.reader.read(PortfolioPage("main", customers), tenant=tenant)
                (line,) = tap.lines
                before = len(line.statements)
                await portfolio.reader.read(PortfolioPage("main", customers), tenant=tenant)
                return len(line.statements) - before

        alone, together = await statements(["C-1"]), await statements([f"C-{n}" for n in range(40)])
        await database.close()
    assert alone == together == 3
