from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from creditrisk.api.refusals import field_errors
from creditrisk.api.wire import (
    CountryCode,
    CurrencyCode,
    Day,
    Identifier,
    Instant,
    JsonObject,
    LanguageCode,
    Line,
    MoneyIn,
    MoneyOut,
    PathId,
    Percent,
    Prose,
    ReferenceDay,
    Several,
    WireModel,
)
from creditrisk.domain.money import Money


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def complaints(kind: Any, value: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    errors = [{**error, "loc": ("body", *error["loc"])} for error in caught.value.errors()]
    return [(error.pointer, error.code) for error in field_errors(errors)]


@pytest.mark.parametrize(
    ("amount", "currency", "answered"),
    [
        ("1234.50", "EUR", "1234.50"),
        ("1234.5", "EUR", "1234.50"),
        ("1234.5000", "EUR", "1234.50"),
        ("-0", "EUR", "0.00"),
        ("-0.0000", "EUR", "0.00"),
        ("-1", "JPY", "-1"),
        ("1.0", "JPY", "1"),
        ("1.5", "KWD", "1.500"),
        ("007", "EUR", "7.00"),
        ("999999999999999.99", "EUR", "999999999999999.99"),
    ],
)
def test_money_is_read_exactly_and_answered_with_the_minor_units_decimals(
    amount: str, currency: str, answered: str
) -> None:
    money = read(MoneyIn, {"amount": amount, "currency": currency}).money
    assert money == Money(Decimal(answered), currency)
    assert MoneyOut.of(money).model_dump() == {"amount": answered, "currency": currency}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"amount": 1, "currency": "EUR"}, [("/amount", "wrong_type")]),
        ({"amount": 1.5, "currency": "EUR"}, [("/amount", "wrong_type")]),
        ({"amount": None, "currency": "EUR"}, [("/amount", "wrong_type")]),
        ({"amount": True, "currency": "EUR"}, [("/amount", "wrong_type")]),
        ({"amount": "1.005", "currency": "EUR"}, [("/amount", "too_many_decimals")]),
        ({"amount": "1.5", "currency": "JPY"}, [("/amount", "too_many_decimals")]),
        ({"amount": "1", "currency": "EUX"}, [("/currency", "unknown_currency")]),
        ({"amount": "1", "currency": "eur"}, [("/currency", "unknown_currency")]),
        ({"amount": "1", "currency": "XAU"}, [("/currency", "unknown_currency")]),
        ({"amount": "1", "currency": 978}, [("/currency", "wrong_type")]),
        (
            {"amount": "x", "currency": "EUX"},
            [("/currency", "unknown_currency"), ("/amount", "invalid_amount")],
        ),
        ({"amount": "1", "currency": "EUR", "note": ""}, [("/note", "unknown_field")]),
        ({"amount": "1"}, [("/currency", "required")]),
        ("1 EUR", [("", "wrong_type")]),
        (None, [("", "wrong_type")]),
    ],
)
def test_anything_else_is_not_money(value: object, expected: list[tuple[str, str]]) -> None:
    assert complaints(MoneyIn, value) == expected


@pytest.mark.parametrize(
    "amount",
    [
        "",
        " 1",
        "1 ",
        "+1",
        "1.",
        ".5",
        "1e3",
        "1_000",
        "1,5",
        "\u0661",
        "NaN",
        "Infinity",
        "--1",
        "1\n",
        "1" * 16,
        "1.00000",
        "0x1",
    ],
)
def test_an_amount_is_a_plain_ascii_decimal(amount: str) -> None:
    assert complaints(MoneyIn, {"amount": amount, "currency": "EUR"}) == [("/amount", "invalid_amount")]


@pytest.mark.parametrize(
    "identifier", ["C-1001", "a/b?c%d", " ", " C ", "é", "客户", "\U0001f4b6", "x" * 64, "ü" * 64, ".."]
)
def test_an_identifier_is_kept_as_the_erp_writes_it(identifier: str) -> None:
    assert read(Identifier, identifier) == identifier


def test_an_identifier_is_composed_so_that_equal_looking_ones_are_equal() -> None:
    assert read(Identifier, "u\u0308") == "\u00fc"
    assert read(Identifier, "u\u0308" * 64) == "\u00fc" * 64


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "x" * 65,
        "a\nb",
        "a\tb",
        "\x00",
        "\x7f",
        "\x85",
        "\ud800",
        "\u200b",
        "\u202e",
        "\u2028",
        "\ufeff",
        "\ue000",
        "\uffff",
    ],
)
def test_an_identifier_has_1_to_64_printable_characters(identifier: str) -> None:
    assert complaints(Identifier, identifier) == [("", "invalid_identifier")]


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20))
def test_an_identifier_read_again_is_the_same(text: str) -> None:
    once = read(Identifier, text)
    assert read(Identifier, once) == once


def test_an_identifier_of_the_path_keeps_its_slash_and_percent_sign() -> None:
    assert read(PathId, "a%2Fb%25") == "a/b%"
    assert read(PathId, "%252F") == "%2F"


