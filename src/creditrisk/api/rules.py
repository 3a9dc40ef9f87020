"""What is the matter with the rules of a company over HTTP; they are set as reference data."""

from typing import Annotated, Final

from fastapi import Body
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Services, Use
from creditrisk.api.requests import resource_router
from creditrisk.api.rule_fields import RuleAnswer
from creditrisk.api.wire import Identifier, WireModel
from creditrisk.application.companies import MAIN
from creditrisk.application.keys import Principal
from creditrisk.domain.rule_lint import Oddity, Remark

_DETAILS: Final = {
    Oddity.INACTIVE: "It is not active.",
    Oddity.LIMIT_CHECK_OFF: "The policy's limit_check is off, which silences rules about the use of limits.",
    Oddity.DUPLICATE: "The other rule says the same.",
    Oddity.SHADOWED: "Whatever it finds or frees, the other rule of the same scope does so, too.",
    Oddity.CANCELS_NOTHING: "No active block of its kind and value type stands at a less specific level.",
    Oddity.NEVER_MEETS: "It is never true where blocks it could cancel find something, as the other one.",
    Oddity.SAME_LEVEL: "The other rule is a block of its own level, which no exclusion cancels.",
    Oddity.RELEASED: "The other rule releases some or all of the documents it would hold.",
}


class LintIn(WireModel):
    """Whose rules to look over."""

    company: Annotated[Identifier | None, Field(description="`main` unless the query says otherwise.")] = None


class WarningOut(WireModel):
    """Something odd about one rule."""

    rule: Annotated[str, Field(description="Id of the rule.", examples=["R-1"])]
    code: Annotated[Oddity, Field(description="What is odd; stable.")]
    other: Annotated[str | None, Field(description="Id of the rule it has to do with.")]
    detail: Annotated[str, Field(description="For people; may change.")]


class LintAnswer(WireModel):
    """What is odd about the rules of a company."""

    company: Annotated[str, Field(description="The company.")]
    rules: Annotated[int, Field(description="Rules it has, those of every company among them.")]
    warnings: Annotated[list[WarningOut], Field(description="By id of the rule; none: nothing is odd.")]


class RuleSavedAnswer(RuleAnswer):
    """A rule as it was set, and what is odd about it among the others."""

    warnings: Annotated[
        list[WarningOut],
        Field(description="What `POST /v1/rules:lint` says of it; of one for all companies, in `main`."),
    ]


async def saved_rule(stored: RuleAnswer, *, use: Services, caller: Principal) -> RuleSavedAnswer:
    """Write a rule that was set, with what is odd about it."""
    _, remarks = await use.rule_review.review(
        company=stored.company or MAIN, principal=caller, about=stored.id
    )
    return RuleSavedAnswer.model_validate(
        {**stored.model_dump(), "warnings": [_warning(each) for each in remarks]}
    )


def _warning(remark: Remark) -> WarningOut:
    return WarningOut(
        rule=remark.rule, code=remark.oddity, other=remark.other, detail=_DETAILS[remark.oddity]
    )


_LINT: Final = {"company": {"summary": "The rules of one company", "value": {"company": "main"}}}

router = resource_router(prefix="/v1/rules:lint", tag="reference data")


@router.post("")
async def lint_rules(
    caller: Annotated[Principal, requires("policy")],
    use: Use,
    body: Annotated[LintIn | None, Body(openapi_examples=_LINT)] = None,
    company: CompanyQuery = None,
) -> LintAnswer:
    """Look over the rules in force in a company for those that do nothing or get into each other's way."""
    chosen = choose_company(caller, query=company, body=body.company if body else None)
    rules, remarks = await use.rule_review.review(company=chosen, principal=caller)
    return LintAnswer(
        company=chosen,
        rules=len(rules),
        warnings=[_warning(each) for each in remarks],
    )
