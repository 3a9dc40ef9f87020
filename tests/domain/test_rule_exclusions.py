"""Rules among each other and among all other findings: what exclusions cancel, and what is demoted."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.account import Customer
from creditrisk.domain.decision import Outcome, Signal
from creditrisk.domain.facts import Facts
from creditrisk.domain.findings import Code, Finding, Severity
from creditrisk.domain.rules import Rule, RuleScope
from tests.builders import (
    TODAY,
    account,
    block,
    check,
    codes,
    configuration,
    decided,
    exclusion,
    facts,
    item,
    late,
    limit,
    order,
    quotation,
    release,
)
from tests.domain.ruled import judged, of

SOUTH = Customer(id="C-1", management_group="SOUTH", risk_group="B")
GOLD = facts(customer=Customer(id="C-1", account_status="GOLD"))

# What exclusions cancel

LEVELS: dict[str, dict[str, Any]] = {
    "customer": {"scope": RuleScope.CUSTOMER, "scope_id": "C-1"},
    "group": {"scope": RuleScope.GROUP, "scope_id": "SOUTH"},
    "all": {"scope": RuleScope.ALL},
}
MORE_SPECIFIC = {("customer", "group"), ("customer", "all"), ("group", "all")}


@pytest.mark.parametrize(("excluding", "blocking"), list(product(LEVELS, LEVELS)))
def test_an_exclusion_cancels_blocks_of_wider_scopes_only(excluding: str, blocking: str) -> None:
    rules = [
        block("days_overdue", days=61, **LEVELS[blocking]),
        exclusion("days_overdue", days=100, **LEVELS[excluding]),
    ]
    verdict = judged(rules, facts(late(80), customer=SOUTH))
    if (excluding, blocking) in MORE_SPECIFIC:
        assert (verdict.decision, verdict.findings) == (Outcome.ALLOW, [])
        ((cancelled, by),) = verdict.cancelled
        assert (cancelled.code, cancelled.rule, by) == (Code.DAYS_OVERDUE, "R-1", "X-1")
    else:
        assert (verdict.decision, codes(verdict)) == (Outcome.BLOCK, [Code.DAYS_OVERDUE])
        assert not verdict.cancelled


def test_an_exclusion_that_is_not_true_cancels_nothing() -> None:
    rules = [block("days_overdue", days=61), exclusion("days_overdue", days=100, **LEVELS["customer"])]
    assert of(rules, facts(late(120))) == ["R-1"]


def test_an_exclusion_cancels_its_own_kind_only() -> None:
    rules = [
        block("days_overdue", days=61),
        block("document_amount", "R-2", amount="5000.00"),
        exclusion("days_overdue", days=100, **LEVELS["customer"]),
    ]
    assert of(rules, facts(late(80)), order("9000.00")) == ["R-2"]


@pytest.mark.parametrize(("more", "left"), [({}, ["R-1"]), ({"release_document": True}, [])])
def test_an_exclusion_by_amount_cancels_a_block_by_days_only_when_it_releases(
    more: dict[str, Any], left: list[str]
) -> None:
    rules = [
        block("days_overdue", days=61),
        exclusion("days_overdue", amount="1000.00", **LEVELS["customer"], **more),
    ]
    assert of(rules, facts(late(80))) == left


def test_an_exclusion_of_one_status_leaves_the_block_of_another() -> None:
    rules = [
        block("account_status", "R-1", account_status="GOLD"),
        block("account_status", "R-2", account_status="COURT"),
        exclusion("account_status", account_status="GOLD", **LEVELS["customer"]),
    ]
    stored = GOLD._replace(risk_customer=Customer(id="C-2", account_status="COURT"))
    assert of(rules, stored) == ["R-2"]


def test_an_exclusion_leaves_built_in_findings_of_the_same_code() -> None:
    rules = [block("days_overdue", days=61), exclusion("days_overdue", days=100, **LEVELS["customer"])]
    verdict = judged(rules, facts(late(80)), max_days_overdue=30)
    assert [(f.code, f.rule, f.threshold) for f in verdict.findings] == [(Code.DAYS_OVERDUE, None, 30)]


def test_a_rule_and_a_parameter_of_the_same_code_give_two_findings() -> None:
    verdict = judged([block("days_overdue", days=61)], facts(late(80)), max_days_overdue=30)
    assert [(f.rule, f.threshold) for f in verdict.findings] == [(None, 30), ("R-1", 61)]


def test_releasing_cancels_every_rule_and_every_credit_finding_but_no_order_by_people() -> None:
    stored = facts(
        late(80, "900.00"),
        customer=Customer(id="C-1", account_status="GOLD", closed=True),
        account=account(limit="100.00", documents_blocked=frozenset({"order"})),
        forced_hold="H-1",
    )
    rules = [
        block("account_status", account_status="GOLD"),
        block("days_overdue", "R-2", days=61),
        exclusion("document_amount", amount="100.00", release_document=True),
    ]
    verdict = judged(rules, stored, max_days_overdue=30, limit_check="built_in")
    assert codes(verdict) == [Code.ACCOUNT_STATUS, Code.DOCUMENTS_BLOCKED, Code.FORCED_HOLD]
    assert verdict.findings[0].params == {"customer": "C-1", "closed": True}
    assert [(finding.code, finding.rule, by) for finding, by in verdict.cancelled] == [
        (Code.ACCOUNT_STATUS, "R-1", "X-1"),
        (Code.DAYS_OVERDUE, None, "X-1"),
        (Code.DAYS_OVERDUE, "R-2", "X-1"),
        (Code.LIMIT_EXCEEDED, None, "X-1"),
    ]


def test_the_colour_tells_the_truth_about_the_amount_whatever_was_cancelled() -> None:
    freed = exclusion("document_amount", amount="9999.00", release_document=True)
    verdict = judged([block("limit_used", percent="100"), freed], facts(item("500.00"), limit="100.00"))
    assert (verdict.decision, verdict.signal) == (Outcome.ALLOW, Signal.RED)
    calm = judged([block("days_overdue", days=1), freed], facts(late(9)))
    assert (calm.decision, calm.signal) == (Outcome.ALLOW, Signal.GREEN)


# Rules among everything else


def test_without_control_rules_neither_find_nor_cancel() -> None:
    rules = [
        block("document_amount", amount="1.00"),
        exclusion("days_overdue", days=9, release_document=True),
    ]
    verdict = judged(rules, facts(account=account(control="off")))
    assert (verdict.findings, verdict.cancelled, verdict.signal) == ([], (), Signal.OFF)


def test_findings_of_rules_are_demoted_like_all_others() -> None:
    rules = [block("document_amount", amount="1.00")]

    def demoted(stored: Facts, asked: Any = None) -> tuple[Severity, str | None]:
        (finding,) = decided(asked or order(), stored, configuration(rules=rules)).findings
        return finding.severity, finding.demoted_by

    assert demoted(facts(account=account(control="monitor"))) == (Severity.SOFT, "control")
    assert demoted(facts(), check(order(), strict=False)) == (Severity.SOFT, "operator")
    assert demoted(facts(), check(order(), roles=["supervisor"])) == (Severity.SOFT, "role")
    assert demoted(facts(releases=[release("100.00")])) == (Severity.INFO, "authorisation")
    assert demoted(facts(), quotation()) == (Severity.INFO, None)
    status = configuration(rules=[block("account_status", account_status="GOLD")])
    (order_of_people,) = decided(check(order(), strict=False), GOLD, status).findings
    assert (order_of_people.severity, order_of_people.demoted_by) == (Severity.HARD, None)


def test_findings_of_rules_stand_in_the_order_of_precedence() -> None:
    stored = facts(
        late(80, "900.00"),
        limit=limit("100.00", expires_on=TODAY - timedelta(days=9)),
        customer=Customer(id="C-1", account_status="GOLD"),
    )
    rules = [
        block("limit_used", "1", percent="100"),
        block("payment_terms", "2", payment_terms="NET60"),
        block("document_amount", "3", amount="1.00"),
        block("limit_expired", "4", days=0),
        block("overdue_amount", "5", amount="0.00", percent="0"),
        block("days_overdue", "6", days=0),
        block("account_status", "7", account_status="GOLD"),
    ]
    verdict = judged(rules, stored, order(payment_terms="NET60"))
    assert codes(verdict) == [
        Code.ACCOUNT_STATUS,
        Code.DAYS_OVERDUE,
        Code.OVERDUE_AMOUNT,
        Code.LIMIT_USED,
        Code.LIMIT_EXPIRED,
        Code.DOCUMENT_AMOUNT,
        Code.PAYMENT_TERMS,
    ]


def test_a_check_of_the_account_alone_has_no_document_to_judge() -> None:
    rules = [
        block("document_amount", amount="0.00"),
        block("payment_terms", payment_terms="NET60"),
        exclusion("document_amount", amount="9.00", release_document=True),
        block("limit_used", "R-2", percent="100"),
    ]
    settings = configuration(rules=rules, limit_check="rules_only", warn_percent=None)
    verdict = decided(None, facts(item("500.00"), limit="100.00"), settings)
    assert [finding.rule for finding in verdict.findings] == ["R-2"]


# Properties

SCOPES = st.sampled_from(list(LEVELS.values()))
RULES = st.lists(
    st.builds(
        lambda number, days, excludes, releases, where: (
            exclusion("days_overdue", f"N-{number}", days=days, release_document=releases, **where)
            if excludes
            else block("days_overdue", f"N-{number}", days=days, **where)
        ),
        st.integers(0, 9),
        st.integers(0, 100),
        st.booleans(),
        st.booleans(),
        SCOPES,
    ),
    max_size=8,
    unique_by=lambda rule: rule.id,
)


@given(rules=RULES, days=st.integers(1, 110), data=st.data())
def test_the_order_in_which_rules_were_set_does_not_matter(
    rules: list[Rule], days: int, data: st.DataObject
) -> None:
    stored = facts(late(days), customer=SOUTH)
    one, other = judged(rules, stored), judged(data.draw(st.permutations(rules)), stored)
    assert (one.findings, one.cancelled) == (other.findings, other.cancelled)


@given(rules=RULES, days=st.integers(1, 110))
def test_exclusions_only_move_findings_to_the_cancelled_ones(rules: list[Rule], days: int) -> None:
    stored = facts(late(days), customer=SOUTH)
    verdict = judged(rules, stored)
    alone = judged([rule for rule in rules if not rule.exclusion], stored)

    def key(finding: Finding) -> str | None:
        return finding.rule

    assert sorted(map(key, [*verdict.findings, *(c.finding for c in verdict.cancelled)]), key=str) == sorted(
        map(key, alone.findings), key=str
    )


@given(rules=RULES, days=st.integers(1, 110))
def test_what_is_left_was_cancelled_by_no_true_exclusion_of_a_narrower_scope(
    rules: list[Rule], days: int
) -> None:
    verdict = judged(rules, facts(late(days), customer=SOUTH))
    true = [rule for rule in rules if rule.exclusion and rule.days is not None and days < rule.days]
    if any(rule.release_document for rule in true):
        assert not verdict.findings
    narrowness = [RuleScope.CUSTOMER, RuleScope.GROUP, RuleScope.ALL]
    by_id = {rule.id: rule for rule in rules}
    for finding in verdict.findings:
        blocking = by_id[finding.rule or ""]
        assert not any(narrowness.index(r.scope) < narrowness.index(blocking.scope) for r in true)
