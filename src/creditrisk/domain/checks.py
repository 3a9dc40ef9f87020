"""The checks: each a pure function from a situation to its findings, listed once, in precedence order.

Here are the credit checks, which judge amounts, days and terms; `other_checks` has those about gaps in the
data and orders by people.

Comparisons are strict: exactly at a threshold nothing is found. A check names what it observed and what it
compared with; whether its finding blocks, warns or is only told is settled afterwards (`decision`).
"""

from collections.abc import Callable, Iterator
from decimal import Decimal

from creditrisk.domain.account import Rank
from creditrisk.domain.facts import Configuration
from creditrisk.domain.findings import SEVERITIES, Code, Finding, Severity
from creditrisk.domain.limits import LimitState, expired
from creditrisk.domain.other_checks import (
    account_status,
    always_authorise,
    cash_only,
    customer_unknown,
    customer_warning,
    data_stale,
    documents_blocked,
    forced_hold,
    manual_block,
    policy_missing,
    rate_missing,
)
from creditrisk.domain.situation import AppliedLimit, Situation

HUNDRED = Decimal(100)


def days_overdue(situation: Situation) -> Iterator[Finding]:
    """An open item is past due for more days than the time limit; tested before the amount (C5)."""
    limit = situation.max_days_overdue
    if limit is not None and situation.time_limit_breached:
        yield Finding(
            code=Code.DAYS_OVERDUE,
            severity=SEVERITIES[situation.policy.on_days_overdue],
            observed=situation.overdue.tested_oldest_days,
            threshold=limit,
            unit="days",
        )


def overdue_amount(situation: Situation) -> Iterator[Finding]:
    """More is past due than the policy accepts."""
    limit = situation.max_overdue_amount
    if limit is not None and situation.overdue.tested_amount > limit:
        yield Finding(
            code=Code.OVERDUE_AMOUNT,
            severity=SEVERITIES[situation.policy.on_overdue_amount],
            observed=situation.overdue.tested_amount,
            threshold=limit,
            unit=situation.currency,
        )


def group_limit_exceeded(situation: Situation) -> Iterator[Finding]:
    """Projected exposure of all members is above the limit of a group, head, company id or relation."""
    yield from _exceeded(situation, Code.GROUP_LIMIT_EXCEEDED)


def limit_exceeded(situation: Situation) -> Iterator[Finding]:
    """Projected exposure is above the own or temporary limit."""
    yield from _exceeded(situation, Code.LIMIT_EXCEEDED)


def _exceeded(situation: Situation, code: Code) -> Iterator[Finding]:
    if situation.policy.limit_check != "built_in" or situation.amount_gated:
        return
    document = situation.check.document
    for applied in situation.applied:
        limit = applied.limit
        # 0 and mandatory blocks whatever the effect of an exceeded limit is, and needs no rate to do so.
        refused = limit.refuses_all and document is not None and document.amount > 0
        if limit_code(applied) is code and (applied.exceeded or refused):
            yield Finding(
                code=code,
                severity=Severity.HARD if refused else SEVERITIES[situation.policy.on_limit_exceeded],
                observed=applied.exposure.projected,
                threshold=limit.amount,
                unit=situation.currency,
                params={"source": limit.source, "id": limit.id},
            )


def limit_code(applied: AppliedLimit) -> Code:
    """The code under which exceeding a limit is reported: own and temporary ones apart from shared ones."""
    return Code.LIMIT_EXCEEDED if applied.limit.source in {"own", "temporary"} else Code.GROUP_LIMIT_EXCEEDED


def category_limit_exceeded(situation: Situation) -> Iterator[Finding]:
    """One category is above its cap, whether or not the policy includes it; a cap of 0 allows nothing."""
    if situation.policy.limit_check != "built_in" or situation.amount_gated:
        return
    for category, cap in sorted(situation.category_limits.items()):
        observed = situation.in_category(category)
        if observed > cap:
            yield Finding(
                code=Code.CATEGORY_LIMIT_EXCEEDED,
                severity=SEVERITIES[situation.policy.on_limit_exceeded],
                observed=observed,
                threshold=cap,
                unit=situation.currency,
                params={"category": category},
            )


