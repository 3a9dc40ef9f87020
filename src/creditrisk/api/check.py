"""The credit check over HTTP: what the ERP asks before it saves, and what it is answered."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final

import orjson
from fastapi import Request, Response
from pydantic import AfterValidator, Field, ValidationError, model_validator

from creditrisk.api.auth import requires
from creditrisk.api.check_answer import CheckAnswer, ChecksAnswer
from creditrisk.api.check_examples import CHECK_EXAMPLES, CHECKS_EXAMPLES
from creditrisk.api.company import choose_company, company_in_query
from creditrisk.api.context import context_of
from creditrisk.api.idempotency import keeping_of, to_keep
from creditrisk.api.languages import HEADERS, documented_language, language_of
from creditrisk.api.papers import in_currency_of_total, not_negative
from creditrisk.api.refusals import inline_problem
from creditrisk.api.requests import DirectRoute, content_of, resource_router
from creditrisk.api.reservations import Seconds
from creditrisk.api.wire import (
    CheckpointName,
    Day,
    DocumentKind,
    Identifier,
    MoneyIn,
    ReferenceDay,
    Several,
    WireModel,
    refuse,
)
from creditrisk.application.answer import seen_by
from creditrisk.application.check import CheckCommand
from creditrisk.application.errors import ApplicationError
from creditrisk.application.keys import Principal
from creditrisk.domain.account import ClaimedOperator
from creditrisk.domain.facts import Check
from creditrisk.domain.papers import Document, Followed, Kind
from creditrisk.locale.languages import DEFAULT_LANGUAGE, MessageLanguage

MOST_CHECKS: Final = 1_000


_KINDS: Final[Mapping[str, Kind]] = {kind.value: kind for kind in Kind}


class FollowedIn(WireModel):
    """A document that the checked one follows, such as the order turned into this delivery."""

    kind: Annotated[DocumentKind, Field(description="What the followed document is.")]
    number: Annotated[Identifier, Field(description="Its number.")]
    total: Annotated[
        MoneyIn | None,
        Field(description="How much of it is passed on; absent: the smaller of the two open amounts."),
    ] = None


class DocumentIn(WireModel):
    """The document under check, as the ERP is about to save it."""

    kind: Annotated[DocumentKind, Field(description="What the document is: the step of the sales cycle.")]
    number: Annotated[
        Identifier | None,
        Field(description="Its number; needed for holds, reservations and edits of a stored document."),
    ] = None
    type: Annotated[Identifier | None, Field(description="The ERP's document type code.")] = None
    date: Annotated[Day | None, Field(description="Its date.")] = None
    due_date: Annotated[Day | None, Field(description="When it is due.")] = None
    bill_to: Annotated[
        Identifier | None, Field(description="The customer who bears it; absent: the risk customer.")
    ] = None
    site: Annotated[Identifier | None, Field(description="The work centre that makes it.")] = None
    total: Annotated[MoneyIn, Field(description="Its whole amount; returns and credit notes are negative.")]
    prepaid: Annotated[
        MoneyIn | None,
        AfterValidator(in_currency_of_total),
        AfterValidator(not_negative),
        Field(description="The part already paid or authorised on a card; only the rest is at risk."),
    ] = None
    payment_terms: Annotated[Identifier | None, Field(description="Code of its payment terms.")] = None
    cash_discount: Annotated[Identifier | None, Field(description="Code of its cash discount.")] = None
    payment_method: Annotated[
        Identifier | None, Field(description="How it will be paid, such as `cash` or `transfer`.")
    ] = None
    excluded: Annotated[bool, Field(description="Excluded from credit control by the caller.")] = False
    follows: Annotated[
        Several[FollowedIn],
        Field(max_length=1_000, description="The documents it follows; they give up what they pass on."),
    ] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "DocumentIn":
        named: set[tuple[str, str]] = set()
        for place, followed in enumerate(self.follows):
            key = (followed.kind, followed.number)
            if key in named:
                raise refuse("duplicate", "must not name the same document twice", at=("follows", place))
            if key == (self.kind, self.number):
                raise refuse("not_allowed", "must not name the document itself", at=("follows", place))
            named.add(key)
        return self

    def document(self) -> Document:
        """The same to the domain."""
        return Document(
            kind=_KINDS[self.kind],
            total=self.total.money,
            number=self.number,
            type=self.type,
            day=self.date,
            due_date=self.due_date,
            bill_to=self.bill_to,
            site=self.site,
            prepaid=self.prepaid.money if self.prepaid else None,
            payment_terms=self.payment_terms,
            cash_discount=self.cash_discount,
            payment_method=self.payment_method,
            excluded=self.excluded,
            follows=[
                Followed(
                    kind=_KINDS[followed.kind],
                    number=followed.number,
                    total=followed.total.money if followed.total else None,
                )
                for followed in self.follows
            ],
        )


class OperatorIn(WireModel):
    """Who is at the ERP's keyboard. A stored operator can only be made stricter by it."""

    id: Annotated[Identifier | None, Field(description="The operator's id in the ERP.")] = None
    strict: Annotated[
        bool | None, Field(description="Closed padlock: this operator cannot get past red.")
    ] = None
    roles: Annotated[
        Several[Identifier], Field(max_length=100, description="Roles, such as `supervisor`.")
    ] = ()


