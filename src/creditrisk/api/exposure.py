"""An account's stored exposure over HTTP, with every counted paper on demand."""

from typing import Annotated, Any, Final

import orjson
from fastapi import Query, Response
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.check_answer import (
    Amount,
    AppliedLimitOut,
    ExposureOut,
    FreshnessOut,
    LimitOut,
    PairOut,
    PolicyRefOut,
    RateOut,
    SignalWord,
)
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import DIGITS, Day, Instant, PathId, ReferenceDay, WireModel
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account

MOST_FORECAST_DAYS: Final = 365


class PaperOut(WireModel):
    """One counted paper."""

    company: Annotated[str, Field(description="The legal entity.")]
    kind: Annotated[str, Field(description="What it is: a kind of document or of ledger entry.")]
    number: Annotated[str, Field(description="Its number or id.")]
    customer: Annotated[str, Field(description="Who bears it.")]
    category: Annotated[str, Field(description="Where it counts in `by_category`.")]
    amount: Annotated[str, Field(description="What it counts with, in `currency`.")]
    currency: Annotated[
        str,
        Field(description="ISO 4217: its own, or the answer's where others take of it in another currency."),
    ]
    due_on: Annotated[Day | None, Field(description="When it is due; null: it states no date.")]
    days_past_due: Annotated[int | None, Field(description="On the reference date; null without due date.")]


class ShownExposure(WireModel):
    """What one account is exposed to, without any document under check."""

    company: Annotated[str, Field(description="The legal entity.")]
    customer: Annotated[str, Field(description="Whose account it is.")]
    signal: Annotated[SignalWord, Field(description="Of the stored exposure alone.")]
    auto_blocked: Annotated[bool, Field(description="The policy's `blocked_kinds` are refused now.")]
    exposure: Annotated[ExposureOut, Field(description="What the account, or its group, is exposed to.")]
    limit: Annotated[LimitOut, Field(description="The limit that leaves the least headroom.")]
    limits: Annotated[list[AppliedLimitOut], Field(description="All limits that apply, own first.")]
    utilisation: Annotated[
        str | None, Field(description="Exposure / limit, four decimals; null where none applies.")
    ]
    headroom: Annotated[str | None, Field(description="What is left of the limits; null where none applies.")]
    freshness: Annotated[dict[str, FreshnessOut], Field(description="Age of the data, by feed.")]
    rates: Annotated[list[RateOut], Field(description="Exchange rates that were used.")]
    missing_rates: Annotated[
        tuple[PairOut, ...],
        Field(description="Rates that were lacking; amounts in these currencies are left out."),
    ] = ()
    policy: Annotated[PolicyRefOut, Field(description="The configuration it was worked out with.")]
    as_of: Annotated[Day, Field(description="The reference date.")]
    evaluated_at: Annotated[Instant, Field(description="When it was worked out, by the database's clock.")]


class AccountExposure(ShownExposure):
    """The exposure of one account as stored, with its papers on demand."""

    papers: Annotated[
        list[PaperOut] | None, Field(description="Every counted paper; null unless `detail` is asked for.")
    ]


class ForecastDayOut(WireModel):
    """The account at the end of a day, if what falls due until then is paid."""

    date: Annotated[Day, Field(description="The day.")]
    falling_due: Annotated[Amount, Field(description="What of exposure is due and paid that day.")]
    bills_released: Annotated[Amount, Field(description="What of bills is at risk no more from that day on.")]
    advances_effective: Annotated[Amount, Field(description="What the bank makes effective that day.")]
    exposure: Annotated[Amount, Field(description="What the account, or its group, is exposed to then.")]
    limit: Annotated[
        Amount | None, Field(description="The limit that leaves the least headroom; null: none.")
    ]
    headroom: Annotated[Amount | None, Field(description="What is left of the limits; null: none applies.")]
    signal: Annotated[SignalWord, Field(description="Of that exposure alone.")]


class ForecastOut(WireModel):
    """The exposure of one account day by day."""

    company: Annotated[str, Field(description="The legal entity.")]
    customer: Annotated[str, Field(description="Whose account it is.")]
    currency: Annotated[str, Field(description="ISO 4217; every figure of the answer is in it.")]
    delay_days: Annotated[int, Field(description="Days after its due date that an item is paid.")]
    current: Annotated[Amount, Field(description="Exposure as stored now, before anything is paid.")]
    days: Annotated[list[ForecastDayOut], Field(description="The reference date and the days after it.")]
    freshness: Annotated[dict[str, FreshnessOut], Field(description="Age of the data, by feed.")]
    rates: Annotated[list[RateOut], Field(description="Exchange rates that were used on the reference date.")]
    policy: Annotated[PolicyRefOut, Field(description="The configuration it was worked out with.")]
    as_of: Annotated[Day, Field(description="The reference date.")]
    evaluated_at: Annotated[Instant, Field(description="When it was worked out, by the database's clock.")]


router = resource_router(prefix="/v1/customers", tag="exposure")


@router.get("/{id}/exposure", response_model=AccountExposure, responses=documented(404))
async def get_exposure(
    *,
    id: PathId,
    caller: Annotated[Principal, requires("check", remembered=True)],
    use: Use,
    company: CompanyQuery = None,
    as_of: Annotated[ReferenceDay | None, Query(description="Reference date; absent: today.")] = None,
    detail: Annotated[bool, Query(description="List every counted paper.", strict=False)] = False,
) -> Response:
    """Show what an account is exposed to, against which limits."""
    content: dict[str, Any] = await use.exposures.of(
        company=choose_company(caller, query=company),
        customer=id,
        as_of=as_of,
        detail=detail,
        principal=caller,
    )
    return Response(orjson.dumps(content), media_type="application/json")


@router.get("/{id}/exposure/forecast", response_model=ForecastOut, responses=documented(404))
async def forecast_exposure(
    *,
    id: PathId,
    caller: Annotated[Principal, requires("check", remembered=True)],
    use: Use,
    company: CompanyQuery = None,
    as_of: Annotated[ReferenceDay | None, Query(description="Reference date; absent: today.")] = None,
    days: Annotated[int, Query(ge=0, le=MOST_FORECAST_DAYS, description="Days after it."), DIGITS] = 30,
    delay_days: Annotated[
        int | None,
        Query(
            ge=0,
            le=MOST_FORECAST_DAYS,
            description="Days after its due date that an item is paid; absent: `average_delay_days` of the "
            "account, or none.",
        ),
        DIGITS,
    ] = None,
) -> Response:
    """Foresee exposure day by day: items fall due and are paid, bills and advances go their way."""
    content = await use.exposures.forecast(
        Account(choose_company(caller, query=company), id),
        as_of=as_of,
        days=days,
        delay_days=delay_days,
        principal=caller,
    )
    return Response(orjson.dumps(content), media_type="application/json")
