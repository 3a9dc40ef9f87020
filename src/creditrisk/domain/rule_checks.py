"""What rules of each kind compare (M17 to M23; docs/domain.md, Rules).

Blocks are strict: exactly at its value a rule finds nothing. Exclusions are true strictly below theirs, only
that of a document's amount is true at it, too.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from creditrisk.domain.findings import Code, Finding, Severity
from creditrisk.domain.limits import Limit, expired
from creditrisk.domain.money import EXACT, rounded_down
from creditrisk.domain.own_rule_checks import Unknowable, found_by
from creditrisk.domain.rules import Rule, RuleKind
from creditrisk.domain.situation import AppliedLimit, Situation

HUNDRED = Decimal(100)
ZERO = Decimal(0)

Condition = Callable[[Rule, Situation], bool]


# Blocks


def _days_overdue(rule: Rule, situation: Situation) -> Iterator[Finding]:
    oldest = situation.overdue.tested_oldest_days
    if rule.days is not None and oldest > rule.days:
        yield _finding(rule, Code.DAYS_OVERDUE, observed=oldest, threshold=rule.days, unit="days")


def _account_status(rule: Rule, situation: Situation) -> Iterator[Finding]:
    for customer in situation.facts.customers:
        if customer.account_status == rule.account_status:
            params = {"customer": customer.id, "status": rule.account_status}
            yield _finding(rule, Code.ACCOUNT_STATUS, params=params)


def _payment_terms(rule: Rule, situation: Situation) -> Iterator[Finding]:
    document = situation.check.document
    if document is not None and document.payment_terms == rule.payment_terms:
        yield _finding(rule, Code.PAYMENT_TERMS, params={"document": rule.payment_terms})


def _limit_expired(rule: Rule, situation: Situation) -> Iterator[Finding]:
    for limit in situation.limits:
        if _expired(limit, situation, grace_days=rule.days or 0):
            day = limit.expires_on
            yield _finding(
                rule,
                Code.LIMIT_EXPIRED,
                observed=None if day is None else (situation.as_of - day).days,
                threshold=rule.days,
                unit="days",
                params={
                    "source": limit.source,
                    "id": limit.id,
                    "expires_on": None if day is None else day.isoformat(),
                },
            )


def _overdue_amount(rule: Rule, situation: Situation) -> Iterator[Finding]:
    if _more_overdue(rule, situation) and _uses_more_of_any(rule, situation):
        yield _finding(
            rule,
            Code.OVERDUE_AMOUNT,
            observed=situation.overdue.tested_amount,
            threshold=_amount(rule, situation),
            unit=situation.currency,
            params={"percent": f"{rule.percent:f}"},
        )


def _more_overdue(rule: Rule, situation: Situation) -> bool:
    accepted = _amount(rule, situation)
    return accepted is not None and situation.overdue.tested_amount > accepted


def _uses_more_of_any(rule: Rule, situation: Situation) -> bool:
    percent = rule.percent
    return percent is not None and any(
        uses_more(applied, percent, situation) for applied in situation.applied
    )


def _document_amount(rule: Rule, situation: Situation) -> Iterator[Finding]:
    accepted, total = _amount(rule, situation), _total(situation)
    if accepted is not None and total is not None and total > accepted:
        yield _finding(
            rule, Code.DOCUMENT_AMOUNT, observed=total, threshold=accepted, unit=situation.currency
        )


def _limit_used(rule: Rule, situation: Situation) -> Iterator[Finding]:
    if rule.percent is None or situation.policy.limit_check == "off" or situation.amount_gated:
        return
    for applied in situation.applied:
        if uses_more(applied, rule.percent, situation):
            yield _finding(
                rule,
                Code.LIMIT_USED,
                observed=applied.exposure.projected,
                threshold=share_of(applied, rule.percent, situation),
                unit=situation.currency,
                params={
                    "source": applied.limit.source,
                    "id": applied.limit.id,
                    "percent": f"{rule.percent:f}",
                },
            )


def _own(rule: Rule, situation: Situation) -> Iterator[Finding]:
    """What is not known is not allowed: a rule that cannot be worked out holds."""
    own = rule.own
    if own is None:
        return
    params = {"own_kind": own.kind, "version": own.version}
    try:
        hit = found_by(own, situation)
    except Unknowable:
        yield _finding(rule, Code.OWN_RULE, params=params | {"failed": own.kind})
        return
    if hit is not None:
        yield _finding(
            rule,
            Code.OWN_RULE,
            observed=hit.observed,
            threshold=hit.threshold,
            unit=hit.unit,
            params=params if hit.text is None else params | {"text": hit.text},
        )


BLOCKS: Mapping[RuleKind, Callable[[Rule, Situation], Iterator[Finding]]] = {
    RuleKind.DAYS_OVERDUE: _days_overdue,
    RuleKind.ACCOUNT_STATUS: _account_status,
    RuleKind.PAYMENT_TERMS: _payment_terms,
    RuleKind.LIMIT_EXPIRED: _limit_expired,
    RuleKind.OVERDUE_AMOUNT: _overdue_amount,
    RuleKind.DOCUMENT_AMOUNT: _document_amount,
    RuleKind.LIMIT_USED: _limit_used,
    RuleKind.OWN: _own,
}
"""What a blocking rule of each kind finds."""


# Exclusions


def _fewer_days_overdue(rule: Rule, situation: Situation) -> bool:
    if rule.days is not None:
        return situation.overdue.tested_oldest_days < rule.days
    return _less_overdue(rule, situation)


def _always(_rule: Rule, _situation: Situation) -> bool:
    """Rules about a status or terms that the check does not have are not even looked at."""
    return True


def _expired_for_less(rule: Rule, situation: Situation) -> bool:
    return not any(_expired(limit, situation, grace_days=(rule.days or 0) - 1) for limit in situation.limits)


def _less_overdue_and_used(rule: Rule, situation: Situation) -> bool:
    return _less_overdue(rule, situation) and _less_of_every_limit(rule, situation)


def _less_overdue(rule: Rule, situation: Situation) -> bool:
    accepted = _amount(rule, situation)
    return accepted is not None and situation.overdue.tested_amount < accepted


def _smaller_document(rule: Rule, situation: Situation) -> bool:
    accepted, total = _amount(rule, situation), _total(situation)
    return accepted is not None and total is not None and total <= accepted


def _less_used(rule: Rule, situation: Situation) -> bool:
    return situation.policy.limit_check != "off" and _less_of_every_limit(rule, situation)


def _own_is_true(rule: Rule, situation: Situation) -> bool:
    """One that cannot be worked out frees nothing."""
    try:
        return rule.own is not None and found_by(rule.own, situation) is not None
    except Unknowable:
        return False


def _less_of_every_limit(rule: Rule, situation: Situation) -> bool:
    return not any(
        _refused(applied, situation) or applied.exposure.projected * HUNDRED >= _of_limit(applied, rule)
        for applied in situation.applied
    )


EXCLUSIONS: Mapping[RuleKind, Callable[[Rule, Situation], bool]] = {
    RuleKind.DAYS_OVERDUE: _fewer_days_overdue,
    RuleKind.ACCOUNT_STATUS: _always,
    RuleKind.PAYMENT_TERMS: _always,
    RuleKind.LIMIT_EXPIRED: _expired_for_less,
    RuleKind.OVERDUE_AMOUNT: _less_overdue_and_used,
    RuleKind.DOCUMENT_AMOUNT: _smaller_document,
    RuleKind.LIMIT_USED: _less_used,
    RuleKind.OWN: _own_is_true,
}
"""Whether an exclusion of each kind is true."""


TWO_FIGURES: Mapping[tuple[RuleKind, bool], tuple[Condition, Condition]] = {
    (RuleKind.OVERDUE_AMOUNT, False): (_more_overdue, _uses_more_of_any),
    (RuleKind.OVERDUE_AMOUNT, True): (_less_overdue, _less_of_every_limit),
}
"""The comparisons, in the order of `Rule.values`, of kinds that need two to be met; True: of exclusions."""


# What they compare


def uses_more(applied: AppliedLimit, percent: Decimal, situation: Situation) -> bool:
    """Whether more than a percentage of a limit is used; nothing is divided, so a limit of 0 is no trouble.

    A limit that is 0 and mandatory is exceeded by every document with a positive amount (M8, M38).
    """
    return _refused(applied, situation) or applied.exposure.projected > share_of(applied, percent, situation)


def share_of(applied: AppliedLimit, percent: Decimal, situation: Situation) -> Decimal:
    """The most of a limit that a percentage allows; there is nothing between it and the next minor unit."""
    exact = EXACT.divide(EXACT.multiply(applied.limit.amount or ZERO, percent), HUNDRED)
    return rounded_down(exact, situation.currency)


def _of_limit(applied: AppliedLimit, rule: Rule) -> Decimal:
    return (applied.limit.amount or ZERO) * (rule.percent or ZERO)


def _refused(applied: AppliedLimit, situation: Situation) -> bool:
    document = situation.check.document
    return applied.limit.refuses_all and document is not None and document.amount > 0


def _expired(limit: Limit, situation: Situation, *, grace_days: int) -> bool:
    blank_is_expired = situation.policy.blank_expiry == "expired"
    return expired(limit, as_of=situation.as_of, grace_days=grace_days, blank_is_expired=blank_is_expired)


def _amount(rule: Rule, situation: Situation) -> Decimal | None:
    return None if rule.amount is None else situation.converter.convert(*rule.amount)


def _total(situation: Situation) -> Decimal | None:
    document = situation.check.document
    return None if document is None else situation.converter.convert(*document.total)


def _finding(
    rule: Rule,
    code: Code,
    *,
    observed: Decimal | int | None = None,
    threshold: Decimal | int | None = None,
    unit: str | None = None,
    params: Mapping[str, object] | None = None,
) -> Finding:
    return Finding(
        code=code,
        severity=Severity.HARD,
        observed=observed,
        threshold=threshold,
        unit=unit,
        params=params or {},
        rule=rule.id,
    )
