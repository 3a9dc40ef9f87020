"""Proposed lines of limit adjustment journals over HTTP."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import Body, Path
from pydantic import Field, ValidationInfo, field_validator

from creditrisk.api.adjustment_fields import Answered
from creditrisk.api.auth import requires
from creditrisk.api.context import Use
from creditrisk.api.decimals import PercentChange, Unit
from creditrisk.api.limit_adjustments import journal_id
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import (
    CountryCode,
    Identifier,
    MoneyIn,
    PathId,
    ReferenceDay,
    Several,
    WireModel,
    refuse,
)
from creditrisk.application.keys import Principal
from creditrisk.application.proposals import OwnerFilter, ProposalOrder, ProposalSource
from creditrisk.domain.adjustments import Adjustment, DayRule, Rounding

MOST_CUSTOMERS: Final = 1_000
MOST_DAYS: Final = 36_500

Offset = Annotated[int, Field(ge=0, le=MOST_DAYS)]


class FilterIn(WireModel):
    """Whose limits: everything stated must hold; nothing stated: everybody's."""

    customers: Annotated[
        Annotated[Several[Identifier], Field(min_length=1, max_length=MOST_CUSTOMERS)] | None,
        Field(description="Only these customers."),
    ] = None
    credit_group: Annotated[
        Identifier | None, Field(description="Only members of this group; or this group alone.")
    ] = None
    management_group: Annotated[Identifier | None, Field(description="Only of this management group.")] = None
    risk_group: Annotated[Identifier | None, Field(description="Only of this risk group.")] = None
    account_status: Annotated[Identifier | None, Field(description="Only of this status.")] = None
    country: Annotated[CountryCode | None, Field(description="Only of this country.")] = None

    def filter(self) -> OwnerFilter:
        """The filter as the use case takes it."""
        fields = self.model_dump(exclude={"customers"}, exclude_none=True)
        customers = None if self.customers is None else frozenset(self.customers)
        return OwnerFilter(customers=customers, fields=fields)


class AdjustmentIn(WireModel):
    """By how much limits change: by a percentage or by an amount."""

    percent: Annotated[PercentChange | None, Field(description="Of the limit there is.")] = None
    amount: Annotated[
        MoneyIn | None,
        Field(
            validate_default=True,
            description="Negative to lower; converted into the currency of each limit.",
        ),
    ] = None

    @field_validator("amount")
    @classmethod
    def _one_of_both(cls, amount: MoneyIn | None, info: ValidationInfo) -> MoneyIn | None:
        if "percent" in info.data and (amount is None) == (info.data["percent"] is None):
            raise refuse("one_of_both", "must be there unless a percentage is, and only then")
        return amount


class RoundingIn(WireModel):
    """How new limits are rounded off."""

    unit: Annotated[Unit, Field(description="New limits are multiples of it, in their currency.")]
    direction: Annotated[
        Literal["up", "down", "nearest"], Field(description="Where to; half a unit goes up.")
    ] = "nearest"


