"""Documents over HTTP: quotations, orders, deliveries and invoices as the ERP states them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Body, Path, Response
from pydantic import AfterValidator, Field

from creditrisk.api.auth import requires
from creditrisk.api.check import FollowedIn
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.paper_calls import (
    AnyOf,
    DeleteAnswer,
    PutDocumentAnswer,
    StoredOut,
    VersionQuery,
    delete_paper,
    put_document_paper,
    read_body,
)
from creditrisk.api.papers import (
    OpenAmount,
    PaperBody,
    PaperDay,
    in_currency_of_total,
    not_negative,
    wire_form,
)
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import (
    DocumentKind,
    Identifier,
    MoneyIn,
    PathId,
    Several,
)
from creditrisk.application.keys import Principal


class DocumentBody(PaperBody):
    """What every document states; returns and credit notes are negative."""

    open_amount: OpenAmount = None
    prepaid: Annotated[
        MoneyIn | None,
        AfterValidator(in_currency_of_total),
        AfterValidator(not_negative),
        Field(description="The part already paid or authorised on a card, in the currency of total."),
    ] = None
    due_date: Annotated[PaperDay | None, Field(description="When it is due.")] = None
    type: Annotated[Identifier | None, Field(description="The ERP's document type code.")] = None
    printed: Annotated[bool, Field(description="It has been printed.")] = False
    confirmed: Annotated[bool, Field(description="It has been confirmed; of an invoice: executed.")] = False
    cancelled: Annotated[bool, Field(description="It has been called off: it counts no more.")] = False
    site: Annotated[Identifier | None, Field(description="The work centre that made it.")] = None
    bill_to: Annotated[
        Identifier | None, Field(description="The customer who bears it; absent: the risk customer.")
    ] = None
    payment_terms: Annotated[Identifier | None, Field(description="Code of its payment terms.")] = None
    cash_discount: Annotated[Identifier | None, Field(description="Code of its cash discount.")] = None
    payment_method: Annotated[
        Identifier | None, Field(description="How it will be paid, such as `cash` or `transfer`.")
    ] = None
    owner: Annotated[Identifier | None, Field(description="The operator it belongs to.")] = None
    processed_by: Annotated[
        Identifier | None,
        Field(description="The operator who processed it; in answers whose check last let it pass."),
    ] = None
    follows: Annotated[
        Several[FollowedIn],
        Field(max_length=1_000, description="The documents it follows; they give up what they pass on."),
    ] = ()


class QuotationIn(DocumentBody):
    """A quotation. Saved ones never count."""


class OrderIn(DocumentBody):
    """An order; it counts with what is not yet delivered."""

    fulfilled: Annotated[bool, Field(description="All of it is delivered.")] = False
    force_fulfilled: Annotated[
        bool, Field(description="Closed by hand: the remainder will never be delivered.")
    ] = False


class DeliveryIn(DocumentBody):
    """A delivery; it counts with what is not yet invoiced."""

    invoiced: Annotated[bool, Field(description="All of it is invoiced.")] = False


class InvoiceIn(DocumentBody):
    """An invoice; it counts until it is posted to the ledger."""

    posted: Annotated[bool, Field(description="It is an open item of the ledger now.")] = False
    presented_on: Annotated[
        PaperDay | None, Field(description="When it was handed to the bank; not later than today.")
    ] = None


class DocumentOut(StoredOut):
    """A document as stored."""

    number: Annotated[str, Field(description="Its number.")]


class QuotationOut(DocumentOut, QuotationIn):
    """A quotation as stored."""

    kind: Annotated[Literal["quotation"], Field(description="What it is.")]


class OrderOut(DocumentOut, OrderIn):
    """An order as stored."""

    kind: Annotated[Literal["order"], Field(description="What it is.")]


class DeliveryOut(DocumentOut, DeliveryIn):
    """A delivery as stored."""

    kind: Annotated[Literal["delivery"], Field(description="What it is.")]


class InvoiceOut(DocumentOut, InvoiceIn):
    """An invoice as stored."""

    kind: Annotated[Literal["invoice"], Field(description="What it is.")]


DOCUMENT_BODIES: Final[Mapping[str, type[DocumentBody]]] = {
    "quotation": QuotationIn,
    "order": OrderIn,
    "delivery": DeliveryIn,
    "invoice": InvoiceIn,
}

_EXAMPLES: Final[dict[str, Any]] = {
    "order": {
        "summary": "An order",
        "value": {
            "customer": "C-1001",
            "date": "2026-11-22",
            "total": {"amount": "12000.00", "currency": "EUR"},
            "confirmed": True,
            "version": 3,
        },
    },
    "delivery": {
        "summary": "A delivery of a part of it",
        "value": {
            "customer": "C-1001",
            "date": "2026-11-25",
            "total": {"amount": "5000.00", "currency": "EUR"},
            "follows": [{"kind": "order", "number": "SO-2026-0042"}],
            "version": 1,
        },
    },
}

router = resource_router(prefix="/v1/documents", tag="documents")


@router.put("/{kind}/{number}", responses=documented(409), response_model_exclude_none=True)
async def put_document(
    *,
    kind: Annotated[DocumentKind, Path(description="What the document is.")],
    number: PathId,
    body: Annotated[
        Any, Body(openapi_examples=_EXAMPLES), AnyOf(QuotationIn, OrderIn, DeliveryIn, InvoiceIn)
    ],
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    company: CompanyQuery = None,
) -> PutDocumentAnswer:
    """Replace one document by what the ERP states now.

    It is stored whatever the limit says. The same document stated for another customer moves there. What was
    reserved for it is consumed.
    """
    stated = read_body(DOCUMENT_BODIES[kind], body)
    chosen = choose_company(caller, query=company, body=stated.company)
    return await put_document_paper(use, stated, company=chosen, kind=kind, number=number, caller=caller)


@router.get("/{kind}/{number}", response_model=QuotationOut | OrderOut | DeliveryOut | InvoiceOut)
async def get_document(
    *,
    kind: Annotated[DocumentKind, Path(description="What the document is.")],
    number: PathId,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    company: CompanyQuery = None,
) -> Response:
    """Show a document as it is stored, with the operator whose check last let it pass."""
    seen = await use.papers.get(
        company=choose_company(caller, query=company), kind=kind, number=number, principal=caller
    )
    form = {"number": number, **wire_form(seen.paper, DOCUMENT_BODIES[kind])}
    if seen.passed_by is not None:
        form["processed_by"] = seen.passed_by
    return Response(orjson.dumps(form), media_type="application/json")


@router.delete("/{kind}/{number}")
async def delete_document(
    *,
    kind: Annotated[DocumentKind, Path(description="What the document is.")],
    number: PathId,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    version: VersionQuery = None,
    company: CompanyQuery = None,
) -> DeleteAnswer:
    """Delete a document that the ERP has deleted. One called off is stated as `cancelled` instead."""
    chosen = choose_company(caller, query=company)
    return await delete_paper(use, company=chosen, kind=kind, number=number, version=version, caller=caller)
