"""What a check costs: one statement, whatever the account owes and whatever was asked before."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import pytest

from tests.service import JSON, Site, eur, key_of, ok, running_service
from tests.wiretap import Wiretap

FLUSH: Final = ("SELECT write_decisions_2",)
"""How plain decisions are written, many checks together and beside them."""

SWEEP: Final = (
    "BEGIN",
    "SELECT set_config('app.tenant'",
    "SELECT tenants_with_reservations_2",
    "SELECT sweep_reservations_2",
    "SELECT analyze_reservations_1",
    "COMMIT",
    "ROLLBACK",
)
"""How the ends of reservations are written down, every few seconds, whatever is asked."""


@pytest.fixture(scope="module")
def tap(own_database_url: str) -> Iterator[Wiretap]:
    with Wiretap(own_database_url).listening() as listening:
        yield listening


@pytest.fixture(scope="module")
def site(tap: Wiretap) -> Iterator[Site]:
    with running_service(tap.url) as running:
        yield running


@pytest.fixture(scope="module")
def erp(site: Site) -> Iterator[httpx.Client]:
    """A tenant with three customers: one owes 10 items, one 20,000, and both are in the third one's group."""
    with site.tenant() as caller:
        ok(caller.put("/v1/credit-groups/G", json={"limit": eur("90000000.00")}))
        for customer, papers in (("small", 10), ("large", 20_000), ("third", 0)):
            ok(caller.put(f"/v1/customers/{customer}", json={"credit_group": "G"}))
            lines = (_item(customer, number) for number in range(papers))
            content = "\n".join(map(json.dumps, lines)).encode()
            headers = {"Content-Type": "application/x-ndjson"}
            report = ok(caller.post("/v1/ledger:import", content=content, headers=headers))
            assert report["accepted"] == papers
        ok(caller.put("/v1/customers/third/credit", json={"grouping": "credit_group"}))
        ok(caller.post("/v1/check", json=asked("small")))
        yield caller


def _item(customer: str, number: int) -> JSON:
    day = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}"
    total = eur(f"{number % 1000}.50")
    return {
        "kind": "open_item",
        "id": f"{customer}-{number}",
        "customer": customer,
        "total": total,
        "due_date": day,
    }


def asked(customer: str, **document: Any) -> JSON:
    """A check of a small order."""
    order = {"kind": "order", "number": f"SO-{customer}", "total": eur("10.00")}
    return {"customer": customer, "document": order | document}


def statements(tap: Wiretap) -> tuple[list[str], list[str]]:
    """What was sent by the connections that answer checks, and by all others but for plain decisions."""
    reading: list[str] = []
    others: list[str] = []
    for line in tap.lines:
        # These connections alone are told to plan once for all arguments.
        if line.options.get("plan_cache_mode") == "force_generic_plan":
            reading += [each for each in line.statements if not each.startswith(FLUSH)]
        else:
            others += [each for each in line.statements if not each.lstrip().startswith(SWEEP)]
    return reading, others


def costs(tap: Wiretap, caller: httpx.Client, path: str, body: JSON) -> tuple[int, int]:
    """How many statements a call sends: reading, and otherwise."""
    tap.forget()
    ok(caller.post(path, json=body))
    reading, others = statements(tap)
    return len(reading), len(others)


@pytest.mark.parametrize("customer", ["small", "large", "third"])
def test_a_check_is_one_statement_however_much_is_owed(
    tap: Wiretap, erp: httpx.Client, customer: str
) -> None:
    assert costs(tap, erp, "/v1/check", asked(customer)) == (1, 0)


