"""Approved lines of a journal become limits, on the way on which all limits are written."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from creditrisk.adapters.postgres.accounts import PostgresAccountStore, locked_contents
from creditrisk.adapters.postgres.configuration import raise_config_version
from creditrisk.adapters.postgres.limit_changes import CompanyPolicies, record_limit_changes
from creditrisk.adapters.postgres.parties import ensure_companies
from creditrisk.adapters.postgres.reference_data import group_change
from creditrisk.adapters.postgres.temporary_limits import AdjustedTemporaryLimit, add_adjusted
from creditrisk.application.accounts import AccountStatement, new_account_content
from creditrisk.application.adjustments import Journal, JournalKind, StoredLine, line_pointer
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import OwnerKind
from creditrisk.application.errors import FieldError, InvalidRequest
from creditrisk.application.keys import Principal
from creditrisk.application.limit_changes import ChangeSource, Origin
from creditrisk.application.outcomes import PutStatus
from creditrisk.application.papers import Account

_IDS: Final = sa.bindparam("ids", type_=pg.ARRAY(sa.Text))
# Whoever numbers temporary limits of an owner holds it, in this order.
_HOLD_CUSTOMERS: Final = sa.text(
    """
    SELECT customer FROM customer WHERE tenant = :tenant AND customer = ANY (:ids)
    ORDER BY customer
    FOR NO KEY UPDATE
    """
).bindparams(_IDS)
_HOLD_GROUPS: Final = sa.text(
    """
    SELECT code, content FROM reference
    WHERE tenant = :tenant AND company = '' AND kind = 'credit_group' AND code = ANY (:ids)
    ORDER BY code
    FOR NO KEY UPDATE
    """
).bindparams(_IDS)
_SET_GROUPS: Final = sa.text(
    """
    UPDATE reference AS r SET content = b.content, updated_by = :author, updated_at = now()
    FROM jsonb_to_recordset(CAST(:batch AS jsonb)) AS b (code text, content jsonb)
    WHERE r.tenant = :tenant AND r.company = '' AND r.kind = 'credit_group' AND r.code = b.code
    """
)


class AdjustmentPosting:
    """Writes the limits of approved lines; the number of statements does not depend on theirs."""

    def __init__(self, accounts: PostgresAccountStore, policies: CompanyPolicies) -> None:
        self._accounts = accounts
        self._policies = policies

    async def apply(self, connection: AsyncConnection, journal: Journal, *, principal: Principal) -> None:
        """Let the lines of ``journal`` become limits within the transaction that posts it.

        Raises:
            InvalidRequest: a line cannot be posted; each is named, and the caller undoes the rest.
        """
        tenant = principal.tenant
        origin = Origin(by=principal.author, source=ChangeSource.ADJUSTMENT, adjustment=journal.id)
        lines = [_with_reason(each, journal.order.description) for each in journal.lines]
        customers, groups = ([each for each in lines if each.line.owner.kind is kind] for kind in OwnerKind)
        if groups:
            await raise_config_version(connection, tenant=tenant)
        await ensure_companies(connection, {journal.order.company}, tenant=tenant)
        held = await _held_groups(connection, groups, tenant=tenant)
        if journal.order.kind is JournalKind.TEMPORARY:
            await _hold_customers(connection, customers, tenant=tenant)
            limits = [_temporary(each, company=journal.order.company) for each in lines]
            await add_adjusted(connection, limits, tenant=tenant, origin=origin)
            return
        await _set_groups(connection, groups, held, tenant=tenant, origin=origin)
        await self._set_accounts(connection, customers, journal.order.company, tenant=tenant, origin=origin)

    async def _set_accounts(
        self,
        connection: AsyncConnection,
        lines: Sequence[StoredLine],
        company: str,
        *,
        tenant: str,
        origin: Origin,
    ) -> None:
        """As `PUT …/credit` with another limit: everything else stays, the version rises."""
        by_account = {Account(company, each.line.owner.id): each for each in lines}
        stored = await locked_contents(connection, list(by_account), tenant=tenant)
        new = new_account_content(await self._policies.of(connection, company, tenant=tenant))
        statements = [
            AccountStatement(account=account, content={**stored.get(account, new), **_limit(each)})
            for account, each in by_account.items()
        ]
        reasons = {account: (each.no, _reason(each)) for account, each in by_account.items()}
        outcomes = await self._accounts.change_within(
            connection, statements, tenant=tenant, origin=origin, lines=reasons
        )
        complaints = [
            error._replace(pointer=line_pointer(each.no, "/customer"))
            for each, outcome in zip(lines, outcomes, strict=True)
            if outcome.status is PutStatus.REFUSED
            for error in outcome.errors
        ]
        if complaints:
            raise InvalidRequest("Lines cannot be posted.", errors=complaints)


async def _hold_customers(connection: AsyncConnection, lines: Sequence[StoredLine], *, tenant: str) -> None:
    ids = [each.line.owner.id for each in lines]
    await connection.execute(_HOLD_CUSTOMERS, {"tenant": tenant, "ids": ids})


async def _held_groups(
    connection: AsyncConnection, lines: Sequence[StoredLine], *, tenant: str
) -> Mapping[str, Mapping[str, Any]]:
    """What the groups of lines say, held until the transaction ends."""
    if not lines:
        return {}
    ids = [each.line.owner.id for each in lines]
    rows = await connection.execute(_HOLD_GROUPS, {"tenant": tenant, "ids": ids})
    held = {row.code: row.content for row in rows}
    complaints = [
        FieldError(
            line_pointer(each.no, "/credit_group"), "unknown_reference", "names nothing that is stored"
        )
        for each in lines
        if each.line.owner.id not in held
    ]
    if complaints:
        raise InvalidRequest("Lines cannot be posted.", errors=complaints)
    return held


async def _set_groups(
    connection: AsyncConnection,
    lines: Sequence[StoredLine],
    held: Mapping[str, Mapping[str, Any]],
    *,
    tenant: str,
    origin: Origin,
) -> None:
    if not lines:
        return
    after = {each.line.owner.id: {**held[each.line.owner.id], **_limit(each)} for each in lines}
    rows = [{"code": code, "content": content} for code, content in after.items()]
    arguments = {"tenant": tenant, "author": origin.by, "batch": orjson.dumps(rows).decode()}
    await connection.execute(_SET_GROUPS, arguments)
    changes = [
        group_change(code, held[code], after[code], line=each.no, reason=_reason(each))
        for each in lines
        for code in (each.line.owner.id,)
    ]
    await record_limit_changes(connection, changes, tenant=tenant, origin=origin)


def _temporary(each: StoredLine, *, company: str) -> AdjustedTemporaryLimit:
    owner, content = each.line.owner, each.line.content
    return AdjustedTemporaryLimit(
        owner=owner,
        company=company if owner.kind is OwnerKind.CUSTOMER else EVERY_COMPANY,
        content={name: content[name] for name in ("limit", "from", "to")},
        line=each.no,
        reason=_reason(each),
    )


def _limit(each: StoredLine) -> Mapping[str, Any]:
    return {name: each.line.content[name] for name in ("limit", "expires_on")}


def _with_reason(each: StoredLine, journal_says: str | None) -> StoredLine:
    """The line with its own reason, else with that of the journal."""
    content = {"reason": journal_says, **each.line.content}
    return each._replace(line=each.line._replace(content=content))


def _reason(each: StoredLine) -> str | None:
    reason: str | None = each.line.content.get("reason")
    return reason