class ReserveIn(WireModel):
    """Sets the amount aside if the document is not blocked."""

    ttl_seconds: Seconds


class CheckIn(WireModel):
    """One credit check."""

    company: Annotated[Identifier | None, Field(description="The legal entity; absent: `main`.")] = None
    customer: Annotated[Identifier, Field(description="The ordering customer.")]
    document: Annotated[DocumentIn, Field(description="The document under check.")]
    checkpoint: Annotated[CheckpointName, Field(description="The step that is about to happen.")] = "save"
    pro_forma: Annotated[bool, Field(description="A pro-forma run of that step.")] = False
    operator: Annotated[OperatorIn | None, Field(description="Who is at the keyboard.")] = None
    as_of: Annotated[
        ReferenceDay | None,
        Field(
            description="Reference date; absent: today in the company's time zone. It moves due dates, "
            "validity and rates, not the papers: those are the ones stored now."
        ),
    ] = None
    reserve: Annotated[
        ReserveIn | None,
        Field(
            description="Sets credit aside for the document unless it is blocked, in the place of what was "
            "reserved for it before. Needs a number, and is not for a dry run."
        ),
    ] = None
    dry_run: Annotated[bool, Field(description="Nothing is stored: no decision, no hold.")] = False

    @model_validator(mode="after")
    def _reservable(self) -> "CheckIn":
        if self.reserve is not None and self.document.number is None:
            raise refuse("required", "is required for a reservation", at=("document", "number"))
        if self.reserve is not None and self.dry_run:
            raise refuse("not_allowed", "must not be asked for in a dry run", at=("reserve",))
        return self

    def command(self, company: str, language: MessageLanguage, *, request: Mapping[str, Any]) -> CheckCommand:
        """The same to the use case; ``request`` is what was sent, for the decision's record."""
        operator = self.operator or OperatorIn()
        return CheckCommand(
            check=Check(
                company=company,
                customer=self.customer,
                document=self.document.document(),
                checkpoint=self.checkpoint,
                pro_forma=self.pro_forma,
                operator=ClaimedOperator(
                    id=operator.id, strict=operator.strict, roles=frozenset(operator.roles)
                ),
            ),
            as_of=self.as_of,
            dry_run=self.dry_run,
            language=language,
            reserve_seconds=self.reserve.ttl_seconds if self.reserve else None,
            request=request,
        )


def check_as_asked(request: Mapping[str, Any], *, company: str) -> Check:
    """Read a check again that was answered before, from what is kept of its request."""
    check, _ = check_with_day(request, company=company)
    return check


def check_with_day(request: Mapping[str, Any], *, company: str) -> tuple[Check, date | None]:
    """Read the same with the day it was asked for."""
    command = CheckIn.model_validate(request).command(company, DEFAULT_LANGUAGE, request=request)
    return command.check, command.as_of


