"""From findings to a decision: who is controlled, what is demoted by what, what block means."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from creditrisk.domain.account import (
    ClaimedOperator,
    CreditAccount,
    Customer,
    ManualBlock,
    Operator,
    StoredOperator,
    believed_operator,
)
from creditrisk.domain.decision import ALL_ALLOWED, Outcome, Signal
from creditrisk.domain.facts import Check, Facts
from creditrisk.domain.findings import Code, Severity
from creditrisk.domain.papers import Document
from creditrisk.domain.policy import DocumentType
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
    invoice,
    item,
    limit,
    line,
    order,
    period,
    quotation,
    release,
    usd,
)

OVER = facts(item("1000.00"), limit="1000.00")
"""A limit used up exactly: any further document exceeds it."""
TYPES = {
    "QUIET": DocumentType(credit=True, exclude_block=True),
    "OUT": DocumentType(credit=False, exclude_block=False),
}


@pytest.mark.parametrize(
    ("stored", "decision", "signal"),
    [
        (facts(limit="10000.00"), Outcome.ALLOW, Signal.GREEN),
        (facts(item("8000.00"), limit="10000.00"), Outcome.WARN, Signal.YELLOW),
        (facts(item("10000.00"), limit="10000.00"), Outcome.BLOCK, Signal.RED),
    ],
)
def test_a_hard_finding_blocks_and_a_soft_one_warns(stored: Facts, decision: Outcome, signal: Signal) -> None:
    verdict = decided(order("0.01"), stored)
    assert (verdict.decision, verdict.signal) == (decision, signal)


@pytest.mark.parametrize(
    ("risk", "signal"),
    [("8000.00", "green"), ("8000.01", "yellow"), ("10000.00", "yellow"), ("10000.01", "red")],
)
def test_exactly_80_percent_is_green_and_exactly_100_percent_yellow(risk: str, signal: str) -> None:
    settings = configuration(preset="duir")
    assert decided(None, facts(item(risk), limit="10000.00"), settings).signal == signal


def test_an_account_without_control_is_off_and_allowed_whatever_it_owes() -> None:
    stored = facts(item("50000.00"), account=account(control="off"), limit="10000.00")
    verdict = decided(order(), stored)
    assert (verdict.decision, verdict.signal) == (Outcome.ALLOW, Signal.OFF)


# Each row has the reasons of all later rows too; the first that applies is stated.
REASONS: list[tuple[str, CreditAccount, Document, dict[str, Any], Signal]] = [
    ("grace", account(), delivery("500.00"), {"checkpoint": "ship"}, Signal.RED),
    ("checkpoint_off", account(), delivery("500.00"), {"checkpoint": "pick"}, Signal.RED),
    ("type_without_credit", account(), delivery("500.00", type="OUT"), {"checkpoint": "pick"}, Signal.YELLOW),
    (
        "excluded_site",
        account(excluded_sites=frozenset({"S-1"})),
        delivery("500.00", type="OUT", site="S-1"),
        {"checkpoint": "pick"},
        Signal.OFF,
    ),
    (
        "excluded_document",
        account(excluded_sites=frozenset({"S-1"})),
        delivery("500.00", type="OUT", site="S-1", excluded=True),
        {"checkpoint": "pick"},
        Signal.YELLOW,
    ),
    (
        "ignore_until",
        account(excluded_sites=frozenset({"S-1"}), ignore_until=TODAY),
        delivery("500.00", type="OUT", site="S-1", excluded=True),
        {"checkpoint": "pick"},
        Signal.OFF,
    ),
    (
        "control_off",
        account(excluded_sites=frozenset({"S-1"}), ignore_until=TODAY, control="off"),
        delivery("500.00", type="OUT", site="S-1", excluded=True),
        {"checkpoint": "pick"},
        Signal.OFF,
    ),
]


@pytest.mark.parametrize(("reason", "own", "asked", "step", "signal"), REASONS, ids=[r[0] for r in REASONS])
def test_the_first_reason_for_which_nothing_is_controlled_is_stated(
    reason: str, own: CreditAccount, asked: Document, step: dict[str, Any], signal: Signal
) -> None:
    settings = configuration(
        types=TYPES,
        release_covers="checkpoint",
        checkpoints={"pick": {"check": False}, "save": {"grace_days": 2}},
    )
    stored = facts(item("1000.00"), account=own, limit="1000.00", releases=[release("500.00")])
    verdict = decided(check(asked, **step), stored, settings)
    assert (verdict.not_controlled, verdict.signal) == (reason, signal)
    assert (verdict.decision, verdict.findings) == (Outcome.ALLOW, [])


def test_ignoring_ends_after_its_last_day() -> None:
    stored = facts(account=account(ignore_until=TODAY - timedelta(days=1)))
    assert decided(order(), stored).not_controlled is None


def test_a_pro_forma_document_is_checked_only_where_the_checkpoint_says_so() -> None:
    asked = check(order(), pro_forma=True)
    assert decided(asked, OVER).not_controlled == "checkpoint_off"
    strict = configuration(checkpoints={"save": {"pro_forma": True}})
    assert decided(asked, OVER, strict).decision is Outcome.BLOCK


def test_an_excluded_site_is_the_ordering_customers() -> None:
    site = frozenset({"S-1"})
    risk = {"customer": Customer(id="C-1"), "risk_customer": Customer(id="C-2")}
    asked = order(site="S-1")
    ordering = facts(account=account("C-2"), ordering_account=account("C-1", excluded_sites=site), **risk)
    bearing = facts(account=account("C-2", excluded_sites=site), ordering_account=account("C-1"), **risk)
    assert decided(asked, ordering).not_controlled == "excluded_site"
    assert decided(asked, bearing).not_controlled is None


def test_what_a_person_ordered_holds_without_credit_control() -> None:
    kinds = frozenset({"order"})
    own = account(
        control="off",
        manual_blocks=[ManualBlock(no=1, kinds=kinds, period=period())],
        documents_blocked=kinds,
        always_authorise=kinds,
        limit=limit("0.00", mandatory=True),
    )
    verdict = decided(order(), facts(account=own, forced_hold="H-1"))
    assert codes(verdict) == [Code.MANUAL_BLOCK, Code.DOCUMENTS_BLOCKED, Code.FORCED_HOLD]
    assert (verdict.decision, verdict.signal) == (Outcome.BLOCK, Signal.OFF)


def test_the_automatic_block_is_credit_control_and_no_order_by_a_person() -> None:
    settings = configuration(auto_block=True, blocked_kinds=["order"])
    stored = facts(item("101.00"), account=account(control="off"), limit="100.00")
    assert decided(order(), stored, settings).decision is Outcome.ALLOW


def test_a_kind_that_is_not_controlled_gets_its_colour_and_findings_but_passes() -> None:
    verdict = decided(quotation(), OVER)
    assert (verdict.decision, verdict.signal) == (Outcome.ALLOW, Signal.RED)
    assert codes(verdict, Severity.INFO) == [Code.LIMIT_EXCEEDED]
    blocked = OVER._replace(forced_hold="H-1")
    assert codes(decided(quotation(), blocked), Severity.HARD) == [Code.FORCED_HOLD]


STORED_900 = line("orders", "900.00")
"""An order already stored, above what its account may reach."""
LOWERED = facts(STORED_900, adjustments=[STORED_900.negated()], version=[STORED_900], limit="100.00")


@pytest.mark.parametrize(("amount", "demoted"), [("899.99", True), ("900.00", False), ("900.01", False)])
def test_a_document_that_lowers_exposure_strictly_is_not_blocked_by_credit(
    amount: str, *, demoted: bool
) -> None:
    verdict = decided(order(amount), LOWERED)
    assert verdict.decision is (Outcome.WARN if demoted else Outcome.BLOCK)
    assert verdict.findings[0].demoted_by == ("lowering" if demoted else None)
    assert verdict.signal is Signal.RED


def test_a_return_is_not_blocked_by_a_limit_exceeded_before() -> None:
    verdict = decided(delivery("-10.00"), facts(item("500.00"), limit="100.00"))
    assert verdict.findings[0].demoted_by == "lowering"


MONITOR, BLOCK = account(control="monitor"), account(control="block")
# Each row has the causes of all later rows too; the first that applies is named.
DEMOTIONS: list[tuple[str | None, Severity, Facts, Check]] = [
    (
        "lowering",
        Severity.SOFT,
        LOWERED._replace(account=replace(MONITOR, limit=limit("100.00")), releases=[release("9999.00")]),
        check(order("800.00", type="QUIET"), strict=False, roles=["supervisor"]),
    ),
    (
        "document_type",
        Severity.SOFT,
        facts(account=MONITOR, limit="100.00", releases=[release("9999.00")]),
        check(order("800.00", type="QUIET"), strict=False, roles=["supervisor"]),
    ),
    (
        "control",
        Severity.SOFT,
        facts(account=MONITOR, limit="100.00", releases=[release("9999.00")]),
        check(order("800.00"), strict=False, roles=["supervisor"]),
    ),
    (
        "operator",
        Severity.SOFT,
        facts(account=BLOCK, limit="100.00", releases=[release("9999.00")]),
        check(order("800.00"), strict=False, roles=["supervisor"]),
    ),
    (
        "role",
        Severity.SOFT,
        facts(account=BLOCK, limit="100.00", releases=[release("9999.00")]),
        check(order("800.00"), roles=["supervisor"]),
    ),
    (
        "authorisation",
        Severity.INFO,
        facts(account=BLOCK, limit="100.00", releases=[release("9999.00")]),
        check(order("800.00"), roles=["sales"]),
    ),
    (None, Severity.HARD, facts(account=BLOCK, limit="100.00"), check(order("800.00"), roles=["sales"])),
]


@pytest.mark.parametrize(("by", "severity", "stored", "asked"), DEMOTIONS, ids=[str(d[0]) for d in DEMOTIONS])
def test_a_finding_is_demoted_by_the_first_cause_that_applies_and_the_colour_stays(
    by: str | None, severity: Severity, stored: Facts, asked: Check
) -> None:
    verdict = decided(asked, stored, configuration(types=TYPES))
    (finding,) = verdict.findings
    assert (finding.demoted_by, finding.severity) == (by, severity)
    assert verdict.signal is Signal.RED
    assert (verdict.overridden, verdict.authorised) == (by == "role", by == "authorisation")


@pytest.mark.parametrize(
    ("by", "stored", "asked"),
    [(row[0], row[2], row[3]) for row in DEMOTIONS if row[0] not in {"role", "authorisation"}],
)
def test_orders_by_people_are_not_demoted_like_credit_findings(
    by: str | None, stored: Facts, asked: Check
) -> None:
    """Without role and release, a forced hold blocks whatever demotes the credit findings beside it."""
    held = stored._replace(forced_hold="H-1", releases=())
    claimed = replace(asked, operator=replace(asked.operator, roles=frozenset()))
    verdict = decided(claimed, held, configuration(types=TYPES))
    assert codes(verdict, Severity.HARD)[0] is Code.FORCED_HOLD
    assert by is None or codes(verdict, Severity.SOFT) == [Code.LIMIT_EXCEEDED]


@pytest.mark.parametrize(("effect", "decision"), [("warn", Outcome.WARN), ("allow", Outcome.ALLOW)])
def test_a_role_makes_of_a_block_what_the_policy_says(effect: str, decision: Outcome) -> None:
    settings = configuration(override_effect=effect, override_roles=["boss"])
    held = OVER._replace(forced_hold="H-1")
    verdict = decided(check(order(), roles=["boss"]), held, settings)
    assert (verdict.decision, verdict.overridden) == (decision, True)
    assert decided(check(order(), roles=["supervisor"]), held, settings).decision is Outcome.BLOCK


def test_no_role_makes_up_for_a_missing_fact() -> None:
    settings = configuration(defined=False, max_feed_age={"erp": 1}, on_stale="block")
    stored = facts(customer=None)
    verdict = decided(check(order(usd("1.00")), roles=["supervisor"]), stored, settings)
    gaps = [Code.CUSTOMER_UNKNOWN, Code.POLICY_MISSING, Code.RATE_MISSING, Code.DATA_STALE]
    assert codes(verdict, Severity.HARD) == gaps
    released = stored._replace(releases=[release(usd("1.00"))])
    assert codes(decided(order(usd("1.00")), released, settings), Severity.INFO) == gaps


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("standard", ("allowed", "refused", "refused")),
        ("fluentis", ("allowed", "refused", "refused")),
        ("duir", ("allowed", "refused", "unmarked")),
        ("mtj", ("refused", "refused", "refused")),
    ],
)
def test_what_block_means_at_this_step_is_the_policys_and_everything_is_allowed_otherwise(
    preset: str, expected: tuple[str, str, str]
) -> None:
    settings = configuration(preset=preset, on_limit_exceeded="block")
    blocked = decided(invoice("0.01"), OVER, settings).obligations
    assert (blocked.save, blocked.proceed, blocked.print) == expected
    assert decided(invoice("0.01"), facts(), settings).obligations == ALL_ALLOWED
    warned = configuration(preset=preset, on_limit_exceeded="warn")
    assert decided(invoice("0.01"), OVER, warned).obligations == ALL_ALLOWED


STRICT, LAX = StoredOperator(strict=True, roles=frozenset()), StoredOperator(strict=False, roles=frozenset())
UNSAID = StoredOperator(strict=None, roles=frozenset({"supervisor"}))
ROLES = frozenset({"boss"})


@pytest.mark.parametrize(
    ("claimed", "stored", "trusted", "default", "strict", "roles"),
    [
        (ClaimedOperator(), None, True, True, True, frozenset()),
        (ClaimedOperator(), None, True, False, False, frozenset()),
        (ClaimedOperator(strict=False, roles=ROLES), None, True, True, False, ROLES),
        (ClaimedOperator(strict=True), None, True, False, True, frozenset()),
        (ClaimedOperator(strict=False, roles=ROLES), None, False, True, True, frozenset()),
        (ClaimedOperator(strict=True), None, False, False, True, frozenset()),
        (ClaimedOperator(strict=False, roles=ROLES), STRICT, True, False, True, frozenset()),
        (ClaimedOperator(roles=ROLES), LAX, True, True, False, frozenset()),
        (ClaimedOperator(strict=True), LAX, True, False, True, frozenset()),
        (ClaimedOperator(strict=False), UNSAID, True, True, True, UNSAID.roles),
        (ClaimedOperator(), UNSAID, False, False, False, UNSAID.roles),
    ],
)
def test_a_request_can_make_a_stored_operator_stricter_but_never_laxer(
    claimed: ClaimedOperator,
    stored: StoredOperator | None,
    *,
    trusted: bool,
    default: bool,
    strict: bool,
    roles: frozenset[str],
) -> None:
    found = believed_operator(claimed, stored=stored, company="main", trusted=trusted, default_strict=default)
    assert found == Operator(id=None, strict=strict, roles=roles)


@pytest.mark.parametrize(("company", "lax"), [("main", True), ("other", False)])
def test_a_stored_operator_has_rights_only_in_his_companies(company: str, *, lax: bool) -> None:
    stored = StoredOperator(strict=False, roles=ROLES, companies=frozenset({"main"}))
    claimed = ClaimedOperator(strict=False, roles=ROLES)
    found = believed_operator(claimed, stored=stored, company=company, trusted=True, default_strict=False)
    assert found == Operator(id=None, strict=not lax, roles=ROLES if lax else frozenset())


def test_a_type_that_never_blocks_counts_and_is_reported() -> None:
    stored = facts(item("9500.00"), limit="10000.00")
    settings = configuration(preset="fluentis", types=TYPES)
    quiet, plain = (decided(order("1000.00", type=each), stored, settings) for each in ("QUIET", "T2"))
    assert (quiet.decision, plain.decision) == (Outcome.WARN, Outcome.BLOCK)
    assert quiet.situation.exposure.projected == plain.situation.exposure.projected == Decimal("10500.00")


def test_amounts_of_the_answer_are_in_the_currency_of_the_account() -> None:
    stored = facts(limit=limit(usd("100.00")))
    verdict = decided(order(eur("60.00")), stored, configuration(rates=[dollar_rate("0.5")]))
    (finding,) = verdict.findings
    assert (finding.observed, finding.unit) == (Decimal("120.00"), "USD")
