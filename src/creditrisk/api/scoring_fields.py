"""What scoring groups, risk groups and automatic limits say, as callers write it and as it is answered."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from creditrisk.api.decimals import NUMBER_PATTERN, Number
from creditrisk.api.master_data import NotNegative
from creditrisk.api.reference_fields import Description, StoredId, TenantWideBody
from creditrisk.api.wire import CurrencyCode, Identifier, Line, MoneyOut, Several, WireModel, refuse
from creditrisk.application.errors import FieldError
from creditrisk.domain.scoring import CODED, Range, as_number, first_overlap

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
OperatorWord = Literal["=", "!=", "<", "<=", ">", ">="]

MOST_RANGES: Final = 1_000
MOST_LINES: Final = 1_000

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


class AutomaticLineFields(WireModel):
    """When a customer has a limit."""

    scoring_group: Annotated[
        Identifier, Field(description="A stored scoring group, whose figure is compared.")
    ]
    operator: Annotated[OperatorWord, Field(description="How it is compared; codes with `=` and `!=` alone.")]
    value: Annotated[
        Identifier, Field(description="A decimal, or a code where codes are compared.", examples=["5"])
    ]


class AutomaticLineIn(AutomaticLineFields):
    """A limit for customers whose figure compares with a value."""

    limit: Annotated[NotNegative, Field(description="The limit.")]

    @field_validator("value")
    @classmethod
    def _comparable(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("operator") in {"<", "<=", ">", ">="} and as_number(value) is None:
            raise refuse("invalid_number", "must be a decimal for this operator")
        return value


class AutomaticLimitFields(WireModel):
    """Whose limits they are."""

    risk_group: Annotated[Identifier, Field(description="A stored risk group, whose customers it is for.")]
    currency: Annotated[
        CurrencyCode, Field(description="Of accounts it is for: that of their limit, else the company's.")
    ]
    description: Description = None


class AutomaticLimitBody(TenantWideBody, AutomaticLimitFields):
    """Limits for the customers of a risk group; of several lines that hold, the highest limit counts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "risk_group": "LOW",
                    "currency": "EUR",
                    "maximum_revenue": {"amount": "1000000.00", "currency": "EUR"},
                    "lines": [
                        {
                            "scoring_group": "AGE",
                            "operator": ">=",
                            "value": "5",
                            "limit": {"amount": "100000.00", "currency": "EUR"},
                        },
                        {
                            "scoring_group": "AGE",
                            "operator": ">=",
                            "value": "10",
                            "limit": {"amount": "200000.00", "currency": "EUR"},
                        },
                    ],
                }
            ]
        }
    )

    maximum_revenue: Annotated[
        NotNegative | None,
        Field(description="With more turnover in 12 months it does not apply; null: with any."),
    ] = None
    lines: Annotated[
        Several[AutomaticLineIn],
        Field(min_length=1, max_length=MOST_LINES, description="The limits; each line stands by itself."),
    ]

    @field_validator("maximum_revenue")
    @classmethod
    def _in_its_currency(cls, money: NotNegative | None, info: ValidationInfo) -> NotNegative | None:
        if money is not None and money.currency != info.data.get("currency", money.currency):
            raise refuse("other_currency", "must be in the currency of the automatic limit")
        return money

    def complaints(self) -> Sequence[FieldError]:
        """Limits in other currencies."""
        return [
            FieldError(f"/lines/{n}/limit/currency", "other_currency", "must be that of the automatic limit")
            for n, each in enumerate(self.lines)
            if each.limit.currency != self.currency
        ]


class AutomaticLine(AutomaticLineFields):
    """A limit for customers whose figure compares with a value."""

    limit: Annotated[MoneyOut, Field(description="The limit.")]


class AutomaticLimitAnswer(StoredId, AutomaticLimitFields):
    """An automatic limit as stored."""

    maximum_revenue: Annotated[
        MoneyOut | None, Field(description="With more turnover in 12 months it does not apply; null: any.")
    ] = None
    lines: Annotated[list[AutomaticLine], Field(description="The limits.")]
