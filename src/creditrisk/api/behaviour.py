"""Payment behaviour over HTTP: figures of an account, estimated credit, and the delay of any rows."""

from decimal import Decimal
from typing import Annotated, Any, Final

import orjson
from fastapi import Body, Query, Response
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from creditrisk.api.auth import requires
from creditrisk.api.check_answer import PairOut, RateOut
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.etag import set_etag
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import (
    Day,
    Factor,
    Identifier,
    Instant,
    MoneyIn,
    MoneyOut,
    PathId,
    ReferenceDay,
    Several,
    WireModel,
    refuse,
)
from creditrisk.application.behaviour import EstimateCommand, Instalment, WorkedOut
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account
from creditrisk.domain.money import AMOUNT_PATTERN, InvalidMoney, Money, parse_amount
from creditrisk.domain.parameter_values import MOST_DAYS

MOST_ROWS: Final = 10_000
MOST_MONTHS: Final = 60
MOST_WINDOWS: Final = 4

_UNSIGNED: Final = AMOUNT_PATTERN.replace("-?", "")


def _money_or_amount(value: Any) -> MoneyIn | Decimal:
    if not isinstance(value, str):
        return MoneyIn.model_validate(value)
    try:
        return parse_amount(value)
    except InvalidMoney as error:
        raise refuse(error.code, error.detail) from None


def _not_negative(value: MoneyIn | Decimal) -> MoneyIn | Decimal:
    if amount_of(value) < 0:
        raise refuse("out_of_range", "must not be negative")
    return value


def amount_of(value: MoneyIn | Decimal) -> Decimal:
    """The amount, whatever its currency."""
    return value.amount if isinstance(value, MoneyIn) else value


def _money(value: MoneyIn | Decimal) -> Money | Decimal:
    return value.money if isinstance(value, MoneyIn) else value


AmountIn = Annotated[
    MoneyIn | Decimal,
    BeforeValidator(_money_or_amount),
    AfterValidator(_not_negative),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {
                        "amount": {"type": "string", "pattern": _UNSIGNED},
                        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                    },
                    "required": ["amount", "currency"],
                    "additionalProperties": False,
                },
                {"type": "string", "pattern": _UNSIGNED},
            ],
            "examples": [{"amount": "100000.00", "currency": "EUR"}, "100000.00"],
        }
    ),
]
"""Money that is not negative; a decimal alone where it is clear which currency is meant."""

Average = Annotated[
    str | None,
    Field(
        pattern=r"^-?[0-9]+(\.[0-9]{1,2})?$",
        description="Days: up to two decimals, half to even. Null where there is nothing to average.",
        examples=["45", "12.5"],
    ),
]


class Circumstances(WireModel):
    """What figures of an account were worked out with."""

    company: Annotated[str, Field(description="The legal entity.")]
    customer: Annotated[str, Field(description="Whose account it is.")]
    rates: Annotated[list[RateOut], Field(description="Exchange rates that were used.")]
    missing_rates: Annotated[list[PairOut], Field(description="Rates that were lacking.")]
    as_of: Annotated[Day, Field(description="The reference date.")]
    evaluated_at: Annotated[Instant, Field(description="When it was worked out, by the database's clock.")]


class WindowOut(WireModel):
    """Statistics of an account over the months up to the reference date."""

    months: Annotated[int, Field(description="How many months.")]
    from_: Annotated[Day, Field(alias="from", description="Their first day.")]
    days: Annotated[int, Field(description="Days for which sales count, as in `dso`.")]
    turnover: Annotated[MoneyOut, Field(description="Invoices less credit notes of these months.")]
    dso: Annotated[str, Field(description="What is owed now / turnover × days.", examples=["61"])]
    average_balance: Annotated[MoneyOut, Field(description="Open items on an average day of these months.")]
    limit_percent: Annotated[
        str | None,
        Field(
            description="Average balance in percent of the own limit, where there is one.", examples=["12.5"]
        ),
    ]
    exposure_percent: Annotated[
        str | None,
        Field(
            description="Average exposure in percent of the limit, by stored calculations; null without any."
        ),
    ]
    exposure_days: Annotated[int, Field(description="Reference dates with a calculation that knew a limit.")]


class BehaviourOut(Circumstances):
    """How an account pays, from what is stored of the 12 months up to the reference date."""

    turnover_12m: Annotated[MoneyOut, Field(description="Invoices less credit notes of 12 months.")]
    turnover_ytd: Annotated[MoneyOut, Field(description="The same since 1 January.")]
    dso: Annotated[
        str,
        Field(
            description="Days sales outstanding: what is invoiced and not paid / turnover × 365, or × the "
            "days since `customer_since` if these are fewer; `0` without turnover.",
            examples=["121.67"],
        ),
    ]
    average_delay: Annotated[Average, Field(description="Days from due date to money, of what was paid.")]
    due_date_deviation: Annotated[Average, Field(description="Days since the due date, of what is overdue.")]
    average_payment_days: Annotated[
        Average, Field(description="Days from the date of an item to the money, of what was paid.")
    ]
    average_balance: Annotated[MoneyOut, Field(description="Open items on an average day of the 12 months.")]
    aged_balances: Annotated[
        dict[str, MoneyOut],
        Field(description="Open items by days past due: `not_due`, `1-30`, `31-60`, `61-90`, `over_90`."),
    ]
    windows: Annotated[
        list[WindowOut], Field(description="Statistics over the windows asked for, in their order.")
    ]


