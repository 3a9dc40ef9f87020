"""Asking rules of one's own, which are other people's code: what they do wrong, holds (M26)."""

from decimal import Decimal

from creditrisk.domain.own_rules import UNITS, OwnRule, RuleFacts, RuleHit
from creditrisk.domain.situation import Situation

ZERO = Decimal(0)


class Unknowable(Exception):
    """A rule of one's own could not be worked out."""


def found_by(rule: OwnRule, situation: Situation) -> RuleHit | None:
    """What a rule of one's own finds.

    Raises:
        Unknowable: there is no check, it failed, or it did not answer what it should.
    """
    if rule.check is None:
        raise Unknowable
    try:
        hit = rule.check(_facts(situation))
    except Exception as failure:
        raise Unknowable from failure
    if hit is not None and not _is_sound(hit, situation.currency):
        raise Unknowable
    return hit


def _is_sound(hit: object, currency: str) -> bool:
    if not isinstance(hit, RuleHit):
        return False
    text: object = hit.text
    return (
        isinstance(text, str | None)
        and all(_is_figure(value) for value in (hit.observed, hit.threshold))
        and (hit.unit in UNITS or hit.unit == currency)
    )


def _is_figure(value: object) -> bool:
    return value is None or type(value) is int or (isinstance(value, Decimal) and value.is_finite())


def _facts(situation: Situation) -> RuleFacts:
    binding, exposure = situation.binding, situation.exposure
    return RuleFacts(
        company=situation.check.company,
        as_of=situation.as_of,
        checkpoint=situation.check.checkpoint,
        customer=situation.facts.customer,
        account=situation.facts.account.customer,
        document=situation.check.document,
        currency=situation.currency,
        document_amount=situation.document_amount,
        current=exposure.current,
        projected=exposure.projected,
        limit=None if binding is None else binding.limit.amount or ZERO,
        overdue_amount=situation.overdue.tested_amount,
        oldest_days=situation.overdue.tested_oldest_days,
    )
