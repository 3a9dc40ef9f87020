from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.money import format_amount
from creditrisk.domain.rates import AppliedRate, Converter, InvalidRate, Rate, RateTable
from tests.strategies import amounts, days

TODAY = date(2026, 11, 22)
JANUARY, JUNE = date(2026, 1, 1), date(2026, 6, 1)


def rate(source: str, target: str, figure: str, day: date = JANUARY, type: str = "default") -> Rate:
    return Rate(source, target, day, Decimal(figure), type)


def converter(*rates: Rate, into: str = "EUR", as_of: date = TODAY, rate_type: str = "default") -> Converter:
    return Converter(RateTable.build(rates), into, rate_type, as_of)


def converted(amount: str, currency: str, by: Converter) -> str | None:
    result = by.convert(Decimal(amount), currency)
    return None if result is None else format_amount(result, by.target)


def test_a_direct_rate_multiplies() -> None:
    assert converted("100.00", "USD", converter(rate("USD", "EUR", "0.5"))) == "50.00"


def test_without_a_direct_rate_the_opposite_one_divides() -> None:
    assert converted("100.00", "USD", converter(rate("EUR", "USD", "1.25"))) == "80.00"


def test_a_direct_rate_wins_over_a_newer_opposite_one() -> None:
    by = converter(rate("USD", "EUR", "0.5", JANUARY), rate("EUR", "USD", "4", JUNE))
    assert converted("100.00", "USD", by) == "50.00"


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (date(2025, 12, 31), None),
        (JANUARY, "50.00"),
        (date(2026, 5, 31), "50.00"),
        (JUNE, "60.00"),
        (date(2030, 1, 1), "60.00"),
    ],
)
def test_the_newest_rate_not_later_than_the_reference_date_counts(as_of: date, expected: str | None) -> None:
    rates = (rate("USD", "EUR", "0.6", JUNE), rate("USD", "EUR", "0.5", JANUARY))
    assert converted("100.00", "USD", converter(*rates, as_of=as_of)) == expected


def test_a_direct_rate_that_is_still_to_come_leaves_the_opposite_one_in_force() -> None:
    by = converter(rate("USD", "EUR", "0.5", JUNE), rate("EUR", "USD", "4", JANUARY), as_of=date(2026, 3, 1))
    assert converted("100.00", "USD", by) == "25.00"


def test_there_is_never_a_way_over_a_third_currency() -> None:
    by = converter(rate("USD", "CHF", "0.8"), rate("CHF", "EUR", "1.1"), rate("EUR", "CHF", "0.9"))
    assert converted("100.00", "USD", by) is None
    assert by.missing == (("USD", "EUR"),)


def test_rates_of_another_type_do_not_count() -> None:
    rates = (rate("USD", "EUR", "0.5", type="average"), rate("USD", "EUR", "0.6"))
    assert converted("100.00", "USD", converter(*rates)) == "60.00"
    assert converted("100.00", "USD", converter(*rates, rate_type="average")) == "50.00"
    assert converted("100.00", "USD", converter(*rates, rate_type="budget")) is None


def test_of_two_rates_for_the_same_day_the_one_given_last_counts() -> None:
    assert (
        converted("100.00", "USD", converter(rate("USD", "EUR", "0.5"), rate("USD", "EUR", "0.7"))) == "70.00"
    )


def test_the_inverse_is_not_rounded_before_it_is_applied() -> None:
    # 1/3 cut to any number of decimals would give 333333333333333.33 less some cents.
    assert converted("1000000000000000.00", "USD", converter(rate("EUR", "USD", "3"))) == "333333333333333.33"
    assert converted("0.01", "USD", converter(rate("EUR", "USD", "0.000001"))) == "10000.00"


