"""Trying a policy or rules over HTTP before they are set (docs/api.md, Trying a policy)."""

from typing import Annotated, Any, Final

from fastapi import Body, Request, Response
from pydantic import Field, model_validator

from creditrisk.api.auth import requires
from creditrisk.api.check_answer import DecisionWord, PairOut
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.languages import HEADERS, documented_language, language_of
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.rule_fields import RuleBody
from creditrisk.api.wire import (
    CheckpointName,
    DocumentKind,
    Identifier,
    JsonObject,
    MoneyOut,
    Several,
    WireModel,
    refuse,
)
from creditrisk.application.answer import finding_as_data, missing_rates
from creditrisk.application.configuration import STANDARD
from creditrisk.application.keys import Principal
from creditrisk.application.messages import Audience
from creditrisk.application.policy_trial import Changed, StatedPolicy, Trial, TrialOrder
from creditrisk.application.rules import rule_of
from creditrisk.domain.decision import Outcome
from creditrisk.domain.money import Money
from creditrisk.domain.trial import Sum

MOST_DECISIONS: Final = 100_000
MOST_RULES: Final = 1_000
MOST_SHOWN: Final = 1_000


class TriedPolicyIn(WireModel):
    """A policy as `PUT /v1/policy` takes it."""

    preset: Annotated[str, Field(description="The shipped policy to begin from.", examples=["duir"])] = (
        STANDARD
    )
    overrides: Annotated[
        JsonObject, Field(default_factory=dict, description="Parameters that differ from the preset.")
    ]


class TriedRuleIn(RuleBody):
    """A rule as `PUT /v1/rules/{id}` takes it."""

    id: Annotated[Identifier, Field(description="Its id; one that is there is replaced.", examples=["R-1"])]


class TriedRulesIn(WireModel):
    """What to change about the rules in force."""

    put: Annotated[
        Several[TriedRuleIn], Field(max_length=MOST_RULES, description="Rules to set, by id.")
    ] = ()
    remove: Annotated[
        Several[Identifier], Field(max_length=MOST_RULES, description="Ids of rules to do without.")
    ] = ()


