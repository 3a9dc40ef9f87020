"""Single values of parameters: what each kind accepts, how it is read from JSON and written back."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from creditrisk.domain.currencies import MINOR_UNITS
from creditrisk.domain.money import InvalidMoney, parse_amount
from creditrisk.domain.parameters import Refused

MOST_DAYS = 36_500
MOST_SECONDS = MOST_DAYS * 86_400
LONGEST_TEXT = 64

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _text(stated: object, expected: str) -> str:
    if not isinstance(stated, str):
        raise Refused("wrong_type", f"must be {expected}")
    return stated


def choices(options: Iterable[str]) -> str:
    """Spell out the words that are accepted."""
    return " | ".join(f"`{option}`" for option in options)


class Switch:
    """True or false."""

    accepts = "true | false"

    def read(self, stated: object, **_: object) -> bool:
        """Read a JSON boolean."""
        if not isinstance(stated, bool):
            raise Refused("wrong_type", "must be true or false")
        return stated

    def write(self, value: bool) -> bool:  # noqa: FBT001 - the value itself, not a flag
        """Give it back."""
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def accepts(self) -> str:
        """The words."""
        return choices(self.options)

    def read(self, stated: object, **_: object) -> str:
        """Read one of the words."""
        word = _text(stated, "a text")
        if word not in self.options:
            raise Refused("invalid_value", f"must be one of {', '.join(self.options)}")
        return word

    def write(self, value: str) -> str:
        """Give it back."""
        return value


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from 0 on, in some unit."""

    unit: str
    most: int

    @property
    def accepts(self) -> str:
        """Range and unit."""
        return f"{self.unit}, 0 to {self.most}"

    def read(self, stated: object, **_: object) -> int:
        """Read a JSON integer."""
        if isinstance(stated, bool) or not isinstance(stated, int):
            raise Refused("wrong_type", "must be a whole number")
        if not 0 <= stated <= self.most:
            raise Refused("invalid_value", f"must be from 0 to {self.most} {self.unit}")
        return stated

    def write(self, value: int) -> int:
        """Give it back."""
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal from 0 on, written as text so that it stays exact."""

    unit: str

    @property
    def accepts(self) -> str:
        """The unit."""
        return f"{self.unit}, a decimal of at least 0 as text"

    def read(self, stated: object, **_: object) -> Decimal:
        """Read up to 15 ASCII digits with up to 4 decimals."""
        text = _text(stated, "a decimal written as text")
        try:
            number = parse_amount(text)
        except InvalidMoney as invalid:
            raise Refused("invalid_value", invalid.detail) from None
        if number.is_signed():
            raise Refused("invalid_value", "must be at least 0")
        return number

    def write(self, value: Decimal) -> str:
        """Write it with the decimals it was stated with."""
        return str(value)


class Day:
    """A calendar date."""

    accepts = "a date, YYYY-MM-DD"

    def read(self, stated: object, **_: object) -> date:
        """Read an ISO 8601 date, in its long form only."""
        text = _text(stated, "a date written as YYYY-MM-DD")
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise Refused("invalid_value", "must be a date written as YYYY-MM-DD")

    def write(self, value: date) -> str:
        """Write it as YYYY-MM-DD."""
        return value.isoformat()


class Text:
    """A name that the ERP gave something: 1 to 64 printable characters."""

    accepts = f"a text of 1 to {LONGEST_TEXT} printable characters"

    def read(self, stated: object, **_: object) -> str:
        """Read a text; it is compared after Unicode normalisation to NFC."""
        text = unicodedata.normalize("NFC", _text(stated, "a text"))
        if not (1 <= len(text) <= LONGEST_TEXT and text.isprintable()):
            raise Refused("invalid_value", f"must have 1 to {LONGEST_TEXT} printable characters")
        return text

    def write(self, value: str) -> str:
        """Give it back."""
        return value


class CurrencyCode:
    """An active currency of ISO 4217."""

    accepts = "an ISO 4217 currency code"

    def read(self, stated: object, **_: object) -> str:
        """Read a code of three capitals."""
        code = _text(stated, "a currency code")
        if code not in MINOR_UNITS:
            raise Refused("invalid_value", "must be an active ISO 4217 currency code")
        return code

    def write(self, value: str) -> str:
        """Give it back."""
        return value


class Zone:
    """A time zone of the IANA database."""

    accepts = "an IANA time zone such as Europe/Rome"

    def read(self, stated: object, **_: object) -> str:
        """Read the name of a zone that exists."""
        name = _text(stated, "the name of a time zone")
        try:
            ZoneInfo(name)
        # Zones are files: an unknown name is a KeyError, a malformed one a ValueError, a folder an OSError.
        except (KeyError, ValueError, OSError):
            raise Refused("invalid_value", "must be the name of an IANA time zone") from None
        return name

    def write(self, value: str) -> str:
        """Give it back."""
        return value


SWITCH = Switch()
TEXT = Text()
DAY = Day()
DAYS = Whole("days", MOST_DAYS)
SECONDS = Whole("seconds", MOST_SECONDS)
AMOUNT = Number("amount in the company currency")
PERCENT = Number("percent")
FACTOR = Number("factor")
