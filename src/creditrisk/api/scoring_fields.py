"""What scoring groups and risk groups say: as callers write them and as they are answered."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from creditrisk.api.decimals import NUMBER_PATTERN, Number
from creditrisk.api.reference_fields import Description, StoredId, TenantWideBody
from creditrisk.api.wire import Identifier, Line, Several, WireModel, refuse
from creditrisk.application.errors import FieldError
from creditrisk.domain.scoring import CODED, Range, first_overlap

ScoringTypeWord = Literal[
    "user_defined",
    "average_payment_days",
    "customer_since",
    "in_business_since",
    "dso",
    "average_balance",
    "management_group",
    "account_status",
    "country",
]

MOST_RANGES: Final = 1_000

NumberOut = Annotated[str, Field(pattern=f"^{NUMBER_PATTERN}$", examples=["49.99"])]


class Bounds(WireModel):
    """Numbers from one to another, both included; null: no bound on that side."""

    from_: Annotated[Number | None, Field(alias="from", description="The lowest; null: no bound.")] = None
    to: Annotated[Number | None, Field(description="The highest, included; null: no bound.")] = None

    @field_validator("to")
    @classmethod
    def _in_order(cls, to: Any, info: ValidationInfo) -> Any:
        low = info.data.get("from_")
        if to is not None and low is not None and to < low:
            raise refuse("ends_before_it_begins", "must not be below the number it begins with")
        return to

    @property
    def range(self) -> Range:
        """The same as the domain's type."""
        return Range(self.from_, self.to)


class ScoreRangeIn(Bounds):
    """Points for figures in a range."""

    score: Annotated[Number, Field(description="The points; may be negative.", examples=["15"])]


class ScoreValueIn(WireModel):
    """Points for a code."""

    value: Annotated[Identifier, Field(description="The code, compared byte by byte.", examples=["DE"])]
    score: Annotated[Number, Field(description="The points; may be negative.", examples=["10"])]


class ScoringGroupFields(WireModel):
    """What a scoring group looks at."""

    type: Annotated[
        ScoringTypeWord,
        Field(
            description="`average_payment_days` and `dso` are days, `customer_since` and `in_business_since` "
            "years, `average_balance` an amount in the company's currency, `management_group`, "
            "`account_status` and `country` codes; `user_defined` is an attribute of the customer."
        ),
    ]
    attribute: Annotated[
        Identifier | None,
        Field(
            validate_default=True,
            description="Of a user defined group: the customer's attribute; absent: that of the group's id.",
        ),
    ] = None
    description: Description = None


class ScoringGroupBody(TenantWideBody, ScoringGroupFields):
    """A scoring group: ranges of numbers, or values, each with its points."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "in_business_since",
                    "ranges": [
                        {"to": "4.99", "score": "5"},
                        {"from": "5", "to": "9.99", "score": "15"},
                        {"from": "10", "score": "25"},
                    ],
                },
                {"type": "country", "values": [{"value": "DE", "score": "10"}]},
            ]
        }
    )

    ranges: Annotated[
        Several[ScoreRangeIn],
        Field(max_length=MOST_RANGES, description="Points for ranges; none overlaps another."),
    ] = ()
    values: Annotated[
        Several[ScoreValueIn],
        Field(
            max_length=MOST_RANGES,
            validate_default=True,
            description="Points for codes, in the place of ranges.",
        ),
    ] = ()

    @field_validator("attribute")
    @classmethod
    def _of_user_defined(cls, attribute: str | None, info: ValidationInfo) -> str | None:
        if attribute is not None and info.data.get("type", "user_defined") != "user_defined":
            raise refuse("not_allowed", "belongs to user defined groups")
        return attribute

    @field_validator("ranges")
    @classmethod
    def _of_numbers(cls, ranges: tuple[ScoreRangeIn, ...], info: ValidationInfo) -> tuple[ScoreRangeIn, ...]:
        if ranges and info.data.get("type") in CODED:
            raise refuse("not_allowed", "are not for codes")
        return ranges

    @field_validator("values")
    @classmethod
    def _one_of_both(cls, values: tuple[ScoreValueIn, ...], info: ValidationInfo) -> tuple[ScoreValueIn, ...]:
        type_, ranges = info.data.get("type"), info.data.get("ranges")
        if type_ is None or ranges is None:
            return values
        if values and type_ not in CODED and type_ != "user_defined":
            raise refuse("not_allowed", "are not for numbers")
        if bool(values) is bool(ranges):
            raise refuse("one_of_both", "must be there unless ranges are, and only then")
        return values

    def complaints(self) -> Sequence[FieldError]:
        """Ranges that overlap, codes that are there twice."""
        found = []
        overlap = first_overlap([each.range for each in self.ranges])
        if overlap is not None:
            n, earlier = overlap
            found.append(FieldError(f"/ranges/{n}", "overlapping_range", f"overlaps the range at {earlier}"))
        codes = [each.value for each in self.values]
        return found + [
            FieldError(f"/values/{n}/value", "duplicate", "has been there before")
            for n, code in enumerate(codes)
            if code in codes[:n]
        ]


class ScoreRange(WireModel):
    """Points for figures in a range."""

    from_: Annotated[NumberOut | None, Field(alias="from", description="The lowest; null: no bound.")] = None
    to: Annotated[NumberOut | None, Field(description="The highest, included; null: no bound.")] = None
    score: Annotated[NumberOut, Field(description="The points.")]


class ScoreValue(WireModel):
    """Points for a code."""

    value: Annotated[str, Field(description="The code.")]
    score: Annotated[NumberOut, Field(description="The points.")]


class ScoringGroupAnswer(StoredId, ScoringGroupFields):
    """A scoring group as stored."""

    ranges: Annotated[list[ScoreRange], Field(default_factory=list, description="Points for ranges.")]
    values: Annotated[list[ScoreValue], Field(default_factory=list, description="Points for codes.")]


class RiskGroupFields(WireModel):
    """How a risk group is shown."""

    description: Description = None
    indicator: Annotated[
        Line | None, Field(description="Symbol or colour that stands for it.", examples=["red"])
    ] = None


class RiskGroupBody(TenantWideBody, Bounds, RiskGroupFields):
    """Customers whose scores add up to a number in the range; ranges of risk groups do not overlap."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"from": "20", "to": "49.99", "description": "Medium", "indicator": "yellow"}]
        }
    )


class RiskGroupAnswer(StoredId, RiskGroupFields):
    """A risk group as stored."""

    from_: Annotated[NumberOut | None, Field(alias="from", description="The lowest; null: no bound.")] = None
    to: Annotated[NumberOut | None, Field(description="The highest, included; null: no bound.")] = None
