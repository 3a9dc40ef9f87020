"""Limit adjustment journals over HTTP."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Body, Path, Query, Response
from pydantic import Field

from creditrisk.api.adjustment_fields import (
    ApprovalWord,
    EventOut,
    JournalOut,
    JournalSummary,
    KindWord,
    Lines,
    StatusWord,
    lines_of,
    shown,
    shown_event,
    summarised,
)
from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies, choose_company
from creditrisk.api.context import Use
from creditrisk.api.decisions import cursor_id
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.service_ids import read_service_id
from creditrisk.api.wire import Identifier, Line, PathId, Several, WireModel
from creditrisk.application.adjustments import (
    MOST_LINES,
    Approval,
    Decision,
    Journal,
    JournalFilter,
    JournalKind,
    JournalOrder,
    JournalStatus,
)
from creditrisk.application.keys import Principal


class JournalIn(WireModel):
    """A journal to be made."""

    company: Annotated[
        Identifier | None, Field(description="Whose accounts its customers are of; absent: `main`.")
    ] = None
    kind: Annotated[
        KindWord,
        Field(description="`credit_limit`: own limits, with an expiry date; `temporary`: for a period."),
    ]
    approval: Annotated[
        ApprovalWord, Field(description="Whether it is approved as a whole, or line by line.")
    ] = "journal"
    description: Annotated[Line | None, Field(description="Why; for lines that give no reason.")] = None
    post_when_approved: Annotated[
        bool, Field(description="Post it with the last decision, if any line is approved then.")
    ] = False
    lines: Lines = ()


class LinesIn(WireModel):
    """The lines of a draft, in the place of all it has."""

    lines: Lines


class DecisionIn(WireModel):
    """What is decided."""

    lines: Annotated[
        Annotated[
            Several[Annotated[int, Field(ge=1, le=MOST_LINES)]], Field(min_length=1, max_length=MOST_LINES)
        ]
        | None,
        Field(
            description="Numbers of lines, where it is approved line by line; absent: all that are pending."
        ),
    ] = None
    reason: Annotated[Line | None, Field(description="Why; kept with the events.")] = None


_LINE: Final[dict[str, Any]] = {
    "customer": "C-1001",
    "limit": {"amount": "120000.00", "currency": "EUR"},
    "expires_on": "2027-12-31",
    "reason": "Yearly review.",
}
_JOURNALS: Final[dict[str, Any]] = {
    "credit_limit": {
        "summary": "A new limit for a customer",
        "value": {"kind": "credit_limit", "description": "Review 2027", "lines": [_LINE]},
    },
    "temporary": {
        "summary": "Temporary limits, approved line by line and posted with the last decision",
        "value": {
            "kind": "temporary",
            "approval": "line",
            "post_when_approved": True,
            "lines": [
                {
                    "customer": "C-1001",
                    "limit": {"amount": "150000.00", "currency": "EUR"},
                    "from": "2026-12-01",
                    "to": "2026-12-31",
                }
            ],
        },
    },
}
_DECISION: Final[dict[str, Any]] = {
    "whole": {"summary": "Everything that is pending", "value": {"reason": "As agreed with the board."}}
}

JournalId = Annotated[PathId, Path(description="The id of the adjustment.")]
Limits = Annotated[Principal, requires("limits")]
Reading = Annotated[Principal, requires("limits", "audit")]
DecisionBody = Annotated[DecisionIn | None, Body(openapi_examples=_DECISION)]

router = resource_router(prefix="/v1/limit-adjustments", tag="limit adjustments")


@router.post("", status_code=201)
async def create_adjustment(
    body: Annotated[JournalIn, Body(openapi_examples=_JOURNALS)],
    caller: Limits,
    use: Use,
    company: CompanyQuery = None,
) -> JournalOut:
    """Make a draft. Limits change only when it has been submitted, approved by somebody else, and posted."""
    order = JournalOrder(
        company=choose_company(caller, query=company, body=body.company),
        kind=JournalKind(body.kind),
        approval=Approval(body.approval),
        description=body.description,
        post_when_approved=body.post_when_approved,
    )
    lines = lines_of(body.lines, kind=order.kind)
    return shown(await use.limit_adjustments.create(order, lines, principal=caller))


@router.get("")
async def list_adjustments(
    *,
    caller: Reading,
    use: Use,
    page: Annotated[PageRequest, paged(str)],
    company: CompanyQuery = None,
    status: Annotated[StatusWord | None, Query(description="Only these.")] = None,
    kind: Annotated[KindWord | None, Query(description="Only of this kind.")] = None,
) -> Page[JournalSummary]:
    """List adjustments in the order they were made, without their lines."""
    wanted = JournalFilter(
        companies=choose_companies(caller, query=company),
        status=None if status is None else JournalStatus(status),
        kind=None if kind is None else JournalKind(kind),
    )
    found = await use.limit_adjustments.store.list(
        wanted, tenant=caller.tenant, after=cursor_id(page), limit=page.limit + 1
    )
    return page.page(found, key=lambda journal: (str(journal.id),), render=summarised)


@router.get("/{id}", responses=documented(404))
async def get_adjustment(id: JournalId, caller: Reading, use: Use) -> JournalOut:
    """Show an adjustment with its lines."""
    return shown(await use.limit_adjustments.get(journal_id(id), principal=caller))


@router.get("/{id}/events", responses=documented(404))
async def list_adjustment_events(
    id: JournalId, caller: Reading, use: Use, page: Annotated[PageRequest, paged(str)]
) -> Page[EventOut]:
    """List who did what to an adjustment, in order of time; refused approvals are among them."""
    journal = await use.limit_adjustments.get(journal_id(id), principal=caller)
    found = await use.limit_adjustments.store.events(
        journal.id, tenant=caller.tenant, after=cursor_id(page), limit=page.limit + 1
    )
    return page.page(found, key=lambda event: (str(event.id),), render=shown_event)


@router.put("/{id}/lines", responses=documented(404, 409))
async def put_adjustment_lines(
    id: JournalId,
    body: Annotated[
        LinesIn, Body(openapi_examples={"one": {"summary": "One line", "value": {"lines": [_LINE]}}})
    ],
    caller: Limits,
    use: Use,
) -> JournalOut:
    """Put other lines in the place of those of a draft, generated ones among them."""
    journal = await use.limit_adjustments.get(journal_id(id), principal=caller)
    lines = lines_of(body.lines, kind=journal.order.kind)
    return shown(await use.limit_adjustments.replace_lines(journal.id, lines, principal=caller))


@router.delete("/{id}", status_code=204, responses=documented(404, 409))
async def delete_adjustment(id: JournalId, caller: Limits, use: Use) -> Response:
    """Delete a draft. What was submitted once stays, whatever becomes of it (409)."""
    await use.limit_adjustments.delete(journal_id(id), principal=caller)
    return Response(status_code=204)


@router.post("/{id}/submit", responses=documented(404, 409))
async def submit_adjustment(id: JournalId, caller: Limits, use: Use) -> JournalOut:
    """Hand a draft over for approval; its lines stay as they are from then on."""
    return shown(await use.limit_adjustments.submit(journal_id(id), principal=caller))


@router.post("/{id}/approve", responses=documented(404, 409))
async def approve_adjustment(
    id: JournalId, caller: Limits, use: Use, body: DecisionBody = None
) -> JournalOut:
    """Approve what somebody else wrote and submitted; who did either is refused (403), and the attempt kept.

    Where it is approved line by line, the other lines stay pending. With the last of them it is `approved`,
    or `rejected` if no line was approved. With `post_when_approved` it is `posted` at once; what cannot be
    posted stays `approved`, and an event tells which lines were in the way.
    """
    return shown(await _decided(id, caller, use, body, approve=True))


@router.post("/{id}/reject", responses=documented(404, 409))
async def reject_adjustment(id: JournalId, caller: Limits, use: Use, body: DecisionBody = None) -> JournalOut:
    """Reject it, or some lines where it is approved line by line. Who wrote it may take it back so."""
    return shown(await _decided(id, caller, use, body, approve=False))


@router.post("/{id}/post", responses=documented(404, 409))
async def post_adjustment(id: JournalId, caller: Limits, use: Use) -> JournalOut:
    """Let the approved lines become limits, in one transaction: all of them, or none.

    What an account or a group has else stays as it is. A line that cannot be posted is named by its place in
    `lines` (422).
    """
    return shown(await use.limit_adjustments.post(journal_id(id), principal=caller))


async def _decided(
    id: str, caller: Principal, use: Use, body: DecisionIn | None, *, approve: bool
) -> Journal:
    body = body or DecisionIn()
    decision = Decision(approve=approve, lines=body.lines, reason=body.reason)
    return await use.limit_adjustments.decide(journal_id(id), decision, principal=caller)


def journal_id(text: str) -> UUID:
    """Read the id of an adjustment from a path.

    Raises:
        NotFound: there can be none of it.
    """
    return read_service_id(text, of="adjustment")