@pytest.mark.parametrize("day", ["2026-11-22", "2024-02-29", "0001-01-01", "9999-12-31"])
def test_a_day_is_read(day: str) -> None:
    assert read(Day, day) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2026-02-29", "invalid_date"),
        ("2026-13-01", "invalid_date"),
        ("0000-01-01", "invalid_date"),
        ("20261122", "invalid_date"),
        ("2026-W47-7", "invalid_date"),
        ("2026-11-22T00:00:00", "invalid_date"),
        ("2026-1-2", "invalid_date"),
        ("", "invalid_date"),
        ("\u0662\u0660\u0662\u0666-11-22", "invalid_date"),
        (20261122, "wrong_type"),
        (1.5, "wrong_type"),
        (datetime(2026, 11, 22, tzinfo=UTC), "wrong_type"),
    ],
)
def test_a_day_is_written_in_one_way_only(day: object, code: str) -> None:
    assert complaints(Day, day) == [("", code)]


def test_a_reference_day_leaves_room_for_days_to_be_added() -> None:
    assert read(ReferenceDay, "1900-01-01") == date(1900, 1, 1)
    assert read(ReferenceDay, "2999-12-31") == date(2999, 12, 31)
    for day in ("1899-12-31", "3000-01-01", "9999-12-31"):
        assert complaints(ReferenceDay, day) == [("", "out_of_range")]


@pytest.mark.parametrize(
    ("written", "answered"),
    [
        ("2026-11-22T09:30:00Z", "2026-11-22T09:30:00Z"),
        ("2026-11-22t09:30:00z", "2026-11-22T09:30:00Z"),
        ("2026-11-22T09:30:00+02:00", "2026-11-22T07:30:00Z"),
        ("2026-11-22T23:30:00.25-01:30", "2026-11-23T01:00:00.250000Z"),
        ("2026-11-22T09:30:00.123456789Z", "2026-11-22T09:30:00.123456Z"),
    ],
)
def test_an_instant_is_read_with_any_offset_and_answered_in_utc(written: str, answered: str) -> None:
    adapter = TypeAdapter(Instant)
    assert adapter.dump_json(adapter.validate_python(written)) == f'"{answered}"'.encode()


@pytest.mark.parametrize(
    "instant",
    [
        "2026-11-22T09:30:00",
        "2026-11-22",
        "2026-11-22 09:30:00Z",
        "2026-11-22T25:00:00Z",
        "2026-11-22T09:30:60Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-11-22T09:30:00+25:00",
        "1763803800",
    ],
)
def test_an_instant_without_offset_or_outside_the_calendar_is_refused(instant: str) -> None:
    assert complaints(Instant, instant) == [("", "invalid_instant")]


@pytest.mark.parametrize("percent", ["80", "0", "12.5", "100.0000", "999999"])
def test_a_percentage_is_a_decimal_string(percent: str) -> None:
    adapter = TypeAdapter(Percent)
    assert adapter.validate_python(percent) == Decimal(percent)
    assert adapter.dump_json(Decimal(percent)) == f'"{percent}"'.encode()


@pytest.mark.parametrize("percent", ["-1", "80%", "1e2", "", "1234567", "0.12345", "NaN", "\u0668"])
def test_a_percentage_has_no_sign_exponent_or_symbol(percent: str) -> None:
    assert complaints(Percent, percent) == [("", "invalid_percent")]
    assert complaints(Percent, 80) == [("", "wrong_type")]


def test_names_are_lines_and_notes_may_have_several() -> None:
    assert read(Line, "Müller & Söhne") == "Müller & Söhne"
    assert complaints(Line, "a\nb") == [("", "invalid_text")]
    assert complaints(Line, "x" * 201) == [("", "too_long")]
    assert read(Prose, "a\r\n\tb\n") == "a\r\n\tb\n"
    assert complaints(Prose, "a\x00") == [("", "invalid_text")]
    assert complaints(Prose, "x" * 4001) == [("", "too_long")]


def test_codes_are_written_as_the_standards_say() -> None:
    assert read(CurrencyCode, "CHF") == "CHF"
    assert read(CountryCode, "DE") == "DE"
    assert read(LanguageCode, "pt-BR") == "pt-BR"
    assert complaints(CountryCode, "de") == [("", "invalid_format")]
    assert complaints(LanguageCode, "german!") == [("", "invalid_format")]


def test_an_object_of_the_callers_own_making_must_be_storable() -> None:
    value = {"a": [1, 1.5, None, True, {"b": "c"}]}
    assert read(JsonObject, value) == value
    assert complaints(JsonObject, {"a": float("inf")}) == [("", "out_of_range")]
    assert complaints(JsonObject, {"\x00": 1}) == [("", "invalid_text")]
    assert complaints(JsonObject, {"a": object()}) == [("", "wrong_type")]
    assert complaints(JsonObject, []) == [("", "wrong_type")]


class Order(WireModel):
    number: Identifier
    sites: Several[Identifier] = ()


def test_objects_of_the_wire_are_strict_and_do_not_change() -> None:
    order = read(Order, {"number": "1", "sites": ["A", "B"]})
    assert order.sites == ("A", "B")
    assert complaints(Order, {"number": 1}) == [("/number", "wrong_type")]
    assert complaints(Order, {"number": "1", "sites": "A"}) == [("/sites", "wrong_type")]
    assert complaints(Order, {"number": "1", "sides": []}) == [("/sides", "unknown_field")]
    with pytest.raises(ValidationError):
        order.number = "2"
