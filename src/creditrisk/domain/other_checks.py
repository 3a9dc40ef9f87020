"""Checks that judge no credit: gaps in the data, what people ordered, and what people are to be told."""

from collections.abc import Sequence

from creditrisk.domain.account import AccountStatus
from creditrisk.domain.findings import SEVERITIES, Code, Finding, Severity
from creditrisk.domain.papers import Kind
from creditrisk.domain.situation import Situation


def customer_unknown(situation: Situation) -> Sequence[Finding]:
    """The ordering customer or the risk party was never heard of."""
    facts = situation.facts
    if facts.customer is None or facts.risk_customer is None:
        missing = situation.check.customer if facts.customer is None else facts.account.customer
        finding = Finding(
            code=Code.CUSTOMER_UNKNOWN,
            severity=SEVERITIES[situation.policy.unknown_customer],
            params={"customer": missing},
        )
        return (finding,)
    return ()


def policy_missing(situation: Situation) -> Sequence[Finding]:
    """A company without a policy is never allowed by default."""
    if situation.configuration.defined:
        return ()
    params = {"company": situation.check.company}
    return (Finding(code=Code.POLICY_MISSING, severity=Severity.HARD, params=params),)


def rate_missing(situation: Situation) -> Sequence[Finding]:
    """An amount without a rate never silently becomes zero or one."""
    missing = situation.converter.missing
    if not missing:
        return ()
    finding = Finding(
        code=Code.RATE_MISSING,
        severity=SEVERITIES[situation.policy.missing_rate],
        params={"pairs": [f"{source}/{target}" for source, target in missing]},
    )
    return (finding,)


def data_stale(situation: Situation) -> Sequence[Finding]:
    """A feed is older than the policy accepts; one never seen is stale, too."""
    accepted = situation.policy.max_feed_age
    if not accepted:
        return ()
    ages = {feed.source: feed.age_seconds for feed in situation.facts.feeds}
    late = {
        source: ages.get(source) for source, limit in accepted.items() if ages.get(source, limit + 1) > limit
    }
    if not late:
        return ()
    worst = max(late, key=lambda source: (late[source] is None, late[source] or 0))
    finding = Finding(
        code=Code.DATA_STALE,
        severity=SEVERITIES[situation.policy.on_stale],
        observed=late[worst],
        threshold=accepted[worst],
        unit="seconds",
        params={"feeds": sorted(late)},
    )
    return (finding,)


def manual_block(situation: Situation) -> Sequence[Finding]:
    """A person refused the kind, or the kind of a paper that this document follows (F20, F22)."""
    document = situation.check.document
    ordered = [
        (account.customer, block) for account in situation.facts.accounts for block in account.manual_blocks
    ]
    if document is None or not ordered:
        return ()
    kinds = {document.kind.value}
    if situation.policy.manual_block_follows:
        kinds |= {followed.kind.value for followed in document.follows}
    blocks = [
        (customer, block)
        for customer, block in ordered
        if block.kinds & kinds and block.period.contains(situation.as_of)
    ]
    if not blocks:
        return ()
    finding = Finding(
        code=Code.MANUAL_BLOCK,
        severity=Severity.HARD,
        params={
            "kinds": sorted(set().union(*(block.kinds for _, block in blocks)) & kinds),
            "customers": sorted({customer for customer, _ in blocks}),
            "notes": [block.note for _, block in blocks if block.note],
        },
    )
    return (finding,)


def account_status(situation: Situation) -> Sequence[Finding]:
    """A closed customer gets no new documents; a status stops all kinds, some of them, or invoices only."""
    kind = situation.kind
    if kind is None:
        return ()
    found: list[Finding] = []
    for customer in situation.facts.customers:
        if customer.closed:
            params = {"customer": customer.id, "closed": True}
            found.append(Finding(code=Code.ACCOUNT_STATUS, severity=Severity.HARD, params=params))
        stated = customer.account_status
        status = situation.configuration.account_statuses.get(stated) if stated else None
        if status is not None and _stops(status, kind, situation.check.checkpoint):
            finding = Finding(
                code=Code.ACCOUNT_STATUS,
                severity=SEVERITIES[status.on],
                params={"customer": customer.id, "status": status.code, "effect": status.effect},
            )
            found.append(finding)
    return found


def _stops(status: AccountStatus, kind: Kind, checkpoint: str) -> bool:
    if status.effect == "all":
        return not status.kinds or kind in status.kinds
    return status.effect == "invoices" and (kind is Kind.INVOICE or checkpoint == "invoice")


def documents_blocked(situation: Situation) -> Sequence[Finding]:
    """The kind is refused for the account: by a person (C7), or while its limits are breached (C8)."""
    kind = situation.kind
    if kind is None:
        return ()
    refusing = [account.customer for account in situation.facts.accounts if kind in account.documents_blocked]
    automatic = kind in situation.policy.blocked_kinds and situation.auto_blocked
    if not (refusing or automatic):
        return ()
    params = {"kind": kind.value, "customers": refusing, "automatic": automatic and not refusing}
    return (Finding(code=Code.DOCUMENTS_BLOCKED, severity=Severity.HARD, params=params),)


def cash_only(situation: Situation) -> Sequence[Finding]:
    """Invoices, and anything at the invoice checkpoint, only with one of the policy's cash methods (C6)."""
    document, account = situation.check.document, situation.facts.account
    if document is None or not account.cash_only:
        return ()
    invoicing = document.kind is Kind.INVOICE or situation.check.checkpoint == "invoice"
    customer = situation.facts.customer
    usual = (customer.payment_method if customer else None) or account.payment_method
    if not invoicing or (document.payment_method or usual) in situation.policy.cash_methods:
        return ()
    params = {"cash_methods": sorted(situation.policy.cash_methods)}
    return (Finding(code=Code.CASH_ONLY, severity=Severity.HARD, params=params),)


def always_authorise(situation: Situation) -> Sequence[Finding]:
    """The kind is held even when credit is free (F21)."""
    kinds, kind = situation.facts.account.always_authorise, situation.kind
    if kind is None or kind not in kinds:
        return ()
    return (Finding(code=Code.ALWAYS_AUTHORISE, severity=Severity.HARD, params={"kind": kind.value}),)


def forced_hold(situation: Situation) -> Sequence[Finding]:
    """A person put the document on hold; only a person takes it off (M32)."""
    hold = situation.facts.forced_hold
    if hold is None:
        return ()
    return (Finding(code=Code.FORCED_HOLD, severity=Severity.HARD, params={"hold": hold}),)


def customer_warning(situation: Situation) -> Sequence[Finding]:
    """A text for whoever works with the customer at this kind and checkpoint (C16). It never blocks."""
    found: list[Finding] = []
    for account in situation.facts.accounts:
        warning = account.warning
        if warning is None or situation.kind is None:
            continue
        for_kind = not warning.kinds or situation.kind in warning.kinds
        if for_kind and (not warning.checkpoints or situation.check.checkpoint in warning.checkpoints):
            params = {"customer": account.customer, "text": warning.text}
            found.append(Finding(code=Code.CUSTOMER_WARNING, severity=Severity.SOFT, params=params))
    return found
