"""The checks, one by one: what each finds below, at and above its threshold, and in which order."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from creditrisk.domain.account import Customer, CustomerWarning, Feed, ManualBlock
from creditrisk.domain.checks import CHECKS
from creditrisk.domain.decision import Outcome, Signal, amount_signal
from creditrisk.domain.facts import Facts
from creditrisk.domain.findings import CREDIT, Code, Severity
from creditrisk.domain.papers import Document, Line
from tests.builders import (
    TODAY,
    account,
    codes,
    configuration,
    decided,
    delivery,
    dollar_rate,
    eur,
    facts,
    figures,
    found,
    group,
    invoice,
    item,
    late,
    limit,
    line,
    order,
    period,
    quotation,
    usd,
)

YESTERDAY = TODAY - timedelta(days=1)
FED = Feed(source="erp", as_of=datetime(2026, 11, 23, tzinfo=UTC), age_seconds=60)
SHARED: dict[str, Any] = {"grouping": "credit_group", "warn_percent": None}

# What is observed against a threshold: (code, facts, document, policy) below or at it, then just above it.
THRESHOLDS: list[tuple[Code, list[tuple[Facts, Document]], tuple[Facts, Document], dict[str, Any]]] = [
    (
        Code.DATA_STALE,
        [(facts(feeds=[FED]), order()), (facts(feeds=[replace(FED, age_seconds=59)]), order())],
        (facts(feeds=[replace(FED, age_seconds=61)]), order()),
        {"max_feed_age": {"erp": 60}},
    ),
    (
        Code.DAYS_OVERDUE,
        [(facts(late(29)), order()), (facts(late(30)), order())],
        (facts(late(31)), order()),
        {"max_days_overdue": 30},
    ),
    (
        Code.OVERDUE_AMOUNT,
        [(facts(late(1, "99.99")), order()), (facts(late(1, "100.00")), order())],
        (facts(late(1, "100.01")), order()),
        {"max_overdue_amount": "100.00"},
    ),
    (
        Code.GROUP_LIMIT_EXCEEDED,
        [
            (facts(item("400.00", own=False), group=group("500.00")), order("99.99")),
            (facts(item("400.00", own=False), group=group("500.00")), order("100.00")),
        ],
        (facts(item("400.00", own=False), group=group("500.00")), order("100.01")),
        SHARED,
    ),
    (
        Code.LIMIT_EXCEEDED,
        [
            (facts(item("900.00"), limit="1000.00"), order("99.99")),
            (facts(item("900.00"), limit="1000.00"), order("100.00")),
        ],
        (facts(item("900.00"), limit="1000.00"), order("100.01")),
        {"warn_percent": None},
    ),
    (
        Code.CATEGORY_LIMIT_EXCEEDED,
        [
            (facts(account=account(category_limits={"orders": eur("100.00")})), order("99.99")),
            (facts(account=account(category_limits={"orders": eur("100.00")})), order("100.00")),
        ],
        (facts(account=account(category_limits={"orders": eur("100.00")})), order("100.01")),
        {},
    ),
    (
        Code.LIMIT_EXPIRED,
        [
            (facts(limit=limit("1000.00", expires_on=TODAY - timedelta(days=1))), order()),
            (facts(limit=limit("1000.00", expires_on=TODAY - timedelta(days=2))), order()),
        ],
        (facts(limit=limit("1000.00", expires_on=TODAY - timedelta(days=3))), order()),
        {"expiry_grace_days": 2},
    ),
    (
        Code.UTILISATION_HIGH,
        [
            (facts(limit="10000.00"), order("7999.99")),
            (facts(limit="10000.00"), order("8000.00")),
        ],
        (facts(limit="10000.00"), order("8000.01")),
        {},
    ),
]


@pytest.mark.parametrize(("code", "within", "beyond", "overrides"), THRESHOLDS, ids=lambda v: str(v)[:24])
def test_every_comparison_is_strict(
    code: Code,
    within: list[tuple[Facts, Document]],
    beyond: tuple[Facts, Document],
    overrides: dict[str, Any],
) -> None:
    for stored, asked in within:
        assert found(asked, stored, **overrides) == []
    stored, asked = beyond
    assert found(asked, stored, **overrides) == [code]


def test_a_finding_names_what_was_observed_and_what_it_was_compared_with() -> None:
    (finding,) = decided(order("200.00"), facts(item("900.00"), limit="1000.00")).findings
    assert (finding.observed, finding.threshold) == figures(1100, 1000)
    assert (finding.unit, finding.params) == ("EUR", {"source": "own", "id": "C-1"})


@pytest.mark.parametrize(("own", "days", "breached"), [(None, 30, False), (5, 6, True), (60, 31, False)])
def test_the_time_limit_of_the_account_wins_over_the_policys(
    own: int | None, days: int, *, breached: bool
) -> None:
    stored = facts(late(days), account=account(max_days_overdue=own))
    assert found(order(), stored, max_days_overdue=30) == ([Code.DAYS_OVERDUE] if breached else [])


@pytest.mark.parametrize(("scope", "breached"), [("account", False), ("group", True)])
def test_overdue_is_tested_for_the_account_alone_or_for_all_members(scope: str, *, breached: bool) -> None:
    stored = facts(late(40)._replace(own=False))
    overrides: dict[str, Any] = {"max_days_overdue": 30, "overdue_scope": scope}
    assert found(order(), stored, **overrides) == ([Code.DAYS_OVERDUE] if breached else [])


def test_either_breach_suffices_and_the_time_limit_is_listed_first() -> None:
    stored = facts(late(31), limit="50.00")
    assert found(order("100.00"), stored, max_days_overdue=30) == [Code.DAYS_OVERDUE, Code.LIMIT_EXCEEDED]


@pytest.mark.parametrize(("days", "codes_found"), [(30, []), (31, [Code.DAYS_OVERDUE, Code.LIMIT_EXCEEDED])])
def test_the_time_limit_can_gate_the_amount(days: int, codes_found: list[Code]) -> None:
    overrides: dict[str, Any] = {"max_days_overdue": 30, "time_limit_gates_amount": True}
    stored = facts(late(days), limit="50.00")
    assert found(order("100.00"), stored, **overrides) == codes_found
    assert found(order("35.00"), facts(late(30), limit="50.00"), **overrides) == []
    assert decided(order("100.00"), stored, configuration(**overrides)).signal is Signal.RED


@pytest.mark.parametrize("limit_check", ["rules_only", "off"])
def test_without_the_built_in_check_no_limit_is_compared_but_the_colour_tells_the_truth(
    limit_check: str,
) -> None:
    stored = facts(account=account(category_limits={"orders": eur("0.00")}, limit="50.00"))
    for amount, signal in (("51.00", Signal.RED), ("50.00", Signal.YELLOW), ("40.00", Signal.GREEN)):
        verdict = decided(order(amount), stored, configuration(limit_check=limit_check))
        assert (verdict.decision, verdict.signal, codes(verdict)) == (Outcome.ALLOW, signal, [])


@pytest.mark.parametrize(
    ("cap", "asked", "papers", "overrides", "exceeded"),
    [
        ("orders", order("11.00"), [], {"categories": {"orders": False}}, True),
        ("orders", quotation("11.00"), [], {"controlled_kinds": ["quotation"]}, True),
        ("orders", delivery("11.00"), [], {}, False),
        ("deliveries", delivery("11.00"), [], {}, True),
        ("invoices", invoice("11.00"), [], {"categories": {"invoices": False}}, True),
        ("open_items", invoice("11.00"), [], {"categories": {"invoices": False}}, True),
        ("open_items", invoice("11.00"), [], {}, False),
        ("not_due", invoice("11.00"), [], {}, True),
        ("not_due", order("11.00"), [], {}, False),
        ("not_due", order("1.00"), [item("11.00")], {}, True),
        ("not_due", order("1.00"), [late(1, "11.00")], {}, False),
        ("overdue", order("1.00"), [late(1, "11.00")], {}, True),
        ("overdue", order("1.00"), [late(1, "11.00"), item("-5.00")], {}, True),
        ("bills", order("1.00"), [line("bills", "11.00", status="issued")], {}, True),
        (
            "invoices",
            invoice("11.00"),
            [],
            {"overdue_only": True, "include_current_document": False},
            False,
        ),
    ],
)
def test_a_category_limit_caps_a_category_or_half_of_open_items_included_or_not(
    cap: str, asked: Document, papers: Iterable[Line], overrides: dict[str, Any], *, exceeded: bool
) -> None:
    stored = facts(*papers, account=account(category_limits={cap: eur("10.00")}))
    assert found(asked, stored, **overrides) == ([Code.CATEGORY_LIMIT_EXCEEDED] if exceeded else [])


def test_a_category_limit_of_0_allows_nothing() -> None:
    stored = facts(account=account(category_limits={"orders": eur("0.00")}))
    assert found(order("0.01"), stored) == [Code.CATEGORY_LIMIT_EXCEEDED]
    assert found(order("0.00"), stored) == []


@pytest.mark.parametrize(
    ("stated", "usual", "switched_on", "held"),
    [
        ("NET60", "NET30", True, True),
        ("NET45", "NET30", True, False),
        ("NET10", "NET30", True, False),
        ("NET60", "NET30", False, False),
        ("NET60", None, True, False),
        (None, "NET30", True, False),
        ("UNRANKED", "NET30", True, False),
        ("NET60", "UNRANKED", True, False),
        ("UNHEARD-OF", "NET30", True, False),
    ],
)
def test_terms_ranked_above_the_customers_are_held(
    stated: str | None, usual: str | None, *, switched_on: bool, held: bool
) -> None:
    ranked = {"NET10": 5, "NET30": 10, "NET45": 10, "NET60": 30, "UNRANKED": None}
    customer = Customer(id="C-1", payment_terms=usual, cash_discount=usual)
    terms = configuration(terms=ranked, hold_on_payment_terms_rank=switched_on)
    discounts = configuration(discounts=ranked, hold_on_cash_discount_rank=switched_on)
    by_terms = decided(order(payment_terms=stated), facts(customer=customer), terms)
    by_discount = decided(order(cash_discount=stated), facts(customer=customer), discounts)
    assert codes(by_terms, Severity.HARD) == ([Code.PAYMENT_TERMS_RANK] if held else [])
    assert codes(by_discount, Severity.HARD) == ([Code.CASH_DISCOUNT_RANK] if held else [])


@pytest.mark.parametrize(
    ("overrides", "amount", "codes_found", "signal"),
    [
        ({}, "81.00", [Code.UTILISATION_HIGH], Signal.YELLOW),
        ({"on_utilisation_high": "none"}, "81.00", [], Signal.YELLOW),
        ({"warn_percent": None}, "81.00", [], Signal.GREEN),
        ({"warn_percent": "90"}, "81.00", [], Signal.GREEN),
        ({}, "101.00", [Code.LIMIT_EXCEEDED], Signal.RED),
    ],
)
def test_high_utilisation_warns_or_only_colours(
    overrides: dict[str, Any], amount: str, codes_found: list[Code], signal: Signal
) -> None:
    verdict = decided(order(amount), facts(limit="100.00"), configuration(**overrides))
    assert (codes(verdict), verdict.signal) == (codes_found, signal)
    assert amount_signal(verdict.situation) is signal


def everything_wrong() -> tuple[Facts, dict[str, Any]]:
    stop = frozenset({"invoice"})
    own = account(
        limit=limit("1.00", expires_on=YESTERDAY),
        manual_blocks=[ManualBlock(no=1, kinds=stop, period=period())],
        documents_blocked=stop,
        cash_only=True,
        always_authorise=stop,
        category_limits={"invoices": eur("0.00")},
        warning=CustomerWarning(text="Call first"),
    )
    customer = Customer(id="C-1", closed=True, payment_terms="NET30", cash_discount="NET30")
    stored = facts(
        late(40),
        line("orders", "1.00", currency="USD"),
        account=own,
        customer=customer,
        risk_customer=None,
        forced_hold="H-1",
        group=group("1.00"),
    )
    settings: dict[str, Any] = {
        "defined": False,
        "max_feed_age": {"erp": 1},
        "max_days_overdue": 30,
        "max_overdue_amount": "0.00",
        "grouping": "credit_group",
        "hold_on_payment_terms_rank": True,
        "hold_on_cash_discount_rank": True,
        "terms": {"NET30": 1, "NET60": 2},
        "discounts": {"NET30": 1, "NET60": 2},
    }
    return stored, settings


def test_every_finding_is_collected_in_the_order_of_precedence() -> None:
    stored, settings = everything_wrong()
    asked = invoice("100.00", payment_terms="NET60", cash_discount="NET60")
    by_rules = {Code.LIMIT_USED, Code.DOCUMENT_AMOUNT, Code.PAYMENT_TERMS, Code.OWN_RULE}
    excluding_each_other = {Code.LIMIT_MISSING, Code.UTILISATION_HIGH}
    assert found(asked, stored, **settings) == [
        code for code in Code if code not in by_rules | excluding_each_other
    ]


def test_credit_findings_are_those_from_days_overdue_to_cash_discount_rank_and_high_utilisation() -> None:
    listed = list(Code)
    first, last = listed.index(Code.DAYS_OVERDUE), listed.index(Code.CASH_DISCOUNT_RANK)
    assert {*listed[first : last + 1], Code.UTILISATION_HIGH} == CREDIT


def test_every_check_is_listed_once() -> None:
    assert len(set(CHECKS)) == len(CHECKS)


def test_the_overdue_threshold_is_converted_into_the_currency_of_the_account() -> None:
    settings = configuration(max_overdue_amount="50.00", rates=[dollar_rate("0.5")])
    due = YESTERDAY
    at, above = (item(amount, due=due, currency="USD") for amount in ("100.00", "100.02"))
    in_dollars = limit(usd("9999.00"))
    assert codes(decided(order(), facts(at, limit=in_dollars), settings)) == []
    verdict = decided(order(), facts(above, limit=in_dollars), settings)
    assert codes(verdict) == [Code.OVERDUE_AMOUNT]
    assert verdict.findings[0].threshold == Decimal("100.00")