class AgainstIn(WireModel):
    """What to try it on: one of both."""

    decisions: Annotated[
        int | None,
        Field(
            ge=1,
            le=MOST_DECISIONS,
            description="So many of the newest stored decisions; of a document its newest check counts.",
        ),
    ] = None
    open_documents: Annotated[bool, Field(description="All stored documents that are open.")] = False
    checkpoint: Annotated[CheckpointName, Field(description="The step open documents are checked at.")] = (
        "save"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> "AgainstIn":
        if (self.decisions is None) is not self.open_documents:
            raise refuse("required", "must name either decisions or open_documents")
        return self


class TryIn(WireModel):
    """What to change, and what to try it on. What is not named stays as it is in force."""

    company: Annotated[Identifier | None, Field(description="The legal entity; absent: `main`.")] = None
    policy: Annotated[TriedPolicyIn | None, Field(description="The whole policy; absent: that in force.")] = (
        None
    )
    rules: Annotated[TriedRulesIn, Field(description="Changes of the rules in force.")] = TriedRulesIn()
    against: Annotated[AgainstIn, Field(description="What to try it on.")]
    show: Annotated[
        int, Field(ge=0, le=MOST_SHOWN, description="How many of those decided otherwise to name.")
    ] = 100

    def order(self, company: str) -> TrialOrder:
        """The same to the use case."""
        return TrialOrder(
            company=company,
            policy=StatedPolicy(self.policy.preset, self.policy.overrides) if self.policy else None,
            put=[
                rule_of(each.id, each.model_dump(mode="json", exclude={"company", "id"}))
                for each in self.rules.put
            ],
            remove=frozenset(self.rules.remove),
            decisions=self.against.decisions,
            checkpoint=self.against.checkpoint,
            show=self.show,
        )


class SumOut(WireModel):
    """Documents, and what they come to."""

    documents: Annotated[int, Field(description="How many.")]
    amount: Annotated[MoneyOut, Field(description="Their totals, in the company's currency.")]


class OutcomesOut(SumOut):
    """What becomes of documents."""

    before: Annotated[DecisionWord, Field(description="What is decided now.")]
    after: Annotated[DecisionWord, Field(description="What would be decided.")]


class DifferenceOut(WireModel):
    """How often an outcome comes and goes."""

    more: Annotated[SumOut, Field(description="Would get this decision, and do not get it now.")]
    fewer: Annotated[SumOut, Field(description="Get this decision now, and would not.")]


class TriedDocumentOut(WireModel):
    """The document that would be decided otherwise."""

    kind: Annotated[DocumentKind, Field(description="What it is.")]
    number: Annotated[str | None, Field(description="Its number, where it has one.")]
    total: Annotated[MoneyOut, Field(description="Its whole amount.")]


class ChangedOut(WireModel):
    """One document that would be decided otherwise."""

    decision_id: Annotated[str | None, Field(description="The stored decision; null: an open document.")]
    customer: Annotated[str, Field(description="The ordering customer.")]
    document: Annotated[TriedDocumentOut, Field(description="What was checked.")]
    before: Annotated[DecisionWord, Field(description="What is decided now.")]
    after: Annotated[DecisionWord, Field(description="What would be decided.")]
    gained: Annotated[list[dict[str, Any]], Field(description="Findings that would be new.")]
    lost: Annotated[list[dict[str, Any]], Field(description="Findings that would be gone.")]


class TrialAnswer(WireModel):
    """What a changed configuration would decide otherwise."""

    company: Annotated[str, Field(description="The company.")]
    tried: Annotated[int, Field(description="Documents it was tried on.")]
    changed: Annotated[int, Field(description="Those that would be decided otherwise.")]
    outcomes: Annotated[list[OutcomesOut], Field(description="All of them, by what is decided of them.")]
    blocks: Annotated[DifferenceOut, Field(description="Blocks that would come and go.")]
    warnings: Annotated[DifferenceOut, Field(description="Warnings that would come and go.")]
    missing_rates: Annotated[
        list[PairOut], Field(description="Amounts left out of the sums, as they have no rate.")
    ]
    documents: Annotated[list[ChangedOut], Field(description="The first of those decided otherwise.")]


_TRY: Final = {
    "policy": {
        "summary": "A stricter policy, on what is open",
        "value": {
            "policy": {"preset": "standard", "overrides": {"max_days_overdue": 30}},
            "against": {"open_documents": True},
        },
    },
    "rules": {
        "summary": "A further rule, on what was decided lately",
        "value": {
            "rules": {"put": [{"id": "R-61", "kind": "days_overdue", "type": "blocking", "days": 61}]},
            "against": {"decisions": 1000},
            "show": 20,
        },
    },
}

router = resource_router(prefix="/v1/policy:try", tag="policy")


@router.post("", responses=documented(404), openapi_extra=documented_language())
async def try_policy(
    *,
    body: Annotated[TryIn, Body(openapi_examples=_TRY)],
    caller: Annotated[Principal, requires("policy")],
    use: Use,
    request: Request,
    response: Response,
    company: CompanyQuery = None,
) -> TrialAnswer:
    """Tell what a policy or rules would decide otherwise, before they are set. Nothing is stored.

    The same checks are judged by the configuration in force and by the changed one, with the facts of now.
    """
    chosen = choose_company(caller, query=company, body=body.company)
    trial = await use.policy_trials.run(body.order(chosen), principal=caller)
    language = language_of(request)
    response.headers.update(HEADERS[language])
    return _shown(trial, Audience(language=language, user=None, own=trial.configuration.texts))


def _shown(trial: Trial, audience: Audience) -> TrialAnswer:
    tally = trial.tally
    currency = tally.converter.target

    def sums(found: Sum) -> dict[str, Any]:
        return {"documents": found.documents, "amount": MoneyOut.of(Money(found.amount, currency))}

    def difference(outcome: Outcome) -> DifferenceOut:
        return DifferenceOut(
            more=SumOut(**sums(tally.more(outcome))), fewer=SumOut(**sums(tally.fewer(outcome)))
        )

    return TrialAnswer(
        company=trial.company,
        tried=trial.tried,
        changed=trial.changed_in_all,
        outcomes=[
            OutcomesOut(before=change.before.value, after=change.after.value, **sums(found))
            for change, found in sorted(tally.sums.items())
        ],
        blocks=difference(Outcome.BLOCK),
        warnings=difference(Outcome.WARN),
        missing_rates=[PairOut.model_validate(pair) for pair in missing_rates(tally.converter)],
        documents=[_changed(each, audience) for each in trial.changed],
    )


def _changed(each: Changed, audience: Audience) -> ChangedOut:
    check, decision = each.tried.check, each.tried.decision
    document = check.document
    assert document is not None  # noqa: S101 - what is stored was asked about a document
    return ChangedOut(
        decision_id=None if decision is None else decision.id,
        customer=check.customer,
        document=TriedDocumentOut(
            kind=document.kind.value, number=document.number, total=MoneyOut.of(document.total)
        ),
        before=each.change.before.value,
        after=each.change.after.value,
        gained=[finding_as_data(finding, audience) for finding in each.gained],
        lost=[finding_as_data(finding, audience) for finding in each.lost],
    )
