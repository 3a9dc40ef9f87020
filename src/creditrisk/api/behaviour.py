"""Payment behaviour over HTTP: figures of an account, estimated credit, and the delay of any rows."""

from decimal import Decimal
from typing import Annotated, Any, Final

import orjson
from fastapi import Body, Query, Response
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from creditrisk.api.auth import requires
from creditrisk.api.check_answer import RateOut
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
from creditrisk.application.behaviour import EstimateCommand, Instalment
from creditrisk.application.errors import FieldError, InvalidRequest
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account
from creditrisk.domain.behaviour import Collection, average_delay, format_days
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
    if _amount(value) < 0:
        raise refuse("out_of_range", "must not be negative")
    return value


def _amount(value: MoneyIn | Decimal) -> Decimal:
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


class PairOut(WireModel):
    """Two currencies without a rate between them."""

    from_: Annotated[str, Field(alias="from", description="The currency of amounts that are left out.")]
    to: Annotated[str, Field(description="The currency they would have to be in.")]


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


class DelayRow(WireModel):
    """Money received for one due date."""

    amount: Annotated[AmountIn, Field(description="The amount; all rows are of one currency.")]
    due_date: Annotated[ReferenceDay, Field(description="When it was due.")]
    value_date: Annotated[
        ReferenceDay | None, Field(description="When it was there. Of a bill: its due date.")
    ] = None
    posting_date: Annotated[
        ReferenceDay | None, Field(description="When it was posted; stands in for a missing value date.")
    ] = None


class DelayIn(WireModel):
    """Rows of money received."""

    rows: Annotated[Several[DelayRow], Field(min_length=1, max_length=MOST_ROWS, description="The rows.")]


class DelayOut(WireModel):
    """How late the money was on average, weighted by the amounts."""

    average_due_date: Annotated[Day, Field(description="Rounded to whole days.")]
    average_value_date: Annotated[Day, Field(description="Rounded to whole days.")]
    average_delay: Annotated[
        str,
        Field(
            description="Value date less due date in days, from the exact averages; negative: early.",
            examples=["7.5"],
        ),
    ]


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
_ROWS: Final = {
    "rows": [
        {
            "amount": {"amount": "1000.00", "currency": "EUR"},
            "due_date": "2026-03-01",
            "value_date": "2026-03-11",
        },
        {
            "amount": {"amount": "3000.00", "currency": "EUR"},
            "due_date": "2026-03-31",
            "value_date": "2026-04-05",
        },
    ]
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
    estimate = await use.behaviour.estimate(command, principal=caller)
    response = Response(orjson.dumps(estimate.answer), media_type="application/json")
    if estimate.version is not None:
        set_etag(response, estimate.version)
    return response


@router.post("/behaviour:delay")
async def average_delay_of_rows(
    body: Annotated[DelayIn, Body(openapi_examples={"two": {"summary": "Two collections", "value": _ROWS}})],
    caller: Annotated[Principal, requires("check")],  # noqa: ARG001 - the guard's parameter
) -> DelayOut:
    """Work out how late rows of money received were on average. Nothing is read or stored."""
    delay = average_delay(_collections(body.rows))
    if delay is None:
        complaint = FieldError("/rows", "nothing_to_average", "must have an amount above 0")
        raise InvalidRequest("The amounts come to nothing.", errors=[complaint])
    return DelayOut(
        average_due_date=delay.average_due_date,
        average_value_date=delay.average_value_date,
        average_delay=format_days(delay.days),
    )


def _collections(rows: tuple[DelayRow, ...]) -> list[Collection]:
    """The rows as the domain takes them.

    Raises:
        InvalidRequest: a row has no date on which the money was there, or rows differ in currency.
    """
    errors: list[FieldError] = []
    collections: list[Collection] = []
    for n, row in enumerate(rows):
        value_on = row.value_date or row.posting_date
        if value_on is None:
            errors.append(FieldError(f"/rows/{n}/value_date", "required", "is required"))
        elif _currency(row) != _currency(rows[0]):
            errors.append(
                FieldError(f"/rows/{n}/amount", "other_currency", "must be in the currency of the first row")
            )
        else:
            collections.append(Collection(_amount(row.amount), row.due_date, value_on))
    if errors:
        raise InvalidRequest("Rows cannot be averaged.", errors=errors)
    return collections


def _currency(row: DelayRow) -> str | None:
    return row.amount.currency if isinstance(row.amount, MoneyIn) else None
