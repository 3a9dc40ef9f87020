"""The values of the wire: strict models, money, identifiers, dates.

Models are validated from the parsed body in Pydantic's strict mode, so nothing is converted silently: a
number is no string, ``"1"`` no integer. The types below say how each value is written, refuse everything else
with a stable code, and describe themselves in OpenAPI.
"""

import math
import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self, TypeVar
from urllib.parse import unquote

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from creditrisk.domain.currencies import MINOR_UNITS
from creditrisk.domain.money import (
    AMOUNT_PATTERN,
    InvalidMoney,
    Money,
    format_amount,
    parse_amount,
    parse_amount_of,
)

OWN_WORDS: Final = "own_words"
"""Key under which our own validation errors carry their sentence; see ``refuse``."""

_T = TypeVar("_T")


def refuse(code: str, detail: str, *, at: tuple[str | int, ...] = ()) -> ValueError:
    """Make the error a validator raises: a stable code and a sentence that does not repeat the value.

    The sentence continues the field's name: "is required", "must be a date". ``at`` leads from what is
    validated to the place that is wrong, for validators that look at several fields.
    """
    error = PydanticCustomError(code, "{own_words}", {OWN_WORDS: detail})
    if not at:
        return error
    return ValidationError.from_exception_data(code, [InitErrorDetails(type=error, loc=at, input=None)])


class WireModel(BaseModel):
    """Base of every object of the wire: no unknown fields, no conversion of values, no change later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Several = Annotated[tuple[_T, ...], Field(strict=False)]
"""A JSON array as a tuple: ``Several[Identifier]``. (Strict mode alone would accept no array for a tuple.)"""


# Texts


def _identifier(value: str) -> str:
    text = value if value.isascii() else unicodedata.normalize("NFC", value)
    if not 1 <= len(text) <= 64 or not text.isprintable():  # noqa: PLR2004 - docs/api.md, Values
        raise refuse("invalid_identifier", "must be 1 to 64 printable characters")
    return text


_IDENTIFIER_SCHEMA: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": 64,
    "description": "The ERP's own identifier: 1 to 64 printable characters, compared byte by byte after NFC.",
    "examples": ["C-1001"],
}

Identifier = Annotated[str, AfterValidator(_identifier), WithJsonSchema(_IDENTIFIER_SCHEMA)]
"""An identifier in a body or a query parameter, after NFC."""

# The path reaches routing with `/` and `%` still escaped (middleware.RequestPath), so both can be part of it.
PathId = Annotated[
    str, BeforeValidator(unquote), AfterValidator(_identifier), WithJsonSchema(_IDENTIFIER_SCHEMA)
]
"""An identifier as a path parameter; ``%2F`` and ``%25`` in it are decoded here."""


def _line(value: str) -> str:
    if not value.isprintable():
        raise refuse("invalid_text", "must be one line of printable characters")
    return value


def _prose(value: str) -> str:
    if not all(line.isprintable() for line in value.replace("\t", " ").replace("\r\n", "\n").split("\n")):
        raise refuse("invalid_text", "must be printable characters, line breaks and tabs")
    return value


DocumentKind = Literal["quotation", "order", "delivery", "invoice"]
"""What a document is: the step of the sales cycle it stands for."""

CheckpointName = Literal["save", "confirm", "pick", "ship", "invoice", "print"]
"""The step of a document that is about to happen."""

Line = Annotated[str, Field(max_length=200), AfterValidator(_line)]
"""A name or description: one line of up to 200 printable characters, possibly empty."""

Prose = Annotated[str, Field(max_length=4000), AfterValidator(_prose)]
"""A note: up to 4,000 printable characters, line breaks and tabs."""

CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2.", examples=["DE"])]
LanguageCode = Annotated[
    str,
    Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", description="BCP 47.", examples=["de", "pt-BR"]),
]

_WHOLE_MAX: Final = (1 << 63) - 1


def _storable(value: Any) -> None:
    """Refuse what JSON can write but a jsonb column cannot keep."""
    if isinstance(value, str):
        if "\x00" in value:
            raise refuse("invalid_text", "must not contain the character U+0000")
    elif isinstance(value, int | float):
        # Whole numbers are kept as long as 64 bits hold them.
        if not (math.isfinite(value) if isinstance(value, float) else -_WHOLE_MAX <= value <= _WHOLE_MAX):
            raise refuse("out_of_range", "contains a number out of range")
    elif isinstance(value, dict):
        for key, member in value.items():
            _storable(key)
            _storable(member)
    elif isinstance(value, list):
        for member in value:
            _storable(member)
    elif value is not None:
        raise refuse("wrong_type", "must be JSON")


def _json_object(value: dict[str, Any]) -> dict[str, Any]:
    _storable(value)
    return value


JsonObject = Annotated[dict[str, Any], AfterValidator(_json_object)]
"""An object of the caller's own making, kept as it is."""


# Money and numbers


_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)


