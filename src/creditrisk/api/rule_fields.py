"""What a rule says: its fields as callers write them and as they are answered."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from creditrisk.api.reference_fields import ByCompanyBody, StoredId
from creditrisk.api.wire import Identifier, JsonObject, MoneyIn, MoneyOut, Percent, WireModel, refuse

Kind = Literal[
    "days_overdue",
    "account_status",
    "payment_terms",
    "limit_expired",
    "overdue_amount",
    "document_amount",
    "limit_used",
    "own",
]

_MOST_DAYS = 36_500

_VALUES: Final[Mapping[Kind, frozenset[str]]] = {
    "days_overdue": frozenset({"days"}),
    "account_status": frozenset({"account_status"}),
    "payment_terms": frozenset({"payment_terms"}),
    "limit_expired": frozenset({"days"}),
    "overdue_amount": frozenset({"amount", "percent"}),
    "document_amount": frozenset({"amount"}),
    "limit_used": frozenset({"percent"}),
    "own": frozenset({"own_kind", "values"}),
}
"""The fields that hold the value of each kind. An exclusion of overdue days may have an amount instead."""


class RuleFields(WireModel):
    """Whom a rule is for, and what it does."""

    kind: Annotated[Kind, Field(description="What it looks at; decides which of the values it has.")]
    type: Annotated[
        Literal["blocking", "exclusion"],
        Field(description="`blocking` makes a finding; a true `exclusion` cancels findings."),
    ]
    scope: Annotated[
        Literal["customer", "group", "all"],
        Field(
            description="One ordering customer's documents, those of a management group's customers, or all."
        ),
    ] = "all"
    scope_id: Annotated[
        Identifier | None,
        Field(validate_default=True, description="Customer or management group; null where `scope` is all."),
    ] = None
    risk_group: Annotated[
        Identifier | None, Field(description="Narrows any scope to customers of this risk group.")
    ] = None
    release_document: Annotated[
        bool,
        Field(description="An exclusion that, when true, cancels every rule's and every credit finding."),
    ] = False
    active: Annotated[bool, Field(description="False: kept, and not looked at.")] = True
    days: Annotated[
        int | None,
        Field(
            ge=0,
            le=_MOST_DAYS,
            validate_default=True,
            description="Days past due, or since the limit expired.",
            examples=[61],
        ),
    ] = None
    account_status: Annotated[
        Identifier | None, Field(validate_default=True, description="Status of the customer.")
    ] = None
    payment_terms: Annotated[
        Identifier | None, Field(validate_default=True, description="Terms of the document.")
    ] = None
    own_kind: Annotated[
        Identifier | None,
        Field(validate_default=True, description="Of `own`: a kind that an installed package offers."),
    ] = None
    values: Annotated[
        JsonObject | None, Field(validate_default=True, description="Of `own`: what that kind compares with.")
    ] = None


class RuleBody(ByCompanyBody, RuleFields):
    """A rule of credit management."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "days_overdue", "type": "blocking", "days": 61},
                {"kind": "limit_used", "type": "blocking", "risk_group": "C", "percent": "80"},
                {
                    "kind": "document_amount",
                    "type": "exclusion",
                    "release_document": True,
                    "amount": {"amount": "100.00", "currency": "EUR"},
                },
            ]
        }
    )

    amount: Annotated[
        MoneyIn | None,
        Field(
            validate_default=True,
            description="What is overdue, or the document's total; zero or more.",
            examples=[{"amount": "3000.00", "currency": "EUR"}],
        ),
    ] = None
    percent: Annotated[
        Percent | None, Field(validate_default=True, description="Percent of a limit that is used.")
    ] = None

    @field_validator("release_document")
    @classmethod
    def _only_exclusions_release(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - a validator
        if value and info.data.get("type") == "blocking":
            raise refuse("not_allowed", "belongs to exclusions")
        return value

    @field_validator("scope_id")
    @classmethod
    def _of_the_scope(cls, value: str | None, info: ValidationInfo) -> str | None:
        scope = info.data.get("scope")
        if value is None and scope in {"customer", "group"}:
            raise refuse("required", "is required for this scope")
        if value is not None and scope == "all":
            raise refuse("not_allowed", "does not belong to the scope all")
        return value

    @field_validator("days", "account_status", "payment_terms", "own_kind", "values", "amount", "percent")
    @classmethod
    def _of_the_kind(cls, value: Any, info: ValidationInfo) -> Any:
        kind, name = info.data.get("kind"), info.field_name
        if kind is None:
            return value
        if kind == "days_overdue" and info.data.get("type") == "exclusion" and name in {"days", "amount"}:
            return _either_days_or_amount(value, info)
        if value is None and name in _VALUES[kind]:
            raise refuse("required", "is required for this kind")
        if value is not None and name not in _VALUES[kind]:
            raise refuse("not_allowed", "does not belong to this kind")
        return value

    @field_validator("amount")
    @classmethod
    def _not_negative(cls, amount: MoneyIn | None) -> MoneyIn | None:
        if amount is not None and amount.amount < 0:
            raise refuse("negative", "must not be negative")
        return amount


def _either_days_or_amount(value: Any, info: ValidationInfo) -> Any:
    """Days come first: an amount is looked at with them known."""
    if info.field_name == "amount" and "days" in info.data:
        if value is None and info.data["days"] is None:
            raise refuse("required", "is required where there are no days")
        if value is not None and info.data["days"] is not None:
            raise refuse("not_allowed", "is not accepted together with days")
    return value


class RuleAnswer(StoredId, RuleFields):
    """A rule as stored."""

    amount: Annotated[MoneyOut | None, Field(description="What is overdue, or the document's total.")] = None
    percent: Annotated[str | None, Field(description="Percent of a limit that is used.", examples=["90"])] = (
        None
    )
