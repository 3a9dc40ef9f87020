"""What the resources of master data share: how a body is kept and shown, periods, money never negative."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Self

from fastapi import Path
from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from creditrisk.api.paging import PageRequest
from creditrisk.api.wire import Day, MoneyIn, WireModel, refuse
from creditrisk.application.errors import FieldError, InvalidRequest
from creditrisk.domain.money import AMOUNT_PATTERN

_LAST_NUMBER: Final = 999_999_999
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


def _entry_number(value: Any) -> int:
    if not isinstance(value, str) or _NUMBER.fullmatch(value) is None:
        raise refuse("wrong_type", "must be a whole number from 1 on")
    return int(value)


EntryNumber = Annotated[
    int,
    BeforeValidator(_entry_number),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _LAST_NUMBER}),
    Path(description="The number of the entry among the owner's."),
]
"""The last part of an entry's address."""


def _without_sign(schema: dict[str, Any]) -> None:
    schema["properties"]["amount"]["pattern"] = AMOUNT_PATTERN.replace("-?", "")


class NotNegative(MoneyIn):
    """An amount of money that is 0 or more."""

    model_config = ConfigDict(json_schema_extra=_without_sign)

    @field_validator("amount")
    @classmethod
    def _not_negative(cls, amount: Decimal) -> Decimal:
        if amount < 0:
            raise refuse("out_of_range", "must not be negative")
        return amount


class Validity(WireModel):
    """The days on which something is valid, both included."""

    from_: Annotated[Day | None, Field(alias="from", description="First day; null: from the beginning.")] = (
        None
    )
    to: Annotated[Day | None, Field(description="Last day, included; null: open-ended.")] = None

    @field_validator("to")
    @classmethod
    def _in_order(cls, to: Day | None, info: ValidationInfo) -> Day | None:
        start = info.data.get("from_")
        if to is not None and start is not None and to < start:
            raise refuse("ends_before_it_begins", "must not be before the day it begins")
        return to


class SeenModel(WireModel):
    """Base of answers that show stored content; what was left out of it is answered with its default."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    @classmethod
    def of(cls, content: Mapping[str, Any], **more: Any) -> Self:
        """Show stored ``content`` together with what is kept beside it."""
        return cls.model_validate({**content, **more})


def content_of(body: WireModel) -> dict[str, Any]:
    """Write a body as it is stored: the wire's own form, without the company and fields at their default."""
    return body.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"company"})


def entry_cursor(page: PageRequest) -> tuple[str, int] | None:
    """Read (company, number) of the last entry seen from a page request of the shape (str, int).

    Raises:
        InvalidRequest: no entry has such a number.
    """
    if page.after is None:
        return None
    company, no = str(page.after[0]), int(page.after[1])
    if not 1 <= no <= _LAST_NUMBER:
        complaint = FieldError("query/cursor", "invalid_cursor", "is not a cursor this list has answered")
        raise InvalidRequest("The cursor is not valid.", errors=[complaint])
    return company, no
