"""Credit accounts over HTTP: the limit and the control settings of a customer in a company."""

from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from fastapi import Body, Response
from pydantic import AfterValidator, Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_company
from creditrisk.api.context import Use
from creditrisk.api.etag import IfMatch, set_etag
from creditrisk.api.master_data import NotNegative, SeenModel, content_of
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import (
    CheckpointName,
    Day,
    DocumentKind,
    Identifier,
    Instant,
    MoneyOut,
    PathId,
    Prose,
    Several,
    WireModel,
    refuse,
)
from creditrisk.application.accounts import AccountSeen, AccountStatement
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account
from creditrisk.domain.parameter_values import MOST_DAYS
from creditrisk.domain.policy import Grouping, InvalidGrouping

MOST_SITES: Final = 1_000

Money = TypeVar("Money", bound=WireModel)


def _grouping(value: str) -> str:
    try:
        grouping = Grouping.parse(value)
    except InvalidGrouping as error:
        raise refuse("not_allowed", f"must be {error}") from None
    return grouping.kind if grouping.relation is None else f"relation:{grouping.relation}"


GroupingText = Annotated[str, Field(max_length=80), AfterValidator(_grouping)]


class CustomerWarning(WireModel):
    """A text for whoever works with the customer."""

    text: Annotated[Prose, Field(min_length=1, description="What to show.")]
    kinds: Annotated[
        Several[DocumentKind], Field(description="Kinds of documents it is shown for; none: all.")
    ] = ()
    checkpoints: Annotated[
        Several[CheckpointName], Field(description="Steps it is shown at; none: all.")
    ] = ()


class CategoryLimits(WireModel):
    """Caps on single categories of exposure; null: not capped, 0: nothing allowed."""

    orders: Annotated[NotNegative | None, Field(description="Orders.")] = None
    deliveries: Annotated[NotNegative | None, Field(description="Deliveries.")] = None
    invoices: Annotated[NotNegative | None, Field(description="Invoices not yet posted.")] = None
    open_items: Annotated[NotNegative | None, Field(description="Open items, due or not.")] = None
    ledger_balance: Annotated[NotNegative | None, Field(description="The balance of the ledger account.")] = (
        None
    )
    bills: Annotated[NotNegative | None, Field(description="Bills and direct debits.")] = None
    unpaid_bills: Annotated[NotNegative | None, Field(description="Bills returned unpaid.")] = None
    advances: Annotated[NotNegative | None, Field(description="Advances of the bank.")] = None
    reservations: Annotated[NotNegative | None, Field(description="Amounts reserved.")] = None
    other: Annotated[NotNegative | None, Field(description="Other claims.")] = None
    overdue: Annotated[NotNegative | None, Field(description="The half of open items past due.")] = None
    not_due: Annotated[NotNegative | None, Field(description="The other half of open items.")] = None


class CreditFields(WireModel, Generic[Money]):
    """What people set for a credit account. Amounts may be of any currency."""

    limit: Annotated[
        Money | None,
        Field(
            description="The exposure the account may reach; null: none is set, which is not a limit of 0."
        ),
    ] = None
    unlimited: Annotated[
        bool,
        Field(description="No amount is ever checked, whatever `limit` says; the limit stays on record."),
    ] = False
    mandatory: Annotated[
        bool,
        Field(description="A limit of 0 really allows nothing, and a missing limit blocks."),
    ] = False
    expires_on: Annotated[
        Day | None, Field(description="Last day of the limit; it stays in force, a finding is added.")
    ] = None
    control: Annotated[
        Literal["block", "monitor", "off"] | None,
        Field(description="What credit findings do; null: the policy's `default_control`."),
    ] = None
    grouping: Annotated[
        GroupingText | None,
        Field(
            description="Accounts judged together: `own`, `all_companies`, `head_account`, `credit_group`, "
            "`company_id` or `relation:<name>`; null: the policy's.",
            examples=["own", "relation:owner"],
        ),
    ] = None
    cash_only: Annotated[bool, Field(description="Invoices only with a cash payment method.")] = False
    documents_blocked: Annotated[
        Several[DocumentKind], Field(description="Kinds of documents that are refused.")
    ] = ()
    always_authorise: Annotated[
        Several[DocumentKind], Field(description="Kinds that are held even when credit is free.")
    ] = ()
    max_days_overdue: Annotated[
        int | None,
        Field(ge=0, le=MOST_DAYS, description="Days an item may be past due; null: the policy's."),
    ] = None
    excluded_sites: Annotated[
        Several[Identifier],
        Field(max_length=MOST_SITES, description="Sites without control; their papers count all the same."),
    ] = ()
    ignore_until: Annotated[Day | None, Field(description="No control up to and including this day.")] = None
    insured_amount: Annotated[Money | None, Field(description="Informative.")] = None
    eligible_limit: Annotated[Money | None, Field(description="Informative: what could be granted.")] = None
    review_on: Annotated[Day | None, Field(description="When to look at the account again.")] = None
    average_delay_days: Annotated[
        int | None,
        Field(
            ge=-MOST_DAYS,
            le=MOST_DAYS,
            description="Days after its due date that money comes on average; the forecast reckons with it.",
        ),
    ] = None
    notes: Annotated[Prose | None, Field(description="For people.")] = None
    warning: Annotated[
        CustomerWarning | None, Field(description="A text for whoever works with the customer; null: none.")
    ] = None


