"""Credit accounts: the limit and the control settings of one customer in one company."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, Protocol

from creditrisk.application.answer import StoredExposure
from creditrisk.application.check import CheckCredit
from creditrisk.application.errors import (
    FieldError,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    Unavailable,
)
from creditrisk.application.keys import Principal
from creditrisk.application.limit_changes import ChangeSource, Origin
from creditrisk.application.outcomes import PutOutcome
from creditrisk.application.papers import Account
from creditrisk.application.preconditions import Precondition
from creditrisk.domain.exposure import Exposure
from creditrisk.domain.limits import Limit
from creditrisk.domain.money import Money, format_amount
from creditrisk.domain.policy import Policy
from creditrisk.domain.situation import Situation

NEVER_SET: Final = 0
"""The version of an account that nobody has set."""
_EVALUATED_TOGETHER: Final = 50
"""Accounts evaluated at a time: some of them may have many papers."""
MOST_TRIES: Final = 5
"""How often an account that somebody changes meanwhile is read again, before giving up for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatement:
    """What people set for one account; it replaces everything set before.

    ``content`` has the wire's fields, those at their default left out.
    """

    account: Account
    content: Mapping[str, Any]

    @property
    def limit(self) -> Money | None:
        """The own limit that counts; None where there is none, or where the account is unlimited."""
        stated = None if self.content.get("unlimited") else self.content.get("limit")
        return None if stated is None else Money(Decimal(stated["amount"]), stated["currency"])


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAccount:
    """An account as stored. ``version`` counts the changes, from 1."""

    account: Account
    content: Mapping[str, Any]
    version: int
    updated_by: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSeen:
    """An account with its settings in force; one that nobody set has the policy's `new_account` (C12)."""

    account: Account
    content: Mapping[str, Any]
    version: int
    auto_blocked: bool
    """Whether the policy's `blocked_kinds` are refused now (C8); worked out anew each time."""
    updated_by: str | None = None
    updated_at: datetime | None = None


class AccountStore(Protocol):
    """Keeps credit accounts."""

    async def get(self, account: Account, *, tenant: str) -> StoredAccount | None:
        """Return an account; None where nobody has set it."""

    async def put(
        self, statement: AccountStatement, *, precondition: Precondition, tenant: str, origin: Origin
    ) -> StoredAccount:
        """Set an account, in one transaction with the check of the precondition and its history.

        The company exists from then on.

        Raises:
            Conflict: the policy lets limits change by adjustments only, and this one would change.
            NotFound: there is no such customer.
            PreconditionRequired, PreconditionFailed: as the precondition says.
        """

    async def put_many(
        self, statements: Sequence[AccountStatement], *, tenant: str, by: str
    ) -> Sequence[PutOutcome]:
        """Apply statements in one transaction, in order, without preconditions, and say what each did.

        One for a customer that is not there, or whose limit only an adjustment may change, is refused; the
        others are stored.
        """


@dataclass(frozen=True, slots=True)
class CreditAccounts:
    """Reads and sets credit accounts."""

    store: AccountStore
    checks: CheckCredit

    async def get(self, account: Account, *, principal: Principal) -> AccountSeen:
        """Return an account with its settings in force.

        Raises:
            NotFound: there is no such customer.
            Unauthenticated, Unavailable: as `CheckCredit.check`.
        """
        exposure = await self._evaluated(account, principal)
        stored = await self.store.get(account, tenant=principal.tenant)
        return _seen(account, stored, exposure)

    async def put(
        self,
        statement: AccountStatement,
        *,
        precondition: Precondition,
        principal: Principal,
        source: ChangeSource = ChangeSource.DIRECT,
    ) -> AccountSeen:
        """Set an account.

        Raises:
            Conflict: the policy lets limits change by adjustments only, and this one would change.
            InvalidRequest: the policy refuses a limit below the exposure, and this one is.
            NotFound: there is no such customer.
            PreconditionRequired, PreconditionFailed: the account was set before, and not as the caller has
                seen it.
            Unauthenticated, Unavailable: as `CheckCredit.check`.
        """
        exposure = await self._evaluated(statement.account, principal)
        if exposure.configuration.policy.limit_below_exposure == "refuse" and statement.limit is not None:
            _refuse_below_exposure(statement.limit, exposure.situation)
        stored = await self.store.put(
            statement,
            precondition=precondition,
            tenant=principal.tenant,
            origin=Origin(by=principal.author, source=source),
        )
        return _seen(statement.account, stored, await self._evaluated(statement.account, principal))

    async def set_limit(
        self, account: Account, limit: Money, *, principal: Principal, source: ChangeSource
    ) -> AccountSeen:
        """Set the limit of an account; whatever else is set stays as it is.

        Raises: as `set_some`.
        """
        amount = {"amount": format_amount(*limit), "currency": limit.currency}
        return await self.set_some(account, {"limit": amount}, principal=principal, source=source)

    async def set_some(
        self,
        account: Account,
        settings: Mapping[str, Any],
        *,
        principal: Principal,
        source: ChangeSource = ChangeSource.DIRECT,
    ) -> AccountSeen:
        """Set some fields of an account, written as in its content; whatever else is set stays as it is.

        Raises:
            Unavailable: somebody else kept changing the account.
            Other than for preconditions, as `put`.
        """
        for _ in range(MOST_TRIES):
            seen = await self.get(account, principal=principal)
            statement = AccountStatement(account=account, content={**seen.content, **settings})
            as_seen = Precondition(frozenset({str(seen.version)}))
            try:
                return await self.put(statement, precondition=as_seen, principal=principal, source=source)
            except PreconditionFailed:
                continue
        raise Unavailable("The account is being changed.")

    async def _evaluated(self, account: Account, principal: Principal) -> StoredExposure:
        exposure = await self.checks.exposure(
            company=account.company, customer=account.customer, as_of=None, principal=principal
        )
        if exposure.situation.facts.risk_customer is None:
            raise NotFound("There is no such customer.")
        return exposure


