"""The answer to a check as OpenAPI describes it; the use case makes it as plain data (application/answer)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from creditrisk.api.problems import Problem
from creditrisk.api.wire import Day, Instant, MoneyOut, WireModel
from creditrisk.domain.findings import Code
from creditrisk.domain.papers import Category

Amount = Annotated[str, Field(description="In the evaluation's currency.", examples=["112000.00"])]
DecisionWord = Literal["allow", "warn", "block"]
SignalWord = Literal["green", "yellow", "red", "off"]
FindingClass = Literal["hard", "soft", "info"]


class FindingOut(WireModel):
    """What one check found."""

    code: Annotated[Code, Field(description="Stable, for programs; findings are in precedence order.")]
    class_: Annotated[
        FindingClass,
        Field(alias="class", description="After demotion: `hard` blocks, `soft` warns, `info` is told."),
    ]
    message: Annotated[str, Field(description="For people; may change.")]
    params: Annotated[dict[str, Any], Field(description="Facts of this finding, by code; stable.")]
    observed: Annotated[str | int | None, Field(description="What was found, in `unit`.")]
    threshold: Annotated[str | int | None, Field(description="What it was compared with, in `unit`.")]
    unit: Annotated[str | None, Field(description="A currency, `days`, `seconds`, `rank` or `percent`.")]
    rule: Annotated[str | None, Field(description="Id of the rule; null for a built-in check.")]
    demoted_by: Annotated[
        str | None,
        Field(
            description="Why it counts less: `lowering`, `document_type`, `control`, `operator`, `role` or "
            "`authorisation`."
        ),
    ]


class ObligationsOut(WireModel):
    """What the decision means at this step; all allowed unless it is `block`."""

    save: Literal["allowed", "refused"]
    proceed: Annotated[Literal["allowed", "refused"], Field(description="Process, post or deliver.")]
    print: Annotated[
        Literal["allowed", "unmarked", "refused"],
        Field(description="`unmarked`: may be printed, but does not become printed by it."),
    ]


class AgeingOut(WireModel):
    """Positive open items by days past due."""

    not_due: Amount
    to_30: Annotated[Amount, Field(alias="1-30")]
    to_60: Annotated[Amount, Field(alias="31-60")]
    to_90: Annotated[Amount, Field(alias="61-90")]
    over_90: Amount


class OverdueOut(WireModel):
    """Shown beside exposure, never added to it."""

    amount: Amount
    oldest_days: Annotated[int, Field(description="Days past due of the oldest item; 0 where none is.")]
    ageing: AgeingOut


class ExposureOut(WireModel):
    """Money at risk from the accounts of the binding limit."""

    currency: Annotated[str, Field(description="ISO 4217; every figure of the answer is in it.")]
    current: Annotated[Amount, Field(description="Without the document under check.")]
    document: Annotated[Amount, Field(description="What the document adds.")]
    projected: Annotated[Amount, Field(description="Once the document is saved.")]
    by_category: Annotated[dict[Category, Amount], Field(description="Counted amounts; add up to `current`.")]
    overdue: OverdueOut


class ComponentOut(WireModel):
    """One part of the limit."""

    source: str
    amount: Amount
    id: str | None = None


class LimitOut(WireModel):
    """The binding limit: the one that leaves the least headroom."""

    state: Literal["limited", "unlimited", "none"]
    amount: Annotated[Amount | None, Field(description="Null unless limited.")]
    currency: str
    source: Literal["own", "temporary", "group", "head", "company_id", "relation"] | None
    valid_until: Day | None
    components: list[ComponentOut]


class AppliedLimitOut(WireModel):
    """One limit that applies, with the exposure of its own members."""

    source: str
    id: str
    amount: Amount
    current: Amount
    projected: Amount
    exceeded: bool


class PaymentOut(MoneyOut):
    """The least payment after which no credit finding would be hard."""

    items: Annotated[list[str], Field(description="Open items that make it up, oldest first.")]


class RemedyOut(WireModel):
    """What would make the document pass."""

    headroom: Annotated[
        MoneyOut | None,
        Field(description="The largest total without exceeding a limit; null where none applies."),
    ]
    payment_needed: Annotated[PaymentOut | None, Field(description="Null where money does not help.")]
    green_on: Annotated[Day | None, Field(description="First day within a year on which it is green.")]
    unblocked_on: Annotated[Day | None, Field(description="First day within a year on which it passes.")]


class HoldRefOut(WireModel):
    """The hold that this check opened, refreshed or closed."""

    id: str
    status: Literal["open", "released", "rejected", "cleared"]


class FreshnessOut(WireModel):
    """When a feed last wrote completely."""

    as_of: Instant
    age_seconds: int


class RateOut(WireModel):
    """A rate that was used."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    date: Day
    rate: Annotated[str, Field(description="As stored.")]
    type: str
    inverse: Annotated[bool, Field(description="True: stored for the opposite direction, so it divided.")]


class PolicyRefOut(WireModel):
    """The configuration that decided."""

    preset: str | None
    version: int


class CheckAnswer(WireModel):
    """The decision, with every reason and every figure. Keys with the scope `signal` alone see no figures."""

    decision_id: str
    decision: Annotated[DecisionWord, Field(description="What the caller does at this step.")]
    signal: Annotated[
        SignalWord, Field(description="The truth about the amount, whoever asks; `off`: no control.")
    ]
    not_controlled: Annotated[
        str | None,
        Field(
            description="Why there is no credit control: `control_off`, `ignore_until`, `excluded_document`, "
            "`excluded_site`, `type_without_credit`, `checkpoint_off` or `grace`."
        ),
    ]
    company: str
    customer: str
    risk_customer: Annotated[str, Field(description="The customer whose account bears the document.")]
    findings: Annotated[list[FindingOut], Field(description="In precedence order.")]
    cancelled: Annotated[list[FindingOut], Field(description="Findings that an exclusion rule cancelled.")]
    obligations: ObligationsOut
    exposure: ExposureOut
    limit: LimitOut
    limits: Annotated[list[AppliedLimitOut], Field(description="All limits that apply, own first.")]
    utilisation: Annotated[
        str | None, Field(description="Projected exposure / limit, four decimals.", examples=["1.1200"])
    ]
    remedy: RemedyOut
    hold: HoldRefOut | None
    reservation: None
    freshness: Annotated[dict[str, FreshnessOut], Field(description="By feed.")]
    rates: list[RateOut]
    policy: PolicyRefOut
    as_of: Day
    evaluated_at: Instant


class CheckError(WireModel):
    """A member that could not be evaluated."""

    error: Problem


class ChecksAnswer(WireModel):
    """Answers in the order of the checks."""

    results: list[CheckAnswer | CheckError]