class CreditBody(CreditFields[NotNegative]):
    """The settings of an account as a whole. What is absent takes its default."""

    company: Annotated[Identifier | None, Field(description="Whose account; absent: `main`.")] = None
    category_limits: Annotated[
        CategoryLimits, Field(description="Caps on single categories of exposure.")
    ] = CategoryLimits()

    def content(self) -> dict[str, Any]:
        """What is stored of it."""
        return content_of(self)


class CreditSeen(CreditFields[MoneyOut], SeenModel):
    """The settings in force; of an account nobody has set, the policy's `new_account`."""

    company: Annotated[str, Field(description="The legal entity.")]
    customer: Annotated[str, Field(description="Whose account it is.")]
    category_limits: Annotated[
        dict[str, MoneyOut],
        Field(default_factory=dict, description="Caps by category of exposure, `overdue` or `not_due`."),
    ]
    auto_blocked: Annotated[
        bool, Field(description="The policy's `blocked_kinds` are refused now; worked out, never set.")
    ]
    updated_by: Annotated[str | None, Field(description="The key that set it; null: nobody has yet.")]
    updated_at: Annotated[Instant | None, Field(description="When it was set last; null: never.")]


_EXAMPLES: Final = {
    "limit": {
        "summary": "A limit with an expiry date",
        "value": {
            "limit": {"amount": "100000.00", "currency": "EUR"},
            "expires_on": "2027-12-31",
            "max_days_overdue": 30,
        },
    },
    "cash": {
        "summary": "No credit at all, invoices against cash",
        "value": {
            "limit": {"amount": "0.00", "currency": "EUR"},
            "mandatory": True,
            "cash_only": True,
        },
    },
}

router = resource_router(prefix="/v1/customers", tag="credit accounts")


@router.put("/{id}/credit", responses=documented(404, 409, 412, 428))
async def put_credit(
    *,
    id: PathId,
    body: Annotated[CreditBody, Body(openapi_examples=_EXAMPLES)],
    caller: Annotated[Principal, requires("limits")],
    use: Use,
    precondition: IfMatch,
    response: Response,
    company: CompanyQuery = None,
) -> CreditSeen:
    """Set an account as a whole. Once it is set, `If-Match` must name the version to replace.

    Where the policy says `limits_only_by_adjustment`, another `limit`, `unlimited` or `expires_on` is 409.
    """
    account = Account(choose_company(caller, query=company, body=body.company), id)
    statement = AccountStatement(account=account, content=body.content())
    return _shown(
        await use.accounts.put(statement, precondition=precondition, principal=caller), response=response
    )


@router.get("/{id}/credit", responses=documented(404))
async def get_credit(
    *,
    id: PathId,
    caller: Annotated[Principal, requires("limits")],
    use: Use,
    response: Response,
    company: CompanyQuery = None,
) -> CreditSeen:
    """Show an account. One that nobody has set is answered with its defaults, and an ETag, too."""
    account = Account(choose_company(caller, query=company), id)
    return _shown(await use.accounts.get(account, principal=caller), response=response)


def _shown(seen: AccountSeen, *, response: Response) -> CreditSeen:
    set_etag(response, seen.version)
    return CreditSeen.of(
        seen.content,
        company=seen.account.company,
        customer=seen.account.customer,
        auto_blocked=seen.auto_blocked,
        updated_by=seen.updated_by,
        updated_at=seen.updated_at,
    )
