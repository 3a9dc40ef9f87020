"""Master data as the check sees it: what people set is in force with the next check."""

from typing import Any

import httpx
import pytest

from creditrisk.application.keys import Scope
from tests.api.master_data.site import Site

AS_OF = "2026-11-22"


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


@pytest.fixture
def limit(anna: httpx.Client, customer: str) -> None:
    """An own limit of 100,000 EUR."""
    stored = anna.put(f"/v1/customers/{customer}/credit", json={"limit": eur("100000.00")})
    assert stored.status_code == 200


def limit_in_force(checker: httpx.Client, *, as_of: str = AS_OF) -> tuple[str, list[str]]:
    exposure = checker.get("/v1/customers/C-1/exposure", params={"as_of": as_of}).json()
    return exposure["limit"]["amount"], [part["source"] for part in exposure["limit"]["components"]]


def codes(checker: httpx.Client, kind: str, *, as_of: str = AS_OF) -> list[str]:
    document: dict[str, Any] = {"kind": kind, "total": eur("1.00")}
    body = {"customer": "C-1", "document": document, "as_of": as_of, "dry_run": True}
    answer = checker.post("/v1/check", json=body)
    assert answer.status_code == 200, answer.text
    return [finding["code"] for finding in answer.json()["findings"]]


@pytest.mark.usefixtures("limit")
def test_a_cover_raises_the_limit_by_its_percentage(anna: httpx.Client, checker: httpx.Client) -> None:
    cover = {"kind": "insurance", "value": eur("50000.00"), "percent": "50", "to": AS_OF}
    anna.post("/v1/customers/C-1/covers", json=cover)
    assert limit_in_force(checker) == ("125000.00", ["own", "cover"])
    assert limit_in_force(checker, as_of="2026-11-23") == ("100000.00", ["own"])
    anna.delete("/v1/customers/C-1/covers/1")
    assert limit_in_force(checker) == ("100000.00", ["own"])


@pytest.mark.usefixtures("limit")
def test_a_temporary_limit_replaces_the_own_one_while_it_lasts(
    anna: httpx.Client, checker: httpx.Client
) -> None:
    cover = {"kind": "insurance", "value": eur("50000.00"), "percent": "50"}
    anna.post("/v1/customers/C-1/covers", json=cover)
    temporary = {"limit": eur("60000.00"), "from": AS_OF, "to": AS_OF}
    anna.post("/v1/customers/C-1/temporary-limits", json=temporary)
    assert limit_in_force(checker) == ("85000.00", ["temporary", "cover"])
    assert limit_in_force(checker, as_of="2026-11-21") == ("125000.00", ["own", "cover"])


@pytest.mark.usefixtures("limit")
def test_a_manual_block_refuses_its_kinds_until_it_is_lifted(
    anna: httpx.Client, checker: httpx.Client
) -> None:
    anna.post("/v1/customers/C-1/manual-blocks", json={"kinds": ["order"], "from": AS_OF})
    assert codes(checker, "order") == ["MANUAL_BLOCK"]
    assert codes(checker, "order", as_of="2026-11-21") == []
    assert codes(checker, "invoice") == []
    anna.patch("/v1/customers/C-1/manual-blocks/1", json={"lifted": True})
    assert codes(checker, "order") == []


def test_a_temporary_limit_of_a_credit_group_replaces_its_limit(site: Site, acme: str) -> None:
    scopes = (Scope.INGEST, Scope.LIMITS, Scope.POLICY, Scope.CHECK)
    with site.caller(acme, *scopes) as caller:
        caller.put("/v1/policy", json={"preset": "standard", "overrides": {"grouping": "credit_group"}})
        caller.put("/v1/credit-groups/G-1", json={"limit": eur("15000.00")})
        caller.put("/v1/customers/C-1", json={"credit_group": "G-1"})
        temporary = {"limit": eur("20000.00"), "from": AS_OF}
        assert caller.post("/v1/credit-groups/G-1/temporary-limits", json=temporary).status_code == 201
        assert limit_in_force(caller) == ("20000.00", ["temporary"])
        assert limit_in_force(caller, as_of="2026-11-21") == ("15000.00", ["group"])


@pytest.mark.usefixtures("limit")
def test_what_an_account_blocks_is_refused(anna: httpx.Client, checker: httpx.Client) -> None:
    anna.put(
        "/v1/customers/C-1/credit",
        json={"documents_blocked": ["order"], "category_limits": {"invoices": eur("0.00")}},
        headers={"If-Match": "*"},
    )
    assert codes(checker, "order") == ["DOCUMENTS_BLOCKED"]
    assert codes(checker, "invoice") == ["CATEGORY_LIMIT_EXCEEDED"]


def test_a_closed_customer_gets_no_new_documents(anna: httpx.Client, checker: httpx.Client) -> None:
    anna.put("/v1/customers/C-1", json={"closed": True})
    assert codes(checker, "order") == ["ACCOUNT_STATUS"]
