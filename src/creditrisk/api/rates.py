"""Exchange rates (docs/domain.md, Money and dates)."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies, choose_company_or_every
from creditrisk.api.context import Use
from creditrisk.api.paging import CursorKey, Page, PageRequest, invalid_cursor, paged
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import CurrencyCode, Day, Identifier, WireModel, refuse
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.keys import Principal
from creditrisk.application.rates import RateFilter, RatePosition, StoredRate
from creditrisk.domain.rates import Rate

router = resource_router(prefix="/v1/rates", tag="rates")

MOST_RATES: Final = 10_000
_PATTERN: Final = r"^[0-9]{1,12}(\.[0-9]{1,12})?$"
_RATE: Final = re.compile(_PATTERN.removeprefix("^").removesuffix("$"))


def _factor(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise refuse("wrong_type", "must be a decimal as a string")
    if _RATE.fullmatch(value) is None:
        raise refuse("invalid_rate", "must be a decimal of up to 12 digits with up to 12 decimals")
    factor = Decimal(value)
    if not factor:
        raise refuse("invalid_rate", "must be above zero")
    return factor


Factor = Annotated[
    Decimal,
    BeforeValidator(_factor),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["0.5"]}),
]


class RateBody(WireModel):
    """From a day on, one unit of `from` is worth `rate` units of `to`."""

    source: Annotated[
        CurrencyCode, Field(alias="from", description="The currency that is converted.", examples=["USD"])
    ]
    target: Annotated[
        CurrencyCode, Field(alias="to", description="The currency it becomes; another.", examples=["EUR"])
    ]
    date: Annotated[Day, Field(description="The first day it counts; it does until there is a newer one.")]
    rate: Annotated[
        Factor, Field(description="Units of `to` for one unit of `from`: a decimal above zero, as a string.")
    ]
    type: Annotated[
        Identifier,
        Field(description="Which of several tables it belongs to; see the policy's `rate_type`."),
    ] = "default"

    @property
    def stated(self) -> Rate:
        """The same as the domain's type."""
        return Rate(self.source, self.target, self.date, self.rate, self.type)


class RatesBody(WireModel):
    """A batch of rates, stored all or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rates": [{"from": "USD", "to": "EUR", "date": "2026-11-22", "rate": "0.5"}]}]
        }
    )

    company: Annotated[
        Identifier | None,
        Field(description="The company the rates are for; absent: every company of the tenant."),
    ] = None
    rates: Annotated[
        list[RateBody],
        Field(min_length=1, max_length=MOST_RATES, description="At most one for a type, pair and day."),
    ]


class RateAnswer(RateBody):
    """A rate as stored."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    company: Annotated[
        str | None, Field(description="The company it is for; null: every company without its own.")
    ]

    @classmethod
    def of(cls, stored: StoredRate) -> "RateAnswer":
        """Write a rate."""
        rate = stored.rate
        return cls.model_validate(
            {
                "company": None if stored.company == EVERY_COMPANY else stored.company,
                "from": rate.source,
                "to": rate.target,
                "date": rate.day,
                "rate": rate.rate,
                "type": rate.type,
            }
        )


class RatesAnswer(WireModel):
    """The batch as stored."""

    rates: Annotated[list[RateAnswer], Field(description="The rates, in the order they were given.")]


@router.put("")
async def put_rates(
    body: RatesBody,
    caller: Annotated[Principal, requires("policy")],
    use: Use,
    company: CompanyQuery = None,
) -> RatesAnswer:
    """Store rates, all or none; each replaces the one of its type, pair and day.

    A company that has rates of its own for a type and pair uses those alone.
    """
    chosen = choose_company_or_every(caller, query=company, body=body.company)
    rates = [rate.stated for rate in body.rates]
    await use.rates.put(rates, company=chosen, principal=caller)
    return RatesAnswer(rates=[RateAnswer.of(StoredRate(chosen or EVERY_COMPANY, rate)) for rate in rates])


@router.get("")
async def list_rates(
    *,
    caller: Annotated[Principal, requires("policy")],
    use: Use,
    page: Annotated[PageRequest, paged(str, str, str, str, str)],
    company: CompanyQuery = None,
    source: Annotated[
        CurrencyCode | None, Query(alias="from", description="Only from this currency.")
    ] = None,
    target: Annotated[CurrencyCode | None, Query(alias="to", description="Only to this currency.")] = None,
    type: Annotated[Identifier | None, Query(description="Only of this type.")] = None,
    date: Annotated[Day | None, Query(description="Only those stated for exactly this day.")] = None,
) -> Page[RateAnswer]:
    """List rates by type, pair and day; with a company its own and those of every company."""
    wanted = RateFilter(
        companies=choose_companies(caller, query=company), source=source, target=target, type=type, day=date
    )
    after = None if page.after is None else _position(page.after)
    rates = await use.rates.list(wanted, principal=caller, after=after, limit=page.limit + 1)
    return page.page(rates, key=_key, render=RateAnswer.of)


def _key(stored: StoredRate) -> CursorKey:
    rate = stored.rate
    return rate.type, rate.source, rate.target, rate.day.isoformat(), stored.company


def _position(key: CursorKey) -> RatePosition:
    type_, source, target, day, company = map(str, key)
    try:
        return RatePosition(type_, source, target, date.fromisoformat(day), company)
    except ValueError:
        raise invalid_cursor() from None
