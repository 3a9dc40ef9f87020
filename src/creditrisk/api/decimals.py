"""Plain decimals that may be negative, written as strings."""

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from creditrisk.api.wire import refuse

NUMBER_PATTERN: Final = r"-?[0-9]{1,12}(\.[0-9]{1,2})?"
"""Up to 12 digits and two decimals: figures are rounded to two, so that nothing falls between two ranges."""

_CHANGE_PATTERN: Final = r"-?[0-9]{1,6}(\.[0-9]{1,4})?"


def _reading(pattern: str, code: str) -> BeforeValidator:
    compiled = re.compile(pattern)

    def read(value: Any) -> Decimal:
        if isinstance(value, Decimal):
            return value
        if not isinstance(value, str):
            raise refuse("wrong_type", "must be a decimal as a string")
        if compiled.fullmatch(value) is None:
            raise refuse(code, f"must be written {pattern}")
        return Decimal(value) or Decimal(0)

    return BeforeValidator(read)


def _schema(pattern: str, description: str, example: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{pattern}$",
            "description": description,
            "examples": [example],
        }
    )


def _above_zero(value: Decimal) -> Decimal:
    if value <= 0:
        raise refuse("out_of_range", "must be above 0")
    return value


_PLAIN: Final = PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json")

Number = Annotated[
    Decimal,
    _reading(NUMBER_PATTERN, "invalid_number"),
    _PLAIN,
    _schema(NUMBER_PATTERN, "A decimal as a string.", "49.99"),
]

PercentChange = Annotated[
    Decimal,
    _reading(_CHANGE_PATTERN, "invalid_percent"),
    _PLAIN,
    _schema(_CHANGE_PATTERN, "A percentage as a string, negative to lower: `-10` is a tenth less.", "10"),
]

Unit = Annotated[
    Decimal,
    _reading(NUMBER_PATTERN, "invalid_number"),
    AfterValidator(_above_zero),
    _PLAIN,
    _schema(NUMBER_PATTERN, "A decimal above 0 as a string.", "10"),
]