@pytest.mark.parametrize(
    "document",
    [
        {"follows": [{"kind": "quotation", "number": f"Q-{number}"} for number in range(50)]},
        {"total": {"amount": "10.00", "currency": "USD"}},
        {"number": None},
        {"bill_to": "large"},
        {"kind": "invoice", "due_date": "2026-12-01", "prepaid": eur("1.00")},
    ],
    ids=["following fifty", "in another currency", "without a number", "borne by another", "an invoice"],
)
def test_a_check_is_one_statement_whatever_the_document_says(
    tap: Wiretap, erp: httpx.Client, document: JSON
) -> None:
    body = asked("small", **document) | {"dry_run": True}

    assert costs(tap, erp, "/v1/check", body) == (1, 0)


@pytest.mark.parametrize(
    "grouping", ["own", "all_companies", "head_account", "credit_group", "company_id", "relation:owner"]
)
def test_a_check_is_one_statement_whoever_is_judged_together(
    tap: Wiretap, erp: httpx.Client, grouping: str
) -> None:
    related = {"credit_group": "G", "head_account": "small", "registration_number": "1"}
    ok(erp.put("/v1/customers/branch", json={**related, "relations": {"owner": "X"}}))
    settings = {"grouping": grouping, "limit": eur("1000.00")}
    ok(erp.put("/v1/customers/branch/credit", json=settings, headers=_whatever_is_there(erp)))

    assert costs(tap, erp, "/v1/check", asked("branch") | {"dry_run": True}) == (1, 0)


def _whatever_is_there(erp: httpx.Client) -> dict[str, str]:
    return {"If-Match": erp.get("/v1/customers/branch/credit").headers["ETag"]}


def test_a_customer_nobody_knows_costs_no_more(tap: Wiretap, erp: httpx.Client) -> None:
    assert costs(tap, erp, "/v1/check", asked("nobody") | {"dry_run": True}) == (1, 0)


def test_many_checks_together_are_one_statement(tap: Wiretap, erp: httpx.Client) -> None:
    body = {"checks": [asked(customer) for customer in ("small", "large", "third") * 10]}

    assert costs(tap, erp, "/v1/checks", body) == (1, 0)


def test_the_exposure_of_an_account_is_one_statement(tap: Wiretap, erp: httpx.Client) -> None:
    tap.forget()
    ok(erp.get("/v1/customers/large/exposure"))

    reading, others = statements(tap)
    assert (len(reading), others) == (1, [])


def test_a_block_adds_one_statement_that_writes_hold_and_decision(tap: Wiretap, erp: httpx.Client) -> None:
    ok(erp.put("/v1/customers/held", json={}))
    ok(erp.put("/v1/customers/held/credit", json={"limit": eur("1.00")}))

    tap.forget()
    answer = ok(erp.post("/v1/check", json=asked("held")))

    reading, others = statements(tap)
    assert answer["hold"]["status"] == "open"
    assert len(reading) == 1
    (written,) = others
    assert written.startswith("SELECT write_held_check_1")


def test_a_key_is_looked_up_once_and_remembered(tap: Wiretap, site: Site, erp: httpx.Client) -> None:
    made = ok(erp.post("/v1/keys", json={"scopes": ["check"]}))
    with site.caller(made["key"]) as caller:
        first = costs(tap, caller, "/v1/check", asked("small"))
        later = [costs(tap, caller, "/v1/check", asked("small")) for _ in range(3)]

    assert first == (2, 0)
    assert later == [(1, 0)] * 3


def test_a_remembered_key_is_refused_as_soon_as_it_is_revoked(site: Site, erp: httpx.Client) -> None:
    made = ok(erp.post("/v1/keys", json={"scopes": ["check"]}))
    with site.caller(made["key"]) as caller:
        ok(caller.post("/v1/check", json=asked("small")))

        ok(erp.delete(f"/v1/keys/{made['id']}"))

        for path, body in (("/v1/check", asked("small")), ("/v1/checks", {"checks": [asked("small")]})):
            assert caller.post(path, json=body).status_code == 401
        assert caller.get("/v1/customers/small/exposure").status_code == 401


