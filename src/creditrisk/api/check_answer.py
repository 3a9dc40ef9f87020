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


class CancelledOut(FindingOut):
    """What one check found, and an exclusion rule cancelled; its class is the one it would have had."""

    cancelled_by: Annotated[str, Field(description="Id of the exclusion.")]


class ObligationsOut(WireModel):
    """What the decision means at this step; all allowed unless it is `block`."""

    save: Annotated[Literal["allowed", "refused"], Field(description="Keep the document.")]
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
    ageing: Annotated[AgeingOut, Field(description="The open items by age.")]


class ExposureOut(WireModel):
    """Money at risk from the accounts of the binding limit."""

    currency: Annotated[str, Field(description="ISO 4217; every figure of the answer is in it.")]
    current: Annotated[Amount, Field(description="Without the document under check.")]
    document: Annotated[Amount, Field(description="What the document adds.")]
    projected: Annotated[Amount, Field(description="Once the document is saved.")]
    by_category: Annotated[dict[Category, Amount], Field(description="Counted amounts; add up to `current`.")]
    overdue: Annotated[
        OverdueOut, Field(description="What of it is past due; part of the categories, never added.")
    ]


class ComponentOut(WireModel):
    """One part of the limit."""

    source: Annotated[str, Field(description="`own`, `temporary`, `group` or `cover`.")]
    amount: Amount
    id: Annotated[str | None, Field(description="Of whom, where the limit has several members.")] = None


class LimitOut(WireModel):
    """The binding limit: the one that leaves the least headroom."""

    state: Annotated[
        Literal["limited", "unlimited", "none"],
        Field(description="`none`: no limit applies, which is not a limit of 0."),
    ]
    amount: Annotated[Amount | None, Field(description="Null unless limited.")]
    currency: Annotated[str, Field(description="ISO 4217 code of `amount`.")]
    source: Annotated[
        Literal["own", "temporary", "group", "head", "company_id", "relation"] | None,
        Field(description="Where it comes from; null where none applies."),
    ]
    valid_until: Annotated[Day | None, Field(description="Its last day; null: open-ended.")]
    components: Annotated[list[ComponentOut], Field(description="What it is made of; adds up to `amount`.")]


class AppliedLimitOut(WireModel):
    """One limit that applies, with the exposure of its own members."""

    source: Annotated[
        str,
        Field(description="`own`, `temporary`, `group`, `head`, `company_id` or `relation`."),
    ]
    id: Annotated[str, Field(description="The customer or the group it belongs to.")]
    amount: Amount
    current: Amount
    projected: Amount
    exceeded: Annotated[bool, Field(description="Projected exposure is strictly above it.")]


class PaymentNeededOut(MoneyOut):
    """The least payment after which no credit finding would be hard."""

    items: Annotated[list[str], Field(description="Open items that make it up, oldest first.")]


class RemedyOut(WireModel):
    """What would make the document pass."""

    headroom: Annotated[
        MoneyOut | None,
        Field(description="The largest total without exceeding a limit; null where none applies."),
    ]
    payment_needed: Annotated[PaymentNeededOut | None, Field(description="Null where money does not help.")]
    green_on: Annotated[Day | None, Field(description="First day within a year on which it is green.")]
    unblocked_on: Annotated[Day | None, Field(description="First day within a year on which it passes.")]


class HoldRefOut(WireModel):
    """The hold that this check opened, refreshed or closed."""

    id: Annotated[str, Field(description="Under /v1/holds/.")]
    status: Annotated[
        Literal["open", "released", "rejected", "cleared"], Field(description="What became of it.")
    ]


class ReservationRefOut(WireModel):
    """The reservation that this check was granted. Keys with the scope `signal` alone see no amount."""

    id: Annotated[str, Field(description="Under /v1/reservations/.")]
    amount: Annotated[MoneyOut, Field(description="What the document adds, in its own currency.")]
    status: Annotated[Literal["held"], Field(description="It counts from now on.")]
    expires_at: Annotated[Instant, Field(description="Until when it is held, by the database's clock.")]


class FreshnessOut(WireModel):
    """When a feed last wrote completely."""

    as_of: Annotated[Instant, Field(description="The last complete write.")]
    age_seconds: Annotated[int, Field(description="Seconds since then, by the database's clock.")]


class RateOut(WireModel):
    """A rate that was used."""

    from_: Annotated[str, Field(alias="from", description="The currency that was converted.")]
    to: Annotated[str, Field(description="The currency it became.")]
    date: Annotated[Day, Field(description="Since when the rate counts.")]
    rate: Annotated[str, Field(description="As stored.")]
    type: Annotated[str, Field(description="The table it is from; see the policy's `rate_type`.")]
    inverse: Annotated[bool, Field(description="True: stored for the opposite direction, so it divided.")]


class PairOut(WireModel):
    """Two currencies without a rate between them."""

    from_: Annotated[str, Field(alias="from", description="The currency of amounts that are left out.")]
    to: Annotated[str, Field(description="The currency they would have to be in.")]


class PolicyRefOut(WireModel):
    """The configuration that decided."""

    preset: Annotated[
        str | None, Field(description="The preset it begins from; null: the company has no policy.")
    ]
    version: Annotated[int, Field(description="Counts its changes; 0: never set.")]


class CheckAnswer(WireModel):
    """The decision, with every reason and every figure. Keys with the scope `signal` alone see no figures."""

    decision_id: Annotated[str, Field(description="Under /v1/decisions/, unless it was a dry run.")]
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
    company: Annotated[str, Field(description="The legal entity.")]
    customer: Annotated[str, Field(description="The ordering customer.")]
    risk_customer: Annotated[str, Field(description="The customer whose account bears the document.")]
    findings: Annotated[list[FindingOut], Field(description="In precedence order.")]
    cancelled: Annotated[
        list[CancelledOut],
        Field(description="Findings that an exclusion rule cancelled; they decide nothing."),
    ]
    obligations: Annotated[ObligationsOut, Field(description="What the caller may do with the document.")]
    exposure: Annotated[ExposureOut, Field(description="Money at risk, without and with the document.")]
    limit: Annotated[LimitOut, Field(description="The limit that leaves the least headroom.")]
    limits: Annotated[list[AppliedLimitOut], Field(description="All limits that apply, own first.")]
    utilisation: Annotated[
        str | None, Field(description="Projected exposure / limit, four decimals.", examples=["1.1200"])
    ]
    remedy: Annotated[RemedyOut, Field(description="What would make it pass.")]
    hold: Annotated[
        HoldRefOut | None, Field(description="The document's hold, where this check touched one.")
    ]
    reservation: Annotated[
        ReservationRefOut | None,
        Field(description="Null where none was asked for, or the decision is `block`."),
    ]
    freshness: Annotated[dict[str, FreshnessOut], Field(description="By feed.")]
    rates: Annotated[list[RateOut], Field(description="Exchange rates that were used.")]
    policy: Annotated[PolicyRefOut, Field(description="Which configuration decided it.")]
    as_of: Annotated[Day, Field(description="The reference date.")]
    evaluated_at: Annotated[Instant, Field(description="When the facts were read, by the database's clock.")]


class CheckError(WireModel):
    """A member that could not be evaluated."""

    error: Annotated[Problem, Field(description="What is wrong with the member.")]


class ChecksAnswer(WireModel):
    """Answers in the order of the checks."""

    results: Annotated[list[CheckAnswer | CheckError], Field(description="One for each check.")]
