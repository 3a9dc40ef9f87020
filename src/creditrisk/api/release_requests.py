"""Releasing and rejecting holds by approval over HTTP, and the trail (docs/domain.md, Release workflow)."""

from typing import Annotated, Final, Literal

from fastapi import Body
from pydantic import Field, ValidationInfo, field_validator

from creditrisk.api.auth import requires
from creditrisk.api.context import Use
from creditrisk.api.decisions import cursor_id
from creditrisk.api.hold_answer import HoldOut, Reading, shown_to
from creditrisk.api.holds import HoldId, ReleaseIn
from creditrisk.api.languages import documented_language
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Identifier, Instant, Prose, WireModel, refuse
from creditrisk.application.keys import Principal
from creditrisk.application.release_requests import Action, Actor, KeptEvent
from creditrisk.domain.release_workflow import Resolution

OperatorField = Annotated[
    Identifier | None,
    Field(description="The operator at the keyboard; a stored one's roles say which steps are his."),
]
CommentField = Annotated[Prose | None, Field(description="For those who read the trail.")]


class SubmitIn(ReleaseIn):
    """What is asked for; everything is optional."""

    operator: OperatorField = None
    comment: CommentField = None
    action: Annotated[
        Literal["release", "reject"],
        Field(description="What is to become of the hold; to `reject` takes a reason at most."),
    ] = "release"

    @field_validator("action")
    @classmethod
    def _nothing_authorised_by_a_rejection(cls, action: str, info: ValidationInfo) -> str:
        of_releases = ReleaseIn.model_fields.keys() - {"reason"}
        if action == "reject" and any(info.data.get(name) for name in of_releases):
            raise refuse("not_allowed", "must be `release` where it is said how to release")
        return action


class ActIn(WireModel):
    """Who decides, and what they say about it; everything is optional."""

    operator: OperatorField = None
    comment: CommentField = None

    def actor(self, caller: Principal) -> Actor:
        """The same to the use case."""
        return Actor(caller, self.operator, self.comment)


class HoldEventOut(WireModel):
    """What somebody did with a hold, or tried to do."""

    id: Annotated[str, Field(description="Its id.")]
    at: Annotated[Instant, Field(description="When.")]
    action: Annotated[Action, Field(description="What.")]
    by: Annotated[str, Field(description="Name or id of the API key.")]
    operator: Annotated[str | None, Field(description="The operator it named.")]
    step: Annotated[str | None, Field(description="Id of the step of approval that waited.")]
    refused: Annotated[
        str | None, Field(description="Why it was refused, as in the problem's `code`; null: it was done.")
    ]
    comment: Annotated[str | None, Field(description="What was said about it, or the reason given.")]

    @classmethod
    def of(cls, kept: KeptEvent) -> "HoldEventOut":
        """Write an event."""
        event = kept.event
        return cls(
            id=kept.id,
            at=kept.at,
            action=event.action,
            by=event.by,
            operator=event.operator,
            step=event.step,
            refused=event.refused,
            comment=event.comment,
        )


_SUBMIT: Final = {
    "bounded": {
        "summary": "Up to an amount",
        "value": {
            "operator": "u1",
            "reason": "Agreed with the customer.",
            "up_to": {"amount": "45000.00", "currency": "EUR"},
        },
    },
    "reject": {
        "summary": "A rejection",
        "value": {"action": "reject", "operator": "u1", "reason": "The limit is not raised."},
    },
}
_ACT: Final = {
    "operator": {"summary": "An operator", "value": {"operator": "u2", "comment": "Seen the bank slip."}}
}

Caller = Annotated[Principal, requires("holds")]
ActBody = Annotated[ActIn | None, Body(openapi_examples=_ACT)]

router = resource_router(prefix="/v1/holds", tag="holds")


@router.post("/{id}/submit", responses=documented(404, 409), openapi_extra=documented_language())
async def submit_release(
    id: HoldId,
    caller: Caller,
    use: Use,
    reader: Reading,
    body: Annotated[SubmitIn | None, Body(openapi_examples=_SUBMIT)] = None,
) -> HoldOut:
    """Ask for a hold's release or rejection, which the steps of approval for its amount then decide about.

    A rejection is about the held total. It takes the place of an approved release that was not carried out,
    and the other way round.
    """
    body = body or SubmitIn()
    actor = Actor(caller, body.operator, body.comment)
    hold = await use.release_requests.submit(id, body.order, resolution=Resolution(body.action), actor=actor)
    return await shown_to(reader, hold)


@router.post("/{id}/approve", responses=documented(404, 409), openapi_extra=documented_language())
async def approve_release(
    id: HoldId, caller: Caller, use: Use, reader: Reading, body: ActBody = None
) -> HoldOut:
    """Approve the step that waits; the last approval releases or rejects the hold, or lets it be done."""
    actor = (body or ActIn()).actor(caller)
    return await shown_to(reader, await use.release_requests.approve(id, actor=actor))


@router.post("/{id}/decline", responses=documented(404, 409), openapi_extra=documented_language())
async def decline_release(
    id: HoldId, caller: Caller, use: Use, reader: Reading, body: ActBody = None
) -> HoldOut:
    """Decline the step that waits. The hold stays open, and a request may be submitted again."""
    actor = (body or ActIn()).actor(caller)
    return await shown_to(reader, await use.release_requests.decline(id, actor=actor))


@router.post("/{id}/recall", responses=documented(404, 409), openapi_extra=documented_language())
async def recall_release(
    id: HoldId, caller: Caller, use: Use, reader: Reading, body: ActBody = None
) -> HoldOut:
    """Take a pending request back, as who submitted it. Another may be submitted."""
    actor = (body or ActIn()).actor(caller)
    return await shown_to(reader, await use.release_requests.recall(id, actor=actor))


@router.get("/{id}/history", responses=documented(404))
async def list_hold_history(
    id: HoldId,
    caller: Annotated[Principal, requires("audit")],
    use: Use,
    page: Annotated[PageRequest, paged(str)],
) -> Page[HoldEventOut]:
    """List what people did with a hold, and what they were refused, in its order."""
    after = cursor_id(page)
    found = await use.release_requests.history(
        id, principal=caller, after=str(after) if after else None, limit=page.limit + 1
    )
    return page.page(found, key=lambda kept: (kept.id,), render=HoldEventOut.of)
