"""Credit accounts in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.limit_changes import CompanyPolicies, record_limit_changes
from creditrisk.adapters.postgres.papers import retried
from creditrisk.adapters.postgres.parties import ensure_companies, require_owner
from creditrisk.adapters.postgres.rounds import rounds
from creditrisk.adapters.postgres.tables import credit_account, customer
from creditrisk.application.accounts import (
    NEVER_SET,
    AccountStatement,
    StoredAccount,
    new_account_content,
)
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.errors import FieldError
from creditrisk.application.limit_changes import (
    ChangeSource,
    LimitChange,
    LimitKind,
    Origin,
    complaints_about_change,
    limit_part,
    refuse_direct_change,
)
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

_LOCKED: Final = sa.text(
    """
    SELECT a.company, a.customer, a.content
    FROM credit_account AS a
    WHERE a.tenant = :tenant AND (a.company, a.customer) IN (
        SELECT company COLLATE "C", customer COLLATE "C"
        FROM unnest(CAST(:companies AS text[]), CAST(:customers AS text[])) AS u (company, customer))
    ORDER BY a.company, a.customer
    FOR NO KEY UPDATE
    """
)


class PostgresAccountStore:
    """The AccountStore over one database."""

    def __init__(self, database: Database, policies: CompanyPolicies) -> None:
        self._database = database
        self._policies = policies

    async def get(self, account: Account, *, tenant: str) -> StoredAccount | None:
        """Return an account; see AccountStore."""
        query = sa.select(credit_account).where(*_is(account, tenant=tenant))
        async with self._database.transaction(tenant) as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _stored(row)

    async def put(
        self, statement: AccountStatement, *, precondition: Precondition, tenant: str, origin: Origin
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
            locked = sa.select(credit_account).where(*_is(account, tenant=tenant)).with_for_update()
            before = (await connection.execute(locked)).mappings().one()
            exists = before["version"] != NEVER_SET
            precondition.check(version=str(before["version"]), exists=exists)
            stored = {account: before["content"]} if exists else {}
            (complaints,) = await self._complaints(
                connection, [statement], stored, tenant=tenant, origin=origin
            )
            refuse_direct_change(complaints)
            written = await connection.execute(
                sa.update(credit_account)
                .where(*_is(account, tenant=tenant))
                .values(
                    content=dict(statement.content),
                    version=credit_account.c.version + 1,
                    updated_at=sa.func.now(),
                    updated_by=origin.by,
                )
                .returning(credit_account)
            )
            change = _change(account, stored.get(account), statement.content)
            await record_limit_changes(connection, [change], tenant=tenant, origin=origin)
            return _stored(written.mappings().one())

    async def put_many(
        self, statements: Sequence[AccountStatement], *, tenant: str, by: str
    ) -> Sequence[PutOutcome]:
        """Apply statements in one transaction; see AccountStore."""

        async def attempt() -> Sequence[PutOutcome]:
            async with self._database.transaction(tenant) as connection:
                return await self.put_within(connection, statements, tenant=tenant, by=by)

        return await retried(attempt)

    async def put_within(
        self, connection: AsyncConnection, statements: Sequence[AccountStatement], *, tenant: str, by: str
    ) -> Sequence[PutOutcome]:
        """Apply statements within a transaction that has more to do; the caller wraps it in `retried`."""
        origin = Origin(by=by, source=ChangeSource.IMPORT)
        return await self.change_within(connection, statements, tenant=tenant, origin=origin)

    async def change_within(
        self,
        connection: AsyncConnection,
        statements: Sequence[AccountStatement],
        *,
        tenant: str,
        origin: Origin,
        lines: Mapping[Account, tuple[int, str | None]] | None = None,
    ) -> Sequence[PutOutcome]:
        """As `put_within`, on any way; ``lines`` are those of the journal, with their reasons."""
        customers = {each.account.customer for each in statements}
        known = await _known_customers(connection, customers, tenant=tenant)
        complaint = FieldError("/id", "unknown_customer", "names no customer that is stored")
        outcomes = [PutOutcome(PutStatus.REFUSED, (complaint,))] * len(statements)
        accepted = [n for n, statement in enumerate(statements) if statement.account.customer in known]
        if accepted:
            companies = {statements[n].account.company for n in accepted}
            await ensure_companies(connection, companies, tenant=tenant)
        for batch in rounds(accepted, key=lambda n: statements[n].account):
            stated = [statements[n] for n in batch]
            stored = await locked_contents(connection, [each.account for each in stated], tenant=tenant)
            complaints = await self._complaints(connection, stated, stored, tenant=tenant, origin=origin)
            allowed = [each for each, found in zip(stated, complaints, strict=True) if not found]
            written = await _put(connection, allowed, tenant=tenant, by=origin.by)
            changes = [
                _change(each.account, stored.get(each.account), each.content, lines)
                for each in allowed
                if each.account in written
            ]
            await record_limit_changes(connection, changes, tenant=tenant, origin=origin)
            for n, found in zip(batch, complaints, strict=True):
                status = written.get(statements[n].account, PutStatus.UNCHANGED)
                outcomes[n] = PutOutcome(PutStatus.REFUSED if found else status, found)
        return outcomes

    async def _complaints(
        self,
        connection: AsyncConnection,
        statements: Sequence[AccountStatement],
        stored: Mapping[Account, Mapping[str, Any]],
        *,
        tenant: str,
        origin: Origin,
    ) -> Sequence[tuple[FieldError, ...]]:
        """What of each statement needs a journal instead; what nobody has set has the policy's limit."""
        companies = {each.account.company for each in statements}
        binding = await self._policies.binding(connection, companies, tenant=tenant, origin=origin)

        def complaints(account: Account, content: Mapping[str, Any]) -> tuple[FieldError, ...]:
            policy = binding.get(account.company)
            if policy is None:
                return ()
            before = stored[account] if account in stored else new_account_content(policy)
            return complaints_about_change(before, content)

        return [complaints(each.account, each.content) for each in statements]


async def _put(
    connection: AsyncConnection, statements: Sequence[AccountStatement], *, tenant: str, by: str
) -> Mapping[Account, PutStatus]:
    """Write statements about different accounts; return those that changed something."""
    rows = [{**each.account._asdict(), "content": each.content} for each in statements]
    arguments = {"tenant": tenant, "author": by, "batch": orjson.dumps(rows).decode()}
    return {
        Account(row.company, row.customer): PutStatus.CREATED if row.created else PutStatus.CHANGED
        for row in await connection.execute(_PUT, arguments)
    }


async def locked_contents(
    connection: AsyncConnection, accounts: Sequence[Account], *, tenant: str
) -> Mapping[Account, Mapping[str, Any]]:
    """What is stored of accounts, held until the transaction ends; in the order in which it is written."""
    arguments = {
        "tenant": tenant,
        "companies": [account.company for account in accounts],
        "customers": [account.customer for account in accounts],
    }
    rows = await connection.execute(_LOCKED, arguments)
    return {Account(row.company, row.customer): row.content for row in rows}


def _change(
    account: Account,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    lines: Mapping[Account, tuple[int, str | None]] | None = None,
) -> LimitChange:
    line, reason = (lines or {}).get(account, (None, None))
    return LimitChange(
        owner=Owner(OwnerKind.CUSTOMER, account.customer),
        company=account.company,
        kind=LimitKind.CREDIT_LIMIT,
        before=limit_part(before),
        after=limit_part(after),
        line=line,
        reason=reason,
    )


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
