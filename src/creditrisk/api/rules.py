"""What is the matter with the rules of a company over HTTP; they are set as reference data."""

from typing import Annotated, Final

from fastapi import Body
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Identifier, WireModel
from creditrisk.application.keys import Principal
from creditrisk.domain.rule_lint import Oddity

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
        warnings=[
            WarningOut(rule=each.rule, code=each.oddity, other=each.other, detail=_DETAILS[each.oddity])
            for each in remarks
        ],
    )