def test_a_change_of_the_configuration_is_seen_by_the_next_check(tap: Wiretap, erp: httpx.Client) -> None:
    ok(erp.put("/v1/customers/watched", json={}))
    body = asked("watched", type="FREE") | {"company": "north"}
    assert ok(erp.post("/v1/check", json=body))["findings"][0]["code"] == "POLICY_MISSING"

    ok(erp.put("/v1/policy?company=north", json={"overrides": {"missing_limit": "warn"}}))
    warned = ok(erp.post("/v1/check", json=body))
    ok(erp.put("/v1/document-types/FREE", json={"credit": False}))
    free = ok(erp.post("/v1/check", json=body))

    assert [finding["code"] for finding in warned["findings"]] == ["LIMIT_MISSING"]
    assert free["not_controlled"] == "type_without_credit"
    assert costs(tap, erp, "/v1/check", body) == (1, 0)


def test_a_companys_own_texts_cost_a_check_no_statement(tap: Wiretap, erp: httpx.Client) -> None:
    ok(erp.put("/v1/messages/LIMIT_MISSING?company=west", json={"text": "{user}: ask."}))
    ok(erp.put("/v1/policy?company=west", json={"overrides": {"missing_limit": "warn"}}))
    body = asked("small") | {"company": "west"}
    assert ok(erp.post("/v1/check", json=body))["findings"][0]["message"] == "–: ask."

    assert costs(tap, erp, "/v1/check", body) == (1, 0)


def test_reserving_again_and_again_on_an_account_is_one_statement(tap: Wiretap, erp: httpx.Client) -> None:
    """What is decided then is what the process expected to read; the statement sees whether it would."""

    ok(erp.put("/v1/customers/steady", json={}))

    def cost(number: int) -> tuple[int, int]:
        body = asked("steady", number=f"RES-{number}") | {"reserve": {"ttl_seconds": 900}}
        return costs(tap, erp, "/v1/check", body)

    # The account is read, if that was not done when it was stated, then known, and from then on foreseen.
    found = [cost(number) for number in range(6)]
    assert found[0] > (0, 1)
    assert found[2:] == [(0, 1)] * 4


def test_an_account_that_is_busy_from_its_first_check_on_is_foreseen_as_well(
    tap: Wiretap, erp: httpx.Client
) -> None:
    """Those that wait behind the first ones' locks do not take locks as well, and so on for ever."""
    ok(erp.put("/v1/customers/busy", json={}))
    tap.forget()

    def clerk(number: int) -> None:
        for order in range(20):
            body = asked("busy", number=f"BUSY-{number}-{order}") | {"reserve": {"ttl_seconds": 900}}
            assert ok(erp.post("/v1/check", json=body))["reservation"]

    with ThreadPoolExecutor(8) as clerks:
        list(clerks.map(clerk, range(8)))

    _, sent = statements(tap)
    locking = [each for each in sent if each.startswith("SELECT * FROM reserving_facts_5")]
    foreseen = [each for each in sent if each.startswith("SELECT * FROM reserve_as_foreseen_1")]
    assert len(locking) < len(foreseen) / 2


def test_accounts_that_two_processes_reserve_on_are_not_foreseen_in_vain_for_long(
    tap: Wiretap, erp: httpx.Client, own_database_url: str
) -> None:
    """Of each account alone that would be learned too late, where there are many."""
    customers = [f"SHARED-{number}" for number in range(40)]
    for customer in customers:
        ok(erp.put(f"/v1/customers/{customer}", json={}))

    with running_service(own_database_url) as other, other.caller(key_of(erp)) as elsewhere:
        tap.forget()
        for turn in range(4):
            for customer in customers:
                for name, caller in (("here", erp), ("there", elsewhere)):
                    body = asked(customer, number=f"{customer}-{name}-{turn}")
                    assert ok(caller.post("/v1/check", json=body | {"reserve": {"ttl_seconds": 900}}))

    _, sent = statements(tap)
    foreseen = [each for each in sent if each.startswith("SELECT * FROM reserve_as_foreseen_1")]
    assert 0 < len(foreseen) < len(customers) / 2
