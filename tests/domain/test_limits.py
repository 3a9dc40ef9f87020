"""The credit limit: how it is put together, its states, and which ones apply (docs/domain.md, The limit)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from creditrisk.domain.decision import Outcome, Signal
from creditrisk.domain.facts import Facts
from creditrisk.domain.findings import Code, Severity
from creditrisk.domain.limits import AccountLimit, Cover, LimitState
from creditrisk.domain.money import Money
from tests.builders import (
    TODAY,
    account,
    codes,
    configuration,
    cover,
    day,
    decided,
    dollar_rate,
    facts,
    figures,
    group,
    item,
    limit,
    member,
    order,
    period,
    temporary,
    usd,
)

CREDIT_GROUP: dict[str, Any] = {"grouping": "credit_group"}


def limit_of(stored: AccountLimit, as_of: str = "2026-11-23", **overrides: Any) -> tuple[str, object]:
    """State and amount of the one limit that applies to an account without group."""
    situation = decided(None, facts(limit=stored), configuration(**overrides), as_of=day(as_of)).situation
    (found,) = situation.limits
    return found.state.value, found.amount


@pytest.mark.parametrize(
    ("as_of", "amount"), [("2025-02-15", 125_000), ("2025-03-15", 85_000), ("2025-04-15", 125_000)]
)
def test_a_temporary_limit_replaces_the_own_one_even_when_lower_and_covers_are_added(
    as_of: str, amount: int
) -> None:
    stored = limit(
        "100000.00",
        covers=[cover("50000.00", "50", period=period("2025-01-01", "2025-12-31"))],
        temporary=[temporary("60000.00", period("2025-03-01", "2025-03-31"))],
    )
    assert limit_of(stored, as_of) == ("limited", amount)


@pytest.mark.parametrize(
    ("covers", "amount"),
    [
        ([cover("50000.00", "50")], 125_000),
        ([cover("50000.00", "50", included_in_exposure=True)], 75_000),
        ([cover("120000.00", at_least=True)], 120_000),
        ([cover("80000.00", at_least=True)], 100_000),
        ([cover("50000.00", "50"), cover("120000.00", at_least=True)], 125_000),
        ([cover("50000.00", "0")], 100_000),
        ([cover("50000.00", "50", period=period(end="2026-11-22"))], 100_000),
        ([cover("50000.00", "50", period=period(end="2026-11-23"))], 125_000),
    ],
)
def test_covers_raise_the_limit(covers: list[Cover], amount: int) -> None:
    assert limit_of(limit("100000.00", covers=covers)) == ("limited", amount)


def test_covers_of_one_currency_are_added_up_before_they_are_rounded() -> None:
    stored = limit("100.00", covers=[cover("0.05", "50")] * 3)
    (found,) = decided(None, facts(limit=stored)).situation.limits
    assert found.amount == Decimal("100.08")  # 100 + 0.075, half to even
    assert sum(part.amount for part in found.components) == found.amount


def test_a_cover_in_another_currency_is_rounded_in_the_currency_of_the_evaluation() -> None:
    stored = limit(usd("100.00"), covers=[Cover(value=Money(Decimal(333), "JPY"), percent=Decimal(50))])
    rate = dollar_rate("1")._replace(source="JPY", target="USD", rate=Decimal("0.01"))
    situation = decided(None, facts(limit=stored), configuration(rates=[rate])).situation
    assert situation.limits[0].amount == Decimal("101.66")  # 166.5 JPY are 1.665 USD


def test_the_parts_of_a_limit_add_up_to_it() -> None:
    stored = limit("100.00", covers=[cover("50.00", "50"), cover("300.00", at_least=True)])
    (found,) = decided(None, facts(limit=stored)).situation.limits
    assert [part.source for part in found.components] == ["own", "cover", "cover"]
    assert [part.amount for part in found.components] == [100, 25, 175]


def test_of_several_valid_temporary_limits_the_latest_start_wins_then_the_latest_made() -> None:
    later = datetime(2026, 1, 2, tzinfo=UTC)
    early = temporary("1.00", period("2026-01-01"), no=1, made_at=later)
    late = temporary("2.00", period("2026-02-01"), no=2)
    remade = temporary("3.00", period("2026-02-01"), no=3, made_at=later)
    future = temporary("4.00", period("2027-01-01"), no=4)
    assert limit_of(limit("9.00", temporary=[late, early, future])) == ("limited", 2)
    assert limit_of(limit("9.00", temporary=[remade, late, early])) == ("limited", 3)


@pytest.mark.parametrize(
    ("stored", "zero_limit", "state", "amount"),
    [
        (limit("0.00", unlimited=True, mandatory=True), "no_credit", "unlimited", None),
        (limit("0.00", mandatory=True), "no_credit", "limited", 0),
        (limit("0.00", mandatory=True), "no_limit", "limited", 0),
        (limit(None), "no_credit", "none", None),
        (limit("0.00"), "no_limit", "none", None),
        (limit("0.00"), "no_credit", "limited", 0),
        (limit("0.00", covers=[cover("10.00")]), "no_limit", "limited", 10),
        (
            limit("10.00", covers=[cover("10.00", "0", included_in_exposure=True)]),
            "no_limit",
            "limited",
            0,
        ),
    ],
)
def test_no_limit_a_limit_of_0_and_unlimited_are_three_states(
    stored: AccountLimit, zero_limit: str, state: str, amount: int | None
) -> None:
    assert limit_of(stored, zero_limit=zero_limit) == (state, amount)


def test_unlimited_is_never_exceeded() -> None:
    verdict = decided(order("1000000.00"), facts(limit=limit("0.00", unlimited=True)))
    assert (verdict.decision, verdict.signal) == (Outcome.ALLOW, Signal.GREEN)


@pytest.mark.parametrize("effect", ["block", "warn"])
def test_a_mandatory_limit_of_0_blocks_every_document_with_a_positive_amount(effect: str) -> None:
    stored = facts(item("-500.00"), limit=limit("0.00", mandatory=True))
    settings = configuration(on_limit_exceeded=effect)
    assert codes(decided(order("100.00"), stored, settings), Severity.HARD) == [Code.LIMIT_EXCEEDED]
    assert decided(order("0.00"), stored, settings).decision is Outcome.ALLOW


def test_an_ordinary_limit_of_0_lets_a_credit_balance_be_used_up() -> None:
    stored = facts(item("-500.00"), limit="0.00")
    assert not codes(decided(order("500.00"), stored), Severity.HARD)
    assert codes(decided(order("500.01"), stored), Severity.HARD) == [Code.LIMIT_EXCEEDED]


C1 = limit("10000.00")
C2 = limit("20000.00")
C3 = limit("0.00", mandatory=True)
C4 = limit("0.00", unlimited=True)
C5 = limit("0.00")


@pytest.mark.parametrize(
    ("own", "amount", "decision", "effective"),
    [
        (C1, "9000.00", "allow", 10_000),
        (C1, "12000.00", "block", 10_000),
        (C2, "14000.00", "allow", 15_000),
        (C2, "16000.00", "block", 15_000),
        (C3, "100.00", "block", 0),
        (C4, "1000000.00", "allow", None),
        (C5, "14000.00", "allow", 15_000),
        (C5, "16000.00", "block", 15_000),
    ],
)
def test_the_five_published_combinations_of_group_and_own_limit(
    own: AccountLimit, amount: str, decision: str, effective: int | None
) -> None:
    stored = facts(limit=own, group=group("15000.00"))
    verdict = decided(order(amount), stored, configuration(warn_percent=None, **CREDIT_GROUP))
    binding = verdict.situation.binding
    assert verdict.decision == decision
    assert (binding.limit.amount if binding else None) == effective


def test_in_a_credit_group_both_limits_are_compared_each_with_its_own_members() -> None:
    stored = facts(item("900.00"), item("5000.00", own=False), limit="1000.00", group=group("5500.00"))
    verdict = decided(order("200.00"), stored, configuration(**CREDIT_GROUP))
    assert codes(verdict, Severity.HARD) == [Code.GROUP_LIMIT_EXCEEDED, Code.LIMIT_EXCEEDED]
    by_source = {each.limit.source: each.exposure.projected for each in verdict.situation.applied}
    assert by_source == {"own": 1100, "group": 6100}
    assert verdict.situation.binding is not None
    assert verdict.situation.binding.limit.source == "group"


def test_of_two_limits_with_the_same_headroom_the_own_one_binds() -> None:
    stored = facts(limit="1000.00", group=group("1000.00"))
    binding = decided(order("1.00"), stored, configuration(**CREDIT_GROUP)).situation.binding
    assert binding is not None
    assert binding.limit.source == "own"


def test_a_group_takes_temporary_limits_the_same_way() -> None:
    shared = group(None, temporary=[temporary("700.00", period(end="2026-11-23"))])
    stored = facts(limit="0.00", group=shared)
    (found,) = decided(None, stored, configuration(**CREDIT_GROUP)).situation.limits
    assert found.source == "group"
    assert found.amount == 700


@pytest.mark.parametrize(
    ("stored", "overrides", "found"),
    [
        (facts(limit=limit(None, mandatory=True)), {}, [Code.LIMIT_MISSING]),
        (facts(limit=limit(None, mandatory=True), group=group("500.00")), CREDIT_GROUP, [Code.LIMIT_MISSING]),
        (facts(limit=limit(None)), {}, []),
        (facts(limit=limit(None)), {"missing_limit": "block"}, [Code.LIMIT_MISSING]),
        (facts(limit=limit("0.00"), group=group("500.00")), CREDIT_GROUP | {"missing_limit": "block"}, []),
        (
            facts(limit=limit("0.00"), group=group(None)),
            CREDIT_GROUP | {"missing_limit": "block"},
            [Code.LIMIT_MISSING],
        ),
    ],
)
def test_a_missing_limit_blocks_where_it_is_mandatory_or_where_none_applies_and_the_policy_minds(
    stored: Facts, overrides: dict[str, Any], found: list[Code]
) -> None:
    assert codes(decided(order("1.00"), stored, configuration(**overrides)), Severity.HARD) == found


HEAD_GROUP: dict[str, Any] = {
    "head": "H",
    "members": [member("H", "100000.00"), member("A", "500000.00"), member("B", "5000.00")],
}


@pytest.mark.parametrize(
    ("customer", "amount", "decision", "projected"),
    [("A", "10000.00", "block", 105_000), ("B", "4000.00", "allow", 99_000)],
)
def test_under_a_head_account_only_its_limit_counts_and_all_members_are_summed(
    customer: str, amount: str, decision: str, projected: int
) -> None:
    lines = item("20000.00", own=False), item("60000.00", own=False), item("15000.00")
    own = next(each.limit for each in HEAD_GROUP["members"] if each.customer == customer)
    stored = facts(*lines, account=account(customer, limit=own), **HEAD_GROUP)
    verdict = decided(order(amount), stored, configuration(preset="fluentis", grouping="head_account"))
    (applied,) = verdict.situation.applied
    assert (verdict.decision, applied.limit.source, applied.limit.id) == (decision, "head", "H")
    assert (applied.limit.amount, applied.exposure.projected) == figures(100_000, projected)
    assert codes(verdict) == ([Code.GROUP_LIMIT_EXCEEDED] if decision == "block" else [])


def test_the_limit_of_the_head_is_the_one_of_the_asked_company() -> None:
    members = [member("H", "1.00", company="other"), member("H", "100.00")]
    stored = facts(head="H", members=members)
    (found,) = decided(None, stored, configuration(grouping="head_account")).situation.limits
    assert found.amount == 100


@pytest.mark.parametrize("grouping", ["own", "all_companies"])
def test_the_own_limit_is_compared_with_the_account_or_with_the_customer_in_all_companies(
    grouping: str,
) -> None:
    members = [member("C-1", "100.00"), member("C-1", "9999.00", company="other")]
    stored = facts(item("50.00"), item("60.00", own=False), limit="100.00", members=members)
    (applied,) = decided(None, stored, configuration(grouping=grouping)).situation.applied
    assert applied.limit.amount == 100
    assert applied.exposure.current == (50 if grouping == "own" else 110)


COMPANY_ID: dict[str, Any] = {
    "group_key": "12345678",
    "members": [member("C-1", "100.00"), member("C-2", "250.00"), member("C-3", None)],
}


@pytest.mark.parametrize("grouping", ["company_id", "relation:holding"])
@pytest.mark.parametrize(("group_limit", "amount"), [("highest", 250), ("sum", 350), ("own", 100)])
def test_members_sharing_a_key_are_judged_by_their_highest_limit_or_the_sum_or_the_own_one(
    grouping: str, group_limit: str, amount: int
) -> None:
    stored = facts(item("50.00"), item("60.00", own=False), limit="100.00", **COMPANY_ID)
    settings = configuration(grouping=grouping, group_limit=group_limit)
    (applied,) = decided(None, stored, settings).situation.applied
    assert (applied.limit.amount, applied.exposure.current) == figures(amount, 110)
    source = "own" if group_limit == "own" else grouping.partition(":")[0]
    assert applied.limit.source == source


def test_an_unlimited_member_makes_the_combined_limit_unlimited() -> None:
    members = [member("C-1", "100.00"), member("C-2", limit(None, unlimited=True))]
    stored = facts(limit="100.00", group_key="1", members=members)
    (found,) = decided(
        None, stored, configuration(grouping="company_id", group_limit="highest")
    ).situation.limits
    assert found.state is LimitState.UNLIMITED


def test_the_grouping_of_an_account_wins_over_the_policys() -> None:
    own = account(limit="100.00", grouping="own")
    stored = facts(item("60.00", own=False), account=own, **COMPANY_ID)
    (found,) = decided(None, stored, configuration(grouping="company_id", group_limit="sum")).situation.limits
    assert found.source == "own"
    assert found.amount == 100


def test_new_accounts_copy_what_the_policy_says_of_them() -> None:
    new = {"limit": "300.00", "max_days_overdue": 5, "cash_only": True, "documents_blocked": ["order"]}
    settings = configuration(new_account=new)
    copied = facts(account=account(defined=False)).with_new_account(settings.policy).account
    assert copied.limit.limit == Money(Decimal("300.00"), "EUR")
    assert (copied.max_days_overdue, copied.cash_only) == (5, True)
    assert copied.documents_blocked == {"order"}
    kept = facts(account=account()).with_new_account(settings.policy).account
    assert kept.limit.limit is None


@pytest.mark.parametrize(
    ("expires_on", "grace", "blank", "expired"),
    [
        ("2026-11-23", 0, "never", False),
        ("2026-11-22", 0, "never", True),
        ("2026-11-20", 3, "never", False),
        ("2026-11-19", 3, "never", True),
        (None, 0, "never", False),
        (None, 0, "expired", True),
        ("9999-12-31", 36_500, "never", False),
    ],
)
def test_a_limit_is_expired_from_the_day_after_its_date_plus_grace_and_stays_in_force(
    expires_on: str | None, grace: int, blank: str, *, expired: bool
) -> None:
    stored = facts(limit=limit("100.00", expires_on=day(expires_on) if expires_on else None))
    settings = configuration(expired_limit="block", expiry_grace_days=grace, blank_expiry=blank)
    verdict = decided(order("100.00"), stored, settings, as_of=TODAY)
    assert codes(verdict, Severity.HARD) == ([Code.LIMIT_EXPIRED] if expired else [])
    assert verdict.situation.binding is not None
