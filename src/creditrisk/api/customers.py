"""Customers over HTTP: what the ERP says about its trading partners."""

from typing import Annotated, Any, Final, Literal

from fastapi import Body, Response
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery
from creditrisk.api.context import Use
from creditrisk.api.master_data import SeenModel, content_of
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import (
    CountryCode,
    Day,
    Identifier,
    Instant,
    JsonObject,
    LanguageCode,
    Line,
    PathId,
    WireModel,
)
from creditrisk.application.customers import CustomerStatement, StoredCustomer
from creditrisk.application.keys import Principal

MOST_RELATIONS: Final = 50


class CustomerFields(WireModel):
    """What the ERP says about a customer."""

    name: Annotated[Line | None, Field(description="For people.")] = None
    registration_number: Annotated[
        Identifier | None,
        Field(description="Of the legal person; customers that share it are one under `company_id`."),
    ] = None
    country: Annotated[CountryCode | None, Field(description="Country, ISO 3166-1 alpha-2.")] = None
    language: Annotated[LanguageCode | None, Field(description="Language of letters, BCP 47.")] = None
    risk_customer: Annotated[
        Identifier | None,
        Field(
            description="The customer whose account bears this one's documents; null: its own. Not chained."
        ),
    ] = None
    head_account: Annotated[
        Identifier | None, Field(description="The head whose limit counts under `head_account`.")
    ] = None
    relations: Annotated[
        dict[Identifier, Identifier],
        Field(
            default_factory=dict,
            max_length=MOST_RELATIONS,
            description="Keys by name of relation; customers with the same key belong together under "
            "`relation:<name>`.",
        ),
    ]
    credit_group: Annotated[
        Identifier | None, Field(description="A stored credit group; its members share its limit.")
    ] = None
    management_group: Annotated[Identifier | None, Field(description="A stored management group.")] = None
    payment_terms: Annotated[
        Identifier | None, Field(description="Code of the usual payment terms; need not be stored.")
    ] = None
    cash_discount: Annotated[
        Identifier | None, Field(description="Code of the usual cash discount; need not be stored.")
    ] = None
    payment_method: Annotated[
        Identifier | None, Field(description="How it usually pays, such as `cash` or `transfer`.")
    ] = None
    risk_group: Annotated[
        Identifier | None,
        Field(
            description="Narrows rules; need not be stored. Where none is stated, an update of risk scores "
            "gives one."
        ),
    ] = None
    account_status: Annotated[
        Identifier | None, Field(description="A stored account status; says what it stops by itself.")
    ] = None
    status_reason: Annotated[
        Line | None,
        Field(
            description="Why it has the status: a stored reason of type `status`, where any are; each status "
            "then needs one."
        ),
    ] = None
    customer_since: Annotated[Day | None, Field(description="First day of business with it.")] = None
    in_business_since: Annotated[Day | None, Field(description="The day it was founded.")] = None
    attributes: Annotated[
        JsonObject, Field(default_factory=dict, description="Whatever else the ERP wants to keep with it.")
    ]
    closed: Annotated[bool, Field(description="New documents are refused; history stays.")] = False


class CustomerBody(CustomerFields):
    """A customer as the ERP states it. What is absent takes its default."""

    company: Annotated[
        Identifier | None, Field(description="Accepted and ignored: customers belong to the whole tenant.")
    ] = None

    def content(self) -> dict[str, Any]:
        """What is stored of it."""
        return content_of(self)


class CustomerSeen(CustomerFields, SeenModel):
    """A customer as stored."""

    id: Annotated[str, Field(description="The ERP's own id.")]
    risk_group_source: Annotated[
        Literal["stated", "scored"] | None,
        Field(description="Where `risk_group` comes from: a PUT, or the risk score; null: there is none."),
    ]
    updated_by: Annotated[
        str | None,
        Field(description="The key that stated it; null while it is only named by something else."),
    ]
    updated_at: Annotated[Instant, Field(description="When it was stated last.")]


_EXAMPLE: Final = {
    "name": "Brown & Sons",
    "registration_number": "HRB 12345",
    "country": "DE",
    "language": "de",
    "payment_terms": "NET30",
    "payment_method": "transfer",
    "customer_since": "2019-04-01",
}

router = resource_router(prefix="/v1/customers", tag="customers")


@router.put(
    "/{id}",
    responses={
        201: {"model": CustomerSeen, "description": "The customer is new."},
    },
)
async def put_customer(
    *,
    id: PathId,
    body: Annotated[CustomerBody, Body(openapi_examples={"usual": {"value": _EXAMPLE}})],
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    response: Response,
    company: CompanyQuery = None,  # noqa: ARG001 - accepted and ignored, as the contract says
) -> CustomerSeen:
    """State a customer as a whole.

    Customers it names as risk customer or head account need not be there yet.
    """
    statement = CustomerStatement(id=id, content=body.content())
    stored, created = await use.customers.put(statement, principal=caller)
    response.status_code = 201 if created else 200
    return shown(stored)


@router.get("/{id}", responses=documented(404))
async def get_customer(
    id: PathId,
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    company: CompanyQuery = None,  # noqa: ARG001 - accepted and ignored, as the contract says
) -> CustomerSeen:
    """Show one customer."""
    return shown(await use.customers.get(id, principal=caller))


@router.get("")
async def list_customers(
    caller: Annotated[Principal, requires("ingest")],
    use: Use,
    page: Annotated[PageRequest, paged(str)],
    company: CompanyQuery = None,  # noqa: ARG001 - accepted and ignored, as the contract says
) -> Page[CustomerSeen]:
    """List all customers of the tenant by id."""
    after = None if page.after is None else str(page.after[0])
    found = await use.customers.store.list(tenant=caller.tenant, after=after, limit=page.limit + 1)
    return page.page(found, key=lambda customer: (customer.id,), render=shown)


def shown(customer: StoredCustomer) -> CustomerSeen:
    """A customer as the contract writes it."""
    source = "scored" if customer.risk_group_scored else "stated"
    return CustomerSeen.of(
        customer.content,
        id=customer.id,
        risk_group_source=source if "risk_group" in customer.content else None,
        updated_by=customer.updated_by,
        updated_at=customer.updated_at,
    )
