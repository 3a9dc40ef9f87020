"""What documents and ledger entries have in common on the wire, and their content as stored.

A stored paper's content is the wire's object with the amounts of one currency written plainly: ``total``,
``open_amount`` and ``prepaid`` are strings beside one ``currency``; what is absent or default is left out.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from creditrisk.api.wire import DIGITS, Day, Identifier, MoneyIn, WireModel, format_instant, refuse
from creditrisk.application.papers import PaperStatement, StoredPaper
from creditrisk.domain.money import format_amount

PLAIN_MONEY: Final = ("total", "open_amount", "prepaid")
"""The amounts that share the content's ``currency``."""

_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2999
_KEY_FIELDS: Final = frozenset({"company", "customer", "version", "source"})
_LINE_FIELDS: Final = frozenset({"kind", "id", "number", "deleted"})
"""What a line of a stream has beside its body."""


def _sane(value: date) -> date:
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise refuse("out_of_range", "must be in the years 1900 to 2999; leave it out where there is none")
    return value


# The bounds leave room for the days a policy adds to a due date, and catch 9999-12-31 written for "none".
PaperDay = Annotated[Day, AfterValidator(_sane)]
"""A date of a paper."""

_LARGEST_VERSION: Final = (1 << 63) - 1


def _bigint(value: int) -> int:
    if not 0 <= value <= _LARGEST_VERSION:
        raise refuse("out_of_range", "must be at least 0 and below 2 to the power of 63")
    return value


# The schema is written out because Pydantic's own turns a bound of this size into an inexact float.
Version = Annotated[
    int,
    AfterValidator(_bigint),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": _LARGEST_VERSION, "examples": [3]}),
    DIGITS,
]
"""The ERP's own counter of a paper's changes."""


class PaperBody(WireModel):
    """What every paper states."""

    company: Annotated[
        Identifier | None, Field(description="The legal entity; `main` unless said otherwise.")
    ] = None
    customer: Annotated[
        Identifier, Field(description="The ordering customer; one never heard of is created.")
    ]
    total: Annotated[MoneyIn, Field(description="The paper's whole amount, in its own currency.")]
    date: Annotated[PaperDay | None, Field(description="The paper's date.")] = None
    version: Annotated[
        Version | None,
        Field(
            description="Counts the paper's changes in the ERP. Lower than the stored one: stale, nothing "
            "happens. Equal: must be the same content. Absent: always applied."
        ),
    ] = None
    source: Annotated[
        Identifier | None,
        Field(description="The feed it comes from; absent: `documents`, for ledger entries `default`."),
    ] = None


def in_currency_of_total(value: MoneyIn | None, info: ValidationInfo) -> MoneyIn | None:
    """Refuse an amount in another currency than the paper's total."""
    total: MoneyIn | None = info.data.get("total")
    if value is not None and total is not None and value.currency != total.currency:
        raise refuse("other_currency", "must be in the currency of total")
    return value


def on_side_of_total(value: MoneyIn | None, info: ValidationInfo) -> MoneyIn | None:
    """Refuse an open amount that is a debt where the total is a credit, or the other way round."""
    total: MoneyIn | None = info.data.get("total")
    if value is not None and total is not None and value.amount * total.amount < 0:
        raise refuse("opposite_sign", "must not have the opposite sign of total")
    return value


OpenAmount = Annotated[
    MoneyIn | None,
    AfterValidator(in_currency_of_total),
    AfterValidator(on_side_of_total),
    Field(
        description="What is still open of the total, in its currency. What is stated here wins over what "
        "other papers take; absent: the total less what other papers take of it."
    ),
]


def not_negative(value: MoneyIn | None) -> MoneyIn | None:
    """Refuse a negative amount."""
    if value is not None and value.amount < 0:
        raise refuse("out_of_range", "must not be negative")
    return value


class NotNegative(PaperBody):
    """A paper whose total cannot be negative."""

    _total = field_validator("total")(not_negative)


# From the wire to what is stored


def statement_of(body: PaperBody, *, company: str, kind: str, number: str) -> PaperStatement:
    """Turn a body and its key into the statement the use cases take."""
    return PaperStatement(
        company=company,
        kind=kind,
        number=number,
        customer=body.customer,
        content=_content(body),
        version=body.version,
        source=body.source,
    )


def _content(body: PaperBody) -> dict[str, Any]:
    content: dict[str, Any] = {"currency": body.total.currency}
    stated = body.__dict__
    for name, default in _content_fields(type(body)):
        value = stated[name]
        if value is default:
            continue
        if name in PLAIN_MONEY:
            content[name] = _plain_amount(value)
        elif value != default:
            content[name] = _plain(value)
    return content


@functools.cache
def _content_fields(body: type[PaperBody]) -> Sequence[tuple[str, Any]]:
    """The fields that are content, each with its default."""
    fields = body.model_fields.items()
    return tuple((name, field.default) for name, field in fields if name not in _KEY_FIELDS | _LINE_FIELDS)


def _plain_amount(value: MoneyIn) -> str:
    return format_amount(value.amount, value.currency)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    if isinstance(value, WireModel):
        return dict(_plain_members(value))
    return value


def _plain_members(value: WireModel) -> Iterator[tuple[str, Any]]:
    for name in type(value).model_fields:
        member = getattr(value, name)
        if isinstance(member, MoneyIn):
            yield "currency", member.currency
            yield name, _plain_amount(member)
        elif member is not None:
            yield name, _plain(member)


# From what is stored to the wire


def wire_form(paper: StoredPaper, body: type[PaperBody]) -> dict[str, Any]:
    """Write a stored paper but for its number: every field of its kind, absent ones as their default."""
    content = paper.content
    form: dict[str, Any] = {"company": paper.company, "kind": paper.kind, "customer": paper.customer}
    for name, field in body.model_fields.items():
        if name in _KEY_FIELDS:
            continue
        value = content.get(name)
        if value is None:
            form[name] = field.default
        elif name in PLAIN_MONEY:
            form[name] = {"amount": value, "currency": content["currency"]}
        elif isinstance(value, list):
            form[name] = [_wire_member(member) for member in value]
        else:
            form[name] = value
    form |= {"version": paper.version, "source": paper.source}
    return {**form, "stated_at": format_instant(paper.stated_at)}


def _wire_member(member: Mapping[str, Any]) -> dict[str, Any]:
    """Write a followed document or an allocation; their only amount has the currency beside it."""
    rest = {name: value for name, value in member.items() if name != "currency"}
    name = "amount" if "amount" in member else "total"
    amount = rest.get(name)
    rest[name] = None if amount is None else {"amount": amount, "currency": member["currency"]}
    return rest
