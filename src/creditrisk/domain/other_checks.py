"""Checks that judge no credit: gaps in the data, what people ordered, and what people are to be told."""

from collections.abc import Iterator

from creditrisk.domain.findings import SEVERITIES, Code, Finding, Severity
from creditrisk.domain.papers import Kind
from creditrisk.domain.situation import Situation


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
    customer = situation.facts.customer
    usual = (customer.payment_method if customer else None) or account.payment_method
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
