"""Stored decisions over HTTP: what was asked, what was answered, under which configuration."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.check_answer import DecisionWord, SignalWord
from creditrisk.api.company import CompanyQuery, choose_companies
from creditrisk.api.context import Use
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.service_ids import read_service_id
from creditrisk.api.wire import Identifier, Instant, WireModel
from creditrisk.application.decisions import DecisionFilter, DecisionRecord
from creditrisk.application.errors import FieldError, InvalidRequest, NotFound
from creditrisk.application.keys import Principal


class DecisionOut(WireModel):
    """A decision as it was made."""

    id: Annotated[str, Field(description="Its id, as the check answered it.")]
    company: Annotated[str, Field(description="The legal entity.")]
    customer: Annotated[str, Field(description="The ordering customer.")]
    decision: Annotated[DecisionWord, Field(description="What the caller was told to do.")]
    signal: Annotated[SignalWord, Field(description="The colour that was shown.")]
    decided_at: Annotated[Instant, Field(description="By the database's clock.")]
    operator: Annotated[str | None, Field(description="Who was at the keyboard, as the request said.")]
    key: Annotated[str, Field(description="Id of the API key that asked.")]
    request: Annotated[dict[str, Any], Field(description="The check as it was asked.")]
    answer: Annotated[dict[str, Any], Field(description="The answer as it was given.")]


DecisionId = Annotated[str, Path(description="The `decision_id` of the check's answer.")]

router = resource_router(prefix="/v1/decisions", tag="decisions")


@router.get("/{id}", responses=documented(404))
async def get_decision(
    id: DecisionId, caller: Annotated[Principal, requires("audit")], use: Use
) -> DecisionOut:
    """Show one stored decision with its inputs."""
    record = await use.decisions.get(read_service_id(id, of="decision"), tenant=caller.tenant)
    if record is None:
        raise NotFound("There is no such decision.")
    caller.require_company(record.company)
    return _shown(record)


@router.get("")
async def list_decisions(
    *,
    caller: Annotated[Principal, requires("audit")],
    use: Use,
    page: Annotated[PageRequest, paged(str)],
    company: CompanyQuery = None,
    customer: Annotated[Identifier | None, Query(description="Only this ordering customer's.")] = None,
    decision: Annotated[DecisionWord | None, Query(description="Only these.")] = None,
    since: Annotated[Instant | None, Query(description="Only those made at or after this instant.")] = None,
) -> Page[DecisionOut]:
    """List stored decisions in the order they were made."""
    wanted = DecisionFilter(
        companies=choose_companies(caller, query=company), customer=customer, decision=decision, since=since
    )
    records = await use.decisions.list(
        wanted, tenant=caller.tenant, after=cursor_id(page), limit=page.limit + 1
    )
    return page.page(records, key=lambda record: (record.id,), render=_shown)


def cursor_id(page: PageRequest) -> UUID | None:
    """Read the id a list sorted by ids goes on after.

    Raises:
        InvalidRequest: the cursor is not one of this list.
    """
    if page.after is None:
        return None
    try:
        return UUID(str(page.after[0]))
    except ValueError:
        complaint = FieldError("query/cursor", "invalid_cursor", "is not a cursor this list has answered")
        raise InvalidRequest("The cursor is not valid.", errors=[complaint]) from None


def _shown(record: DecisionRecord) -> DecisionOut:
    return DecisionOut(
        id=record.id,
        company=record.company,
        customer=record.customer,
        decision=record.decision,  # type: ignore[arg-type] # the table checks the words
        signal=record.signal,  # type: ignore[arg-type] # the same
        decided_at=record.decided_at,
        operator=record.operator,
        key=record.content["key"],
        request=record.content["request"],
        answer=record.content["answer"],
    )
