"""The status of a stored line, which also tells what is taken of its papers in other currencies.

The function `status_of_taken` of the database writes it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import orjson

from creditrisk.domain.money import Money
from creditrisk.domain.papers import Line, Taken


def with_taken(line: Line) -> Line:
    """The line with what its stored status says, which no bill has if it begins with a brace."""
    taken = taken_of(line.status)
    return line if taken is None else line._replace(status="", taken=taken)


def taken_of(status: str) -> Taken | None:
    """What a stored status says is taken of the papers."""
    if not status.startswith("{"):
        return None
    content = orjson.loads(status)
    return Taken(
        open_amount=Decimal(content["open"]),
        whole=Decimal(content["whole"]),
        prepaid=Decimal(content.get("prepaid", 0)),
        returned=money_by_currency(content.get("returned")),
        amounts=money_by_currency(content.get("taken")),
    )


def money_by_currency(amounts: Mapping[str, str] | None) -> Sequence[Money]:
    """Amounts as the database keeps them, by currency."""
    return tuple(Money(Decimal(amount), currency) for currency, amount in (amounts or {}).items())
