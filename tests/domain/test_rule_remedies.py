"""What would make a document pass that a rule holds."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from creditrisk.domain.decision import Outcome
from creditrisk.domain.facts import Facts
from creditrisk.domain.remedy import find_remedy
from creditrisk.domain.rules import Rule
from tests.builders import (
    TODAY,
    block,
    check,
    configuration,
    decided,
    facts,
    item,
    late,
    limit,
    line,
    order,
    paid,
    temporary,
)
from tests.builders import period as valid

OVERDUE_RULE = {"amount": "3000.00", "percent": "70"}


def owing(overdue: str, balance: str) -> Facts:
    """An account with a limit of 10,000."""
    return facts(late(5, overdue), item(str(Decimal(balance) - Decimal(overdue))), limit=limit("10000.00"))


def expired_since(days: int) -> Facts:
    return facts(limit=limit("1000.00", expires_on=TODAY - timedelta(days=days)))


def needed(rule: Rule, stored: Facts, amount: str = "100.00", **settings: Any) -> Decimal | None:
    policy = configuration(rules=[rule], limit_check="rules_only", warn_percent=None, **settings)
    verdict = decided(order(amount), stored, policy)
    assert verdict.decision is Outcome.BLOCK
    return find_remedy(verdict, check(order(amount)), stored, policy, as_of=TODAY).payment_needed


@pytest.mark.parametrize(
    ("rule", "stored", "payment"),
    [
        (block("days_overdue", days=61), facts(late(80, "400.00"), late(20, "70.00")), "400.00"),
        (block("limit_used", percent="90"), facts(item("950.00"), limit="1000.00"), "150.00"),
        (block("limit_used", percent="33.3333"), facts(item("90.00"), limit="100.01"), "156.67"),
        # Less overdue, or less of the limit used: whichever comes first.
        (block("overdue_amount", **OVERDUE_RULE), owing("4000.00", "9000.00"), "1000.00"),
        (block("overdue_amount", **OVERDUE_RULE), owing("4000.00", "7000.00"), "100.00"),
        (block("document_amount", amount="1.00"), facts(), None),
        (block("limit_expired", days=0), expired_since(3), None),
    ],
)
def test_the_payment_that_silences_a_rule(rule: Rule, stored: Facts, payment: str | None) -> None:
    amount = needed(rule, stored)
    assert amount == (None if payment is None else Decimal(payment))
    if amount is None:
        return
    policy = configuration(rules=[rule], limit_check="rules_only", warn_percent=None)
    for paid_amount, decision in ((amount, Outcome.ALLOW), (amount - Decimal("0.01"), Outcome.BLOCK)):
        after = stored._replace(lines=paid(stored.lines, paid_amount))
        assert decided(order(), after, policy).decision is decision


def test_a_rule_about_both_is_cured_by_less_overdue_where_no_payment_lowers_exposure() -> None:
    stored = facts(late(9, "4000.00"), line("orders", "9000.00"), limit="10000.00")
    only_orders = dict.fromkeys(("open_items", "deliveries", "invoices"), False)
    assert needed(block("overdue_amount", **OVERDUE_RULE), stored, categories=only_orders) == 1000


def test_a_limit_that_is_renewed_by_a_temporary_one_is_waited_for() -> None:
    begins = TODAY + timedelta(days=4)
    stored = facts(
        limit=limit(
            "1000.00",
            expires_on=TODAY - timedelta(days=9),
            temporary=[temporary("1000.00", valid(begins.isoformat()))],
        )
    )
    policy = configuration(rules=[block("limit_expired", days=5)], expired_limit="ignore")
    verdict = decided(order(), stored, policy)
    assert find_remedy(verdict, check(order()), stored, policy, as_of=TODAY).unblocked_on == begins
