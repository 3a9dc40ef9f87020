"""Rules: what each kind compares, and whom a rule is for."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.account import Customer
from creditrisk.domain.decision import Outcome
from creditrisk.domain.facts import Facts
from creditrisk.domain.findings import Code, Severity
from creditrisk.domain.papers import Document
from creditrisk.domain.remedy import find_remedy
from creditrisk.domain.rule_book import RuleBook
from creditrisk.domain.rules import Rule, RuleScope
from tests.builders import (
    TODAY,
    account,
    block,
    check,
    codes,
    configuration,
    dollar_rate,
    eur,
    exclusion,
    facts,
    figures,
    group,
    item,
    late,
    limit,
    order,
    usd,
)
from tests.domain.ruled import judged, of


def expired_since(days: int) -> Facts:
    return facts(limit=limit("1000.00", expires_on=TODAY - timedelta(days=days)))


GOLD = facts(customer=Customer(id="C-1", account_status="GOLD"))
OVERDUE_RULE = {"amount": "3000.00", "percent": "70"}


def owing(overdue: str, balance: str) -> Facts:
    """An account with a limit of 10,000."""
    return facts(late(5, overdue), item(str(Decimal(balance) - Decimal(overdue))), limit=limit("10000.00"))


BELOW_EQUAL_ABOVE: dict[str, tuple[Rule, list[tuple[Facts, Document | None]]]] = {
    "days overdue": (
        block("days_overdue", days=61),
        [(facts(late(60)), None), (facts(late(61)), None), (facts(late(62)), None)],
    ),
    "days since the limit expired": (
        block("limit_expired", days=10),
        [(expired_since(9), None), (expired_since(10), None), (expired_since(11), None)],
    ),
    "overdue amount, with enough of the limit used": (
        block("overdue_amount", **OVERDUE_RULE),
        [(owing(overdue, "9000.00"), order()) for overdue in ("2999.99", "3000.00", "3000.01")],
    ),
    "share of the limit used, with enough overdue": (
        block("overdue_amount", **OVERDUE_RULE),
        [(owing("4000.00", balance), order()) for balance in ("6899.99", "6900.00", "6900.01")],
    ),
    "document amount": (
        block("document_amount", amount="5000.00"),
        [(facts(), order(amount)) for amount in ("4999.99", "5000.00", "5000.01")],
    ),
    "share of the limit used": (
        block("limit_used", percent="90"),
        [
            (facts(item("5000.00"), limit="10000.00"), order(amount))
            for amount in ("3999.99", "4000.00", "4000.01")
        ],
    ),
    "share of a limit that is no whole cent": (
        block("limit_used", percent="33.3333"),
        [(facts(limit="100.01"), order(amount)) for amount in ("33.32", "33.33", "33.34")],
    ),
}


@pytest.mark.parametrize("case", BELOW_EQUAL_ABOVE)
def test_a_blocking_rule_finds_something_above_its_value_only(case: str) -> None:
    rule, (below, equal, above) = BELOW_EQUAL_ABOVE[case]
    assert of([rule], *below) == []
    assert of([rule], *equal) == []
    assert of([rule], *above) == ["R-1"]
    assert judged([rule], *above).decision is Outcome.BLOCK


RELEASING: dict[str, tuple[Rule, list[tuple[Facts, Document | None]], list[bool]]] = {
    "fewer days overdue": (
        exclusion("days_overdue", days=61, release_document=True),
        [(facts(late(days)), None) for days in (60, 61, 62)],
        [True, False, False],
    ),
    "nothing overdue at all": (
        exclusion("days_overdue", days=1, release_document=True),
        [(facts(), None), (facts(late(1)), None)],
        [True, False],
    ),
    "less overdue": (
        exclusion("days_overdue", amount="50.00", release_document=True),
        [(facts(late(9, amount)), None) for amount in ("49.99", "50.00", "50.01")],
        [True, False, False],
    ),
    "expired for fewer days": (
        exclusion("limit_expired", days=10, release_document=True),
        [(expired_since(days), None) for days in (9, 10, 11)],
        [True, False, False],
    ),
    "less overdue with less of the limit used": (
        exclusion("overdue_amount", **OVERDUE_RULE, release_document=True),
        [
            (owing("2999.99", "6899.99"), order()),
            (owing("3000.00", "6899.99"), order()),
            (owing("2999.99", "6900.00"), order()),
        ],
        [True, False, False],
    ),
    "document of at most the amount": (
        exclusion("document_amount", amount="5000.00", release_document=True),
        [(facts(), order(amount)) for amount in ("4999.99", "5000.00", "5000.01")],
        [True, True, False],
    ),
    "less of the limit used": (
        exclusion("limit_used", percent="90", release_document=True),
        [(facts(limit="1000.00"), order(amount)) for amount in ("899.99", "900.00", "900.01")],
        [True, False, False],
    ),
    "this account status": (
        exclusion("account_status", account_status="GOLD", release_document=True),
        [(GOLD, None), (facts(), None)],
        [True, False],
    ),
    "these terms of payment": (
        exclusion("payment_terms", payment_terms="NET10", release_document=True),
        [
            (facts(), order(payment_terms="NET10")),
            (facts(), order(payment_terms="NET60")),
            (facts(), order()),
        ],
        [True, False, False],
    ),
}


@pytest.mark.parametrize("case", RELEASING)
def test_an_exclusion_is_true_below_its_value_and_a_document_amount_at_it_too(case: str) -> None:
    rule, situations, expected = RELEASING[case]
    always = block("days_overdue", days=-1)
    assert [of([rule, always], *situation) == [] for situation in situations] == expected


def test_a_status_blocks_the_ordering_customer_and_the_risk_party_alike() -> None:
    rule = block("account_status", account_status="GOLD")
    assert of([rule], GOLD) == ["R-1"]
    assert of([rule], facts()) == []
    (finding,) = judged([rule], facts(risk_customer=Customer(id="C-2", account_status="GOLD"))).findings
    assert (finding.code, finding.params) == (Code.ACCOUNT_STATUS, {"customer": "C-2", "status": "GOLD"})


def test_terms_of_payment_are_those_of_the_document() -> None:
    rule = block("payment_terms", payment_terms="NET60")
    usual = facts(customer=Customer(id="C-1", payment_terms="NET60"))
    (finding,) = judged([rule], facts(), order(payment_terms="NET60")).findings
    assert (finding.code, finding.params) == (Code.PAYMENT_TERMS, {"document": "NET60"})
    assert of([rule], usual, order(payment_terms="NET10")) == []
    assert of([rule], usual, order()) == []


@pytest.mark.parametrize(("blank_expiry", "hit"), [("never", []), ("expired", ["R-1"])])
def test_a_blank_expiry_date_blocks_where_the_policy_takes_it_as_expired(
    blank_expiry: str, hit: list[str]
) -> None:
    assert of([block("limit_expired", days=99)], facts(limit="1.00"), blank_expiry=blank_expiry) == hit


def test_a_limit_that_has_no_amount_has_no_share_to_exceed() -> None:
    rules = [block("limit_used", percent="0"), block("overdue_amount", "R-2", amount="0.00", percent="0")]
    for stored in (limit(None), limit("0.00", unlimited=True)):
        assert of(rules, facts(late(9, "900.00"), account=account(limit=stored))) == []


def test_a_limit_of_zero_that_is_mandatory_is_used_up_by_any_document() -> None:
    rule = block("limit_used", percent="250")
    stored = facts(item("-500.00"), limit=limit("0.00", mandatory=True))
    verdict = judged([rule], stored, order("1.00"), zero_limit="no_limit")
    assert codes(verdict) == [Code.LIMIT_USED]
    assert (
        find_remedy(
            verdict, check(order("1.00")), stored, configuration(rules=[rule]), as_of=TODAY
        ).payment_needed
        is None
    )
    assert of([rule], stored, order("0.00"), zero_limit="no_limit") == []


def test_the_limit_check_turned_off_silences_limit_rules_too() -> None:
    stored = facts(item("5000.00"), limit="1000.00")
    rules = [block("limit_used", percent="100"), block("days_overdue", "R-2", days=-1)]
    assert of(rules, stored) == ["R-2", "R-1"]
    assert of(rules, stored, limit_check="off") == ["R-2"]
    free = exclusion("limit_used", percent="9999", release_document=True)
    assert of([*rules, free], stored, limit_check="off") == ["R-2"]


def test_the_amount_waits_for_the_time_limit_where_it_gates_it() -> None:
    stored, rule = facts(item("5000.00"), limit="1000.00"), block("limit_used", percent="100")
    gated: dict[str, Any] = {"time_limit_gates_amount": True, "max_days_overdue": 30}
    assert of([rule], stored, **gated) == []
    assert of([rule], stored._replace(lines=[*stored.lines, late(31)]), **gated) == [None, "R-1"]


def test_every_limit_is_tested_against_the_exposure_of_its_own_members() -> None:
    stored = facts(item("900.00"), item("5000.00", own=False), limit="1000.00", group=group("6000.00"))
    found = judged([block("limit_used", percent="90")], stored, order("10.00"), grouping="credit_group")
    assert [(f.params["source"], f.observed, f.threshold) for f in found.findings] == [
        ("own", *figures("910.00", "900.00")),
        ("group", *figures("5910.00", "5400.00")),
    ]


def test_amounts_of_rules_are_converted_and_a_missing_rate_blocks() -> None:
    rule = block("document_amount", amount=usd("100.00"))
    rates = [dollar_rate("0.5")]
    assert of([rule], facts(), order("50.00"), rates=rates) == []
    assert of([rule], facts(), order("50.01"), rates=rates) == ["R-1"]
    verdict = judged([rule], facts(), order("1.00"))
    assert codes(verdict, Severity.HARD) == [Code.RATE_MISSING]


def test_a_rule_for_others_asks_for_no_rate() -> None:
    rule = block("document_amount", amount=usd("1.00"), scope=RuleScope.CUSTOMER, scope_id="C-9")
    assert of([rule], facts()) == []


# Whom a rule is for

LEVEL_OF_CUSTOMER: dict[str, Any] = {"scope": RuleScope.CUSTOMER, "scope_id": "C-1"}
SOUTH = Customer(id="C-1", management_group="SOUTH", risk_group="B")


@pytest.mark.parametrize(
    ("place", "concerned"),
    [
        ({}, True),
        ({"scope": RuleScope.CUSTOMER, "scope_id": "C-1"}, True),
        ({"scope": RuleScope.CUSTOMER, "scope_id": "C-2"}, False),
        ({"scope": RuleScope.CUSTOMER, "scope_id": "SOUTH"}, False),
        ({"scope": RuleScope.GROUP, "scope_id": "SOUTH"}, True),
        ({"scope": RuleScope.GROUP, "scope_id": "C-1"}, False),
        ({"scope": RuleScope.GROUP, "scope_id": "NORTH"}, False),
    ],
)
def test_a_rule_is_for_its_scope_narrowed_by_its_risk_group(
    place: dict[str, Any],
    concerned: bool,  # noqa: FBT001 - a column of the table
) -> None:
    hit = ["R-1"] if concerned else []
    for risk_group, expected in ((None, hit), ("B", hit), ("A", [])):
        rule = block("document_amount", amount="1.00", risk_group=risk_group, **place)
        assert of([rule], facts(customer=SOUTH)) == expected


def test_scope_and_risk_group_are_the_ordering_customers() -> None:
    stored = facts(customer=Customer(id="C-1"), risk_customer=replace(SOUTH, id="C-2"))
    rules = [
        block("document_amount", "R-1", amount="1.00", scope=RuleScope.GROUP, scope_id="SOUTH"),
        block("document_amount", "R-2", amount="1.00", risk_group="B"),
        block("document_amount", "R-3", amount="1.00", scope=RuleScope.CUSTOMER, scope_id="C-2"),
    ]
    assert of(rules, stored) == []


def test_rules_of_other_customers_are_not_looked_at() -> None:
    others = [
        block("document_amount", f"R-{n}", amount="1.00", scope=RuleScope.CUSTOMER, scope_id=f"C-{n}")
        for n in range(2, 1_000)
    ]
    own = block("document_amount", amount=eur("1.00"))
    book = RuleBook.build([*others, own])
    looked_at = book.concerning(customer="C-1", group=None, risk_group=None, keyed=())
    assert [group.first for group in looked_at] == [own]


@given(
    values=st.lists(st.integers(0, 20), min_size=1, max_size=6),
    observed=st.integers(1, 20),
    excluding=st.booleans(),
)
def test_rules_of_one_place_say_together_what_each_says_alone(
    values: list[int],
    observed: int,
    excluding: bool,  # noqa: FBT001 - drawn by Hypothesis
) -> None:
    stored = facts(late(observed))
    if excluding:
        rules = [
            exclusion("days_overdue", f"N-{n}", days=value, **LEVEL_OF_CUSTOMER)
            for n, value in enumerate(values)
        ]
        always = block("days_overdue", days=-1)
        alone = any(not of([rule, always], stored) for rule in rules)
        assert (not of([*rules, always], stored)) == alone
    else:
        rules = [block("days_overdue", f"N-{n}", days=value) for n, value in enumerate(values)]
        assert sorted(map(str, of(rules, stored))) == sorted(
            str(hit) for rule in rules for hit in of([rule], stored)
        )
