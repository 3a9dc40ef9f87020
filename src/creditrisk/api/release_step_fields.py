"""What a step of approval says: its fields as callers write them and as they are answered."""

from typing import Annotated

from pydantic import ConfigDict, Field, field_validator

from creditrisk.api.reference_fields import ByCompanyBody, Description, StoredId
from creditrisk.api.wire import Identifier, MoneyIn, MoneyOut, Several, WireModel, refuse

_MOST_APPROVALS = 10
_MOST_NAMED = 100
_LAST_POSITION = 1_000


class ReleaseStepFields(WireModel):
    """Who has to agree to releases and rejections."""

    position: Annotated[
        int, Field(ge=1, le=_LAST_POSITION, description="Steps are taken in this order, then by id.")
    ] = 1
    approvals: Annotated[
        int, Field(ge=1, le=_MOST_APPROVALS, description="How many different people have to approve.")
    ] = 1
    roles: Annotated[
        Several[Identifier],
        Field(max_length=_MOST_NAMED, description="Stored operators with one of these roles may approve."),
    ] = ()
    keys: Annotated[
        Several[Identifier],
        Field(
            max_length=_MOST_NAMED,
            description="So may these API keys, by id. Neither roles nor keys: all with the scope holds.",
        ),
    ] = ()
    releases: Annotated[
        bool,
        Field(
            description="As the last step needed it carries out what was asked. False: it may then be done."
        ),
    ] = True
    description: Description = None


class ReleaseStepBody(ByCompanyBody, ReleaseStepFields):
    """A step of approving releases and rejections."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"position": 1, "roles": ["credit"], "description": "Credit control"},
                {
                    "position": 2,
                    "above": {"amount": "50000.00", "currency": "EUR"},
                    "roles": ["head"],
                    "releases": False,
                },
            ]
        }
    )

    above: Annotated[
        MoneyIn | None,
        Field(
            description="Needed only where more than this is to be authorised or rejected; absent: always."
        ),
    ] = None

    @field_validator("above")
    @classmethod
    def _not_negative(cls, above: MoneyIn | None) -> MoneyIn | None:
        if above is not None and above.amount < 0:
            raise refuse("negative", "must not be negative")
        return above


class ReleaseStepAnswer(StoredId, ReleaseStepFields):
    """A step as stored."""

    above: Annotated[
        MoneyOut | None,
        Field(description="Needed only where more than this is to be authorised or rejected."),
    ] = None
