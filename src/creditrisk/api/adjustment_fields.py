"""What limit adjustment journals say: their lines as callers write them, and everything as it is answered."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from creditrisk.api.master_data import NotNegative, Validity, content_of
from creditrisk.api.wire import Day, Identifier, Instant, Line, MoneyOut, Several, WireModel, refuse
from creditrisk.application.adjustments import (
    MOST_LINES,
    Journal,
    JournalEvent,
    JournalKind,
    Signature,
    StoredLine,
    line_pointer,
)
from creditrisk.application.adjustments import Line as JournalLine
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.errors import FieldError, InvalidRequest

KindWord = Literal["credit_limit", "temporary"]
ApprovalWord = Literal["journal", "line"]
StatusWord = Literal["draft", "submitted", "approved", "rejected", "posted"]
LineStatusWord = Literal["pending", "approved", "rejected", "posted"]
ActionWord = Literal[
    "created",
    "lines_replaced",
    "lines_generated",
    "submitted",
    "approved",
    "rejected",
    "posted",
    "approval_refused",
    "posting_refused",
]

_DAYS: Final = {
    JournalKind.CREDIT_LIMIT: ("expires_on",),
    JournalKind.TEMPORARY: ("from", "to"),
}
"""The days that lines of each kind have, and no others."""


class LineIn(Validity):
    """A limit that a customer's account or a credit group is to have. One of both is named."""

    customer: Annotated[Identifier | None, Field(description="Whose account in the journal's company.")] = (
        None
    )
    credit_group: Annotated[
        Identifier | None,
        Field(validate_default=True, description="The group in the place of a customer."),
    ] = None
    limit: Annotated[NotNegative, Field(description="The new limit.")]
    expires_on: Annotated[
        Day | None, Field(description="Last day of the limit; of adjustments of credit limits.")
    ] = None
    reason: Annotated[Line | None, Field(description="Why; goes into the history of the limit.")] = None

    @field_validator("credit_group")
    @classmethod
    def _one_owner(cls, group: str | None, info: ValidationInfo) -> str | None:
        if "customer" in info.data and (group is None) == (info.data["customer"] is None):
            raise refuse("one_owner", "must be there unless a customer is, and only then")
        return group

    @property
    def owner(self) -> Owner:
        """Whose limit it is."""
        if self.customer is not None:
            return Owner(OwnerKind.CUSTOMER, self.customer)
        assert self.credit_group is not None  # noqa: S101 - one of both is there
        return Owner(OwnerKind.CREDIT_GROUP, self.credit_group)

    def content(self) -> dict[str, Any]:
        """What is stored of it beside the owner."""
        stored = content_of(self)
        return {name: value for name, value in stored.items() if name not in set(OwnerKind)}


Lines = Annotated[Several[LineIn], Field(max_length=MOST_LINES, description="The lines.")]


def lines_of(bodies: Sequence[LineIn], *, kind: JournalKind) -> Sequence[JournalLine]:
    """The lines of a journal of some kind.

    Raises:
        InvalidRequest: days are missing or those of the other kind; an owner has two lines.
    """
    errors: list[FieldError] = []
    seen: dict[Owner, int] = {}
    lines = []
    for no, body in enumerate(bodies, 1):
        content = body.content()
        for days in _DAYS.values():
            wanted = days is _DAYS[kind]
            code, detail = ("required", "is required") if wanted else ("not_allowed", "is of the other kind")
            errors += [
                FieldError(line_pointer(no, f"/{day}"), code, f"{detail} in an adjustment of this kind")
                for day in days
                if (day in content) is not wanted
            ]
        if seen.setdefault(body.owner, no) != no:
            pointer = line_pointer(no, f"/{body.owner.kind}")
            errors.append(FieldError(pointer, "duplicate", f"has a line already: {seen[body.owner]}"))
        lines.append(JournalLine(body.owner, content))
    if errors:
        raise InvalidRequest("Lines are not those of the adjustment's kind.", errors=errors)
    return lines


