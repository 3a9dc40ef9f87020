"""Holds as they are answered, worded for who reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Request, Response
from pydantic import Field

from creditrisk.api.auth import principal_of
from creditrisk.api.context import Use
from creditrisk.api.languages import HEADERS, language_of
from creditrisk.api.wire import Day, DocumentKind, Instant, MoneyOut, WireModel
from creditrisk.application.holds import Hold, Holds
from creditrisk.application.keys import Principal
from creditrisk.application.release_orders import SubmittedRelease
from creditrisk.domain.people import Person
from creditrisk.domain.release_workflow import RequestState
from creditrisk.locale.languages import MessageLanguage


class PersonOut(WireModel):
    """Who acted."""

    key: Annotated[str, Field(description="Id of the API key.")]
    operator: Annotated[str | None, Field(description="The operator it named; null: it named none.")]

    @classmethod
    def of(cls, person: Person) -> "PersonOut":
        """Write a person."""
        return cls(key=person.key, operator=person.operator)


class RequestStepOut(WireModel):
    """A step of approval, as it was when the request was submitted."""

    id: Annotated[str, Field(description="Its id, under /v1/release-steps/.")]
    approvals: Annotated[int, Field(description="How many people have to approve.")]
    approved_by: Annotated[list[PersonOut], Field(description="Those who have.")]


class ReleaseRequestOut(WireModel):
    """A release or rejection that waits for approval, or what became of it."""

    action: Annotated[Literal["release", "reject"], Field(description="What was asked for.")]
    state: Annotated[
        Literal["pending", "approved", "declined", "recalled", "lapsed"],
        Field(
            description="`approved` and the hold still open: it may be released or rejected now. `lapsed`: "
            "the hold was closed before anybody had decided."
        ),
    ]
    amount: Annotated[MoneyOut, Field(description="What it authorises, or rejects.")]
    valid_until: Annotated[Day | None, Field(description="Last day of the authorisation.")]
    reason: Annotated[str | None, Field(description="Why it was asked for.")]
    submitted_by: Annotated[PersonOut, Field(description="Who asked for it.")]
    submitted_at: Annotated[Instant, Field(description="When.")]
    steps: Annotated[list[RequestStepOut], Field(description="The steps it takes, in order.")]
    current: Annotated[str | None, Field(description="Id of the step that waits; null: none does.")]


HoldStatus = Literal["open", "released", "rejected", "cleared"]


class HeldDocumentOut(WireModel):
    """The document that waits."""

    kind: Annotated[DocumentKind, Field(description="What it is.")]
    number: Annotated[str, Field(description="Its number.")]
    total: Annotated[MoneyOut, Field(description="Its whole amount when it was last checked.")]


class HoldOut(WireModel):
    """A blocked document waiting for an authoriser."""

    id: Annotated[str, Field(description="Its id.")]
    company: Annotated[str, Field(description="The legal entity.")]
    customer: Annotated[str, Field(description="The ordering customer.")]
    document: Annotated[HeldDocumentOut, Field(description="What is held.")]
    checkpoint: Annotated[str | None, Field(description="The step that was stopped.")]
    type: Annotated[Literal["rule", "forced"], Field(description="Found by a check, or put on by a person.")]
    status: Annotated[HoldStatus, Field(description="`cleared`: a later check let it pass.")]
    ready_to_release: Annotated[bool, Field(description="Evaluated again, no finding was left.")]
    findings: Annotated[list[dict[str, Any]], Field(description="Of the newest check.")]
    owner: Annotated[str | None, Field(description="The document's owner, else its first check's operator.")]
    opened_at: Annotated[Instant, Field(description="When it was put on.")]
    checked_by: Annotated[
        str | None, Field(description="The operator of the newest check that found it blocked.")
    ]
    checked_at: Annotated[
        Instant | None, Field(description="When that was; null: held by a person, without a check.")
    ]
    closed_by: Annotated[str | None, Field(description="Who closed it; null: nobody yet.")]
    closed_at: Annotated[Instant | None, Field(description="When it was closed; null: it is open.")]
    reason: Annotated[str | None, Field(description="What the person said.")]
    review_on: Annotated[Day | None, Field(description="When to look at it again.")]
    authorised_amount: Annotated[MoneyOut | None, Field(description="Up to which the document may go on.")]
    valid_until: Annotated[Day | None, Field(description="Last day of the authorisation; null: without end.")]
    with_posting: Annotated[bool, Field(description="The stopped step is to be run on release.")]
    release_request: Annotated[
        ReleaseRequestOut | None, Field(description="The newest request to release or reject it by approval.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who is shown holds, and in which language."""

    language: MessageLanguage
    principal: Principal
    holds: Holds

    async def told(self, *holds: Hold) -> Sequence[Hold]:
        """Return the holds as this reader is told of them."""
        return await self.holds.told(holds, language=self.language, principal=self.principal)


async def _reader(request: Request, response: Response, use: Use) -> Reader:
    language, principal = language_of(request), principal_of(request.scope)
    assert principal is not None  # noqa: S101 - routes admit first
    response.headers.update(HEADERS[language])
    return Reader(language=language, principal=principal, holds=use.holds)


Reading = Annotated[Reader, Depends(_reader)]


async def shown_to(reader: Reader, hold: Hold) -> HoldOut:
    """A hold as the contract writes it to a reader."""
    (told,) = await reader.told(hold)
    return shown(told)


def shown(hold: Hold) -> HoldOut:
    """A hold as the contract writes it."""
    return HoldOut(
        id=hold.id,
        company=hold.company,
        customer=hold.customer,
        document=HeldDocumentOut(
            kind=hold.kind,  # type: ignore[arg-type] # the table checks the words
            number=hold.number,
            total=MoneyOut.of(hold.total),
        ),
        checkpoint=hold.checkpoint,
        type=hold.type,  # type: ignore[arg-type] # the same
        status=hold.status,  # type: ignore[arg-type] # the same
        ready_to_release=hold.ready_to_release,
        findings=list(hold.findings),
        owner=hold.owner,
        opened_at=hold.opened_at,
        checked_by=hold.operator,
        checked_at=hold.checked_at,
        closed_by=hold.closed_by,
        closed_at=hold.closed_at,
        reason=hold.reason,
        review_on=hold.review_on,
        authorised_amount=MoneyOut.of(hold.authorised) if hold.authorised else None,
        valid_until=hold.valid_until,
        with_posting=hold.with_posting,
        release_request=None if hold.submitted is None else _request(hold.submitted, hold),
    )


def _request(submitted: SubmittedRelease, hold: Hold) -> ReleaseRequestOut:
    request = submitted.request
    pending, is_open = request.state is RequestState.PENDING, hold.status == "open"
    return ReleaseRequestOut(
        action=request.resolution.value,
        state="lapsed" if pending and not is_open else request.state.value,
        amount=MoneyOut.of(request.amount),
        valid_until=submitted.order.valid_until,
        reason=submitted.order.reason,
        submitted_by=PersonOut.of(request.submitted_by),
        submitted_at=submitted.submitted_at,
        steps=[
            RequestStepOut(
                id=step.id,
                approvals=step.approvals,
                approved_by=[PersonOut.of(each.by) for each in request.approvals if each.step == step.id],
            )
            for step in request.steps
        ],
        current=request.current.id if pending and is_open and request.current else None,
    )
