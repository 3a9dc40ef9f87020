"""Kinds of rules that a package of a tenant's own offers; tests install it as one."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from creditrisk.domain.own_rules import RuleCheck, RuleFacts, RuleHit


def seasonal(values: Mapping[str, Any]) -> RuleCheck:
    """Less credit in some months: `{"months": [7, 8], "most": "500.00"}`."""
    if set(values) != {"months", "most"}:
        raise ValueError("must have months and most")
    months, most = frozenset(values["months"]), Decimal(values["most"])

    def check(facts: RuleFacts) -> RuleHit | None:
        if facts.as_of.month not in months or facts.projected <= most:
            return None
        return RuleHit(
            text=f"In month {facts.as_of.month} less credit is given.",
            observed=facts.projected,
            threshold=most,
            unit=facts.currency,
        )

    return check


def small(values: Mapping[str, Any]) -> RuleCheck:
    """Documents up to an amount: for exclusions."""
    most = Decimal(values["most"])
    return lambda facts: RuleHit() if facts.document_amount <= most else None


def broken(values: Mapping[str, Any]) -> RuleCheck:
    """Does what `how` says."""

    def check(_facts: RuleFacts) -> Any:
        answers = {"text": "yes", "unit": RuleHit(unit="apples"), "figure": RuleHit(observed=values["how"])}
        return answers[values["how"]]

    return check
