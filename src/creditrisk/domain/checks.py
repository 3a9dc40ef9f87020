"""The checks: each a pure function from a situation to its findings, listed once, in precedence order.

Comparisons are strict: exactly at a threshold nothing is found. A check names what it observed and what it
compared with; whether its finding blocks, warns or is only told is settled afterwards (`decision`).
"""

from collections.abc import Callable, Iterator
from decimal import Decimal

from creditrisk.domain.account import Rank
from creditrisk.domain.facts import Configuration
from creditrisk.domain.findings import Code, Finding, Severity
from creditrisk.domain.limits import LimitState, expired
from creditrisk.domain.papers import Kind
from creditrisk.domain.situation import AppliedLimit, Situation

HUNDRED = Decimal(100)

SEVERITIES = {"block": Severity.HARD, "warn": Severity.SOFT, "allow": Severity.INFO}
"""What a policy's word for a reaction makes of a finding; words not listed here mean that nothing is
found."""


def customer_unknown(situation: Situation) -> Iterator[Finding]:
    """The ordering customer or the risk party was never heard of."""
    facts = situation.facts
    if facts.customer is None or facts.risk_customer is None:
        missing = situation.check.customer if facts.customer is None else facts.account.customer
        yield Finding(
            code=Code.CUSTOMER_UNKNOWN,
            severity=SEVERITIES[situation.policy.unknown_customer],
            params={"customer": missing},
        )


def policy_missing(situation: Situation) -> Iterator[Finding]:
    """A company without a policy is never allowed by default."""
    if not situation.configuration.defined:
        yield Finding(
            code=Code.POLICY_MISSING, severity=Severity.HARD, params={"company": situation.check.company}
        )


def rate_missing(situation: Situation) -> Iterator[Finding]:
    """An amount without a rate never silently becomes zero or one."""
    pairs = sorted(situation.converter.missing)
    if pairs:
        yield Finding(
            code=Code.RATE_MISSING,
            severity=SEVERITIES[situation.policy.missing_rate],
            params={"pairs": [f"{source}/{target}" for source, target in pairs]},
        )


def data_stale(situation: Situation) -> Iterator[Finding]:
    """A feed is older than the policy accepts; one never seen is stale, too."""
    ages = {feed.source: feed.age_seconds for feed in situation.facts.feeds}
    late = {
        source: ages.get(source)
        for source, limit in situation.policy.max_feed_age.items()
        if ages.get(source, limit + 1) > limit
    }
    if late:
        worst = max(late, key=lambda source: (late[source] is None, late[source] or 0))
        yield Finding(
            code=Code.DATA_STALE,
            severity=SEVERITIES[situation.policy.on_stale],
            observed=late[worst],
            threshold=situation.policy.max_feed_age[worst],
            unit="seconds",
            params={"feeds": sorted(late)},
        )


def manual_block(situation: Situation) -> Iterator[Finding]:
    """A person refused the kind, or the kind of a paper that this document follows (F20, F22)."""
    document = situation.check.document
    if document is None:
        return
    kinds = {document.kind.value}
    if situation.policy.manual_block_follows:
        kinds |= {followed.kind.value for followed in document.follows}
    blocks = [
        (account.customer, block)
        for account in situation.facts.accounts
        for block in account.manual_blocks
        if block.kinds & kinds and block.period.contains(situation.as_of)
    ]
    if blocks:
        yield Finding(
            code=Code.MANUAL_BLOCK,
            severity=Severity.HARD,
            params={
                "kinds": sorted(set().union(*(block.kinds for _, block in blocks)) & kinds),
                "customers": sorted({customer for customer, _ in blocks}),
                "notes": [block.note for _, block in blocks if block.note],
            },
        )


def account_status(situation: Situation) -> Iterator[Finding]:
    """A closed customer gets no new documents; a status stops all kinds, some of them, or invoices only."""
    kind = situation.kind
    if kind is None:
        return
    invoicing = kind is Kind.INVOICE or situation.check.checkpoint == "invoice"
    for customer in situation.facts.customers:
        if customer.closed:
            yield Finding(
                code=Code.ACCOUNT_STATUS,
                severity=Severity.HARD,
                params={"customer": customer.id, "closed": True},
            )
        status = situation.configuration.account_statuses.get(customer.account_status or "")
        if status is None:
            continue
        if (status.effect == "all" and (not status.kinds or kind in status.kinds)) or (
            status.effect == "invoices" and invoicing
        ):
            yield Finding(
                code=Code.ACCOUNT_STATUS,
                severity=SEVERITIES[status.on],
                params={"customer": customer.id, "status": status.code, "effect": status.effect},
            )


def documents_blocked(situation: Situation) -> Iterator[Finding]:
    """The kind is refused for the account: by a person (C7), or while its limits are breached (C8)."""
    kind = situation.kind
    if kind is None:
        return
    refusing = [account.customer for account in situation.facts.accounts if kind in account.documents_blocked]
    automatic = situation.auto_blocked and kind in situation.policy.blocked_kinds
    if refusing or automatic:
        yield Finding(
            code=Code.DOCUMENTS_BLOCKED,
            severity=Severity.HARD,
            params={"kind": kind.value, "customers": refusing, "automatic": automatic and not refusing},
        )


def cash_only(situation: Situation) -> Iterator[Finding]:
    """Invoices, and anything at the invoice checkpoint, only with one of the policy's cash methods (C6)."""
    document, account = situation.check.document, situation.facts.account
    if document is None or not account.cash_only:
        return
    invoicing = document.kind is Kind.INVOICE or situation.check.checkpoint == "invoice"
    usual = situation.facts.customer.payment_method if situation.facts.customer else None
    if invoicing and (document.payment_method or usual) not in situation.policy.cash_methods:
        yield Finding(
            code=Code.CASH_ONLY,
            severity=Severity.HARD,
            params={"cash_methods": sorted(situation.policy.cash_methods)},
        )


def always_authorise(situation: Situation) -> Iterator[Finding]:
    """The kind is held even when credit is free (F21)."""
    if situation.kind is not None and situation.kind in situation.facts.account.always_authorise:
        yield Finding(
            code=Code.ALWAYS_AUTHORISE, severity=Severity.HARD, params={"kind": situation.kind.value}
        )


def forced_hold(situation: Situation) -> Iterator[Finding]:
    """A person put the document on hold; only a person takes it off (M32)."""
    if situation.facts.forced_hold is not None:
        yield Finding(
            code=Code.FORCED_HOLD, severity=Severity.HARD, params={"hold": situation.facts.forced_hold}
        )


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


def customer_warning(situation: Situation) -> Iterator[Finding]:
    """A text for whoever works with the customer at this kind and checkpoint (C16). It never blocks."""
    for account in situation.facts.accounts:
        warning = account.warning
        if warning is None or situation.kind is None:
            continue
        for_kind = not warning.kinds or situation.kind in warning.kinds
        if for_kind and (not warning.checkpoints or situation.check.checkpoint in warning.checkpoints):
            yield Finding(
                code=Code.CUSTOMER_WARNING,
                severity=Severity.SOFT,
                params={"customer": account.customer, "text": warning.text},
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