def new_account_content(policy: Policy) -> Mapping[str, Any]:
    """The settings an account has until somebody sets it, in the form of a stored account's content."""
    new = policy.new_account
    content: dict[str, Any] = {}
    if new.limit is not None:
        amount = format_amount(new.limit, policy.currency)
        content["limit"] = {"amount": amount, "currency": policy.currency}
    if new.max_days_overdue is not None:
        content["max_days_overdue"] = new.max_days_overdue
    if new.cash_only:
        content["cash_only"] = True
    if new.documents_blocked:
        content["documents_blocked"] = sorted(new.documents_blocked)
    return content


def _seen(account: Account, stored: StoredAccount | None, exposure: StoredExposure) -> AccountSeen:
    auto_blocked = exposure.situation.auto_blocked
    if stored is None:
        return AccountSeen(
            account=account,
            content=new_account_content(exposure.configuration.policy),
            version=NEVER_SET,
            auto_blocked=auto_blocked,
        )
    return AccountSeen(
        account=account,
        content=stored.content,
        version=stored.version,
        auto_blocked=auto_blocked,
        updated_by=stored.updated_by,
        updated_at=stored.updated_at,
    )


def _refuse_below_exposure(limit: Money, situation: Situation) -> None:
    complaint = below_exposure(limit, situation)
    if complaint is not None:
        raise InvalidRequest("The policy refuses a limit below the exposure.", errors=[complaint])


def below_exposure(limit: Money, situation: Situation) -> FieldError | None:
    """Complain about a limit that its exposure exceeds; without a rate nobody can say that it does not."""
    amount = situation.converter.convert(*limit)
    if amount is None:
        return FieldError("/limit", "rate_missing", "cannot be compared with the exposure without a rate")
    if amount < _borne_by_own_limit(situation).current:
        return FieldError("/limit", "limit_below_exposure", "is below the current exposure")
    return None


async def to_hold_against(
    accounts: Sequence[Account], *, checks: CheckCredit, principal: Principal
) -> AsyncIterator[tuple[int, StoredExposure]]:
    """The exposures of accounts of one company, by place, if its policy refuses limits below them; else none.

    Raises: as `CheckCredit.exposures`.
    """
    # One of them says whether the policy asks for the others at all.
    starts = [0, *range(1, len(accounts), _EVALUATED_TOGETHER)] if accounts else []
    for start, end in pairwise([*starts, len(accounts)]):
        exposures = await checks.exposures(accounts[start:end], as_of=None, principal=principal)
        if exposures[0].configuration.policy.limit_below_exposure != "refuse":
            return
        for place, exposure in enumerate(exposures, start):
            yield place, exposure


def _borne_by_own_limit(situation: Situation) -> Exposure:
    """The exposure that the account's own limit is compared with: under some groupings the whole group's."""

    def is_own(limit: Limit) -> bool:
        own = limit.source in {"own", "temporary"}
        return own or (limit.source == "head" and limit.id == situation.facts.account.customer)

    for_all = any(limit.whole_group and is_own(limit) for limit in situation.limits)
    return situation.whole_group if for_all else situation.own
