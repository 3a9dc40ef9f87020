"""What automatic limits say: as callers write them and as they are answered."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from creditrisk.api.master_data import NotNegative
from creditrisk.api.reference_fields import Description, StoredId, TenantWideBody
from creditrisk.api.wire import CurrencyCode, Identifier, MoneyOut, Several, WireModel, refuse
from creditrisk.application.errors import FieldError
from creditrisk.domain.scoring import as_number

OperatorWord = Literal["=", "!=", "<", "<=", ">", ">="]

MOST_LINES: Final = 1_000


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