class ChecksIn(WireModel):
    """Several checks, each evaluated alone against stored state."""

    checks: Annotated[
        list[Any],
        Field(
            max_length=MOST_CHECKS,
            description="Up to 1,000 checks, each as in `POST /v1/check`.",
            json_schema_extra={"items": {"$ref": "#/components/schemas/CheckIn"}},
        ),
    ]


_JSON: Final = "application/json"


def _documented(examples: dict[str, Any]) -> dict[str, Any]:
    company = {
        "name": "company",
        "in": "query",
        "required": False,
        "description": "The company, where the body names none; both must agree.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
    }
    language = documented_language()
    return {
        "parameters": [company, *language["parameters"]],
        "requestBody": {"content": {_JSON: {"examples": examples}}},
        "responses": language["responses"],
    }


class CheckRoute(DirectRoute):
    """A check, of which those that reserve share a transaction, with what is kept under their keys."""

    def kept_together(self, content: Any) -> bool:
        """Whether it asks for a reservation."""
        return isinstance(content, dict) and content.get("reserve") is not None


router = resource_router(prefix="", tag="check", route_class=CheckRoute)


@router.post("/v1/check", response_model=CheckAnswer, openapi_extra=_documented(CHECK_EXAMPLES))
async def check(
    body: CheckIn,
    caller: Annotated[Principal, requires("check", "signal", remembered=True)],
    request: Request,
) -> Response:
    """Answer green, yellow or red, and allow, warn or block, with every reason.

    A refusal is a successful evaluation: it is answered with 200 and the decision `block`.
    """
    language = language_of(request)
    company = choose_company(caller, query=company_in_query(request), body=body.company)
    command = body.command(company, language, request=content_of(request))
    keeping = keeping_of(request)
    if keeping is not None:
        keeping.answer = lambda answer: to_keep(request, _Json(seen_by(caller, answer), language))
        command = replace(command, keeping=keeping)
    answer = await context_of(request).services.checks.check(command, principal=caller)
    return _Json(answer, language)


@router.post("/check", response_model=CheckAnswer, openapi_extra=_documented(CHECK_EXAMPLES))
async def check_alias(
    body: CheckIn,
    caller: Annotated[Principal, requires("check", "signal", remembered=True)],
    request: Request,
) -> Response:
    """Answer as `POST /v1/check` does; this shorter path is permanent."""
    return await check(body, caller, request)


@router.post("/v1/checks", response_model=ChecksAnswer, openapi_extra=_documented(CHECKS_EXAMPLES))
async def check_many(
    body: ChecksIn,
    caller: Annotated[Principal, requires("check", "signal", remembered=True)],
    request: Request,
) -> Response:
    """Answer up to 1,000 checks in order, each evaluated alone; a bad member is a problem in its place."""
    company, language = company_in_query(request), language_of(request)
    problems: dict[int, dict[str, Any]] = {}
    commands: list[CheckCommand] = []
    for position, member in enumerate(body.checks):
        try:
            asked = CheckIn.model_validate(member)
            chosen = choose_company(caller, query=company, body=asked.company)
            commands.append(asked.command(chosen, language, request=member))
        except (ValidationError, ApplicationError) as error:
            problems[position] = inline_problem(request.scope, error, at=("checks", position))
    answers = iter(await context_of(request).services.checks.check_all(commands, principal=caller))
    return _Json(
        {
            "results": [
                {"error": problems[position]} if position in problems else next(answers)
                for position in range(len(body.checks))
            ]
        },
        language,
    )


class _Json(Response):
    """A 200 whose headers are made beforehand but for the length: they cost more than the body."""

    def __init__(self, content: Mapping[str, Any] | orjson.Fragment, language: MessageLanguage) -> None:
        self.status_code = 200
        self.background = None
        self.body = orjson.dumps(content)
        length = (b"content-length", str(len(self.body)).encode("ascii"))
        self.raw_headers = [length, *_HEADERS[language]]


_HEADERS: Final = {
    language: [
        (name, value)
        for name, value in Response(headers=headers, media_type=_JSON).raw_headers
        if name != b"content-length"
    ]
    for language, headers in HEADERS.items()
}
