"""A company's policy and the presets it can begin from (docs/api.md, Policy parameters)."""

from typing import Annotated, Any

from fastapi import Response
from pydantic import ConfigDict, Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.etag import IfMatch, set_etag
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Identifier, Instant, JsonObject, Several, WireModel
from creditrisk.application.configuration import STANDARD
from creditrisk.application.keys import Principal
from creditrisk.application.policies import PolicyInForce, PresetComparison
from creditrisk.domain.policy import Parameter, policy_parameters

router = resource_router(prefix="/v1", tag="policy")


class PolicyBody(WireModel):
    """What a company states about its policy; the whole of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"preset": "standard", "overrides": {}},
                {
                    "preset": "duir",
                    "overrides": {"currency": "CZK", "max_days_overdue": 30, "categories": {"bills": True}},
                },
            ]
        }
    )

    company: Annotated[Identifier | None, Field(description="The company; `main` unless said here.")] = None
    preset: Annotated[
        str, Field(description="The shipped policy to begin from; see `GET /v1/presets`.", examples=["duir"])
    ] = STANDARD
    overrides: Annotated[
        JsonObject,
        Field(
            default_factory=dict,
            description="Parameters that differ from the preset. An object is merged key by key, everything "
            "else replaces. Amounts are decimals as strings in the company currency.",
            examples=[{"currency": "CZK", "max_days_overdue": 30}],
        ),
    ]


class PolicyAnswer(WireModel):
    """The policy a company works with."""

    company: Annotated[str, Field(description="The company.", examples=["main"])]
    preset: Annotated[str, Field(description="The preset it begins from.", examples=["standard"])]
    version: Annotated[
        int,
        Field(description="How many times it was set; decisions name it. 0: never, `standard` applies."),
    ]
    overrides: Annotated[dict[str, Any], Field(description="What differs from the preset, as stated.")]
    parameters: Annotated[
        dict[str, Any],
        Field(description="Every parameter with its effective value; `GET /v1/presets` explains them."),
    ]
    updated_by: Annotated[str | None, Field(description="Name or id of the API key that set it last.")]
    updated_at: Annotated[Instant | None, Field(description="When it was set last; null: never.")]

    @classmethod
    def of(cls, policy: PolicyInForce) -> "PolicyAnswer":
        """Write a policy."""
        return cls(
            company=policy.company,
            preset=policy.preset,
            version=policy.version,
            overrides=dict(policy.overrides),
            parameters=dict(policy.parameters),
            updated_by=policy.updated_by,
            updated_at=policy.updated_at,
        )


class PresetAnswer(WireModel):
    """A shipped policy."""

    name: Annotated[str, Field(description="How a policy names it.", examples=["duir"])]
    title: Annotated[str, Field(description="The system it follows, for people.")]
    description: Annotated[str, Field(description="What it does, for people.")]
    parameters: Annotated[dict[str, Any], Field(description="Every parameter with its value.")]
    differs: Annotated[
        Several[str], Field(description="Names of the parameters that `standard` has otherwise.")
    ]

    @classmethod
    def of(cls, compared: PresetComparison) -> "PresetAnswer":
        """Write a preset."""
        return cls(
            name=compared.preset.name,
            title=compared.preset.title,
            description=compared.preset.description,
            parameters=dict(compared.parameters),
            differs=compared.differs,
        )


class ParameterAnswer(WireModel):
    """One parameter, explained."""

    name: Annotated[str, Field(description="Its name.", examples=["max_days_overdue"])]
    accepts: Annotated[str, Field(description="The accepted values with their unit, for people.")]
    default: Annotated[Any, Field(description="Its value in `standard`.")]
    meaning: Annotated[str, Field(description="What it decides.")]
    source: Annotated[str, Field(description="Where the rule comes from.", examples=["M20"])]

    @classmethod
    def of(cls, parameter: Parameter) -> "ParameterAnswer":
        """Write a parameter."""
        return cls(
            name=parameter.name,
            accepts=parameter.values.accepts,
            default=parameter.default,
            meaning=parameter.meaning,
            source=parameter.source,
        )


class PresetsAnswer(WireModel):
    """Every preset and every parameter."""

    items: Annotated[list[PresetAnswer], Field(description="The presets, `standard` first.")]
    next: Annotated[None, Field(description="Always null: the list has one page.")]
    parameters: Annotated[list[ParameterAnswer], Field(description="Every parameter of a policy.")]


@router.get("/policy")
async def get_policy(
    caller: Annotated[Principal, requires("policy")],
    use: Use,
    response: Response,
    company: CompanyQuery = None,
) -> PolicyAnswer:
    """Read the policy of a company; one that never set any answers `standard` and version 0."""
    policy = await use.policies.get(company=choose_company(caller, query=company), principal=caller)
    set_etag(response, policy.version)
    return PolicyAnswer.of(policy)


@router.put("/policy", responses=documented(412, 428))
async def put_policy(
    *,
    body: PolicyBody,
    caller: Annotated[Principal, requires("policy")],
    use: Use,
    precondition: IfMatch,
    response: Response,
    company: CompanyQuery = None,
) -> PolicyAnswer:
    """Set the policy of a company; checks use it from their next read on."""
    policy = await use.policies.replace(
        company=choose_company(caller, query=company, body=body.company),
        preset=body.preset,
        overrides=body.overrides,
        precondition=precondition,
        principal=caller,
    )
    set_etag(response, policy.version)
    return PolicyAnswer.of(policy)


@router.get("/presets")
async def list_presets(caller: Annotated[Principal, requires("policy")], use: Use) -> PresetsAnswer:  # noqa: ARG001 - the guard's parameter
    """List every shipped policy, and explain every parameter."""
    return PresetsAnswer(
        items=[PresetAnswer.of(compared) for compared in use.policies.compare_presets()],
        next=None,
        parameters=[ParameterAnswer.of(parameter) for parameter in policy_parameters()],
    )
