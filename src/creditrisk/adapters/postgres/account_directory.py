"""Accounts in the order of a report, a page at a time."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.known_accounts import known_accounts
from creditrisk.adapters.postgres.tables import credit_account, customer
from creditrisk.application.exposure_report import ListedAccount, ReportQuery
from creditrisk.application.papers import Account
from creditrisk.domain.money import Money

ATTRIBUTE: Final = "attribute:"

_C: Final = sa.Text(collation="C")


class PostgresAccountDirectory:
    """The AccountDirectory over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, query: ReportQuery, *, tenant: str, after: tuple[str, str, str, str] | None, limit: int
    ) -> Sequence[ListedAccount]:
        """List accounts beginning behind a position; see AccountDirectory."""
        accounts = _accounts(tenant)
        name = customer.c.content["name"].astext
        position = (
            sa.func.coalesce(_group(query.group_by, accounts), "").collate("C"),
            sa.func.coalesce(name, "").collate("C") if query.by_name else accounts.c.customer,
            accounts.c.customer,
            accounts.c.company,
        )
        listed = (
            sa.select(*position, name, credit_account.c.content["insured_amount"])
            .select_from(accounts)
            .outerjoin(  # what is reserved may be for a customer nobody has stated
                customer,
                sa.and_(customer.c.tenant == tenant, customer.c.customer == accounts.c.customer),
            )
            .outerjoin(
                credit_account,
                sa.and_(
                    credit_account.c.tenant == tenant,
                    credit_account.c.company == accounts.c.company,
                    credit_account.c.customer == accounts.c.customer,
                ),
            )
            .where(*_conditions(query, accounts))
            .order_by(*position)
            .limit(limit)
        )
        if after is not None:
            listed = listed.where(sa.tuple_(*position) > sa.tuple_(*after, types=[_C] * len(after)))
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(listed)).all()
        return [_listed(row) for row in rows]


def _accounts(tenant: str) -> sa.Subquery:
    known = sa.text(known_accounts(":tenant")).bindparams(tenant=tenant)
    return known.columns(sa.column("company", _C), sa.column("customer", _C)).subquery("account")


def _field(name: str) -> sa.ColumnElement[Any]:
    text: sa.ColumnElement[Any] = customer.c.content[name].astext
    return text


def _attribute(name: str) -> sa.ColumnElement[Any]:
    text: sa.ColumnElement[Any] = customer.c.content[("attributes", name)].astext
    return text


def _group(group_by: str | None, accounts: sa.Subquery) -> sa.ColumnElement[Any]:
    if group_by is None:
        return sa.literal("")
    if group_by in {"company", "customer"}:
        return accounts.c[group_by]
    if group_by.startswith(ATTRIBUTE):
        return _attribute(group_by.removeprefix(ATTRIBUTE))
    if group_by == "head_account":  # the head may not name itself
        return sa.func.coalesce(customer.c.head_account, accounts.c.customer)
    return _field(group_by)


def _conditions(query: ReportQuery, accounts: sa.Subquery) -> Sequence[sa.ColumnElement[bool]]:
    wanted = query.filter
    conditions = [
        (_group(name, accounts) if name == "head_account" else _field(name)) == value
        for name, value in wanted.fields.items()
    ]
    conditions += [_attribute(name) == value for name, value in wanted.attributes.items()]
    if wanted.not_country is not None:
        conditions.append(_field("country") != wanted.not_country)
    if wanted.customer is not None:
        conditions.append(accounts.c.customer == wanted.customer)
    if query.companies is not None:
        companies = sa.literal(sorted(query.companies), pg.ARRAY(sa.Text))
        conditions.append(accounts.c.company == sa.any_(companies))
    return conditions


def _listed(row: Sequence[Any]) -> ListedAccount:
    group, sort_key, customer_id, company, name, insured = row
    return ListedAccount(
        account=Account(company, customer_id),
        name=name,
        insured=None if insured is None else Money(Decimal(insured["amount"]), insured["currency"]),
        group=group,
        position=(group, sort_key, customer_id, company),
    )
