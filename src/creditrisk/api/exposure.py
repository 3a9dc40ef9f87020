"""An account's stored exposure over HTTP, with every counted paper on demand."""

from typing import Annotated, Any

import orjson
from fastapi import Query, Response
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.check_answer import (
    AppliedLimitOut,
    ExposureOut,
    FreshnessOut,
    LimitOut,
    PolicyRefOut,
    RateOut,
    SignalWord,
)
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Day, Instant, PathId, ReferenceDay, WireModel
from creditrisk.application.keys import Principal


class PaperOut(WireModel):
    """One counted paper."""

    company: str
    kind: str
    number: str
    customer: Annotated[str, Field(description="Who bears it.")]
    category: str
    amount: Annotated[str, Field(description="What it counts with, in its own currency.")]
    currency: str
    due_on: Day | None
    days_past_due: Annotated[int | None, Field(description="On the reference date; null without due date.")]


class AccountExposure(WireModel):
    """The exposure of one account as stored, without any document under check."""

    company: str
    customer: str
    signal: Annotated[SignalWord, Field(description="Of the stored exposure alone.")]
    auto_blocked: Annotated[bool, Field(description="The policy's `blocked_kinds` are refused now.")]
    exposure: ExposureOut
    limit: LimitOut
    limits: list[AppliedLimitOut]
    utilisation: str | None
    headroom: Annotated[str | None, Field(description="What is left of the limits; null where none applies.")]
    freshness: dict[str, FreshnessOut]
    rates: list[RateOut]
    policy: PolicyRefOut
    as_of: Day
    evaluated_at: Instant
    papers: Annotated[
        list[PaperOut] | None, Field(description="Every counted paper; null unless `detail` is asked for.")
    ]


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