@pytest.mark.parametrize(
    ("amount", "figure", "into", "expected"),
    [
        ("1.00", "0.125", "EUR", "0.12"),
        ("3.00", "0.125", "EUR", "0.38"),
        ("1.00", "0.1250000001", "EUR", "0.13"),
        ("-1.00", "0.125", "EUR", "-0.12"),
        ("0.01", "0.3", "EUR", "0.00"),
        ("-0.01", "0.3", "EUR", "0.00"),
        ("1.00", "150.5", "JPY", "150"),
        ("1.00", "0.30005", "KWD", "0.300"),
        ("999999999999999.99", "1.123456789012", "EUR", "1123456789011999.99"),
    ],
)
def test_a_sum_is_rounded_once_half_even_to_the_minor_unit(
    amount: str, figure: str, into: str, expected: str
) -> None:
    assert converted(amount, "USD", converter(rate("USD", into, figure), into=into)) == expected


def test_an_amount_without_a_rate_becomes_neither_zero_nor_one() -> None:
    by = converter(rate("USD", "EUR", "0.5"))
    assert converted("10.00", "CHF", by) is None
    assert converted("5.00", "GBP", by) is None
    assert converted("7.00", "CHF", by) is None
    assert by.missing == (("CHF", "EUR"), ("GBP", "EUR"))
    assert by.used == ()


def test_its_own_currency_and_zero_need_no_rate() -> None:
    by = converter()
    assert converted("12.34", "EUR", by) == "12.34"
    assert converted("0.00", "JPY", by) == "0.00"
    assert by.missing == ()
    assert by.used == ()


def test_the_rates_used_are_named_once_each_as_they_were_stored() -> None:
    by = converter(rate("USD", "EUR", "0.5"), rate("EUR", "CHF", "0.9", JUNE))
    for currency in ("USD", "CHF", "USD"):
        converted("100.00", currency, by)
    assert by.used == (
        AppliedRate("USD", "EUR", "default", JANUARY, Decimal("0.5"), inverse=False),
        AppliedRate("CHF", "EUR", "default", JUNE, Decimal("0.9"), inverse=True),
    )


@pytest.mark.parametrize("figure", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_is_above_zero(figure: str) -> None:
    with pytest.raises(InvalidRate):
        RateTable.build([rate("USD", "EUR", figure)])


def test_the_days_on_which_rates_begin_to_count_are_known() -> None:
    table = RateTable.build(
        [rate("USD", "EUR", "2", JUNE), rate("CHF", "EUR", "2", JUNE), rate("USD", "EUR", "1", JANUARY)]
    )
    assert table.days_after(date(2025, 1, 1)) == (JANUARY, JUNE)
    assert table.days_after(JANUARY) == (JUNE,)
    assert table.days_after(JUNE) == ()


figures = st.decimals("0.0001", 100_000, places=6)


@given(amounts("USD"), figures)
def test_a_converted_amount_is_within_half_a_cent_of_the_exact_one(amount: Decimal, figure: Decimal) -> None:
    direct = converter(Rate("USD", "EUR", JANUARY, figure)).convert(amount, "USD")
    inverse = converter(Rate("EUR", "USD", JANUARY, figure)).convert(amount, "USD")
    assert direct is not None
    assert inverse is not None
    half_a_cent = Fraction(5, 1000)
    assert abs(Fraction(direct) - Fraction(amount) * Fraction(figure)) <= half_a_cent
    assert abs(Fraction(inverse) - Fraction(amount) / Fraction(figure)) <= half_a_cent


@given(st.lists(st.tuples(days(), figures), min_size=1), days())
def test_the_order_in_which_rates_are_given_plays_no_part(
    history: list[tuple[date, Decimal]], as_of: date
) -> None:
    by_day = dict(history)
    rates = [Rate("USD", "EUR", day, figure) for day, figure in by_day.items()]
    found = RateTable.build(rates).find("USD", "EUR", rate_type="default", as_of=as_of)
    again = RateTable.build(reversed(rates)).find("USD", "EUR", rate_type="default", as_of=as_of)
    past = [day for day in by_day if day <= as_of]
    assert found == again
    assert (None if found is None else (found.day, found.rate)) == (
        (max(past), by_day[max(past)]) if past else None
    )
