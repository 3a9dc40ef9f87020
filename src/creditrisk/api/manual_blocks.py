"""Manual blocks over HTTP: kinds of documents a person refuses for a customer."""

from typing import Annotated, Final, Literal

from fastapi import Body
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies, choose_company
from creditrisk.api.context import Use
from creditrisk.api.master_data import (
    EntryNumber,
    SeenModel,
    Validity,
    content_of,
    entry_cursor,
)
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import (
    Day,
    DocumentKind,
    Identifier,
    Instant,
    PathId,
    Prose,
    Several,
    WireModel,
)
from creditrisk.application.keys import Principal
from creditrisk.application.manual_blocks import BlockChange, ManualBlock, amended


class ManualBlockFields(Validity):
    """Which documents are refused, when and why."""

    kinds: Annotated[Several[DocumentKind], Field(min_length=1, description="Kinds of documents refused.")]
    note: Annotated[Prose | None, Field(description="Why; shown with the finding.")] = None


class ManualBlockBody(ManualBlockFields):
    """A block as a person sets it. It has nothing to do with any limit."""

    company: Annotated[Identifier | None, Field(description="Whose account; absent: `main`.")] = None


class ManualBlockChange(WireModel):
    """What to change of a block; what is absent stays."""

    company: Annotated[Identifier | None, Field(description="Whose block; absent: `main`.")] = None
    to: Annotated[Day | None, Field(description="The new last day, included; null: open-ended.")] = None
    note: Annotated[Prose | None, Field(description="The new note; null: none.")] = None
    lifted: Annotated[
        Literal[True] | None, Field(description="True lifts the block for good; it stays listed.")
    ] = None


class ManualBlockSeen(ManualBlockFields, SeenModel):
    """A block as stored; lifted ones stay."""

    company: Annotated[str, Field(description="The legal entity.")]
    id: Annotated[int, Field(description="Its number among the account's, from 1.")]
    no: Annotated[int, Field(description="The same as `id`: what its address ends with.")]
    created_by: Annotated[str | None, Field(description="The key that set it.")]
    created_at: Annotated[Instant, Field(description="When it was set.")]
    lifted_by: Annotated[
        str | None,
        Field(description="The key that lifted it, or gave it an earlier last day; null: nobody has."),
    ]
    lifted_at: Annotated[Instant | None, Field(description="When that was; null: it was not.")]


_EXAMPLE: Final = {"kinds": ["order", "delivery"], "from": "2026-11-22", "note": "Disputed deliveries."}
_CHANGES: Final = {
    "lift": {"summary": "Lift it", "value": {"lifted": True}},
    "end": {"summary": "Give it an end", "value": {"to": "2026-12-31"}},
}
LimitsCaller = Annotated[Principal, requires("limits")]

router = resource_router(prefix="/v1/customers", tag="manual blocks")


@router.post("/{id}/manual-blocks", status_code=201, responses=documented(404))
async def add_manual_block(
    id: PathId,
    body: Annotated[ManualBlockBody, Body(openapi_examples={"block": {"value": _EXAMPLE}})],
    caller: LimitsCaller,
    use: Use,
    company: CompanyQuery = None,
) -> ManualBlockSeen:
    """Refuse kinds of documents for an account."""
    chosen = choose_company(caller, query=company, body=body.company)
    block = await use.manual_blocks.add(
        id, content_of(body), tenant=caller.tenant, company=chosen, by=caller.author
    )
    return _shown(block)


@router.get("/{id}/manual-blocks", responses=documented(404))
async def list_manual_blocks(
    id: PathId,
    caller: LimitsCaller,
    use: Use,
    page: Annotated[PageRequest, paged(str, int)],
    company: CompanyQuery = None,
) -> Page[ManualBlockSeen]:
    """List a customer's blocks, lifted ones too, by company and number."""
    found = await use.manual_blocks.list(
        id,
        tenant=caller.tenant,
        companies=choose_companies(caller, query=company),
        after=entry_cursor(page),
        limit=page.limit + 1,
    )
    return page.page(found, key=lambda block: (block.company, block.no), render=_shown)


@router.patch("/{id}/manual-blocks/{no}", responses=documented(404, 409))
async def change_manual_block(
    *,
    id: PathId,
    no: EntryNumber,
    body: Annotated[ManualBlockChange, Body(openapi_examples=_CHANGES)],
    caller: LimitsCaller,
    use: Use,
    company: CompanyQuery = None,
) -> ManualBlockSeen:
    """Change the last day or the note of a block, or lift it. Lifting it again changes nothing.

    An earlier last day lifts the block from the day after it: up to that day it is obeyed.
    """
    chosen = choose_company(caller, query=company, body=body.company)
    stated = body.model_dump(mode="json", include={"to", "note"} & body.model_fields_set)
    change = BlockChange(fields=stated, lifted=body.lifted is True)
    block = await use.manual_blocks.amend(
        id,
        no,
        lambda stored: amended(stored, change),
        tenant=caller.tenant,
        company=chosen,
        by=caller.author,
    )
    return _shown(block)


def _shown(block: ManualBlock) -> ManualBlockSeen:
    return ManualBlockSeen.of(
        block.content,
        company=block.company,
        id=block.no,
        no=block.no,
        created_by=block.created_by,
        created_at=block.created_at,
        lifted_by=block.lifted_by or block.ended_by,
        lifted_at=block.lifted_at or block.ended_at,
    )
