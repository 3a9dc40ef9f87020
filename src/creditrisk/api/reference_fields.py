"""What each kind of reference data says: its fields as callers write them and as they are answered."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from creditrisk.api.wire import Day, Identifier, Instant, Line, MoneyIn, MoneyOut, Several, WireModel, refuse
from creditrisk.application.errors import FieldError

Kind = Literal["quotation", "order", "delivery", "invoice"]

_MOST_MEMBERS = 1_000
_MOST_DAYS = 3_650
_LARGEST_RANK = 1_000_000

Description = Annotated[Line | None, Field(description="For people.", examples=["Net 60 days"])]


class ByCompanyBody(WireModel):
    """Base of what a company may have entries of its own for."""

    company: Annotated[
        Identifier | None,
        Field(description="The company whose own entry it is; absent: it applies in every company."),
    ] = None

    def complaints(self) -> Sequence[FieldError]:
        """What is wrong with entries of its lists beside one another."""
        return ()


class TenantWideBody(WireModel):
    """Base of what is the same in all companies."""

    company: Annotated[
        Identifier | None, Field(description="Accepted and ignored: entries are the same in all companies.")
    ] = None

    def complaints(self) -> Sequence[FieldError]:
        """What is wrong with entries of its lists beside one another."""
        return ()


class Stored(WireModel):
    """What every answer adds. Every field is answered, those at their default, too."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    company: Annotated[
        str | None, Field(description="The company whose own entry it is; null: it applies in every company.")
    ]
    updated_by: Annotated[str | None, Field(description="Name or id of the API key that set it last.")]
    updated_at: Annotated[Instant, Field(description="When it was set last.")]


class StoredCode(Stored):
    """An entry known by a code."""

    code: Annotated[str, Field(description="How customers and papers name it.", examples=["NET60"])]


class StoredId(Stored):
    """An entry known by an id."""

    id: Annotated[str, Field(description="How customers and requests name it.", examples=["G-1"])]


class DocumentTypeFields(WireModel):
    """What a type of documents says about credit control."""

    credit: Annotated[
        bool, Field(description="Documents of the type are under control: summed and checked.")
    ] = True
    exclude_block: Annotated[
        bool, Field(description="Documents of the type count and are reported, but never blocked.")
    ] = False
    description: Description = None


class RankFields(WireModel):
    """What payment terms or a cash discount say."""

    rank: Annotated[
        int | None,
        Field(
            ge=-_LARGEST_RANK,
            le=_LARGEST_RANK,
            description="Higher is more generous. A document ranked above the customer's default is held "
            "where the policy says so; null: never compared.",
            examples=[60],
        ),
    ] = None
    days: Annotated[
        int | None, Field(ge=0, le=_MOST_DAYS, description="Days until payment, for people.", examples=[60])
    ] = None
    description: Description = None


class CreditGroupBody(TenantWideBody):
    """A group of customers sharing a limit; its members are the customers that name it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Alpine Group",
                    "limit": {"amount": "150000.00", "currency": "EUR"},
                    "expires_on": "2027-12-31",
                }
            ]
        }
    )

    name: Annotated[Line | None, Field(description="For people.", examples=["Alpine Group"])] = None
    limit: Annotated[
        MoneyIn | None,
        Field(
            description="The members' limit together, zero or more; null: no limit of the group's own.",
            examples=[{"amount": "15000.00", "currency": "EUR"}],
        ),
    ] = None
    expires_on: Annotated[
        Day | None, Field(description="The limit's last day; null: as the policy's `blank_expiry` says.")
    ] = None

    @field_validator("limit")
    @classmethod
    def _not_negative(cls, limit: MoneyIn | None) -> MoneyIn | None:
        if limit is not None and limit.amount < 0:
            raise refuse("negative", "must not be negative")
        return limit


class CreditGroupAnswer(StoredId):
    """A credit group as stored."""

    name: Annotated[str | None, Field(description="For people.")] = None
    limit: Annotated[
        MoneyOut | None,
        Field(description="The members' limit together; null: no limit of the group's own."),
    ] = None
    expires_on: Annotated[
        Day | None, Field(description="The limit's last day; null: as the policy's `blank_expiry` says.")
    ] = None


class ManagementGroupFields(WireModel):
    """A group of customers looked after together."""

    description: Description = None


class AccountStatusFields(WireModel):
    """What an account's status stops by itself."""

    effect: Annotated[
        Literal["all", "invoices", "none"],
        Field(description="The documents of an account with this status that it stops."),
    ] = "none"
    kinds: Annotated[
        Several[Kind],
        Field(max_length=4, description="Narrows the effect `all` to these kinds; empty: every kind."),
    ] = ()
    on: Annotated[Literal["block", "warn"], Field(description="Whether it stops them or only warns.")] = (
        "block"
    )
    description: Description = None

    @field_validator("kinds")
    @classmethod
    def _narrow_all(cls, kinds: tuple[Kind, ...], info: ValidationInfo) -> tuple[Kind, ...]:
        # A list that had no effect would look like a block that is not there.
        if kinds and info.data.get("effect", "all") != "all":
            raise refuse("not_allowed", "narrow only the effect all")
        return kinds


