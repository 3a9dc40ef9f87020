"""A resource as any other, for tests of what all resources share."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from creditrisk.api.app import create_app
from creditrisk.api.auth import requires
from creditrisk.api.company import CompanyQuery, choose_companies, choose_company
from creditrisk.api.context import ApiOptions
from creditrisk.api.etag import IfMatch, set_etag
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.problems import documented
from creditrisk.api.requests import DirectRoute, resource_router
from creditrisk.api.wire import (
    Day,
    Identifier,
    Instant,
    JsonObject,
    MoneyIn,
    MoneyOut,
    PathId,
    Percent,
    Prose,
    Several,
    WireModel,
)
from creditrisk.application.errors import TooManyRequests
from creditrisk.application.keys import Principal, Scope, format_key, hash_key
from creditrisk.application.remembered_keys import RememberedKeys
from tests.api.parts import services_of

KEY = format_key(key_id="general1", secret="a" * 40)
MUTE_KEY = format_key(key_id="mutekey1", secret="b" * 40)
BRANCH_KEY = format_key(key_id="branch01", secret="c" * 40)
UNKNOWN_KEY = format_key(key_id="unknown1", secret="d" * 40)

MAX_BODY = 100_000

router = resource_router(prefix="/v1/orders", tag="orders")


class Order(WireModel):
    company: Identifier | None = None
    total: MoneyIn
    sites: Several[Identifier] = ()
    day: Day | None = None
    at: Instant | None = None
    share: Percent | None = None
    days: int | None = None
    note: Prose | None = None
    attributes: JsonObject | None = None


class OrderSeen(WireModel):
    id: str
    company: str
    tenant: str
    total: MoneyOut
    sites: Several[str]
    day: Day | None
    at: Instant | None
    share: Percent | None


class Filter(WireModel):
    customer: Identifier | None = None


@router.put("/{id}", responses=documented(412, 428))
async def put_order(
    *,
    id: PathId,
    order: Order,
    caller: Annotated[Principal, requires("ingest")],
    precondition: IfMatch,
    response: Response,
    company: CompanyQuery = None,
) -> OrderSeen:
    chosen = choose_company(caller, query=company, body=order.company)
    precondition.check(version="7", exists=id == "existing")
    set_etag(response, 8)
    return OrderSeen(
        id=id,
        company=chosen,
        tenant=caller.tenant,
        total=MoneyOut.of(order.total.money),
        sites=order.sites,
        day=order.day,
        at=order.at,
        share=order.share,
    )


@router.get("")
async def list_orders(
    caller: Annotated[Principal, requires("check", "ingest")],
    page: Annotated[PageRequest, paged(str, int)],
    company: CompanyQuery = None,
) -> Page[str]:
    choose_companies(caller, query=company)
    rows = [(f"order {number}", number) for number in range(10)]
    after = page.after
    rest = [row for row in rows if after is None or row > after][: page.limit + 1]
    return page.page(rest, key=lambda row: row, render=lambda row: row[0])


@router.post(":evaluate")
async def evaluate_orders(
    caller: Annotated[Principal, requires("ingest")], filter: Filter | None = None
) -> list[str]:
    return [caller.tenant, (filter and filter.customer) or "all"]


@router.post("/{id}/break", response_model=None)
async def break_order(id: PathId, caller: Annotated[Principal, requires("ingest")]) -> None:
    if id == "busy":
        raise TooManyRequests("Too many orders break.", retry_after=7)
    raise RuntimeError(f"order {id} of {caller.tenant} is broken")


direct = resource_router(prefix="/v1/quick-orders", tag="orders", route_class=DirectRoute)


@direct.post("", response_model=OrderSeen)
async def check_order(
    order: Order, caller: Annotated[Principal, requires("check", remembered=True)], request: Request
) -> Response:
    content = {"tenant": caller.tenant, "site": request.headers.get("x-site"), "sites": order.sites}
    return JSONResponse(content)


class Keys:
    """The keys of these tests; any other is unknown."""

    _principals: ClassVar = {
        hash_key(KEY): Principal(
            tenant="acme", key_id="general1", name="general", scopes=frozenset({Scope.INGEST, Scope.CHECK})
        ),
        hash_key(MUTE_KEY): Principal(
            tenant="acme", key_id="mutekey1", name="mute", scopes=frozenset({Scope.AUDIT})
        ),
        hash_key(BRANCH_KEY): Principal(
            tenant="acme",
            key_id="branch01",
            name="branch",
            scopes=frozenset({Scope.INGEST}),
            companies=frozenset({"north"}),
        ),
    }

    async def find(self, key_hash: bytes) -> Principal | None:
        return self._principals.get(key_hash)


@dataclass
class Readiness:
    obstacle: str | None = None

    async def find_obstacle(self) -> str | None:
        return self.obstacle


def build_app(*, obstacle: str | None = None) -> FastAPI:
    services = services_of(keys=Keys(), remembered_keys=RememberedKeys(Keys()), readiness=Readiness(obstacle))
    options = ApiOptions(version="0.0.0", max_body_bytes=MAX_BODY)
    return create_app(services, options=options, resources=(direct, router))
