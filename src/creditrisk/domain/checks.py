"""The checks: each a pure function from a situation to its findings, listed once, in precedence order.

Here are the credit checks, which judge amounts, days and terms; `other_checks` has those about gaps in the
data and orders by people.

Comparisons are strict: exactly at a threshold nothing is found. A check names what it observed and what it
compared with; whether its finding blocks, warns or is only told is settled afterwards (`decision`).
"""

from collections.abc import Callable, Sequence
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


def days_overdue(situation: Situation) -> Sequence[Finding]:
    """An open item is past due for more days than the time limit; tested before the amount (C5)."""
    limit = situation.max_days_overdue
    if limit is None or not situation.time_limit_breached:
        return ()
    finding = Finding(
        code=Code.DAYS_OVERDUE,
        severity=SEVERITIES[situation.policy.on_days_overdue],
        observed=situation.overdue.tested_oldest_days,
        threshold=limit,
        unit="days",
    )
    return (finding,)


def overdue_amount(situation: Situation) -> Sequence[Finding]:
    """More is past due than the policy accepts."""
    limit = situation.max_overdue_amount
    if limit is None or situation.overdue.tested_amount <= limit:
        return ()
    finding = Finding(
        code=Code.OVERDUE_AMOUNT,
        severity=SEVERITIES[situation.policy.on_overdue_amount],
        observed=situation.overdue.tested_amount,
        threshold=limit,
        unit=situation.currency,
    )
    return (finding,)


def group_limit_exceeded(situation: Situation) -> Sequence[Finding]:
    """Projected exposure of all members is above the limit of a group, head, company id or relation."""
    return _exceeded(situation, Code.GROUP_LIMIT_EXCEEDED)


def limit_exceeded(situation: Situation) -> Sequence[Finding]:
    """Projected exposure is above the own or temporary limit."""
    return _exceeded(situation, Code.LIMIT_EXCEEDED)


def _exceeded(situation: Situation, code: Code) -> Sequence[Finding]:
    if situation.policy.limit_check != "built_in" or situation.amount_gated:
        return ()
    document = situation.check.document
    found: list[Finding] = []
    for applied in situation.applied:
        limit = applied.limit
        # 0 and mandatory blocks whatever the effect of an exceeded limit is, and needs no rate to do so.
        refused = limit.refuses_all and document is not None and document.amount > 0
        if (applied.exceeded or refused) and limit_code(applied) is code:
            finding = Finding(
                code=code,
                severity=Severity.HARD if refused else SEVERITIES[situation.policy.on_limit_exceeded],
                observed=applied.exposure.projected,
                threshold=limit.amount,
                unit=situation.currency,
                params={"source": limit.source, "id": limit.id},
            )
            found.append(finding)
    return found


def limit_code(applied: AppliedLimit) -> Code:
    """The code under which exceeding a limit is reported: own and temporary ones apart from shared ones."""
    return Code.LIMIT_EXCEEDED if applied.limit.source in {"own", "temporary"} else Code.GROUP_LIMIT_EXCEEDED


def category_limit_exceeded(situation: Situation) -> Sequence[Finding]:
    """One category is above its cap, whether or not the policy includes it; a cap of 0 allows nothing."""
    caps = situation.category_limits
    if not caps or situation.policy.limit_check != "built_in" or situation.amount_gated:
        return ()
    return [
        Finding(
            code=Code.CATEGORY_LIMIT_EXCEEDED,
            severity=SEVERITIES[situation.policy.on_limit_exceeded],
            observed=observed,
            threshold=cap,
            unit=situation.currency,
            params={"category": category},
        )
        for category, cap in sorted(caps.items())
        if (observed := situation.in_category(category)) > cap
    ]


def limit_expired(situation: Situation) -> Sequence[Finding]:
    """A limit that applies is past its expiry date plus grace (M20)."""
    policy = situation.policy
    severity = SEVERITIES.get(policy.expired_limit)
    if severity is None:
        return ()
    return [
        Finding(
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
        for limit in situation.limits
        if expired(
            limit,
            as_of=situation.as_of,
            grace_days=policy.expiry_grace_days,
            blank_is_expired=policy.blank_expiry == "expired",
        )
    ]


def limit_missing(situation: Situation) -> Sequence[Finding]:
    """A mandatory limit is not set; or none applies at all and the policy minds."""
    limits, effect = situation.limits, situation.policy.missing_limit
    if any(limit.missing for limit in limits):
        params = {"mandatory": True}
        return (Finding(code=Code.LIMIT_MISSING, severity=Severity.HARD, params=params),)
    if effect == "allow" or any(limit.state is not LimitState.NONE for limit in limits):
        return ()
    params = {"mandatory": False}
    return (Finding(code=Code.LIMIT_MISSING, severity=SEVERITIES[effect], params=params),)


def payment_terms_rank(situation: Situation) -> Sequence[Finding]:
    """The document's payment terms are ranked strictly above the customer's default (M24)."""
    if situation.policy.hold_on_payment_terms_rank and situation.check.document and situation.facts.customer:
        return _ranked_above(
            Code.PAYMENT_TERMS_RANK,
            situation.check.document.payment_terms,
            situation.facts.customer.payment_terms,
            situation.configuration.payment_terms.get,
        )
    return ()


def cash_discount_rank(situation: Situation) -> Sequence[Finding]:
    """The document's cash discount is ranked strictly above the customer's default (M25)."""
    if situation.policy.hold_on_cash_discount_rank and situation.check.document and situation.facts.customer:
        return _ranked_above(
            Code.CASH_DISCOUNT_RANK,
            situation.check.document.cash_discount,
            situation.facts.customer.cash_discount,
            situation.configuration.cash_discounts.get,
        )
    return ()


def _ranked_above(
    code: Code, asked: str | None, usual: str | None, find: Callable[[str], Rank | None]
) -> Sequence[Finding]:
    wanted, default = find(asked or ""), find(usual or "")
    if wanted is None or default is None or wanted.rank is None or default.rank is None:
        return ()
    if wanted.rank <= default.rank:
        return ()
    finding = Finding(
        code=code,
        severity=Severity.HARD,
        observed=wanted.rank,
        threshold=default.rank,
        unit="rank",
        params={"document": wanted.code, "customer": default.code},
    )
    return (finding,)


def utilisation_high(situation: Situation) -> Sequence[Finding]:
    """Projected exposure is above the warning percentage of a limit, but not above the limit (D3)."""
    policy = situation.policy
    if (
        policy.warn_percent is None
        or policy.on_utilisation_high == "none"
        or policy.limit_check != "built_in"
        or situation.amount_gated
    ):
        return ()
    for applied in situation.applied:
        if not applied.exceeded and above_warning(applied, situation.configuration):
            finding = Finding(
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
            return (finding,)
    return ()


def above_warning(applied: AppliedLimit, configuration: Configuration) -> bool:
    """Whether projected exposure is strictly above the policy's warning percentage of a limit."""
    percent = configuration.policy.warn_percent
    return (
        percent is not None
        and applied.exposure.projected * HUNDRED > (applied.limit.amount or Decimal(0)) * percent
    )


CHECKS: tuple[Callable[[Situation], Sequence[Finding]], ...] = (
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