def _written_integer(value: Any) -> Any:
    """Refuse `2.0`, `+2` and `2_0`, which Pydantic would read in a query; a body has no strings here."""
    if isinstance(value, str) and _INTEGER.fullmatch(value) is None:
        raise refuse("wrong_type", "must be an integer")
    return value


DIGITS: Final = BeforeValidator(_written_integer)
"""Lets an integer of a query be written with decimal digits alone; stands last in its annotation."""


def _currency(value: str) -> str:
    if value not in MINOR_UNITS:
        raise refuse("unknown_currency", "must be an active ISO 4217 currency code")
    return value


CurrencyCode = Annotated[
    str,
    AfterValidator(_currency),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[A-Z]{3}$",
            "description": "An active ISO 4217 currency code.",
            "examples": ["EUR"],
        }
    ),
]

_AMOUNT_SCHEMA: Final = {
    "type": "string",
    "pattern": AMOUNT_PATTERN,
    "description": "A decimal as a string. Decimals beyond the currency's minor unit must be zero; answers "
    "carry exactly the minor unit's decimals.",
    "examples": ["1234.50"],
}


def _amount(value: Any, info: ValidationInfo) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise refuse("wrong_type", "must be a decimal as a string")
    currency = info.data.get("currency")
    try:
        # Without a good currency, which has its own complaint, only the writing can be checked.
        return parse_amount(value) if currency is None else parse_amount_of(value, currency)
    except InvalidMoney as error:
        raise refuse(error.code, error.detail) from None


class MoneyIn(WireModel):
    """An amount of money as callers write it. ``money`` is what the domain calculates with."""

    # The currency comes first because fields are validated in this order, and the amount needs it.
    currency: CurrencyCode
    amount: Annotated[Decimal, BeforeValidator(_amount), WithJsonSchema(_AMOUNT_SCHEMA)]

    @property
    def money(self) -> Money:
        """The same as the domain's type."""
        return Money(self.amount, self.currency)


class MoneyOut(WireModel):
    """An amount of money as the service answers it: exactly the minor unit's decimals, never ``-0``."""

    # Sums may have more digits than a single stated amount.
    amount: Annotated[
        str,
        Field(
            pattern=r"^-?[0-9]+(\.[0-9]{1,4})?$",
            description="A decimal as a string, in units of the currency.",
            examples=["1234.50"],
        ),
    ]
    currency: Annotated[
        str, Field(pattern="^[A-Z]{3}$", description="An ISO 4217 currency code.", examples=["EUR"])
    ]

    @classmethod
    def of(cls, money: Money) -> Self:
        """Write ``money``."""
        return cls(amount=format_amount(money.amount, money.currency), currency=money.currency)


_DECIMAL: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})?")


def _unsigned(code: str) -> BeforeValidator:
    """Read a decimal that is 0 or more from a string; another string is refused with ``code``."""

    def read(value: Any) -> Decimal:
        if isinstance(value, Decimal):
            return value
        if not isinstance(value, str):
            raise refuse("wrong_type", "must be a decimal as a string")
        if _DECIMAL.fullmatch(value) is None:
            raise refuse(code, "must be a decimal of 0 or more, of up to 6 digits with up to 4 decimals")
        return Decimal(value)

    return BeforeValidator(read)


def _unsigned_schema(description: str, example: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_DECIMAL.pattern}$",
            "description": description,
            "examples": [example],
        }
    )


_PLAIN: Final = PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json")

Percent = Annotated[
    Decimal,
    _unsigned("invalid_percent"),
    _PLAIN,
    _unsigned_schema("A percentage as a string: `80` is four fifths.", "80"),
]

Factor = Annotated[
    Decimal,
    _unsigned("invalid_factor"),
    _PLAIN,
    _unsigned_schema("A factor as a string: `1.5` is half as much again.", "1.5"),
]


# Dates and instants

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise refuse("wrong_type", "must be a date as a string")
    if _DAY.fullmatch(value) is not None:
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # written like a date, but the calendar has no such day
    raise refuse("invalid_date", "must be a date written YYYY-MM-DD")


Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-22"]}),
]
"""A calendar day, written ``YYYY-MM-DD`` and in no other way."""


def _reference_day(value: date) -> date:
    if not 1900 <= value.year <= 2999:  # noqa: PLR2004 - the bounds are the rule
        raise refuse("out_of_range", "must be in the years 1900 to 2999")
    return value


ReferenceDay = Annotated[Day, AfterValidator(_reference_day)]
"""A day that days may be added to and taken from without leaving the calendar: the years 1900 to 2999."""


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise refuse("wrong_type", "must be an instant as a string")
    if _INSTANT.fullmatch(value) is not None:
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # written like an instant, but the calendar or the clock has no such one
    raise refuse("invalid_instant", "must be an instant of RFC 3339 with its offset, as 2026-11-22T09:30:00Z")


def format_instant(value: datetime) -> str:
    """Write an instant as RFC 3339 in UTC, without a fraction where there is none."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T09:30:00Z"]}),
]
"""A moment, read with any offset, kept and answered in UTC."""