class GenerateIn(WireModel):
    """How lines are made. The days are those of the adjustment's kind."""

    source: Annotated[
        Literal["customers", "credit_groups", "automatic_limits"],
        Field(description="From the limits of accounts or of credit groups, or automatic limits."),
    ] = "customers"
    filter: Annotated[FilterIn, Field(description="Whose limits; absent: everybody's.")] = FilterIn()
    adjustment: Annotated[
        AdjustmentIn | None, Field(description="By how much they change; absent: they stay.")
    ] = None
    rounding: Annotated[
        RoundingIn | None, Field(validate_default=True, description="How they are rounded off.")
    ] = None
    as_of: Annotated[ReferenceDay | None, Field(description="Days are counted from it; absent: today.")] = (
        None
    )
    expires_on: Annotated[ReferenceDay | None, Field(description="Last day of new limits.")] = None
    expires_in_days: Annotated[
        Offset | None, Field(validate_default=True, description="The same as days from `as_of`.")
    ] = None
    from_: Annotated[
        ReferenceDay | None, Field(alias="from", description="First day of temporary limits.")
    ] = None
    from_in_days: Annotated[
        Offset | None, Field(validate_default=True, description="The same as days from `as_of`.")
    ] = None
    to: Annotated[ReferenceDay | None, Field(description="Last day of temporary limits.")] = None
    to_in_days: Annotated[
        Offset | None, Field(validate_default=True, description="The same as days from `as_of`.")
    ] = None

    @field_validator("filter")
    @classmethod
    def _of_the_source(cls, value: FilterIn, info: ValidationInfo) -> FilterIn:
        stated = value.model_dump(exclude_none=True)
        if info.data.get("source") == "credit_groups" and set(stated) - {"credit_group"}:
            raise refuse("not_allowed", "may name nothing but a credit group for credit groups")
        return value

    @field_validator("adjustment", "rounding")
    @classmethod
    def _not_automatic(cls, value: WireModel | None, info: ValidationInfo) -> WireModel | None:
        if value is not None and info.data.get("source") == "automatic_limits":
            raise refuse("not_allowed", "does not belong to automatic limits")
        return value

    @field_validator("expires_in_days", "from_in_days", "to_in_days")
    @classmethod
    def _not_both(cls, days: int | None, info: ValidationInfo) -> int | None:
        day = {"expires_in_days": "expires_on", "from_in_days": "from_", "to_in_days": "to"}[
            str(info.field_name)
        ]
        if days is not None and info.data.get(day) is not None:
            raise refuse("not_allowed", "is not accepted together with the day itself")
        return days

    @field_validator("to_in_days")
    @classmethod
    def _whole_period(cls, days: int | None, info: ValidationInfo) -> int | None:
        begins = any(info.data.get(name) is not None for name in ("from_", "from_in_days"))
        ends = days is not None or info.data.get("to") is not None
        if begins is not ends:
            raise refuse("required", "must be stated with the day a period begins, and only then")
        return days

    def order(self) -> ProposalOrder:
        """The order as the use case takes it."""
        begins = _rule(self.from_, self.from_in_days)
        ends = _rule(self.to, self.to_in_days)
        return ProposalOrder(
            source=ProposalSource(self.source),
            filter=self.filter.filter(),
            adjustment=self._adjustment(),
            expires_on=_rule(self.expires_on, self.expires_in_days),
            period=None if begins is None or ends is None else (begins, ends),
            as_of=self.as_of,
        )

    def _adjustment(self) -> Adjustment | None:
        if self.adjustment is None and self.rounding is None:
            return None
        change = self.adjustment or AdjustmentIn(percent=Decimal(0))
        return Adjustment(
            percent=change.percent,
            amount=None if change.amount is None else change.amount.money,
            unit=None if self.rounding is None else self.rounding.unit,
            rounding=Rounding.NEAREST if self.rounding is None else Rounding(self.rounding.direction),
        )


def _rule(day: date | None, days: int | None) -> DayRule | None:
    return None if day is None and days is None else DayRule(day, days)


class GenerateOut(Answered):
    """What became of the proposals."""

    added: Annotated[int, Field(description="Lines for owners that had none.")]
    replaced: Annotated[int, Field(description="Lines in the place of earlier proposals.")]
    kept: Annotated[int, Field(description="Left out: a person wrote a line for the owner.")]
    without_rate: Annotated[
        int, Field(description="Left out: an amount has no rate into the currency of the limit.")
    ]


_EXAMPLES: Final[dict[str, Any]] = {
    "percent": {
        "summary": "A tenth more for a group of customers, in steps of 500",
        "value": {
            "filter": {"country": "DE"},
            "adjustment": {"percent": "10"},
            "rounding": {"unit": "500", "direction": "up"},
            "expires_in_days": 365,
        },
    },
    "automatic": {
        "summary": "What automatic limits give",
        "value": {"source": "automatic_limits", "expires_on": "2027-12-31"},
    },
}

router = resource_router(prefix="/v1/limit-adjustments", tag="limit adjustments")


@router.post("/{id}/lines:generate", responses=documented(404, 409))
async def generate_adjustment_lines(
    id: Annotated[PathId, Path(description="The id of the adjustment.")],
    body: Annotated[GenerateIn, Body(openapi_examples=_EXAMPLES)],
    caller: Annotated[Principal, requires("limits")],
    use: Use,
) -> GenerateOut:
    """Add proposed lines to a draft, in the place of earlier proposals for the same owners.

    Accounts and groups without a limit, and unlimited accounts, are passed over. What a person wrote stays.
    """
    proposed = await use.limit_proposals.generate(journal_id(id), body.order(), principal=caller)
    return GenerateOut(**proposed._asdict())