def limit_expired(situation: Situation) -> Iterator[Finding]:
    """A limit that applies is past its expiry date plus grace (M20)."""
    policy = situation.policy
    severity = SEVERITIES.get(policy.expired_limit)
    if severity is None:
        return
    for limit in situation.limits:
        blank_is_expired = policy.blank_expiry == "expired"
        if expired(
            limit,
            as_of=situation.as_of,
            grace_days=policy.expiry_grace_days,
            blank_is_expired=blank_is_expired,
        ):
            yield Finding(
                code=Code.LIMIT_EXPIRED,
                severity=severity,
                observed=None if limit.expires_on is None else (situation.as_of - limit.expires_on).days,
                threshold=policy.expiry_grace_days,
                unit="days",
                params={
                    "source": limit.source,
                    "id": limit.id,
                    "expires_on": limit.expires_on.isoformat() if limit.expires_on else None,
                },
            )


def limit_missing(situation: Situation) -> Iterator[Finding]:
    """A mandatory limit is not set; or none applies at all and the policy minds."""
    if any(limit.missing for limit in situation.limits):
        yield Finding(code=Code.LIMIT_MISSING, severity=Severity.HARD, params={"mandatory": True})
    elif (
        all(limit.state is LimitState.NONE for limit in situation.limits)
        and situation.policy.missing_limit != "allow"
    ):
        yield Finding(
            code=Code.LIMIT_MISSING,
            severity=SEVERITIES[situation.policy.missing_limit],
            params={"mandatory": False},
        )


def payment_terms_rank(situation: Situation) -> Iterator[Finding]:
    """The document's payment terms are ranked strictly above the customer's default (M24)."""
    if situation.policy.hold_on_payment_terms_rank and situation.check.document and situation.facts.customer:
        yield from _ranked_above(
            Code.PAYMENT_TERMS_RANK,
            situation.check.document.payment_terms,
            situation.facts.customer.payment_terms,
            situation.configuration.payment_terms.get,
        )


def cash_discount_rank(situation: Situation) -> Iterator[Finding]:
    """The document's cash discount is ranked strictly above the customer's default (M25)."""
    if situation.policy.hold_on_cash_discount_rank and situation.check.document and situation.facts.customer:
        yield from _ranked_above(
            Code.CASH_DISCOUNT_RANK,
            situation.check.document.cash_discount,
            situation.facts.customer.cash_discount,
            situation.configuration.cash_discounts.get,
        )


def _ranked_above(
    code: Code, asked: str | None, usual: str | None, find: Callable[[str], Rank | None]
) -> Iterator[Finding]:
    wanted, default = find(asked or ""), find(usual or "")
    if wanted is None or default is None or wanted.rank is None or default.rank is None:
        return
    if wanted.rank > default.rank:
        yield Finding(
            code=code,
            severity=Severity.HARD,
            observed=wanted.rank,
            threshold=default.rank,
            unit="rank",
            params={"document": wanted.code, "customer": default.code},
        )


def utilisation_high(situation: Situation) -> Iterator[Finding]:
    """Projected exposure is above the warning percentage of a limit, but not above the limit (D3)."""
    policy = situation.policy
    if (
        policy.warn_percent is None
        or policy.on_utilisation_high == "none"
        or policy.limit_check != "built_in"
        or situation.amount_gated
    ):
        return
    for applied in situation.applied:
        if above_warning(applied, situation.configuration) and not applied.exceeded:
            yield Finding(
                code=Code.UTILISATION_HIGH,
                severity=SEVERITIES[policy.on_utilisation_high],
                observed=applied.exposure.projected,
                threshold=(applied.limit.amount or Decimal(0)) * policy.warn_percent / HUNDRED,
                unit=situation.currency,
                params={
                    "source": applied.limit.source,
                    "id": applied.limit.id,
                    "percent": f"{policy.warn_percent:f}",
                },
            )
            return


def above_warning(applied: AppliedLimit, configuration: Configuration) -> bool:
    """Whether projected exposure is strictly above the policy's warning percentage of a limit."""
    percent = configuration.policy.warn_percent
    return (
        percent is not None
        and applied.exposure.projected * HUNDRED > (applied.limit.amount or Decimal(0)) * percent
    )


CHECKS: tuple[Callable[[Situation], Iterator[Finding]], ...] = (
    customer_unknown,
    policy_missing,
    rate_missing,
    data_stale,
    manual_block,
    account_status,
    documents_blocked,
    cash_only,
    always_authorise,
    forced_hold,
    days_overdue,
    overdue_amount,
    group_limit_exceeded,
    limit_exceeded,
    category_limit_exceeded,
    limit_expired,
    limit_missing,
    payment_terms_rank,
    cash_discount_rank,
    customer_warning,
    utilisation_high,
)
"""Every built-in check, in the order of `findings.Code`."""
