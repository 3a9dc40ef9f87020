"""Points, risk groups and automatic limits, with the figures of docs/domain.md."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.automatic_limits import AutomaticLimit, AutomaticLine, Operator, automatic_limit
from creditrisk.domain.scoring import (
    Figure,
    Range,
    RiskGroup,
    ScoredCustomer,
    ScoringGroup,
    ScoringType,
    figure_of,
    first_overlap,
    score,
    years_since,
)
from tests.builders import eur

D = Decimal
AS_OF = date(2026, 11, 26)


def ranges(*rows: tuple[str | None, str | None, str]) -> Sequence[tuple[Range, Decimal]]:
    return [(bounds(low, high), D(points)) for low, high, points in rows]


def bounds(low: str | None, high: str | None) -> Range:
    return Range(None if low is None else D(low), None if high is None else D(high))


AGE = ScoringGroup(
    id="AGE",
    type=ScoringType.IN_BUSINESS_SINCE,
    ranges=ranges((None, "4.99", "5"), ("5", "9.99", "15"), ("10", None, "25")),
)
PAYS = ScoringGroup(
    id="PAYS",
    type=ScoringType.AVERAGE_PAYMENT_DAYS,
    ranges=ranges((None, "30", "40"), ("30.01", "60", "20"), ("60.01", None, "0")),
)
LAND = ScoringGroup(id="LAND", type=ScoringType.COUNTRY, values={"DE": D(10), "IT": D("4.99")})
RISK = [
    RiskGroup(id="High", range=bounds(None, "19.99")),
    RiskGroup(id="Medium", range=bounds("20", "49.99")),
    RiskGroup(id="Med-High", range=bounds("50", "59.99")),
    RiskGroup(id="Low", range=bounds("60", None)),
]

BROWN = ScoredCustomer(
    average_payment_days=D("35.928"),
    dso=D("119"),
    average_balance=D("73123.285"),
    customer_since=date(2019, 4, 1),
    in_business_since=date(2014, 11, 26),
    management_group="SOUTH",
    account_status="WATCH",
    country="DE",
    attributes={"branch": "retail", "employees": 12, "audited": True, "rating": "7.5"},
)


@pytest.mark.parametrize(
    ("days", "country", "founded", "total", "risk_group"),
    [
        ("20", "DE", "2014-11-26", "75", "Low"),
        ("35.928", "DE", "2014-11-26", "55", "Med-High"),
        ("35.928", "IT", "2014-11-26", "49.99", "Medium"),
        ("35.928", "IT", "2021-11-27", "29.99", "Medium"),
        ("35.928", "IT", "2021-11-26", "39.99", "Medium"),
        ("90", "FR", None, "0", "High"),
    ],
)
def test_scores_add_up_to_a_risk_group(
    *, days: str, country: str, founded: str | None, total: str, risk_group: str
) -> None:
    customer = replace(
        BROWN,
        average_payment_days=D(days),
        country=country,
        in_business_since=None if founded is None else date.fromisoformat(founded),
    )
    found = score(customer, groups=[AGE, PAYS, LAND], risk_groups=RISK, as_of=AS_OF)
    assert (found.score, found.risk_group) == (D(total), risk_group)
    assert sum(part.score for part in found.parts) == found.score


def test_a_sum_outside_all_ranges_is_of_no_risk_group() -> None:
    assert score(BROWN, groups=[PAYS], risk_groups=RISK[2:], as_of=AS_OF).risk_group is None


@pytest.mark.parametrize(
    ("type_", "attribute", "figure"),
    [
        (ScoringType.AVERAGE_PAYMENT_DAYS, None, D("35.93")),
        (ScoringType.DSO, None, D("119.00")),
        (ScoringType.AVERAGE_BALANCE, None, D("73123.28")),
        (ScoringType.CUSTOMER_SINCE, None, D("7.65")),
        (ScoringType.IN_BUSINESS_SINCE, None, D("12.00")),
        (ScoringType.MANAGEMENT_GROUP, None, "SOUTH"),
        (ScoringType.ACCOUNT_STATUS, None, "WATCH"),
        (ScoringType.COUNTRY, None, "DE"),
        (ScoringType.USER_DEFINED, "branch", "retail"),
        (ScoringType.USER_DEFINED, "employees", D(12)),
        (ScoringType.USER_DEFINED, None, "7.5"),
        (ScoringType.USER_DEFINED, "audited", None),
        (ScoringType.USER_DEFINED, "unknown", None),
    ],
)
def test_each_type_has_its_figure(type_: ScoringType, attribute: str | None, figure: Figure) -> None:
    group = ScoringGroup(id="rating", type=type_, attribute=attribute)
    assert figure_of(BROWN, group, as_of=AS_OF) == figure


def test_every_type_is_known() -> None:
    assert len(ScoringType) == 9


@pytest.mark.parametrize(
    ("begun", "years"),
    [
        ("2021-11-26", "5.00"),
        ("2021-11-27", "4.99"),
        ("2021-11-25", "5.00"),
        ("2026-05-28", "0.49"),
        ("2026-11-26", "0"),
        ("2027-01-01", "0"),
    ],
)
def test_years_are_whole_on_anniversaries_and_rounded_down(begun: str, years: str) -> None:
    assert years_since(date.fromisoformat(begun), as_of=AS_OF) == D(years)


def test_who_began_on_a_29th_has_an_anniversary_every_year() -> None:
    assert years_since(date(2024, 2, 29), as_of=date(2025, 2, 27)) == D("0.99")
    assert years_since(date(2024, 2, 29), as_of=date(2025, 2, 28)) == D(1)
    assert years_since(date(2024, 2, 29), as_of=date(2028, 2, 29)) == D(4)
    assert years_since(None, as_of=AS_OF) is None


@pytest.mark.parametrize(
    ("figure", "points"),
    [
        (D("4.99"), "5"),
        (D(5), "15"),
        (D("9.99"), "15"),
        (D(10), "25"),
        ("7", "15"),
        ("many", "0"),
        (None, "0"),
    ],
)
def test_both_ends_of_a_range_belong_to_it(figure: Figure, points: str) -> None:
    assert AGE.score(figure) == D(points)


@pytest.mark.parametrize(("figure", "points"), [("DE", "10"), ("FR", "0"), (None, "0")])
def test_a_code_has_its_own_score(figure: Figure, points: str) -> None:
    assert LAND.score(figure) == D(points)


def test_a_number_may_be_scored_as_a_code() -> None:
    stars = ScoringGroup(id="stars", type=ScoringType.USER_DEFINED, values={"5": D(50)})
    assert (stars.score(D(5)), stars.score("5"), stars.score(D(4))) == (D(50), D(50), D(0))


@pytest.mark.parametrize(
    ("ranges_", "overlap"),
    [
        ([("0", "49.99"), ("50", "59.99"), ("60", None)], None),
        ([("0", "50"), ("50", "60")], (1, 0)),
        ([("0", "1"), ("5", "9"), (None, "0")], (2, 0)),
        ([(None, None), ("5", "9")], (1, 0)),
        ([("5", None), (None, "4.99")], None),
        ([], None),
    ],
)
def test_ranges_that_overlap_are_named(
    ranges_: list[tuple[str | None, str | None]], overlap: tuple[int, int] | None
) -> None:
    assert first_overlap([bounds(*each) for each in ranges_]) == overlap


def lines(*rows: tuple[str, str, str]) -> Sequence[AutomaticLine]:
    return [AutomaticLine("AGE", Operator(operator), value, D(limit)) for operator, value, limit in rows]


BY_AGE = AutomaticLimit(
    id="BY-AGE",
    risk_group="Low",
    currency="EUR",
    maximum_revenue=D(1_000_000),
    lines=lines((">=", "5", "100000"), (">=", "10", "200000")),
)


@pytest.mark.parametrize(
    ("years", "limit"), [("4.99", None), ("5", "100000.00"), ("9.99", "100000.00"), ("10", "200000.00")]
)
def test_of_several_lines_the_highest_limit_is_proposed(years: str, limit: str | None) -> None:
    assert proposed({"AGE": D(years)}) == limit


def proposed(figures: Mapping[str, Figure], **more: object) -> str | None:
    stated = {"risk_group": "Low", "currency": "EUR", "revenue": D(1000), **more}
    found = automatic_limit([BY_AGE], figures=figures, **stated)  # type: ignore[arg-type] # as stated
    assert found is None or found.automatic_limit == "BY-AGE"
    return None if found is None else str(found.limit.amount) + ".00"


@pytest.mark.parametrize(
    ("more", "applies"),
    [
        ({}, True),
        ({"risk_group": "High"}, False),
        ({"currency": "USD"}, False),
        ({"revenue": D(1_000_000)}, True),
        ({"revenue": D("1000000.01")}, False),
        ({"revenue": None}, False),
    ],
)
def test_it_is_for_one_risk_group_and_currency_and_up_to_a_revenue(
    more: Mapping[str, object], *, applies: bool
) -> None:
    assert (proposed({"AGE": D(12)}, **more) is not None) is applies


def test_without_a_maximum_any_revenue_will_do_and_unknown_figures_satisfy_nothing() -> None:
    unbounded = replace(BY_AGE, maximum_revenue=None)
    found = automatic_limit(
        [BY_AGE, unbounded], risk_group="Low", currency="EUR", figures={"AGE": D(7)}, revenue=None
    )
    assert found is not None
    assert found.limit == eur("100000.00")
    assert proposed({}) is None


@pytest.mark.parametrize(
    ("operator", "figure", "value", "holds"),
    [
        ("=", D("5.0"), "5", True),
        ("=", "DE", "DE", True),
        ("!=", "DE", "IT", True),
        ("!=", "DE", "DE", False),
        ("!=", D(5), "5", False),
        ("<", D(4), "5", True),
        ("<", D(5), "5", False),
        ("<=", D(5), "5", True),
        (">", D(5), "5", False),
        (">", "6", "5", True),
        (">=", "DE", "5", False),
        ("!=", None, "5", False),
    ],
)
def test_operators_compare_numbers_with_numbers_and_codes_with_codes(
    operator: str, figure: Figure, value: str, *, holds: bool
) -> None:
    assert Operator(operator).holds(figure, value) is holds


NUMBERS = st.decimals("-1000", "1000", places=2)


@given(st.lists(st.tuples(st.none() | NUMBERS, st.none() | NUMBERS), max_size=6), NUMBERS)
def test_a_number_is_in_one_of_several_ranges_at_most(
    pairs: list[tuple[Decimal | None, Decimal | None]], number: Decimal
) -> None:
    ordered = [Range(*pair) for pair in pairs if None in pair or pair[0] <= pair[1]]  # type: ignore[operator] # no None
    apart = first_overlap(ordered) is None
    assert not apart or sum(each.holds(number) for each in ordered) <= 1


@given(NUMBERS, NUMBERS)
def test_ranges_that_end_on_99_leave_no_gap(low: Decimal, figure: Decimal) -> None:
    below, above = Range(None, low - D("0.01")), Range(low, None)
    assert below.holds(figure) is not above.holds(figure)
    assert not below.meets(above)
