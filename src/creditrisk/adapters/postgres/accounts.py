"""Credit accounts in PostgreSQL."""

from collections.abc import Sequence
from typing import Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.papers import retried
from creditrisk.adapters.postgres.parties import ensure_companies, require_owner
from creditrisk.adapters.postgres.rounds import rounds
from creditrisk.adapters.postgres.tables import credit_account, customer
from creditrisk.application.accounts import NEVER_SET, AccountStatement, StoredAccount
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.errors import FieldError
from creditrisk.application.outcomes import PutOutcome, PutStatus
from creditrisk.application.papers import Account
from creditrisk.application.preconditions import Precondition

_TEXTS: Final = pg.ARRAY(sa.Text)

_PUT: Final = sa.text(
    """
    INSERT INTO credit_account AS a (tenant, company, customer, content, updated_by)
    SELECT :tenant, company, customer, content, :author
    FROM jsonb_to_recordset(CAST(:batch AS jsonb)) AS b (company text, customer text, content jsonb)
    ORDER BY company COLLATE "C", customer COLLATE "C"
    ON CONFLICT (tenant, company, customer) DO UPDATE
    SET content = excluded.content, version = a.version + 1, updated_at = now(),
        updated_by = excluded.updated_by
    WHERE a.content <> excluded.content
    RETURNING company, customer, xmax = 0 AS created
    """
)


class PostgresAccountStore:
    """The AccountStore over one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, account: Account, *, tenant: str) -> StoredAccount | None:
        """Return an account; see AccountStore."""
        query = sa.select(credit_account).where(*_is(account, tenant=tenant))
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _stored(row)

    async def put(
        self, statement: AccountStatement, *, precondition: Precondition, tenant: str, by: str
    ) -> StoredAccount:
        """Set an account under a precondition; see AccountStore."""
        account = statement.account
        async with self._database.transaction(tenant) as connection:
            await ensure_companies(connection, {account.company}, tenant=tenant)
            await require_owner(connection, Owner(OwnerKind.CUSTOMER, account.customer), tenant=tenant)
            # A row to lock also where there is none yet; version 0 never leaves this transaction.
            await connection.execute(
                pg.insert(credit_account)
                .values(tenant=tenant, **account._asdict(), version=NEVER_SET)
                .on_conflict_do_nothing()
            )
            version = await connection.scalar(
                sa.select(credit_account.c.version).where(*_is(account, tenant=tenant)).with_for_update()
            )
            precondition.check(version=str(version), exists=version != NEVER_SET)
            written = await connection.execute(
                sa.update(credit_account)
                .where(*_is(account, tenant=tenant))
                .values(
                    content=dict(statement.content),
                    version=credit_account.c.version + 1,
                    updated_at=sa.func.now(),
                    updated_by=by,
                )
                .returning(credit_account)
            )
            return _stored(written.mappings().one())

    async def put_many(
        self, statements: Sequence[AccountStatement], *, tenant: str, by: str
    ) -> Sequence[PutOutcome]:
        """Apply statements in one transaction; see AccountStore."""

        async def attempt() -> Sequence[PutOutcome]:
            async with self._database.transaction(tenant) as connection:
                return await put_accounts(connection, statements, tenant=tenant, by=by)

        return await retried(attempt)


async def put_accounts(
    connection: AsyncConnection, statements: Sequence[AccountStatement], *, tenant: str, by: str
) -> Sequence[PutOutcome]:
    """Apply statements within a transaction that has more to do; the caller wraps the whole in `retried`."""
    known = await _known_customers(connection, {each.account.customer for each in statements}, tenant=tenant)
    complaint = FieldError("/id", "unknown_customer", "names no customer that is stored")
    outcomes = [PutOutcome(PutStatus.REFUSED, (complaint,))] * len(statements)
    accepted = [n for n, statement in enumerate(statements) if statement.account.customer in known]
    if accepted:
        companies = {statements[n].account.company for n in accepted}
        await ensure_companies(connection, companies, tenant=tenant)
    for batch in rounds(accepted, key=lambda n: statements[n].account):
        rows = [{**statements[n].account._asdict(), "content": statements[n].content} for n in batch]
        arguments = {"tenant": tenant, "author": by, "batch": orjson.dumps(rows).decode()}
        written = {
            Account(row.company, row.customer): PutStatus.CREATED if row.created else PutStatus.CHANGED
            for row in await connection.execute(_PUT, arguments)
        }
        for n in batch:
            outcomes[n] = PutOutcome(written.get(statements[n].account, PutStatus.UNCHANGED))
    return outcomes


async def _known_customers(connection: AsyncConnection, customers: set[str], *, tenant: str) -> set[str]:
    """Customers are never deleted, so those found here stay without a lock."""
    query = sa.select(customer.c.customer).where(
        customer.c.tenant == tenant, customer.c.customer == sa.any_(sa.literal(sorted(customers), _TEXTS))
    )
    return set((await connection.execute(query)).scalars())


def _is(account: Account, *, tenant: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        credit_account.c.tenant == tenant,
        credit_account.c.company == account.company,
        credit_account.c.customer == account.customer,
    )


def _stored(row: RowMapping) -> StoredAccount:
    return StoredAccount(
        account=Account(row["company"], row["customer"]),
        content=row["content"],
        version=row["version"],
        updated_by=row["updated_by"],
        updated_at=row["updated_at"],
    )
