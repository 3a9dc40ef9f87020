"""Who has to wait for whom when reserving: whoever shares a sum that is compared with a limit."""

import json

import pytest
import sqlalchemy as sa

from creditrisk.adapters.postgres import tables
from creditrisk.adapters.postgres.engine import Database

SHARED = {
    "head_account": "C-H",
    "credit_group": "G",
    "registration_number": "HRB 1",
    "relations": {"owner": "Brown"},
}
"""What C-1 and C-2 have in common; C-9 is alone."""


async def scopes(database: Database, tenant: str, company: str, customer: str) -> list[str]:
    """The scopes of an account, found alone; of checks asked together they must be the same."""
    query = sa.text("SELECT * FROM credit_scopes_1(:tenant, :company, :customer, NULL)")
    together = sa.text("SELECT * FROM scopes_of_checks_1(:tenant, CAST(:asked AS jsonb))")
    names = {"tenant": tenant, "company": company, "customer": customer}
    asked = json.dumps([{"company": company, "customer": customer, "bill_to": None}] * 2)
    async with database.transaction(tenant) as connection:
        alone = (await connection.execute(query, names)).one()
        rows = (await connection.execute(together, {"tenant": tenant, "asked": asked})).all()
    accounts = zip(alone.companies, alone.customers, strict=True)
    assert {tuple(row) for row in rows} == {(scope, *each) for each in accounts for scope in alone.scopes}
    found: list[str] = alone.scopes
    return found


async def group(database: Database, tenant: str, grouping: str) -> None:
    contents = {"C-1": SHARED, "C-2": SHARED, "C-9": {}, "C-R": {"risk_customer": "C-1"}}
    async with database.transaction(tenant) as connection:
        companies = [{"tenant": tenant, "company": name, "grouping": grouping} for name in ("main", "north")]
        await connection.execute(sa.insert(tables.company), companies)
        customers = [{"tenant": tenant, "customer": name, "content": each} for name, each in contents.items()]
        await connection.execute(sa.insert(tables.customer), customers)


@pytest.mark.parametrize(
    ("grouping", "other", "shared"),
    [
        ("own", ("main", "C-2"), False),
        ("all_companies", ("north", "C-1"), True),
        ("all_companies", ("main", "C-2"), False),
        ("head_account", ("main", "C-2"), True),
        ("head_account", ("main", "C-9"), False),
        ("head_account", ("north", "C-2"), False),
        ("credit_group", ("north", "C-2"), True),
        ("credit_group", ("main", "C-9"), False),
        ("company_id", ("main", "C-2"), True),
        ("company_id", ("main", "C-9"), False),
        ("relation:owner", ("main", "C-2"), True),
        ("relation:parent", ("main", "C-2"), False),
        ("own", ("main", "C-R"), True),
    ],
)
async def test_accounts_share_a_lock_where_their_limits_share_a_sum(
    *, database: Database, tenant: str, grouping: str, other: tuple[str, str], shared: bool
) -> None:
    await group(database, tenant, grouping)
    first, second = await scopes(database, tenant, "main", "C-1"), await scopes(database, tenant, *other)
    assert first == sorted(first)
    assert bool(set(first) & set(second)) is shared
