import asyncio

import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres.accounts import PostgresAccountStore
from creditrisk.adapters.postgres.customers import PostgresCustomerStore
from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.limit_changes import CompanyPolicies
from creditrisk.adapters.postgres.rounds import rounds
from creditrisk.application.accounts import AccountStatement
from creditrisk.application.customers import CustomerStatement
from creditrisk.application.outcomes import PutStatus
from creditrisk.application.papers import Account
from creditrisk.presets.loader import load_presets

CREATED, CHANGED, UNCHANGED, REFUSED = PutStatus


def stated(customer: str, **content: str) -> CustomerStatement:
    return CustomerStatement(id=customer, content=content)


def set_(customer: str, company: str = "main", **content: object) -> AccountStatement:
    return AccountStatement(account=Account(company, customer), content=content)


@pytest.fixture
def customers(database: Database) -> PostgresCustomerStore:
    return PostgresCustomerStore(database)


@pytest.fixture
def accounts(database: Database) -> PostgresAccountStore:
    return PostgresAccountStore(database, CompanyPolicies(load_presets()))


async def companies(database: Database, tenant: str) -> list[str]:
    query = sa.text("SELECT company FROM company WHERE tenant = :tenant ORDER BY company")
    async with database.transaction(tenant) as connection:
        return list((await connection.execute(query, {"tenant": tenant})).scalars())


def test_a_key_occurs_once_in_a_round_and_in_its_order() -> None:
    assert list(rounds("abacab", key=str)) == [["a", "b", "c"], ["a", "b"], ["a"]]
    assert list(rounds("", key=str)) == []


async def test_a_batch_of_customers_is_applied_line_by_line(
    customers: PostgresCustomerStore, tenant: str
) -> None:
    outcomes = await customers.put_many(
        [
            stated("C-1", name="Brown"),
            stated("C-2", credit_group="nowhere"),
            stated("C-1", name="Brown & Sons"),
            stated("C-1", name="Brown & Sons"),
            stated("C-3", risk_customer="C-4"),
        ],
        tenant=tenant,
        by="Anna",
    )
    assert [outcome.status for outcome in outcomes] == [CREATED, REFUSED, CHANGED, UNCHANGED, CREATED]
    assert [error.pointer for error in outcomes[1].errors] == ["/credit_group"]
    stored = await customers.list(tenant=tenant, after=None, limit=10)
    assert [(each.id, each.content) for each in stored] == [
        ("C-1", {"name": "Brown & Sons"}),
        ("C-3", {"risk_customer": "C-4"}),
        ("C-4", {}),
    ]


async def test_batches_with_the_same_customers_in_any_order_do_not_stand_in_each_others_way(
    customers: PostgresCustomerStore, tenant: str
) -> None:
    ids = [f"C-{number}" for number in range(40)]

    async def put(turn: int) -> None:
        order = ids[turn:] + ids[:turn]
        batch = [stated(each, risk_customer=order[-1 - n], name=str(turn)) for n, each in enumerate(order)]
        await customers.put_many(batch, tenant=tenant, by="Anna")

    await asyncio.gather(*(put(turn) for turn in range(0, 40, 5)))
    assert len(await customers.list(tenant=tenant, after=None, limit=100)) == 40


async def test_a_batch_of_accounts_is_applied_line_by_line(
    customers: PostgresCustomerStore, accounts: PostgresAccountStore, database: Database, tenant: str
) -> None:
    await customers.put_many([stated("C-1"), stated("C-2")], tenant=tenant, by="Anna")
    outcomes = await accounts.put_many(
        [
            set_("C-1", cash_only=True),
            set_("C-9", company="south"),
            set_("C-1", company="north"),
            set_("C-1", cash_only=True),
            set_("C-1"),
            set_("C-2"),
        ],
        tenant=tenant,
        by="Anna",
    )
    expected = [CREATED, REFUSED, CREATED, UNCHANGED, CHANGED, CREATED]
    assert [outcome.status for outcome in outcomes] == expected
    assert [error.code for error in outcomes[1].errors] == ["unknown_customer"]
    stored = await accounts.get(Account("main", "C-1"), tenant=tenant)
    assert stored is not None
    assert (stored.content, stored.version, stored.updated_by) == ({}, 2, "Anna")
    assert await companies(database, tenant) == ["main", "north"]


async def test_an_empty_batch_does_nothing(
    customers: PostgresCustomerStore, accounts: PostgresAccountStore, tenant: str
) -> None:
    assert await customers.put_many([], tenant=tenant, by="Anna") == []
    assert await accounts.put_many([], tenant=tenant, by="Anna") == []
