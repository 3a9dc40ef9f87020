"""Who sees and does what: tenants apart, keys limited to companies and to scopes, over every operation."""

from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest

from creditrisk.application.keys import Scope
from tests.api.everything import Operation, Stock, operations, stocked, writings
from tests.service import JSON, Site, ok

Both = tuple[httpx.Client, Stock, httpx.Client, Stock]

A, B = " of tenant A", " of tenant B"

SCOPES: Final[dict[str, set[str]]] = {
    "check": {"check", "signal"},
    "check_alias": {"check", "signal"},
    "check_many": {"check", "signal"},
    "get_exposure": {"check"},
    "forecast_exposure": {"check"},
    "add_calculation": {"check"},
    "list_calculations": {"check"},
    "get_behaviour": {"check"},
    "average_delay_of_rows": {"check"},
    "list_adjustments": {"limits", "audit"},
    "get_adjustment": {"limits", "audit"},
    "list_adjustment_events": {"limits", "audit"},
    "list_credit_history": {"limits", "audit"},
    "list_group_history": {"limits", "audit"},
    "get_risk_score": {"check", "limits", "policy"},
    "get_decision": {"audit"},
    "list_decisions": {"audit"},
    "list_hold_history": {"audit"},
    "get_import": {"ingest"},
    "list_imports": {"ingest"},
    "import_credit": {"ingest"},
    "import_customers": {"ingest"},
    "list_companies": set(Scope),
    "create_key": {"admin", "platform"},
    "list_keys": {"admin", "platform"},
    "revoke_key": {"admin", "platform"},
}
SCOPE_OF_PATH: Final = (
    ("/v1/holds", "holds"),
    ("/v1/limit-adjustments", "limits"),
    ("/v1/reports", "audit"),
    ("/v1/reservations", "check"),
    ("/v1/documents", "ingest"),
    ("/v1/ledger", "ingest"),
    ("/temporary-limits", "limits"),
    ("/covers", "limits"),
    ("/manual-blocks", "limits"),
    ("/v1/customers/{id}/credit", "limits"),
    ("/v1/customers/{id}/average-delay", "limits"),
    ("/v1/customers", "ingest"),
    ("/v1/", "policy"),
)
"""Everything else by the first of these that its path contains."""

OF_THE_TENANT: Final = {
    "get_customer",
    "list_customers",
    "list_group_temporary_limits",
    "list_group_history",
    "get_risk_score",
    "get_scoring_group",
    "list_scoring_groups",
    "get_risk_group",
    "list_risk_groups",
    "get_automatic_limit",
    "list_automatic_limits",
    "list_presets",
    "list_companies",
    "list_keys",
    "get_credit_group",
    "list_credit_groups",
    "get_management_group",
    "list_management_groups",
    "get_account_status",
    "list_account_statuses",
    "get_reason",
    "list_reasons",
    "get_operator",
    "list_operators",
}
"""What is the same in all companies, so that every key of the tenant may read it."""


def reading(site: Site) -> Iterator[Operation]:
    return (each for each in operations(site.url) if each.method == "GET" and each.scopes)


@pytest.fixture(scope="module")
def both(site: Site) -> Iterator[Both]:
    """Two tenants that keep the same under the same ids, with other words."""
    with site.tenant() as a, site.tenant() as b:
        yield a, stocked(a, mark=A), b, stocked(b, mark=B)


def test_two_tenants_with_equal_ids_never_see_each_other(site: Site, both: Both) -> None:
    a, stock_a, b, stock_b = both
    own = 0
    for operation in reading(site):
        for caller, stock, mine, foreign in ((a, stock_a, A, B), (b, stock_b, B, A)):
            answer = caller.get(operation.address(stock))
            assert answer.is_success, operation.path
            assert foreign not in answer.text, operation.path
            own += mine in answer.text

    # Most answers would show whose they are.
    assert own > 2 * 20


def test_what_the_service_gave_an_id_is_not_found_by_another_tenant(site: Site, both: Both) -> None:
    _, stock_a, b, _ = both
    paths = (
        "/v1/holds/{id}",
        "/v1/decisions/{id}",
        "/v1/imports/{id}",
        "/v1/keys/{id}",
        "/v1/limit-adjustments/{id}",
        "/v1/reports/exposure/{id}",
    )
    found = [
        (operation.id, answer.status_code)
        for operation in operations(site.url)
        if operation.path.startswith(paths)
        and not operation.spec.get("requestBody", {}).get("required")
        and (answer := b.request(operation.method, operation.address(stock_a))).status_code != 404
    ]

    assert found == []


def test_a_tenant_that_keeps_nothing_sees_nothing_of_others(site: Site, both: Both) -> None:
    _, stock_a, _, _ = both
    seen = {}
    with site.tenant() as stranger:
        for operation in reading(site):
            answer = stranger.get(operation.address(stock_a))
            if answer.is_success and answer.json().get("items") != []:
                seen[operation.id] = answer.json()

    assert set(seen) == {"get_policy", "list_presets", "list_keys"}
    assert seen["get_policy"]["version"] == 0
    assert len(seen["list_keys"]["items"]) == 1


@pytest.fixture(scope="module")
def northerner(site: Site, both: Both) -> Iterator[httpx.Client]:
    """A key of tenant A that may do everything, in the company `north` alone."""
    a, *_ = both
    scopes = [scope for scope in Scope if scope is not Scope.PLATFORM]
    made = ok(a.post("/v1/keys", json={"scopes": scopes, "companies": ["north"]}))
    with site.caller(made["key"]) as caller:
        yield caller


