"""Ledger entries over HTTP: open items, bills, advances, balances, payments and other claims."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Body, Path, Response
from pydantic import Field, ValidationInfo, field_validator

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.paper_calls import (
    AnyOf,
    DeleteAnswer,
    PutAnswer,
    StoredOut,
    VersionQuery,
    delete_paper,
    put_paper,
    read_body,
)
from creditrisk.api.papers import (
    NotNegative,
    OpenAmount,
    PaperBody,
    PaperDay,
    wire_form,
)
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import (
    DocumentKind,
    Identifier,
    Line,
    MoneyIn,
    PathId,
    Several,
    WireModel,
    refuse,
)
from creditrisk.application.keys import Principal

LedgerKind = Literal["open_item", "bill", "advance", "balance", "payment", "other"]

_SETTLED_ON: Final = "When it was settled, not later than today; from then on it counts no more."


class DocumentRef(WireModel):
    """A document, named by its key."""

    kind: Annotated[DocumentKind, Field(description="What the document is.")]
    number: Annotated[Identifier, Field(description="Its number.")]


class AllocationIn(WireModel):
    """The part of a payment that settles one open item."""

    item: Annotated[Identifier, Field(description="Id of the open item.")]
    amount: Annotated[MoneyIn, Field(description="How much of the payment goes to it.")]


class OpenItemIn(PaperBody):
    """A posted claim that is not settled yet; credit items are negative."""

    open_amount: OpenAmount = None
    due_date: Annotated[PaperDay | None, Field(description="When it is due; absent: never overdue.")] = None
    provisional: Annotated[bool, Field(description="Posted provisionally.")] = False
    disputed: Annotated[bool, Field(description="The customer disputes it.")] = False
    presented_on: Annotated[
        PaperDay | None, Field(description="When it was handed to the bank; not later than today.")
    ] = None
    settled_on: Annotated[PaperDay | None, Field(description=_SETTLED_ON)] = None
    document: Annotated[
        DocumentRef | None,
        Field(description="The document it comes from; an invoice named here counts no more by itself."),
    ] = None


class BillIn(NotNegative):
    """A bill of exchange, draft, note or direct debit order with its own due date."""

    due_date: Annotated[PaperDay, Field(description="When it matures.")]
    state: Annotated[
        Literal["issued", "presented", "returned", "returned_credited", "endorsed", "settled"],
        Field(description="Where it stands. `returned`: unpaid. `endorsed`: passed on, with recourse."),
    ] = "issued"
    presentation: Annotated[
        Literal["discount", "subject_to_collection", "after_collection"] | None,
        Field(description="How it was presented to the bank; required once it is.", validate_default=True),
    ] = None
    bank_credited: Annotated[
        bool, Field(description="The bank has credited it; it counts until it is paid all the same.")
    ] = False
    posted_back: Annotated[
        bool, Field(description="Of one returned unpaid: its item is open again in the ledger.")
    ] = False
    settled_on: Annotated[PaperDay | None, Field(description=_SETTLED_ON)] = None

    @field_validator("presentation")
    @classmethod
    def _is_known_once_presented(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("state") == "presented":
            raise refuse("required", "is required of a presented bill")
        return value


class AdvanceIn(NotNegative):
    """Money the bank has advanced; it lowers exposure from the day it is effective."""

    effective_on: Annotated[
        PaperDay | None, Field(description="When the bank makes it effective; absent: not yet known.")
    ] = None


class BalanceIn(PaperBody):
    """The balance of the customer's ledger account; negative where we owe the customer."""


class PaymentIn(PaperBody):
    """Money received; a negative one is money given back."""

    value_date: Annotated[PaperDay | None, Field(description="When the money was there.")] = None
    allocations: Annotated[
        Several[AllocationIn],
        Field(
            max_length=10_000,
            description="What it settles. The rest counts as a credit of the customer, unless an amount is "
            "in another currency: nothing is left over then.",
        ),
    ] = ()


class OtherIn(PaperBody):
    """Any other claim, such as consignment stock or a guarantee given; negative ones lower exposure."""

    open_amount: OpenAmount = None
    due_date: Annotated[PaperDay | None, Field(description="When it ends.")] = None
    label: Annotated[Line | None, Field(description="What it is, for people.")] = None


