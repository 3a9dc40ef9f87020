"""Money: a decimal amount that always travels with its currency (docs/domain.md, Money and dates).

Amounts are `Decimal` throughout. Text from outside is read by `Money.parse`, so that an amount inside the
service is finite, has exactly its currency's decimals and is never minus zero.
"""

import re
from collections.abc import Iterable
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from creditrisk.domain.currencies import MINOR_UNITS

AMOUNT_PATTERN = r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$"
"""How an amount is written on the wire: ASCII digits, no exponent, no sign but a minus."""

BEYOND = Decimal(10) ** 15
"""The first amount with more digits than one may have."""

EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)
"""Precision for sums, products and quotients of money: only the final rounding is ever seen."""

_AMOUNT = re.compile(AMOUNT_PATTERN.removeprefix("^").removesuffix("$"))
_STEPS = {code: Decimal(1).scaleb(-decimals) for code, decimals in MINOR_UNITS.items()}
_ZEROS = {code: step - step for code, step in _STEPS.items()}
_WRITTEN_ZEROS = {code: str(zero) for code, zero in _ZEROS.items()}


class InvalidMoney(ValueError):
    """Text that is not an amount of money.

    `code` is `invalid_amount`, `too_many_decimals` or `unknown_currency`; `detail` says what is expected and
    never repeats the text itself.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class CurrencyMismatch(Exception):
    """Two currencies met in one sum: a fault of the program, never of the data."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} cannot be added without a rate")


def _step(currency: str) -> Decimal:
    try:
        return _STEPS[currency]
    except KeyError:
        raise InvalidMoney("unknown_currency", "is not an active ISO 4217 currency code") from None


def parse_amount(text: str) -> Decimal:
    """Read an amount as written on the wire, in whatever currency.

    Raises:
        InvalidMoney: the text is not up to 15 ASCII digits with up to 4 decimals (`invalid_amount`).
    """
    if _AMOUNT.fullmatch(text) is None:
        raise InvalidMoney("invalid_amount", "is not a decimal of up to 15 digits with up to 4 decimals")
    return Decimal(text)


def parse_amount_of(text: str, currency: str) -> Decimal:
    """Read an amount of a currency as written on the wire.

    Raises:
        InvalidMoney: the currency is unknown, the text is no decimal, or it has decimals other than zeros
            beyond the currency's minor unit.
    """
    step = _step(currency)
    stated = parse_amount(text)
    exact = stated if stated.same_quantum(step) else EXACT.quantize(stated, step)
    if exact != stated:
        raise InvalidMoney("too_many_decimals", f"has more decimals than {currency} has minor units")
    return exact or _ZEROS[currency]


def minor_unit(currency: str) -> Decimal:
    """One of the smallest parts that a currency has: 0.01 EUR, 1 JPY, 0.001 KWD.

    Raises:
        InvalidMoney: `currency` is not known.
    """
    return _step(currency)


def quantise(amount: Decimal, currency: str) -> Decimal:
    """Round half-even to the minor unit of `currency`, never to minus zero.

    Raises:
        InvalidMoney: `currency` is not known.
    """
    step = _step(currency)
    rounded = amount if amount.same_quantum(step) else EXACT.quantize(amount, step)
    return rounded or _ZEROS[currency]


def rounded_down(amount: Decimal, currency: str) -> Decimal:
    """Round to the next lower minor unit of `currency`, so that what is above one is above the other, too.

    Raises:
        InvalidMoney: `currency` is not known.
    """
    return amount.quantize(_step(currency), rounding=ROUND_FLOOR, context=EXACT) or _ZEROS[currency]


def format_amount(amount: Decimal, currency: str) -> str:
    """Write an amount with exactly the decimals of its currency: `1234.50` EUR, `1235` JPY, never `-0.00`.

    Raises:
        InvalidMoney: `currency` is not known.
    """
    step = _step(currency)
    if not amount:  # most figures of most answers
        return _WRITTEN_ZEROS[currency]
    return str(amount if amount.same_quantum(step) else quantise(amount, currency))


def format_amounts(amounts: Iterable[Decimal], currency: str) -> list[str]:
    """Write amounts of one currency, each as `format_amount` writes it.

    Raises:
        InvalidMoney: `currency` is not known.
    """
    zero = format_amount(Decimal(), currency)  # most of them are
    return [str(quantise(amount, currency)) if amount else zero for amount in amounts]


class Money(NamedTuple):
    """An amount of one currency. Adding another currency raises `CurrencyMismatch`."""

    amount: Decimal
    currency: str

    @classmethod
    def parse(cls, amount: str, currency: str) -> "Money":
        """Read money as written on the wire.

        Raises:
            InvalidMoney: as `parse_amount_of`.
        """
        return cls(parse_amount_of(amount, currency), currency)

    def __add__(self, other: "Money") -> "Money":  # type: ignore[override] # a sum, where a tuple grows
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return Money(EXACT.add(self.amount, other.amount), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return Money(EXACT.subtract(self.amount, other.amount), self.currency)
