"""Stored calculations over HTTP: an account's exposure as it was shown, with its lines."""

from typing import Annotated, Any, Final

import orjson
from fastapi import Body, Query, Response
from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies, choose_company
from creditrisk.api.context import Use
from creditrisk.api.decisions import cursor_id
from creditrisk.api.exposure import PaperOut, ShownExposure
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Identifier, PathId, ReferenceDay, WireModel
from creditrisk.application.calculations import StoredCalculation
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account


class CalculationIn(WireModel):
    """Which account is to be evaluated, and as of when."""

    company: Annotated[Identifier | None, Field(description="Whose account; absent: `main`.")] = None
    as_of: Annotated[ReferenceDay | None, Field(description="Reference date; absent: today.")] = None


class CalculationOut(ShownExposure):
    """An account's exposure as it was shown when it was stored."""

    id: Annotated[str, Field(description="Its id; ids are in order of time.")]
    batch: Annotated[str | None, Field(description="Shared by all of one run; null: stored by itself.")]
    created_by: Annotated[str | None, Field(description="Name or id of the API key; null: by a run.")]
    lines: Annotated[
        list[PaperOut] | None,
        Field(description="Every paper that counted; null where a run kept none, or none were asked for."),
    ]


_EXAMPLES: Final[dict[str, Any]] = {"day": {"summary": "As of a day", "value": {"as_of": "2026-11-22"}}}

router = resource_router(prefix="/v1/customers", tag="exposure")


@router.post("/{id}/calculations", status_code=201, response_model=CalculationOut, responses=documented(404))
async def add_calculation(
    *,
    id: PathId,
    body: Annotated[CalculationIn, Body(openapi_examples=_EXAMPLES)],
    caller: Annotated[Principal, requires("check", remembered=True)],
    use: Use,
    company: CompanyQuery = None,
) -> Response:
    """Work out an account's exposure now, and keep it with every paper that counts."""
    account = Account(choose_company(caller, query=company, body=body.company), id)
    calculation = await use.calculations.add(account, as_of=body.as_of, principal=caller)
    return Response(orjson.dumps(_shown(calculation)), 201, media_type="application/json")


@router.get("/{id}/calculations", response_model=Page[CalculationOut], responses=documented(404))
async def list_calculations(
    *,
    id: PathId,
    caller: Annotated[Principal, requires("check")],
    use: Use,
    page: Annotated[PageRequest, paged(str)],
    company: CompanyQuery = None,
    lines: Annotated[bool, Query(description="Show every paper that counted.", strict=False)] = True,
) -> Response:
    """List a customer's stored calculations in the order they were made."""
    found = await use.calculations.store.list(
        id,
        tenant=caller.tenant,
        companies=choose_companies(caller, query=company),
        after=cursor_id(page),
        limit=page.limit + 1,
        lines=lines,
    )
    listed = page.page(found, key=lambda calculation: (str(calculation.id),), render=_shown)
    return Response(orjson.dumps({"items": listed.items, "next": listed.next}), media_type="application/json")


def _shown(calculation: StoredCalculation) -> dict[str, Any]:
    """As it was shown when it was stored, by whatever release that was."""
    return {
        "id": str(calculation.id),
        "batch": None if calculation.batch is None else str(calculation.batch),
        "created_by": calculation.created_by,
        **calculation.content,
        "lines": calculation.lines,
    }
