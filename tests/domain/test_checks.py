"""The checks, one by one: what each finds below, at and above its threshold, and in which order."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from creditrisk.domain.account import AccountStatus, Customer, CustomerWarning, Feed, ManualBlock
from creditrisk.domain.checks import CHECKS
from creditrisk.domain.decision import Outcome, Signal, amount_signal
from creditrisk.domain.facts import Facts
from creditrisk.domain.findings import CREDIT, Code, Severity
from creditrisk.domain.papers import Document, Followed, Kind, Line
from tests.builders import (
    TODAY,
    account,
    check,
    codes,
    configuration,
    decided,
    delivery,
    dollar_rate,
    eur,
    facts,
    figures,
    group,
    invoice,
    item,
    limit,
    line,
    order,
    period,
    quotation,
    usd,
)

YESTERDAY = TODAY - timedelta(days=1)


def late(days: int, amount: str = "10.00") -> Line:
    return item(amount, due=TODAY - timedelta(days=days))


def found(asked: Document | None, stored: Facts, *, checkpoint: str = "save", **overrides: Any) -> list[Code]:
    return codes(decided(check(asked, checkpoint=checkpoint), stored, configuration(**overrides)))


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


@pytest.mark.parametrize(("effect", "decision"), [("block", "block"), ("warn", "warn"), ("allow", "allow")])
def test_a_customer_nobody_has_heard_of_is_found_by_policy(effect: str, decision: str) -> None:
    verdict = decided(order(), facts(customer=None), configuration(unknown_customer=effect))
    assert codes(verdict) == [Code.CUSTOMER_UNKNOWN]
    assert verdict.decision == decision


def test_an_unknown_risk_party_is_found_too() -> None:
    stored = facts(risk_customer=None, account=account("C-9"), customer=Customer(id="C-1"))
    verdict = decided(order(), stored)
    assert verdict.findings[0].params == {"customer": "C-9"}


def test_a_company_without_a_policy_is_never_allowed() -> None:
    verdict = decided(order(), facts(), configuration(defined=False))
    assert codes(verdict, Severity.HARD) == [Code.POLICY_MISSING]


@pytest.mark.parametrize(("effect", "decision"), [("block", "block"), ("warn", "warn")])
def test_a_missing_rate_is_found_by_policy(effect: str, decision: str) -> None:
    verdict = decided(order(usd("10.00")), facts(), configuration(missing_rate=effect))
    assert codes(verdict) == [Code.RATE_MISSING]
    assert verdict.decision == decision
    assert found(order(usd("10.00")), facts(), rates=[dollar_rate()]) == []


def test_a_feed_never_seen_is_stale() -> None:
    verdict = decided(order(), facts(), configuration(max_feed_age={"erp": 60}, on_stale="block"))
    assert codes(verdict, Severity.HARD) == [Code.DATA_STALE]
    assert verdict.findings[0].observed is None


BLOCK = ManualBlock(no=1, kinds=frozenset({"order"}), period=period("2026-11-20", "2026-11-23"), note="wait")
FOLLOWS_ORDER = (Followed(kind=Kind.ORDER, number="SO-1"),)


@pytest.mark.parametrize(
    ("asked", "day", "overrides", "blocked"),
    [
        (order(), 23, {}, True),
        (order(), 20, {}, True),
        (order(), 19, {}, False),
        (order(), 24, {}, False),
        (delivery(), 23, {}, False),
        (delivery(follows=FOLLOWS_ORDER), 23, {}, True),
        (delivery(follows=FOLLOWS_ORDER), 23, {"manual_block_follows": False}, False),
    ],
)
def test_a_manual_block_holds_its_kinds_and_what_follows_them_for_its_period(
    asked: Document, day: int, overrides: dict[str, Any], *, blocked: bool
) -> None:
    stored = facts(account=account(manual_blocks=[BLOCK]))
    verdict = decided(asked, stored, configuration(**overrides), as_of=TODAY.replace(day=day))
    assert codes(verdict, Severity.HARD) == ([Code.MANUAL_BLOCK] if blocked else [])


STOP, INVOICES, ORDERS = (
    AccountStatus(code="STOP", effect="all"),
    AccountStatus(code="NOINV", effect="invoices", on="warn"),
    AccountStatus(code="NOORD", effect="all", kinds=frozenset({"order"})),
)


@pytest.mark.parametrize(
    ("customer", "asked", "checkpoint", "severity"),
    [
        (Customer(id="C-1", closed=True), order(), "save", Severity.HARD),
        (Customer(id="C-1", account_status="STOP"), delivery(), "save", Severity.HARD),
        (Customer(id="C-1", account_status="NOORD"), order(), "save", Severity.HARD),
        (Customer(id="C-1", account_status="NOORD"), delivery(), "save", None),
        (Customer(id="C-1", account_status="NOINV"), invoice(), "save", Severity.SOFT),
        (Customer(id="C-1", account_status="NOINV"), order(), "save", None),
        (Customer(id="C-1", account_status="NOINV"), order(), "invoice", Severity.SOFT),
        (Customer(id="C-1", account_status="UNHEARD-OF"), order(), "save", None),
    ],
)
def test_an_account_status_stops_everything_or_some_kinds_or_invoices(
    customer: Customer, asked: Document, checkpoint: str, severity: Severity | None
) -> None:
    settings = configuration(statuses=[STOP, INVOICES, ORDERS])
    verdict = decided(check(asked, checkpoint=checkpoint), facts(customer=customer), settings)
    assert [f.severity for f in verdict.findings] == ([severity] if severity else [])


def test_neither_a_closed_customer_nor_a_status_colours_the_stored_exposure() -> None:
    stored = facts(customer=Customer(id="C-1", closed=True, account_status="STOP"))
    assert decided(None, stored, configuration(statuses=[STOP])).signal is Signal.GREEN


def orders_by_people(**on_account: Any) -> tuple[Facts, Facts]:
    """The same order by a person on the ordering customer's account, then on the risk party's."""
    own, other = account("C-1", **on_account), account("C-2", **on_account)
    risk = {"customer": Customer(id="C-1"), "risk_customer": Customer(id="C-2")}
    return (
        facts(account=account("C-2"), ordering_account=own, **risk),
        facts(account=other, ordering_account=account("C-1"), **risk),
    )


@pytest.mark.parametrize(
    ("stored", "code"),
    [
        *[(each, Code.MANUAL_BLOCK) for each in orders_by_people(manual_blocks=[BLOCK])],
        *[
            (each, Code.DOCUMENTS_BLOCKED)
            for each in orders_by_people(documents_blocked=frozenset({"order"}))
        ],
        (facts(customer=Customer(id="C-1", closed=True)), Code.ACCOUNT_STATUS),
        (facts(risk_customer=Customer(id="C-2", closed=True)), Code.ACCOUNT_STATUS),
    ],
)
def test_what_people_ordered_is_tested_for_the_ordering_customer_and_the_risk_party(
    stored: Facts, code: Code
) -> None:
    assert codes(decided(order(), stored), Severity.HARD) == [code]


def test_the_status_of_the_risk_party_is_not_hidden_by_a_milder_one_of_the_ordering_customer() -> None:
    stored = facts(
        customer=Customer(id="C-1", account_status="NOINV"),
        risk_customer=Customer(id="C-2", account_status="STOP"),
    )
    verdict = decided(invoice(), stored, configuration(statuses=[STOP, INVOICES]))
    assert verdict.decision is Outcome.BLOCK
    assert [f.severity for f in verdict.findings] == [Severity.SOFT, Severity.HARD]


@pytest.mark.parametrize(("asked", "refused"), [(order(), True), (delivery(), False)])
def test_documents_blocked_refuses_the_listed_kinds(asked: Document, *, refused: bool) -> None:
    stored = facts(account=account(documents_blocked=frozenset({"order"})))
    assert found(asked, stored) == ([Code.DOCUMENTS_BLOCKED] if refused else [])


@pytest.mark.parametrize(
    ("papers", "asked", "refused"),
    [
        ([item("100.00")], order("0.00"), False),
        ([item("100.01")], order("0.00"), True),
        ([item("100.01")], delivery("0.00"), False),
        ([late(10)], order("0.00"), False),
        ([late(11)], order("0.00"), True),
    ],
)
def test_the_automatic_block_refuses_kinds_while_stored_exposure_or_the_time_limit_is_breached(
    papers: list[Line], asked: Document, *, refused: bool
) -> None:
    settings = configuration(preset="mtj", auto_block=True, blocked_kinds=["order"], max_days_overdue=10)
    verdict = decided(asked, facts(*papers, limit="100.00"), settings)
    assert (Code.DOCUMENTS_BLOCKED in codes(verdict, Severity.HARD)) is refused


def test_the_automatic_block_looks_at_what_is_stored_not_at_the_document() -> None:
    settings = configuration(auto_block=True, blocked_kinds=["order"])
    verdict = decided(order("200.00"), facts(limit="100.00"), settings)
    assert not verdict.situation.auto_blocked
    assert codes(verdict) == [Code.LIMIT_EXCEEDED]


@pytest.mark.parametrize(
    ("asked", "checkpoint", "usual", "refused"),
    [
        (invoice(payment_method="transfer"), "save", None, True),
        (invoice(payment_method="cash"), "save", None, False),
        (invoice(), "save", None, True),
        (invoice(), "save", "cash", False),
        (invoice(payment_method="transfer"), "save", "cash", True),
        (order(payment_method="transfer"), "save", None, False),
        (order(payment_method="transfer"), "invoice", None, True),
    ],
)
def test_cash_only_refuses_invoices_with_any_other_payment_method(
    asked: Document, checkpoint: str, usual: str | None, *, refused: bool
) -> None:
    stored = facts(account=account(cash_only=True), customer=Customer(id="C-1", payment_method=usual))
    assert found(asked, stored, checkpoint=checkpoint) == ([Code.CASH_ONLY] if refused else [])


def test_listed_kinds_are_always_held_for_authorisation() -> None:
    stored = facts(account=account(always_authorise=frozenset({"order"})), limit="1000000.00")
    assert found(order(), stored) == [Code.ALWAYS_AUTHORISE]
    assert found(delivery(), stored) == []


def test_a_forced_hold_blocks() -> None:
    assert codes(decided(order(), facts(forced_hold="H-1")), Severity.HARD) == [Code.FORCED_HOLD]


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
    ("kinds", "checkpoints", "shown"),
    [
        (set(), set(), True),
        ({"order"}, {"save"}, True),
        ({"invoice"}, set(), False),
        (set(), {"print"}, False),
    ],
)
def test_a_warning_is_shown_for_its_kinds_and_checkpoints_and_never_blocks(
    kinds: set[str], checkpoints: set[str], *, shown: bool
) -> None:
    warning = CustomerWarning(text="Call first", kinds=frozenset(kinds), checkpoints=frozenset(checkpoints))
    verdict = decided(order(), facts(account=account(warning=warning)))
    assert codes(verdict, Severity.SOFT) == ([Code.CUSTOMER_WARNING] if shown else [])


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
        manual_blocks=[replace(BLOCK, kinds=stop)],
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
    by_rules = {Code.LIMIT_USED, Code.DOCUMENT_AMOUNT, Code.PAYMENT_TERMS}
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
