"""What journals and scores cost: as many statements for many lines and customers as for one."""

from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from tests.api.adjustments.journals import EXPIRY, journal, line, season
from tests.service import Site, ok, running_service
from tests.wiretap import Wiretap

MANY: Final = [f"C-{n}" for n in range(45)]
NOT_COUNTED: Final = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SELECT set_config('app.tenant'",
    "SELECT tenants_with_reservations_1",
    "SELECT sweep_reservations_1",
    "DELETE FROM kept_answer",
)
"""What begins and ends transactions, and what processes do now and then."""


@pytest.fixture(scope="module")
def tap(own_database_url: str) -> Iterator[Wiretap]:
    with Wiretap(own_database_url).listening() as listening:
        yield listening


@pytest.fixture(scope="module")
def site(tap: Wiretap) -> Iterator[Site]:
    with running_service(tap.url) as running:
        yield running


@pytest.fixture
def erp(site: Site) -> Iterator[httpx.Client]:
    """A tenant with many customers that have a limit."""
    headers = {"Content-Type": "application/x-ndjson"}
    limit = '{"amount": "5.00", "currency": "EUR"}'
    with site.tenant() as caller:
        for path, row in (("customers", '{"id": "%s"}'), ("credit", '{"id": "%s", "limit": ' + limit + "}")):
            rows = "\n".join(row % customer for customer in MANY)
            ok(caller.post(f"/v1/{path}:import", content=rows, headers=headers))
        ok(caller.put("/v1/scoring-groups/DSO", json={"type": "dso", "ranges": [{"score": "1"}]}))
        yield caller


def cost(tap: Wiretap, caller: httpx.Client, path: str, **body: object) -> int:
    """How many statements a call takes."""
    tap.forget()
    ok(caller.post(path, json=body) if body else caller.post(path))
    return sum(
        not statement.lstrip().startswith(NOT_COUNTED) for each in tap.lines for statement in each.statements
    )


@pytest.mark.parametrize("kind", ["credit_limit", "temporary"])
def test_posting_many_lines_costs_what_posting_one_does(
    site: Site, tap: Wiretap, erp: httpx.Client, kind: str
) -> None:
    make = line if kind == "credit_limit" else season
    key = ok(erp.post("/v1/keys", json={"name": "Approver", "scopes": ["limits"]}))["key"]
    costs = []
    # The first call fills what connections and processes keep.
    for amount, customers in (("7.00", MANY[:1]), ("8.00", MANY[:1]), ("9.00", MANY)):
        home = journal(erp, *(make(customer, amount) for customer in customers), kind=kind)
        ok(erp.post(f"{home}/submit"))
        with site.caller(key) as approver:
            ok(approver.post(f"{home}/approve"))
        costs.append(cost(tap, erp, f"{home}/post"))

    assert costs[1] == costs[2] > 0


def test_generating_many_lines_costs_what_generating_one_does(tap: Wiretap, erp: httpx.Client) -> None:
    home = journal(erp)
    order = {"adjustment": {"percent": "10"}, "expires_on": EXPIRY}
    few, again, many = (
        cost(tap, erp, f"{home}/lines:generate", filter={"customers": customers}, **order)
        for customers in (MANY[:1], MANY[:1], MANY)
    )
    assert few >= again == many
    assert len(ok(erp.get(home))["lines"]) == len(MANY)


def test_scoring_many_customers_costs_what_scoring_one_does(
    tap: Wiretap, site: Site, erp: httpx.Client
) -> None:
    with site.tenant() as small:
        ok(small.put("/v1/customers/C-0", json={}))
        ok(small.put("/v1/scoring-groups/DSO", json={"type": "dso", "ranges": [{"score": "1"}]}))
        _, one = (cost(tap, small, "/v1/risk-scores:update", company="main") for _ in range(2))
    _, many = (cost(tap, erp, "/v1/risk-scores:update", company="main") for _ in range(2))

    assert one == many > 0