def test_a_key_limited_to_companies_reads_nothing_of_others(
    site: Site, both: Both, northerner: httpx.Client
) -> None:
    _, stock_a, _, _ = both
    readable = {
        operation.id
        for operation in reading(site)
        if northerner.get(operation.address(stock_a), params={"company": "main"}).is_success
    }

    assert readable == OF_THE_TENANT


def test_a_list_shows_a_key_limited_to_companies_only_theirs(
    site: Site, both: Both, northerner: httpx.Client
) -> None:
    _, stock_a, _, _ = both
    seen: dict[str, set[Any]] = {}
    for operation in reading(site):
        answer = northerner.get(operation.address(stock_a))
        if operation.id not in OF_THE_TENANT and answer.is_success and "items" in answer.json():
            seen[operation.id] = {item["company"] for item in answer.json()["items"]}

    # What applies in every company carries none.
    assert set().union(*seen.values()) <= {"north", None}
    assert {"list_decisions", "list_holds", "list_covers", "list_rates"} <= set(seen)


def test_a_key_limited_to_companies_writes_nothing_of_others(both: Both, northerner: httpx.Client) -> None:
    _, stock_a, _, _ = both
    through = {
        writing.operation
        for writing in writings(stock_a)
        if writing.operation != "check_many" and writing.send(northerner).status_code != 403
    }

    # Customers belong to the whole tenant, and every feed names some; rows of a request belong to nobody.
    assert through == {"put_customer", "average_delay_of_rows"}


@pytest.mark.parametrize(
    "operation",
    [
        "get_decision",
        "get_hold",
        "list_hold_history",
        "get_reservation",
        "get_adjustment",
        "list_adjustment_events",
    ],
)
def test_what_is_of_a_company_out_of_reach_is_refused_by_its_id_too(
    site: Site, both: Both, northerner: httpx.Client, operation: str
) -> None:
    _, stock_a, _, _ = both
    (asked,) = (each for each in reading(site) if each.id == operation)

    answer = northerner.get(asked.address(stock_a))

    assert (answer.status_code, answer.json()["code"]) == (403, "company_forbidden")


def test_a_hold_out_of_reach_is_not_evaluated_by_its_id(both: Both, northerner: httpx.Client) -> None:
    of_a, _, _, _ = both
    hold = ok(of_a.get("/v1/holds"))["items"][0]["id"]

    answer = northerner.post("/v1/holds:evaluate", json={"ids": [hold]})

    assert (answer.status_code, answer.json()["code"]) == (403, "company_forbidden")


def test_a_check_among_many_in_a_company_out_of_reach_is_a_problem_in_its_place(
    both: Both, northerner: httpx.Client
) -> None:
    _, stock_a, _, _ = both
    (many,) = (each for each in writings(stock_a) if each.operation == "check_many")

    (result,) = ok(many.send(northerner))["results"]

    assert (result["error"]["status"], result["error"]["code"]) == (403, "company_forbidden")


def test_a_key_limited_to_companies_deletes_nothing_of_others(
    site: Site, both: Both, northerner: httpx.Client
) -> None:
    _, stock_a, _, _ = both
    statuses = {
        operation.id: northerner.delete(operation.address(stock_a)).status_code
        for operation in operations(site.url)
        if operation.method == "DELETE"
    }

    assert {id_ for id_, status in statuses.items() if status not in {403, 404}} == set()


def test_every_operation_asks_for_the_scope_of_the_contract(site: Site) -> None:
    def expected(operation: Operation) -> set[str]:
        named = SCOPES.get(operation.id)
        return named or {next(scope for part, scope in SCOPE_OF_PATH if part in operation.path)}

    wrong = {
        each.id: sorted(each.scopes)
        for each in operations(site.url)
        if each.scopes and each.scopes != expected(each)
    }

    assert wrong == {}


def test_a_key_opens_the_operations_of_its_scope_and_no_others(site: Site) -> None:
    wrong = []
    found = [each for each in operations(site.url) if each.scopes]
    for scope in Scope:
        with site.caller(site.key(tenant="scopes", scopes=frozenset({scope}))) as caller:
            for each in found:
                # Nothing is there and nothing is said: only whether the door opens is asked.
                answer = caller.request(each.method, each.address())
                if (answer.status_code == 403) != (scope not in each.scopes):
                    wrong.append((scope, each.id, answer.status_code))

    assert wrong == []


def test_nothing_but_operations_opens_without_a_key(site: Site) -> None:
    wrong = []
    with httpx.Client(base_url=site.url) as nobody:
        for each in operations(site.url):
            for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic dTpw"}):
                answer = nobody.request(each.method, each.address(), headers=headers)
                if (answer.status_code == 401) != bool(each.scopes):
                    wrong.append((each.id, answer.status_code))

    assert wrong == []


def test_a_key_for_signals_sees_no_figures(site: Site, both: Both) -> None:
    a, stock_a, _, _ = both
    made = ok(a.post("/v1/keys", json={"scopes": ["signal"]}))
    with site.caller(made["key"]) as caller:
        answers: list[JSON] = []
        for writing in writings(stock_a):
            if writing.operation in {"check", "check_alias", "check_many"}:
                answer = ok(writing.send(caller))
                answers += answer.get("results", [answer])

    shown = {"decision_id", "decision", "signal", "not_controlled", "company", "customer", "risk_customer"}
    shown |= {"findings", "obligations", "hold", "as_of", "evaluated_at"}
    assert [set(answer) for answer in answers] == [shown] * 3
    assert all(
        set(each) == {"code", "class", "demoted_by"} for answer in answers for each in answer["findings"]
    )
