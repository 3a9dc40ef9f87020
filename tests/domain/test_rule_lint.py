"""What is odd about a set of rules."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.account import Customer
from creditrisk.domain.rule_lint import Oddity, Remark, lint
from creditrisk.domain.rules import Rule, RuleScope
from tests.builders import block, exclusion, facts, late, usd
from tests.domain.ruled import judged

CUSTOMER: dict[str, Any] = {"scope": RuleScope.CUSTOMER, "scope_id": "C-1"}
ANOTHER: dict[str, Any] = {"scope": RuleScope.CUSTOMER, "scope_id": "C-2"}
SOUTH: dict[str, Any] = {"scope": RuleScope.GROUP, "scope_id": "SOUTH"}
NORTH: dict[str, Any] = {"scope": RuleScope.GROUP, "scope_id": "NORTH"}


def remarks(*rules: Rule, limit_check: str = "rules_only") -> list[Remark]:
    return lint(rules, limit_check=limit_check)


DAYS_61 = block("days_overdue", days=61)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [DAYS_61],
        [DAYS_61, exclusion("days_overdue", days=100, **CUSTOMER)],
        [DAYS_61, exclusion("days_overdue", days=63, **SOUTH)],
        [block("days_overdue", days=61, **SOUTH), exclusion("days_overdue", days=100, **CUSTOMER)],
        [block("days_overdue", days=61, risk_group="A"), exclusion("days_overdue", days=100, **CUSTOMER)],
        [exclusion("document_amount", amount="10.00", release_document=True)],
        [DAYS_61, exclusion("days_overdue", amount="10.00", release_document=True)],
        [DAYS_61, block("days_overdue", "R-2", days=30, **CUSTOMER)],
        [DAYS_61, block("days_overdue", "R-2", days=30, risk_group="A")],
        [block("days_overdue", days=61, **SOUTH), block("days_overdue", "R-2", days=30, **NORTH)],
        [
            block("document_amount", amount="9.00"),
            exclusion("document_amount", amount=usd("1.00"), **CUSTOMER),
        ],
        [
            block("document_amount", amount="9.00"),
            block("document_amount", "R-2", amount=usd("1.00")),
            exclusion("document_amount", amount=usd("99.00"), release_document=True, risk_group="A"),
        ],
        [
            block("account_status", account_status="COURT"),
            block("account_status", "R-2", account_status="SLOW"),
            exclusion("account_status", account_status="SLOW", **CUSTOMER),
        ],
        [block("limit_used", percent="90"), exclusion("limit_used", percent="90.01", **SOUTH)],
    ],
)
def test_rules_that_a_check_may_make_use_of_get_no_remark(rules: list[Rule]) -> None:
    assert remarks(*rules) == []


@pytest.mark.parametrize(
    ("rules", "odd"),
    [
        ([block("days_overdue", days=1, active=False)], [("R-1", "inactive", None)]),
        ([DAYS_61, block("days_overdue", "R-2", days=61)], [("R-2", "duplicate", "R-1")]),
        (
            [block("payment_terms", payment_terms="N60"), block("payment_terms", "R-2", payment_terms="N60")],
            [("R-2", "duplicate", "R-1")],
        ),
        ([DAYS_61, block("days_overdue", "R-2", days=62)], [("R-2", "shadowed", "R-1")]),
        ([DAYS_61, block("days_overdue", "R-2", days=61, risk_group="A")], [("R-2", "shadowed", "R-1")]),
        (
            [
                block("overdue_amount", amount="10.00", percent="50"),
                block("overdue_amount", "R-2", amount="10.00", percent="60"),
                block("overdue_amount", "R-3", amount="5.00", percent="70"),
            ],
            [("R-2", "shadowed", "R-1")],
        ),
        (
            [
                exclusion("document_amount", amount="10.00", release_document=True),
                exclusion("document_amount", "X-2", amount="9.00", release_document=True),
            ],
            [("X-2", "shadowed", "X-1")],
        ),
        ([exclusion("days_overdue", days=100, **CUSTOMER)], [("X-1", "cancels_nothing", None)]),
        (
            [DAYS_61, exclusion("days_overdue", amount="10.00", **CUSTOMER)],
            [("X-1", "cancels_nothing", None)],
        ),
        (
            [block("days_overdue", days=61, **ANOTHER), exclusion("days_overdue", days=100, **CUSTOMER)],
            [("X-1", "cancels_nothing", None)],
        ),
        (
            [
                block("days_overdue", days=61, risk_group="A"),
                exclusion("days_overdue", days=100, risk_group="B", **CUSTOMER),
            ],
            [("X-1", "cancels_nothing", None)],
        ),
        (
            [block("days_overdue", days=61, **CUSTOMER), exclusion("days_overdue", days=100, **SOUTH)],
            [("X-1", "cancels_nothing", None)],
        ),
        (
            [block("days_overdue", days=61, **SOUTH), exclusion("days_overdue", days=100, **SOUTH)],
            [("X-1", "same_level", "R-1")],
        ),
        ([DAYS_61, exclusion("days_overdue", days=100)], [("X-1", "same_level", "R-1")]),
        ([DAYS_61, exclusion("days_overdue", days=62, **CUSTOMER)], [("X-1", "never_meets", "R-1")]),
        (
            [block("limit_used", percent="90"), exclusion("limit_used", percent="90", **SOUTH)],
            [("X-1", "never_meets", "R-1")],
        ),
        (
            [
                block("document_amount", amount="5000.00", **SOUTH),
                exclusion("document_amount", amount="9000.00", release_document=True),
            ],
            [("R-1", "released", "X-1")],
        ),
    ],
)
def test_what_is_odd_is_remarked_with_the_rule_it_has_to_do_with(
    rules: list[Rule], odd: list[tuple[str, str, str | None]]
) -> None:
    assert remarks(*rules) == [Remark(rule, Oddity(code), other) for rule, code, other in odd]


def test_rules_about_the_use_of_limits_are_silent_without_a_limit_check() -> None:
    rules = [block("limit_used", percent="90"), DAYS_61]
    assert remarks(*rules, limit_check="off") == [Remark("R-1", Oddity.LIMIT_CHECK_OFF)]


def test_an_inactive_rule_is_in_nobodys_way() -> None:
    inactive = block("days_overdue", "R-0", days=61, active=False)
    assert remarks(inactive, DAYS_61) == [Remark("R-0", Oddity.INACTIVE)]


IDLE = {Oddity.CANCELS_NOTHING, Oddity.NEVER_MEETS, Oddity.SAME_LEVEL}
PLACES = st.sampled_from([CUSTOMER, SOUTH, {}])
DAYS = st.integers(0, 6)


@given(
    blocks=st.lists(st.tuples(DAYS, PLACES), max_size=3),
    excluding=st.tuples(DAYS, PLACES),
    days=st.integers(0, 7),
)
def test_an_exclusion_that_is_said_to_be_idle_never_makes_a_difference(
    blocks: list[tuple[int, dict[str, Any]]], excluding: tuple[int, dict[str, Any]], days: int
) -> None:
    rules = [block("days_overdue", f"R-{n}", days=value, **place) for n, (value, place) in enumerate(blocks)]
    value, place = excluding
    idle = exclusion("days_overdue", days=value, **place)
    verdict = judged([*rules, idle], facts(late(days), customer=Customer(id="C-1", management_group="SOUTH")))
    if IDLE & {remark.oddity for remark in remarks(*rules, idle)}:
        assert not verdict.cancelled