class ReasonFields(WireModel):
    """A reason people give. Where there are any of a type, only these are accepted for it."""

    type: Annotated[
        Literal["hold", "release", "status"],
        Field(description="What it is given for: holding, releasing, or setting a status."),
    ]
    description: Description = None


class OperatorFields(WireModel):
    """A person at the ERP. What is stored here wins over what a request says, unless that is stricter."""

    strict: Annotated[
        bool | None,
        Field(
            description="The closed padlock: cannot get past red; null: as the policy's "
            "`operator_default_strict` says."
        ),
    ] = None
    roles: Annotated[
        Several[Identifier],
        Field(
            max_length=_MOST_MEMBERS,
            description="Roles; the policy's `override_roles` get past credit findings.",
            examples=[["sales"]],
        ),
    ] = ()
    companies: Annotated[
        Several[Identifier],
        Field(max_length=_MOST_MEMBERS, description="The companies the person works in; empty: all."),
    ] = ()


class DocumentTypeBody(ByCompanyBody, DocumentTypeFields):
    """A type of documents."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"description": "Standard order"}, {"credit": False, "description": "Free sample"}]
        }
    )


class DocumentTypeAnswer(StoredCode, DocumentTypeFields):
    """A type of documents as stored."""


class PaymentTermsBody(ByCompanyBody, RankFields):
    """Payment terms."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rank": 60, "days": 60, "description": "Net 60 days"}]}
    )


class PaymentTermsAnswer(StoredCode, RankFields):
    """Payment terms as stored."""


class CashDiscountBody(ByCompanyBody, RankFields):
    """A cash discount."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rank": 2, "days": 10, "description": "2 % within 10 days"}]}
    )


class CashDiscountAnswer(StoredCode, RankFields):
    """A cash discount as stored."""


class ManagementGroupBody(TenantWideBody, ManagementGroupFields):
    """A management group."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"description": "Key accounts South"}]})


class ManagementGroupAnswer(StoredId, ManagementGroupFields):
    """A management group as stored."""


class AccountStatusBody(TenantWideBody, AccountStatusFields):
    """An account status."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "effect": "all",
                    "kinds": ["order", "delivery"],
                    "on": "block",
                    "description": "Insolvency proceedings",
                },
                {"effect": "invoices", "on": "warn", "description": "Slow payer"},
            ]
        }
    )


class AccountStatusAnswer(StoredCode, AccountStatusFields):
    """An account status as stored."""


class ReasonBody(TenantWideBody, ReasonFields):
    """A reason."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"type": "release", "description": "Paid, not posted yet"}]}
    )


class ReasonAnswer(StoredCode, ReasonFields):
    """A reason as stored."""


class OperatorBody(TenantWideBody, OperatorFields):
    """An operator."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"strict": True, "roles": ["sales"], "companies": ["main"]},
                {"strict": False, "roles": ["supervisor"]},
            ]
        }
    )


class OperatorAnswer(StoredId, OperatorFields):
    """An operator as stored."""
