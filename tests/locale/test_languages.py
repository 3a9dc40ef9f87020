"""Figures, days and lists as each language writes them."""

from datetime import date
from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.currencies import MINOR_UNITS
from creditrisk.domain.money import quantise
from creditrisk.locale.languages import LANGUAGES, MessageLanguage, language


@pytest.mark.parametrize(
    ("code", "euros", "yen", "negative"),
    [
        ("en", "1,234,567.50_EUR", "1,235_JPY", "-0.50_EUR"),
        ("it", "1.234.567,50_EUR", "1.235_JPY", "-0,50_EUR"),
        ("hr", "1.234.567,50_EUR", "1.235_JPY", "-0,50_EUR"),
        ("cs", "1_234_567,50_EUR", "1_235_JPY", "-0,50_EUR"),
        ("pt", "1.234.567,50_EUR", "1.235_JPY", "-0,50_EUR"),
        ("es", "1.234.567,50_EUR", "1.235_JPY", "-0,50_EUR"),
    ],
)
def test_amounts_have_the_separators_of_the_language_and_the_decimals_of_the_currency(
    code: MessageLanguage, euros: str, yen: str, negative: str
) -> None:
    written = language(code)

    assert written.amount(Decimal("1234567.50"), "EUR") == euros.replace("_", "\u00a0")
    assert written.amount(Decimal(1235), "JPY") == yen.replace("_", "\u00a0")
    assert written.amount(Decimal("-0.50"), "EUR") == negative.replace("_", "\u00a0")


@given(
    amount=st.decimals(min_value=-(10**15), max_value=10**15, places=4),
    currency=st.sampled_from(sorted(MINOR_UNITS)),
    code=st.sampled_from(LANGUAGES),
)
def test_amounts_are_written_as_babel_writes_them(
    amount: Decimal, currency: str, code: MessageLanguage
) -> None:
    exact = quantise(amount, currency)
    pattern = "#,##0." + "0" * MINOR_UNITS[currency] + "\u00a0¤¤"

    expected = format_currency(
        exact, currency, pattern.replace(".\u00a0", "\u00a0"), locale=code, currency_digits=False
    )

    assert language(code).amount(exact, currency) == expected


@pytest.mark.parametrize(
    ("code", "percent", "day", "listed"),
    [
        ("en", "85.5%", "Nov 22, 2026", "A, B, and C"),
        ("it", "85,5%", "22 nov 2026", "A, B e C"),
        ("hr", "85,5_%", "22. stu 2026.", "A, B i C"),
        ("cs", "85,5_%", "22. 11. 2026", "A, B a_C"),
        ("pt", "85,5%", "22 de nov. de 2026", "A, B e C"),
        ("es", "85,5_%", "22 nov 2026", "A, B y C"),
    ],
)
def test_percentages_days_and_lists_are_written_as_the_language_does(
    code: MessageLanguage, percent: str, day: str, listed: str
) -> None:
    written = language(code)

    assert written.percent(Decimal("85.5")) == percent.replace("_", "\u00a0")
    assert written.day(date(2026, 11, 22)) == day
    assert written.listed(["A", "B", "C"]) == listed.replace("_", "\u00a0")


@pytest.mark.parametrize(
    ("code", "counted"),
    [
        ("en", {1: "1 day", 2: "2 days", 5: "5 days", 1234: "1,234 days"}),
        ("it", {1: "1 giorno", 2: "2 giorni", 5: "5 giorni", 1234: "1.234 giorni"}),
        ("hr", {1: "1 dan", 2: "2 dana", 5: "5 dana", 21: "21 dan"}),
        ("cs", {1: "1 den", 2: "2 dny", 5: "5 dní", 21: "21 dní"}),
        ("pt", {1: "1 dia", 2: "2 dias"}),
        ("es", {1: "1 día", 2: "2 días"}),
    ],
)
def test_days_are_in_the_form_that_their_number_asks_for(
    code: MessageLanguage, counted: dict[int, str]
) -> None:
    written = {
        number: language(code).counted(number, one="{count} day", many="{count} days") for number in counted
    }

    assert written == counted
