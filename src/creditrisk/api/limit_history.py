"""The history of limits over HTTP: who changed them, when, why, and from which adjustment."""

from typing import Annotated, Any, Literal

from pydantic import Field

from creditrisk.api.adjustment_fields import Answered
from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies
from creditrisk.api.context import Use
from creditrisk.api.covers import CoverFields
from creditrisk.api.decisions import cursor_id
from creditrisk.api.master_data import SeenModel
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Day, Instant, MoneyOut, PathId
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.entries import Owner, OwnerKind
from creditrisk.application.keys import Principal
from creditrisk.application.limit_changes import LimitKind, StoredLimitChange


class LimitSeen(Answered):
    """A limit before or after a change; what does not belong to its kind is at its default."""

    limit: Annotated[MoneyOut | None, Field(description="The limit; null: none.")] = None
    unlimited: Annotated[bool, Field(description="No amount is checked, whatever `limit` says.")] = False
    mandatory: Annotated[bool, Field(description="A limit of 0 allows nothing, a missing one blocks.")] = (
        False
    )
    expires_on: Annotated[Day | None, Field(description="Last day of an own limit.")] = None
    category_limits: Annotated[
        dict[str, MoneyOut], Field(default_factory=dict, description="Caps on categories of exposure.")
    ]
    from_: Annotated[Day | None, Field(alias="from", description="First day of a temporary limit.")] = None
    to: Annotated[Day | None, Field(description="Last day of a temporary limit.")] = None


class CoverTold(CoverFields[MoneyOut], SeenModel):
    """A cover that was added, or is gone."""


class LimitChangeOut(Answered):
    """One change of a limit, or of what raises it."""

    id: Annotated[str, Field(description="Its id; ids are in order of time.")]
    company: Annotated[str | None, Field(description="Null for a credit group's.")]
    kind: Annotated[
        Literal["credit_limit", "temporary_limit", "cover"], Field(description="Which limit it was.")
    ]
    no: Annotated[int | None, Field(description="Number of the temporary limit or cover.")]
    before: Annotated[LimitSeen | CoverTold | None, Field(description="What it was; null: there was none.")]
    after: Annotated[
        LimitSeen | CoverTold | None, Field(description="What it became; null: there is none any more.")
    ]
    source: Annotated[
        Literal["direct", "import", "estimate", "adjustment"],
        Field(description="A call that sets it, a stream, an applied estimate, or a posted adjustment."),
    ]
    adjustment: Annotated[str | None, Field(description="Id of the adjustment that was posted.")]
    line: Annotated[int | None, Field(description="Number of its line.")]
    reason: Annotated[str | None, Field(description="Why, as the line or the adjustment says.")]
    changed_by: Annotated[str | None, Field(description="The key that changed it, or posted it.")]
    changed_at: Annotated[Instant, Field(description="When.")]


Reading = Annotated[Principal, requires("limits", "audit")]

router = resource_router(prefix="/v1", tag="limit adjustments")


@router.get("/customers/{id}/credit/history", responses=documented(404))
async def list_credit_history(
    id: PathId,
    caller: Reading,
    use: Use,
    page: Annotated[PageRequest, paged(str)],
    company: CompanyQuery = None,
) -> Page[LimitChangeOut]:
    """List every change of a customer's own and temporary limits and covers, in order of time."""
    companies = choose_companies(caller, query=company)
    return await _listed(Owner(OwnerKind.CUSTOMER, id), caller, use, page, companies=companies)


@router.get("/credit-groups/{id}/history", responses=documented(404))
async def list_group_history(
    id: PathId, caller: Reading, use: Use, page: Annotated[PageRequest, paged(str)]
) -> Page[LimitChangeOut]:
    """List every change of a credit group's own and temporary limits, in order of time."""
    return await _listed(Owner(OwnerKind.CREDIT_GROUP, id), caller, use, page, companies=None)


async def _listed(
    owner: Owner, caller: Principal, use: Use, page: PageRequest, *, companies: frozenset[str] | None
) -> Page[LimitChangeOut]:
    found = await use.limit_history.list(
        owner, tenant=caller.tenant, companies=companies, after=cursor_id(page), limit=page.limit + 1
    )
    return page.page(found, key=lambda stored: (str(stored.id),), render=_shown)


def _shown(stored: StoredLimitChange) -> LimitChangeOut:
    change, origin = stored.change, stored.origin
    told = CoverTold.of if change.kind is LimitKind.COVER else LimitSeen.model_validate
    shown: dict[str, Any] = {
        "id": str(stored.id),
        "company": None if change.company == EVERY_COMPANY else change.company,
        "kind": change.kind.value,
        "no": change.no,
        "before": None if change.before is None else told(change.before),
        "after": None if change.after is None else told(change.after),
        "source": origin.source.value,
        "adjustment": None if origin.adjustment is None else str(origin.adjustment),
        "line": change.line,
        "reason": change.reason,
        "changed_by": origin.by,
        "changed_at": stored.changed_at,
    }
    return LimitChangeOut.model_validate(shown)
