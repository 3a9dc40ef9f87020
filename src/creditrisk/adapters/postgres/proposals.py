"""What limits can be proposed from, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.tables import credit_account, customer, reference
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.proposals import Owned, OwnerFilter, ProposalSource, Scored
from creditrisk.application.reference_data import ReferenceKind
from creditrisk.domain.automatic_limits import AutomaticLimit, AutomaticLine, Operator
from creditrisk.domain.money import Money

_TODAY: Final = sa.text(
    """
    SELECT (now() AT TIME ZONE coalesce(
        (SELECT c.time_zone FROM company c WHERE c.tenant = :tenant AND c.company = :company), 'UTC'))::date
    """
)


class PostgresProposalReader:
    """The ProposalReader over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def today(self, company: str, *, tenant: str) -> date:
        """Today in a company; see ProposalReader."""
        async with self._database.transaction(tenant) as connection:
            today: date = (
                await connection.execute(_TODAY, {"tenant": tenant, "company": company})
            ).scalar_one()
        return today

    async def owned(
        self, source: ProposalSource, wanted: OwnerFilter, *, company: str, tenant: str, most: int
    ) -> Sequence[Owned]:
        """The limits there are; see ProposalReader."""
        if source is ProposalSource.CREDIT_GROUPS:
            query, kind = _groups(wanted, tenant=tenant), OwnerKind.CREDIT_GROUP
        else:
            query, kind = _accounts(wanted, company=company, tenant=tenant), OwnerKind.CUSTOMER
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(query.limit(most))).all()
        return [Owned(Owner(kind, id_), _money(limit)) for id_, limit in rows]

    async def scored(self, wanted: OwnerFilter, *, company: str, tenant: str, most: int) -> Sequence[Scored]:
        """Customers of risk groups that have automatic limits; see ProposalReader."""
        automatic = reference.alias("automatic")
        risk_group = customer.c.content["risk_group"].astext
        account = sa.and_(
            credit_account.c.tenant == tenant,
            credit_account.c.company == company,
            credit_account.c.customer == customer.c.customer,
        )
        query = (
            sa.select(
                customer.c.customer,
                risk_group.label("risk_group"),
                credit_account.c.content["limit"].label("limit"),
                customer.c.risk_score,
            )
            .select_from(customer.outerjoin(credit_account, account))
            .where(
                *_conditions(wanted, tenant=tenant),
                customer.c.risk_score.is_not(None),
                risk_group.in_(
                    sa.select(automatic.c.content["risk_group"].astext).where(
                        automatic.c.tenant == tenant, automatic.c.kind == ReferenceKind.AUTOMATIC_LIMIT
                    )
                ),
                credit_account.c.content["unlimited"].astext.is_distinct_from("true"),
            )
            .order_by(customer.c.customer)
            .limit(most)
        )
        async with self._database.transaction(tenant) as connection:
            rows = (await connection.execute(query)).all()
        return [_scored(row) for row in rows]

    async def automatic_limits(self, *, tenant: str) -> Sequence[AutomaticLimit]:
        """All automatic limits; see ProposalReader."""
        query = (
            sa.select(reference.c.code, reference.c.content)
            .where(reference.c.tenant == tenant, reference.c.kind == ReferenceKind.AUTOMATIC_LIMIT)
            .order_by(reference.c.code)
        )
        async with self._database.transaction(tenant) as connection:
            return [_automatic_limit(*row) for row in await connection.execute(query)]


def _accounts(wanted: OwnerFilter, *, company: str, tenant: str) -> sa.Select[Any]:
    table = credit_account.c
    return (
        sa.select(table.customer, table.content["limit"])
        .select_from(
            credit_account.join(
                customer, sa.and_(customer.c.tenant == tenant, customer.c.customer == table.customer)
            )
        )
        .where(
            table.tenant == tenant,
            table.company == company,
            table.content.has_key("limit"),
            table.content["unlimited"].astext.is_distinct_from("true"),
            *_conditions(wanted, tenant=tenant),
        )
        .order_by(table.customer)
    )


def _groups(wanted: OwnerFilter, *, tenant: str) -> sa.Select[Any]:
    query = sa.select(reference.c.code, reference.c.content["limit"]).where(
        reference.c.tenant == tenant,
        reference.c.company == EVERY_COMPANY,
        reference.c.kind == ReferenceKind.CREDIT_GROUP,
        reference.c.content.has_key("limit"),
    )
    group = wanted.fields.get("credit_group")
    return (query if group is None else query.where(reference.c.code == group)).order_by(reference.c.code)


def _conditions(wanted: OwnerFilter, *, tenant: str) -> Sequence[sa.ColumnElement[bool]]:
    conditions = [customer.c.tenant == tenant]
    conditions += [customer.c.content[name].astext == value for name, value in wanted.fields.items()]
    if wanted.customers is not None:
        ids = sa.literal(sorted(wanted.customers), pg.ARRAY(sa.Text))
        conditions.append(customer.c.customer == sa.any_(ids))
    return conditions


def _money(stored: Mapping[str, str]) -> Money:
    return Money(Decimal(stored["amount"]), stored["currency"])


def _scored(row: Any) -> Scored:
    score = row.risk_score
    return Scored(
        customer=row.customer,
        risk_group=row.risk_group,
        limit=None if row.limit is None else _money(row.limit),
        figures={part["scoring_group"]: part["value"] for part in score["parts"]},
        turnover=_money(score["turnover_12m"]),
    )


def _automatic_limit(code: str, content: Mapping[str, Any]) -> AutomaticLimit:
    maximum = content.get("maximum_revenue")
    return AutomaticLimit(
        id=code,
        risk_group=content["risk_group"],
        currency=content["currency"],
        maximum_revenue=None if maximum is None else Decimal(maximum["amount"]),
        lines=[
            AutomaticLine(
                line["scoring_group"],
                Operator(line["operator"]),
                line["value"],
                Decimal(line["limit"]["amount"]),
            )
            for line in content["lines"]
        ],
    )
