"""Risk scores over HTTP: worked out for all customers, and shown with what they are made of."""

from typing import Annotated, Any, Final

from fastapi import Body
from pydantic import Field

from creditrisk.api.adjustment_fields import Answered
from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.scoring_fields import NumberOut, ScoringTypeWord
from creditrisk.api.wire import Day, Identifier, Instant, MoneyOut, PathId, ReferenceDay, WireModel
from creditrisk.application.keys import Principal


class UpdateIn(WireModel):
    """Which papers figures come from, and as of when."""

    company: Annotated[
        Identifier | None, Field(description="The company whose papers count; absent: `main`.")
    ] = None
    as_of: Annotated[ReferenceDay | None, Field(description="Reference date; absent: today.")] = None


class UpdateOut(Answered):
    """What an update did."""

    company: Annotated[str, Field(description="The company whose papers counted.")]
    customers: Annotated[int, Field(description="Customers that were scored.")]
    risk_groups: Annotated[
        dict[str, int],
        Field(description="Customers by the risk group of their score, whatever group is stated for them."),
    ]
    without_risk_group: Annotated[int, Field(description="Customers whose score is in no risk group.")]
    missing_rates: Annotated[
        list[str], Field(description="Currencies of amounts left out for want of a rate.")
    ]


class PartOut(Answered):
    """What one scoring group made of a customer."""

    scoring_group: Annotated[str, Field(description="Id of the scoring group.")]
    type: Annotated[ScoringTypeWord, Field(description="What it looks at.")]
    value: Annotated[str | None, Field(description="What it saw: a number or a code; null: not known.")]
    score: Annotated[NumberOut, Field(description="The points for that.")]


class RiskScoreOut(Answered):
    """The risk score of a customer; everything is null or empty before the first update."""

    customer: Annotated[str, Field(description="Whose score it is.")]
    score: Annotated[str | None, Field(description="The sum of all parts.", examples=["55"])] = None
    risk_group: Annotated[
        str | None, Field(description="The risk group of the score; the customer may state another.")
    ] = None
    parts: Annotated[list[PartOut], Field(default_factory=list, description="By id of the scoring group.")]
    company: Annotated[str | None, Field(description="The company whose papers counted.")] = None
    as_of: Annotated[Day | None, Field(description="The reference date.")] = None
    scored_at: Annotated[Instant | None, Field(description="When it was worked out.")] = None
    turnover_12m: Annotated[
        MoneyOut | None, Field(description="Turnover of 12 months, for automatic limits.")
    ] = None


_EXAMPLES: Final[dict[str, Any]] = {
    "today": {"summary": "By the papers of `main`, as of today", "value": {}},
    "day": {"summary": "As of a day", "value": {"as_of": "2026-11-22"}},
}

router = resource_router(prefix="/v1", tag="risk scores")


@router.post("/risk-scores:update")
async def update_risk_scores(
    caller: Annotated[Principal, requires("policy")],
    use: Use,
    body: Annotated[UpdateIn | None, Body(openapi_examples=_EXAMPLES)] = None,
    company: CompanyQuery = None,
) -> UpdateOut:
    """Score every customer that has an account in a company, or in none, and give it its risk group.

    A risk group that a PUT of the customer states stays; the score and its own risk group are kept beside it.
    """
    chosen = choose_company(caller, query=company, body=body.company if body else None)
    updated = await use.risk_scores.update(
        company=chosen, as_of=body.as_of if body else None, principal=caller
    )
    return UpdateOut(
        company=chosen,
        customers=updated.customers,
        risk_groups=dict(sorted(updated.risk_groups.items())),
        without_risk_group=updated.without_risk_group,
        missing_rates=sorted(updated.missing_rates),
    )


@router.get("/customers/{id}/risk-score", responses=documented(404))
async def get_risk_score(
    id: PathId,
    caller: Annotated[Principal, requires("check", "limits", "policy")],
    use: Use,
    company: CompanyQuery = None,  # noqa: ARG001 - accepted and ignored: customers are the same everywhere
) -> RiskScoreOut:
    """Show the last risk score of a customer, with the figure and the points of every scoring group."""
    stored = await use.risk_scores.store.get(id, tenant=caller.tenant)
    return RiskScoreOut.model_validate({"customer": id, **(stored or {})})
