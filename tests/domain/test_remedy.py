"""The remedy: a smaller document, a payment, or waiting (docs/domain.md, Remedy)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from creditrisk.domain.account import ManualBlock
from creditrisk.domain.decision import decide
from creditrisk.domain.facts import Check, Configuration, Facts
from creditrisk.domain.limits import AccountLimit
from creditrisk.domain.papers import Document, OpenItem
from creditrisk.domain.remedy import Remedy, find_remedy
from tests.builders import (
    STANDARD,
    TODAY,
    account,
    check,
    configuration,
    dollar_rate,
    eur,
    facts,
    group,
    invoice,
    item,
    limit,
    line,
    named_items,
    order,
    paid,
    period,
    temporary,
    usd,
)


def remedy(
    asked: Document | Check | None,
    stored: Facts,
    settings: Configuration = STANDARD,
    *,
    as_of: date = TODAY,
) -> Remedy:
    question = asked if isinstance(asked, Check) else check(asked)
    verdict = decide(question, stored, settings, as_of=as_of)
    return find_remedy(verdict, question, stored, settings, as_of=as_of)


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("stored", "headroom"),
    [
        (facts(item("900.00"), limit="1000.00"), "100.00"),
        (facts(item("1000.00"), limit="1000.00"), "0"),
        (facts(item("1100.00"), limit="1000.00"), "0"),
        (facts(item("-50.00"), limit="1000.00"), "1050.00"),
        (facts(limit=None), None),
        (facts(limit=limit(None, unlimited=True)), None),
        (facts(item("-50.00"), limit=limit("0.00", mandatory=True)), "0"),
    ],
)
def test_headroom_is_the_limit_less_exposure_without_the_document(
    stored: Facts, headroom: str | None
) -> None:
    found = remedy(order("500.00"), stored).headroom
    assert found == (None if headroom is None else Decimal(headroom))


def test_headroom_is_the_least_of_all_limits_that_apply() -> None:
    stored = facts(item("100.00"), item("700.00", own=False), limit="1000.00", group=group("900.00"))
    assert remedy(order(), stored, configuration(grouping="credit_group")).headroom == 100


def test_headroom_leaves_out_the_stored_version_of_the_document() -> None:
    version = line("orders", "400.00")
    stored = facts(version, adjustments=[version.negated()], limit="1000.00")
    assert remedy(order("500.00"), stored).headroom == 1000


def test_headroom_is_null_where_the_document_does_not_count_and_unmoved_by_other_findings() -> None:
    assert (
        remedy(order(), facts(limit="1000.00"), configuration(categories={"orders": False})).headroom is None
    )
    assert remedy(order(), facts(limit="1000.00", forced_hold="H-1")).headroom == 1000


LATE_LINES, LATE_ITEMS = named_items(
    ("R-1", "300.00", in_days(-60)), ("R-2", "200.00", in_days(-40)), ("R-3", "500.00", in_days(-5))
)


@pytest.mark.parametrize(
    ("limit_amount", "overrides", "payment", "numbers"),
    [
        ("1050.00", {}, "50.00", ("R-1",)),
        ("700.00", {}, "400.00", ("R-1", "R-2")),
        ("9999.00", {"max_overdue_amount": "600.00"}, "400.00", ("R-1", "R-2")),
        ("9999.00", {"max_days_overdue": 30}, "500.00", ("R-1", "R-2")),
        ("9999.00", {"max_days_overdue": 40}, "300.00", ("R-1",)),
        ("50.00", {"max_overdue_amount": "600.00", "max_days_overdue": 30}, "1050.00", ("R-1", "R-2", "R-3")),
        ("9999.00", {}, None, ()),
        ("1050.00", {"on_limit_exceeded": "warn"}, None, ()),
    ],
)
def test_the_payment_needed_is_the_largest_of_what_each_credit_finding_needs_oldest_items_first(
    limit_amount: str, overrides: dict[str, Any], payment: str | None, numbers: tuple[str, ...]
) -> None:
    stored = facts(*LATE_LINES, items=LATE_ITEMS, limit=limit_amount)
    found = remedy(order("100.00"), stored, configuration(**overrides))
    assert found.payment_needed == (None if payment is None else Decimal(payment))
    assert found.items == numbers


def test_items_to_pay_are_those_that_the_breached_test_looks_at() -> None:
    disputed, late = item("300.00", due=in_days(-60), flags="D"), item("200.00", due=in_days(-40))
    stored = facts(disputed, late, items=[OpenItem("R-1", disputed), OpenItem("R-2", late)], limit="9999.00")

    days = configuration(max_days_overdue=30, disputed_items_overdue=False)
    assert remedy(order(), stored, days).items == ("R-2",)
    tolerant = configuration(max_overdue_amount="100.00", overdue_tolerance="250.00")
    late_ones = facts(*LATE_LINES, items=LATE_ITEMS, limit="9999.00")
    assert remedy(order(), late_ones, tolerant).items == ("R-1", "R-3")


def test_items_to_pay_serve_several_findings_at_once_where_they_can() -> None:
    disputed, late = item("300.00", due=in_days(-60), flags="D"), item("200.00", due=in_days(-40))
    stored = facts(disputed, late, items=[OpenItem("R-1", disputed), OpenItem("R-2", late)], limit="450.00")

    both = configuration(max_days_overdue=30, disputed_items_overdue=False)
    found = remedy(order("100.00"), stored, both)
    assert (found.payment_needed, found.items) == (Decimal("200.00"), ("R-2",))


def test_items_to_pay_are_the_own_ones_where_the_own_limit_is_exceeded_too() -> None:
    of_other, own = item("80.00", due=in_days(-60), own=False), item("90.00", due=in_days(-40))
    stored = facts(
        of_other,
        own,
        items=[OpenItem("R-1", of_other), OpenItem("R-2", own)],
        limit="100.00",
        group=group("300.00"),
    )
    assert remedy(order("50.00"), stored, configuration(grouping="credit_group")).items == ("R-2",)


@pytest.mark.parametrize(
    ("stored", "asked", "overrides"),
    [
        (facts(limit=limit(None, mandatory=True)), order(), {}),
        (facts(limit=limit("0.00", mandatory=True)), order(), {}),
        (facts(item("50.00"), limit="100.00"), order("200.00"), {"floor_at_zero": True}),
        (facts(item("50.00"), limit="100.00"), order("200.00"), {"categories": {"open_items": False}}),
        (facts(*LATE_LINES, limit="100.00"), invoice("1200.00"), {"overdue_only": True}),
        (facts(account=account(category_limits={"orders": eur("1.00")})), order(), {}),
    ],
)
def test_no_payment_is_named_where_money_does_not_help(
    stored: Facts, asked: Document, overrides: dict[str, Any]
) -> None:
    assert remedy(asked, stored, configuration(**overrides)).payment_needed is None


def test_a_payment_helps_against_a_cap_on_open_items() -> None:
    stored = facts(*LATE_LINES, account=account(category_limits={"overdue": eur("900.00")}))
    assert remedy(order(), stored).payment_needed == 100


def test_an_order_by_a_person_does_not_hide_the_payment_that_credit_needs() -> None:
    stored = facts(*LATE_LINES, items=LATE_ITEMS, limit="1050.00", forced_hold="H-1")
    assert remedy(order("100.00"), stored).payment_needed == 50


BILL = line("bills", "900.00", status="discount", due_on=in_days(3))
NOW_AND_LATER = limit("100.00", temporary=[temporary("5000.00", period("2026-12-01", "2026-12-31"))])


@pytest.mark.parametrize(
    ("stored", "overrides", "green_in", "unblocked_in"),
    [
        (facts(limit="1000.00"), {}, 0, 0),
        (facts(item("800.00"), limit="1000.00"), {}, None, 0),
        (facts(item("1000.00"), limit="1000.00"), {}, None, None),
        (facts(BILL, limit="900.00"), {"bills": {"discount_days": 4}}, 7, 7),
        (facts(BILL, item("700.00"), limit="900.00"), {}, None, 3),
        (facts(item("900.00", due=in_days(3), flags="B"), limit="900.00"), {"bank_risk_days": 4}, 8, 8),
        (facts(item("900.00"), line("advances", "-600.00", since=in_days(5)), limit="900.00"), {}, 5, 5),
        (
            facts(item("900.00"), line("advances", "-600.00", since=in_days(366)), limit="900.00"),
            {},
            None,
            None,
        ),
        (
            facts(item("900.00"), line("advances", "-600.00", since=in_days(365)), limit="900.00"),
            {},
            365,
            365,
        ),
        (facts(item("500.00"), limit=NOW_AND_LATER), {}, 8, 8),
        (
            facts(
                account=account(
                    manual_blocks=[
                        ManualBlock(no=1, kinds=frozenset({"order"}), period=period(end="2026-11-25"))
                    ]
                )
            ),
            {},
            3,
            3,
        ),
        (facts(account=account(ignore_until=in_days(2))), {}, 3, 0),
        (facts(account=account(control="off")), {}, None, 0),
        (
            facts(item("-900.00", due=in_days(4)), line("orders", "900.00"), limit="900.00"),
            {"overdue_only": True},
            5,
            5,
        ),
        (
            facts(item("20.00", due=in_days(4)), account=account(category_limits={"not_due": eur("10.00")})),
            {},
            5,
            5,
        ),
    ],
)
def test_better_days_are_the_first_on_which_the_same_check_is_green_or_not_blocked(
    stored: Facts, overrides: dict[str, Any], green_in: int | None, unblocked_in: int | None
) -> None:
    found = remedy(order("100.00"), stored, configuration(**overrides))
    assert found.green_on == (None if green_in is None else in_days(green_in))
    assert found.unblocked_on == (None if unblocked_in is None else in_days(unblocked_in))


def test_a_better_rate_to_come_is_waited_for() -> None:
    settings = configuration(rates=[dollar_rate("0.5"), dollar_rate("0.1", since=in_days(9))])
    assert remedy(order(usd("300.00")), facts(limit="100.00"), settings).green_on == in_days(9)


def test_nothing_is_waited_for_beyond_the_end_of_the_calendar() -> None:
    last = date(9999, 12, 31)
    stored = facts(BILL._replace(due_on=last), limit="10.00")
    found = remedy(order(), stored, configuration(bills={"discount_days": 9}), as_of=last)
    assert (found.green_on, found.unblocked_on) == (None, None)


def test_after_the_payment_needed_the_document_passes_and_with_a_cent_less_it_does_not() -> None:
    settings = configuration(max_overdue_amount="600.00", max_days_overdue=30, warn_percent=None)
    stored = facts(*LATE_LINES, items=LATE_ITEMS, limit=AccountLimit(limit=eur("700.00")))
    needed = remedy(order("100.00"), stored, settings).payment_needed
    assert needed == 500
    for payment, decision in ((needed, "allow"), (needed - Decimal("0.01"), "block")):
        after = stored._replace(lines=paid(stored.lines, payment))
        assert decide(check(order("100.00")), after, settings, as_of=TODAY).decision == decision