class Answered(WireModel):
    """Base of answers; every field is answered, those at their default, too."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class LineOut(Answered):
    """A line of a journal."""

    no: Annotated[int, Field(description="Its number in the journal, from 1.")]
    customer: Annotated[str | None, Field(description="Whose account.")] = None
    credit_group: Annotated[str | None, Field(description="The group in the place of a customer.")] = None
    limit: Annotated[MoneyOut, Field(description="The new limit.")]
    expires_on: Annotated[Day | None, Field(description="Last day of the limit.")] = None
    from_: Annotated[Day | None, Field(alias="from", description="First day of a temporary limit.")] = None
    to: Annotated[Day | None, Field(description="Last day of a temporary limit.")] = None
    reason: Annotated[str | None, Field(description="Why.")] = None
    proposed: Annotated[bool, Field(description="Generated, not written by a person.")]
    basis: Annotated[MoneyOut | None, Field(description="Of a proposal: the limit it was made from.")] = None
    automatic_limit: Annotated[
        str | None, Field(description="Of a proposal: the automatic limit it was made from.")
    ] = None
    status: Annotated[LineStatusWord, Field(description="What was decided about it.")]
    decided_by: Annotated[str | None, Field(description="The key that decided.")]
    decided_at: Annotated[Instant | None, Field(description="When.")]


class LineCounts(Answered):
    """How many lines there are of each status."""

    pending: Annotated[int, Field(description="Not decided yet.")] = 0
    approved: Annotated[int, Field(description="To be posted.")] = 0
    rejected: Annotated[int, Field(description="Never to be posted.")] = 0
    posted: Annotated[int, Field(description="Limits by now.")] = 0


class JournalSummary(Answered):
    """A limit adjustment journal without its lines."""

    id: Annotated[str, Field(description="Its id; ids are in order of time.")]
    company: Annotated[str, Field(description="Whose accounts its customers are of.")]
    kind: Annotated[KindWord, Field(description="Own limits, or limits for a period.")]
    approval: Annotated[ApprovalWord, Field(description="Whether it is decided as a whole or by lines.")]
    status: Annotated[StatusWord, Field(description="How far it has come.")]
    description: Annotated[str | None, Field(description="Why; for lines that give no reason.")]
    post_when_approved: Annotated[bool, Field(description="Whether it is posted with the last decision.")]
    line_counts: Annotated[LineCounts, Field(description="Its lines by what was decided about them.")]
    created_by: Annotated[str | None, Field(description="The key that made it.")]
    created_at: Annotated[Instant | None, Field(description="When.")]
    submitted_by: Annotated[str | None, Field(description="The key that submitted it.")]
    submitted_at: Annotated[Instant | None, Field(description="When.")]
    decided_by: Annotated[str | None, Field(description="The key that decided last.")]
    decided_at: Annotated[Instant | None, Field(description="When.")]
    posted_by: Annotated[str | None, Field(description="The key that posted it.")]
    posted_at: Annotated[Instant | None, Field(description="When.")]


class JournalOut(JournalSummary):
    """A limit adjustment journal."""

    lines: Annotated[list[LineOut], Field(description="Its lines, in their order.")]


class EventOut(Answered):
    """Something that was done to a journal, or was tried."""

    id: Annotated[str, Field(description="Its id; ids are in order of time.")]
    action: Annotated[
        ActionWord,
        Field(
            description="`approval_refused`: who wrote or submitted it tried to approve it; "
            "`posting_refused`: `lines` kept it from being posted with the last decision."
        ),
    ]
    lines: Annotated[list[int] | None, Field(description="Numbers of the lines; null: all of the journal.")]
    reason: Annotated[str | None, Field(description="What was given as reason.")]
    by: Annotated[str, Field(description="The key that did it.")]
    at: Annotated[Instant, Field(description="When.")]


def shown(journal: Journal) -> JournalOut:
    """A journal as the contract writes it."""
    lines = [_line(each) for each in journal.lines]
    return JournalOut.model_validate({**_summary(journal), "lines": lines})


def summarised(journal: Journal) -> JournalSummary:
    """A journal as lists show it."""
    return JournalSummary.model_validate(_summary(journal))


def shown_event(event: JournalEvent) -> EventOut:
    """An event as the contract writes it."""
    return EventOut.model_validate(event._asdict() | {"id": str(event.id), "action": event.action.value})


def _summary(journal: Journal) -> dict[str, Any]:
    signatures: dict[str, Signature] = {
        "created": journal.created,
        "submitted": journal.submitted,
        "decided": journal.decided,
        "posted": journal.posted,
    }
    return {
        "id": str(journal.id),
        "company": journal.order.company,
        "kind": journal.order.kind.value,
        "approval": journal.order.approval.value,
        "status": journal.status.value,
        "description": journal.order.description,
        "post_when_approved": journal.order.post_when_approved,
        "line_counts": {status.value: count for status, count in journal.line_counts.items()},
        **{f"{name}_by": signature.by for name, signature in signatures.items()},
        **{f"{name}_at": signature.at for name, signature in signatures.items()},
    }


def _line(stored: StoredLine) -> LineOut:
    line = stored.line
    return LineOut.model_validate(
        {
            **line.content,
            "no": stored.no,
            line.owner.kind.value: line.owner.id,
            "proposed": line.proposed,
            "status": stored.status.value,
            "decided_by": stored.decided_by,
            "decided_at": stored.decided_at,
        }
    )
