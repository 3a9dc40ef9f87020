from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.currencies import MINOR_UNITS
from creditrisk.domain.money import (
    CurrencyMismatch,
    InvalidMoney,
    Money,
    format_amount,
    format_amounts,
    parse_amount,
    quantise,
)
from tests.strategies import currencies, money


@pytest.mark.parametrize(
    ("amount", "currency", "kept"),
    [
        ("1234.5", "EUR", "1234.50"),
        ("1234.5000", "EUR", "1234.50"),
        ("0", "EUR", "0.00"),
        ("-0", "EUR", "0.00"),
        ("-0.00", "EUR", "0.00"),
        ("-0.01", "EUR", "-0.01"),
        ("007", "EUR", "7.00"),
        ("1000", "JPY", "1000"),
        ("1000.00", "JPY", "1000"),
        ("-0", "JPY", "0"),
        ("1.234", "KWD", "1.234"),
        ("1.2345", "CLF", "1.2345"),
        ("999999999999999.99", "EUR", "999999999999999.99"),
        ("-999999999999999", "CLF", "-999999999999999.0000"),
    ],
)
def test_money_is_kept_with_exactly_the_decimals_of_its_currency(
    amount: str, currency: str, kept: str
) -> None:
    read = Money.parse(amount, currency)
    assert str(read.amount) == kept
    assert format_amount(read.amount, currency) == kept


NOT_AMOUNTS = (
    *[
        "",
        "-",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "--1",
        "1.",
        ".5",
        "1,5",
        "1_000",
        "1e3",
        "1E3",
        "0x1",
        "NaN",
        "Infinity",
    ],
    *["1.00000", "1234567890123456", "\u0661", "1\u066b5", "\uff11", "\ud800", "1" * 5000],
)


@pytest.mark.parametrize("text", NOT_AMOUNTS)
def test_an_amount_is_plain_ascii_digits_and_nothing_else(text: str) -> None:
    with pytest.raises(InvalidMoney) as refused:
        parse_amount(text)
    assert refused.value.code == "invalid_amount"


def test_a_refusal_never_repeats_what_was_sent() -> None:
    with pytest.raises(InvalidMoney) as refused:
        parse_amount("4711 EUR")
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize(
    "currency", ["", "eur", "EURO", "XXX", "XTS", "XAU", "XDR", "BTC", "DEM", "HRK", "\u0415UR"]
)
def test_only_active_iso_4217_currencies_are_known(currency: str) -> None:
    with pytest.raises(InvalidMoney) as refused:
        Money.parse("1", currency)
    assert refused.value.code == "unknown_currency"
    with pytest.raises(InvalidMoney):
        quantise(Decimal(1), currency)


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.001", "EUR"), ("0.5", "JPY"), ("1.0001", "KWD"), ("-7.0010", "USD")]
)
def test_decimals_beyond_the_minor_unit_must_be_zero(amount: str, currency: str) -> None:
    with pytest.raises(InvalidMoney) as refused:
        Money.parse(amount, currency)
    assert refused.value.code == "too_many_decimals"


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.005", "EUR", "0.00"),
        ("0.015", "EUR", "0.02"),
        ("0.025", "EUR", "0.02"),
        ("0.0250000000000000000000000001", "EUR", "0.03"),
        ("-0.015", "EUR", "-0.02"),
        ("-0.005", "EUR", "0.00"),
        ("2.5", "JPY", "2"),
        ("3.5", "JPY", "4"),
        ("1.0005", "KWD", "1.000"),
        ("1.00015", "CLF", "1.0002"),
        ("99999999999999999999999999999999.995", "EUR", "100000000000000000000000000000000.00"),
    ],
)
def test_amounts_are_rounded_half_even_to_the_minor_unit(amount: str, currency: str, rounded: str) -> None:
    assert format_amount(Decimal(amount), currency) == rounded


def test_money_of_one_currency_adds_up() -> None:
    assert Money.parse("0.10", "EUR") + Money.parse("0.20", "EUR") == Money.parse("0.30", "EUR")
    assert Money.parse("0.10", "EUR") - Money.parse("0.20", "EUR") == Money.parse("-0.10", "EUR")


def test_two_currencies_are_never_added() -> None:
    euro, yen = Money.parse("1", "EUR"), Money.parse("1", "JPY")
    with pytest.raises(CurrencyMismatch):
        euro + yen
    with pytest.raises(CurrencyMismatch):
        euro - yen


def test_currencies_have_the_minor_units_of_iso_4217() -> None:
    decimals = {
        code: MINOR_UNITS[code] for code in ("EUR", "CZK", "JPY", "HUF", "ISK", "KWD", "TND", "CLF", "UYW")
    }
    assert decimals == {
        "EUR": 2,
        "CZK": 2,
        "JPY": 0,
        "HUF": 2,
        "ISK": 0,
        "KWD": 3,
        "TND": 3,
        "CLF": 4,
        "UYW": 4,
    }
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in MINOR_UNITS)


@given(money())
def test_what_is_written_reads_back_as_the_same_money(stated: Money) -> None:
    written = format_amount(stated.amount, stated.currency)
    assert Money.parse(written, stated.currency) == stated
    assert len(written.partition(".")[2]) == MINOR_UNITS[stated.currency]


@given(st.data(), currencies())
def test_taking_away_what_was_added_changes_nothing(data: st.DataObject, currency: str) -> None:
    left, right = data.draw(money(currency)), data.draw(money(currency))
    assert left + right - right == left
    assert left + right == right + left


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20), currencies()
)
def test_rounding_moves_an_amount_by_at_most_half_a_minor_unit(amount: Decimal, currency: str) -> None:
    rounded = quantise(amount, currency)
    assert abs(rounded - amount) <= Decimal(5).scaleb(-MINOR_UNITS[currency] - 1)
    assert not (rounded.is_zero() and rounded.is_signed())


@given(st.text(alphabet="0123456789.-+eE_ \u0663\n", max_size=22))
def test_reading_an_amount_either_gives_a_finite_number_or_refuses(text: str) -> None:
    try:
        amount = parse_amount(text)
    except InvalidMoney:
        return
    assert amount.is_finite()
    assert abs(amount) < 10**15


@given(currency=currencies(), amounts=st.lists(st.decimals(-(10**15), 10**15, places=5), max_size=5))
def test_amounts_are_written_together_as_one_by_one(currency: str, amounts: list[Decimal]) -> None:
    expected = [format_amount(amount, currency) for amount in amounts]
    assert format_amounts(amounts, currency) == expected
