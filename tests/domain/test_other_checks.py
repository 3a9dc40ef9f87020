"""The checks that judge no credit: gaps in the data, orders by people, texts to be read."""

from typing import Any

import pytest

from creditrisk.domain.account import AccountStatus, Customer, CustomerWarning, ManualBlock
from creditrisk.domain.decision import Outcome, Signal
from creditrisk.domain.facts import Facts
from creditrisk.domain.findings import Code, Severity
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
    facts,
    found,
    invoice,
    item,
    late,
    order,
    period,
    usd,
)

BLOCK = ManualBlock(no=1, kinds=frozenset({"order"}), period=period("2026-11-20", "2026-11-23"), note="wait")
FOLLOWS_ORDER = (Followed(kind=Kind.ORDER, number="SO-1"),)
STOP, INVOICES, ORDERS = (
    AccountStatus(code="STOP", effect="all"),
    AccountStatus(code="NOINV", effect="invoices", on="warn"),
    AccountStatus(code="NOORD", effect="all", kinds=frozenset({"order"})),
)


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