class EntryOut(StoredOut):
    """A ledger entry as stored."""

    id: Annotated[str, Field(description="Its id.")]


class OpenItemOut(EntryOut, OpenItemIn):
    """An open item as stored."""

    kind: Annotated[Literal["open_item"], Field(description="What it is.")]


class BillOut(EntryOut, BillIn):
    """A bill as stored."""

    kind: Annotated[Literal["bill"], Field(description="What it is.")]


class AdvanceOut(EntryOut, AdvanceIn):
    """An advance as stored."""

    kind: Annotated[Literal["advance"], Field(description="What it is.")]


class BalanceOut(EntryOut, BalanceIn):
    """A balance as stored."""

    kind: Annotated[Literal["balance"], Field(description="What it is.")]


class PaymentOut(EntryOut, PaymentIn):
    """A payment as stored."""

    kind: Annotated[Literal["payment"], Field(description="What it is.")]


class OtherOut(EntryOut, OtherIn):
    """Another claim as stored."""

    kind: Annotated[Literal["other"], Field(description="What it is.")]


LEDGER_BODIES: Final[Mapping[str, type[PaperBody]]] = {
    "open_item": OpenItemIn,
    "bill": BillIn,
    "advance": AdvanceIn,
    "balance": BalanceIn,
    "payment": PaymentIn,
    "other": OtherIn,
}

_EXAMPLES: Final[dict[str, Any]] = {
    "open_item": {
        "summary": "An open item",
        "value": {
            "customer": "C-1001",
            "date": "2026-10-01",
            "due_date": "2026-10-31",
            "total": {"amount": "4000.00", "currency": "EUR"},
            "open_amount": {"amount": "1500.00", "currency": "EUR"},
            "version": 2,
        },
    },
    "bill": {
        "summary": "A bill at the bank",
        "value": {
            "customer": "C-1001",
            "due_date": "2026-12-31",
            "total": {"amount": "1000.00", "currency": "EUR"},
            "state": "presented",
            "presentation": "subject_to_collection",
        },
    },
}

router = resource_router(prefix="/v1/ledger", tag="ledger")


@router.put("/{kind}/{id}", responses=documented(409))
async def put_ledger_entry(
    *,
    kind: Annotated[LedgerKind, Path(description="What the entry is.")],
    id: PathId,
    body: Annotated[
        Any,
        Body(openapi_examples=_EXAMPLES),
        AnyOf(OpenItemIn, BillIn, AdvanceIn, BalanceIn, PaymentIn, OtherIn),
    ],
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    company: CompanyQuery = None,
) -> PutAnswer:
    """Replace one ledger entry by what the ERP states now; it is stored whatever the limit says."""
    stated = read_body(LEDGER_BODIES[kind], body)
    chosen = choose_company(caller, query=company, body=stated.company)
    return await put_paper(use, stated, company=chosen, kind=kind, number=id, caller=caller)


@router.get(
    "/{kind}/{id}",
    response_model=OpenItemOut | BillOut | AdvanceOut | BalanceOut | PaymentOut | OtherOut,
)
async def get_ledger_entry(
    *,
    kind: Annotated[LedgerKind, Path(description="What the entry is.")],
    id: PathId,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    company: CompanyQuery = None,
) -> Response:
    """Show a ledger entry as it is stored."""
    seen = await use.papers.get(
        company=choose_company(caller, query=company), kind=kind, number=id, principal=caller
    )
    form = {"id": id, **wire_form(seen.paper, LEDGER_BODIES[kind])}
    return Response(orjson.dumps(form), media_type="application/json")


@router.delete("/{kind}/{id}")
async def delete_ledger_entry(
    *,
    kind: Annotated[LedgerKind, Path(description="What the entry is.")],
    id: PathId,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    version: VersionQuery = None,
    company: CompanyQuery = None,
) -> DeleteAnswer:
    """Delete a ledger entry that the ERP has deleted. A settled one is stated with `settled_on` instead."""
    chosen = choose_company(caller, query=company)
    return await delete_paper(use, company=chosen, kind=kind, number=id, version=version, caller=caller)