class InstalmentIn(WireModel):
    """A part of an invoice with the days granted for it."""

    amount: Annotated[AmountIn, Field(description="The part; a decimal alone is in the account's currency.")]
    days: Annotated[int, Field(ge=0, le=MOST_DAYS, description="Days from the invoice to its due date.")]


class EstimateIn(WireModel):
    """What to estimate a credit from; what is absent comes from stored papers and the policy."""

    company: Annotated[Identifier | None, Field(description="Whose account; absent: `main`.")] = None
    as_of: Annotated[ReferenceDay | None, Field(description="Reference date; absent: today.")] = None
    multiplier: Annotated[
        Factor | None, Field(description="Factor; absent: the policy's `estimate_multiplier`.")
    ] = None
    turnover_12m: Annotated[
        AmountIn | None,
        Field(description="Turnover of 12 months; a decimal alone is in the account's currency."),
    ] = None
    instalments: Annotated[
        Several[InstalmentIn] | None,
        Field(max_length=MOST_ROWS, description="Instalments of the 12 months' invoices."),
    ] = None
    apply: Annotated[bool, Field(description="Set the account's limit to the estimate.")] = False


class EstimateOut(Circumstances):
    """The credit that turnover and terms support."""

    turnover_12m: Annotated[MoneyOut, Field(description="The turnover it is worked out from.")]
    multiplier: Annotated[str, Field(description="The factor that was used.")]
    average_days: Annotated[Average, Field(description="Days granted, weighted by the instalments.")]
    estimated_credit: Annotated[
        MoneyOut | None,
        Field(description="Turnover / 365 × multiplier × average days; null where no days are known."),
    ]
    applied: Annotated[bool, Field(description="It is the account's limit now.")]


_ESTIMATES: Final[dict[str, Any]] = {
    "given": {
        "summary": "From figures of the caller",
        "value": {
            "as_of": "2026-11-22",
            "multiplier": "1",
            "turnover_12m": {"amount": "365000.00", "currency": "EUR"},
            "instalments": [
                {"amount": {"amount": "100000.00", "currency": "EUR"}, "days": 30},
                {"amount": {"amount": "100000.00", "currency": "EUR"}, "days": 60},
            ],
        },
    },
    "stored": {"summary": "From what is stored", "value": {"as_of": "2026-11-22"}},
}
router = resource_router(prefix="/v1", tag="payment behaviour")


@router.get("/customers/{id}/behaviour", response_model=BehaviourOut, responses=documented(404))
async def get_behaviour(
    *,
    id: PathId,
    caller: Annotated[Principal, requires("check", remembered=True)],
    use: Use,
    company: CompanyQuery = None,
    as_of: Annotated[ReferenceDay | None, Query(description="Reference date; absent: today.")] = None,
    months: Annotated[
        tuple[Annotated[int, Field(ge=1, le=MOST_MONTHS)], ...],
        Query(max_length=MOST_WINDOWS, description="Statistics over so many months; several times: of each."),
    ] = (),
) -> Response:
    """Show how an account pays: turnover, DSO, delays and balance, from stored papers."""
    account = Account(choose_company(caller, query=company), id)
    content = await use.behaviour.of(account, as_of=as_of, principal=caller, windows=months)
    return Response(orjson.dumps(content), media_type="application/json")


@router.post("/customers/{id}/credit-estimate", response_model=EstimateOut, responses=documented(404))
async def estimate_credit(
    *,
    id: PathId,
    body: Annotated[EstimateIn, Body(openapi_examples=_ESTIMATES)],
    caller: Annotated[Principal, requires("limits")],
    use: Use,
    company: CompanyQuery = None,
) -> Response:
    """Estimate the credit an account needs for its turnover on its terms, and set its limit if asked to.

    Setting it is like `PUT …/credit` with another limit: it raises the version, and the answer has its
    `ETag`.
    """
    instalments = body.instalments
    command = EstimateCommand(
        account=Account(choose_company(caller, query=company, body=body.company), id),
        as_of=body.as_of,
        multiplier=body.multiplier,
        turnover=None if body.turnover_12m is None else _money(body.turnover_12m),
        instalments=None
        if instalments is None
        else [Instalment(_money(each.amount), each.days) for each in instalments],
        apply=body.apply,
    )
    return worked_out(await use.behaviour.estimate(command, principal=caller))


def worked_out(found: WorkedOut) -> Response:
    """Answer what was worked out, with the account's version where something was set to it."""
    response = Response(orjson.dumps(found.answer), media_type="application/json")
    if found.version is not None:
        set_etag(response, found.version)
    return response
