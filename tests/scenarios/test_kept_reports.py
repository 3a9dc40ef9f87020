"""Kept exposure reports: made once, shown again as they were (docs/domain.md, Exposure report)."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.scenarios.erp import DAY, Erp, new_erp
from tests.service import JSON, Site, ok

REPORT = "/v1/reports/exposure"
LATEST = f"{REPORT}/latest"
LIST = "/v1/reports"


def keep(caller: httpx.Client, **query: Any) -> JSON:
    """Have a report made and kept, on the reference date."""
    answer = caller.post(REPORT, params={"as_of": DAY, **query})
    assert answer.status_code == 201
    made = ok(answer)
    assert isinstance(made, dict)
    return made


def listed(caller: httpx.Client, **query: Any) -> list[str]:
    return [report["id"] for report in ok(caller.get(LIST, params=query))["items"]]


def of(report: JSON) -> str:
    return f"{REPORT}/{report['id']}"


@pytest.fixture
def shop(erp: Erp) -> Erp:
    """Three customers of two countries, one of whom buys of two companies."""
    erp.customer("C-1", name="Young", country="IT", attributes={"agent": "7"})
    erp.customer("C-2", name="Adams, Sons", country="FR", attributes={"agent": "7"})
    erp.customer("C-3", country="FR")
    erp.policy(company="north")
    for customer, company, total in (
        ("C-1", "main", "10.00"),
        ("C-1", "north", "200.00"),
        ("C-2", "main", "3000.00"),
        ("C-3", "main", "40000.00"),
    ):
        erp.store("open_item", f"R-{customer}", total, customer=customer, company=company, due_date=DAY)
    return erp


@pytest.fixture
def northerner(site: Site, shop: Erp) -> Iterator[httpx.Client]:
    """A key of the same tenant for the company `north` alone."""
    made = shop.post("/v1/keys", {"scopes": ["audit"], "companies": ["north"]})
    with site.caller(made["key"]) as caller:
        yield caller


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({}, 4),
        ({"company": "main"}, 3),
        ({"country": "FR", "sort": "name"}, 2),
        ({"attribute": ["agent:7"], "not_country": "FR"}, 2),
        ({"group_by": "country"}, 2),
        ({"group_by": "attribute:agent", "company": "main"}, 2),
        ({"risk_group": "A"}, 0),
    ],
)
def test_a_kept_report_is_what_the_report_was_when_it_was_made(
    shop: Erp, query: dict[str, Any], rows: int
) -> None:
    live = {
        written: shop.caller.get(REPORT, params={"as_of": DAY, "format": written, **query})
        for written in ("json", "csv")
    }
    report = keep(shop.caller, **query)
    shop.store("open_item", "R-C-1", "99.00", customer="C-1", due_date=DAY)
    shop.store("order", "O-1", "5.00", customer="C-2")
    shop.customer("C-3", name="Moore", country="IT")
    shop.account("C-1", "1.00")

    assert (report["rows"], report["query"]) == (rows, query)
    for written, then in live.items():
        shown = shop.caller.get(of(report), params={"format": written})
        assert shown.content == then.content
        assert shown.headers["content-type"] == then.headers["content-type"]
    accepted = shop.caller.get(of(report), headers={"Accept": "text/csv"})
    assert accepted.content == live["csv"].content


def test_a_report_is_kept_with_what_was_asked_and_by_whom(shop: Erp) -> None:
    report = keep(shop.caller, group_by="country", company="main")
    (own,) = shop.get("/v1/keys")["items"]
    assert {name: report[name] for name in report if name not in {"id", "created_at"}} == {
        "rows": 2,
        "companies": ["main"],
        "as_of": DAY,
        "query": {"group_by": "country", "company": "main"},
        "created_by": own["id"],
    }
    today = shop.post(REPORT, {})
    assert (today["as_of"], today["query"], today["companies"]) == (None, {}, None)
    assert shop.get(LIST)["items"] == [report, today]


def test_the_newest_report_is_shown_under_one_address(shop: Erp) -> None:
    assert shop.caller.get(LATEST).status_code == 404
    keep(shop.caller)
    newest = keep(shop.caller, customer="C-2")
    shown = shop.caller.get(LATEST)
    assert [row["customer"] for row in ok(shown)["items"]] == ["C-2"]
    assert shown.headers["content-location"] == of(newest)
    assert shown.content == shop.caller.get(of(newest)).content


def test_reports_are_listed_by_the_page_in_the_order_they_were_made(shop: Erp) -> None:
    made = [keep(shop.caller, customer=f"C-{n}")["id"] for n in (3, 1, 2)]
    first = shop.get(LIST, limit="2")
    rest = shop.get(LIST, limit="2", cursor=first["next"])
    assert [report["id"] for report in (*first["items"], *rest["items"])] == made
    assert rest["next"] is None


def test_a_deleted_report_is_gone_and_the_one_before_it_is_the_newest(shop: Erp) -> None:
    before, report = keep(shop.caller), keep(shop.caller, group_by="company")
    assert shop.caller.delete(of(report)).status_code == 204
    assert [shop.caller.request(method, of(report)).status_code for method in ("GET", "DELETE")] == [404, 404]
    assert listed(shop.caller) == [before["id"]]
    assert shop.caller.get(LATEST).headers["content-location"] == of(before)


@pytest.mark.parametrize("id", ["latest", "01931c0e-7c1f-7d3a-9d0e-2f1a5b6c7d8e", "K-1"])
def test_what_is_no_report_is_not_found(shop: Erp, id: str) -> None:
    assert shop.caller.get(f"{REPORT}/{id}").status_code == 404
    assert shop.caller.delete(f"{REPORT}/{id}").status_code == 404


def test_a_key_limited_to_companies_sees_what_was_made_of_no_others(
    shop: Erp, northerner: httpx.Client
) -> None:
    everything, south = keep(shop.caller), keep(shop.caller, company="main")
    north, own = keep(shop.caller, company="north"), keep(northerner)

    assert (own["companies"], own["query"]) == (["north"], {})
    assert listed(northerner) == [north["id"], own["id"]]
    assert northerner.get(LATEST).headers["content-location"] == of(own)
    assert northerner.get(of(own)).content == shop.caller.get(of(north)).content
    for beyond in (everything, south):
        assert northerner.get(of(beyond)).status_code == 404
        assert northerner.delete(of(beyond)).status_code == 404
    for refused in (
        northerner.post(REPORT, params={"company": "main"}),
        northerner.get(LATEST, params={"company": "main"}),
        northerner.get(LIST, params={"company": "main"}),
    ):
        assert refused.status_code == 403
    assert northerner.delete(of(north)).status_code == 204
    assert len(listed(shop.caller)) == 3


def test_reports_about_one_company_alone_can_be_asked_for(shop: Erp, northerner: httpx.Client) -> None:
    south, own = keep(shop.caller, company="main"), keep(northerner)
    everything = keep(shop.caller)
    assert listed(shop.caller) == [south["id"], own["id"], everything["id"]]
    assert listed(shop.caller, company="main") == [south["id"]]
    assert listed(shop.caller, company="north") == [own["id"]]
    newest = shop.caller.get(LATEST, params={"company": "main"})
    assert newest.headers["content-location"] == of(south)


def test_another_tenant_sees_none_of_it(site: Site, platform: Erp, shop: Erp) -> None:
    report = keep(shop.caller)
    with new_erp(site, platform) as other:
        for method in ("GET", "DELETE"):
            assert other.caller.request(method, of(report)).status_code == 404
        assert other.caller.get(LATEST).status_code == 404
        assert listed(other.caller) == []
    assert listed(shop.caller) == [report["id"]]


def test_a_repeated_request_keeps_one_report(shop: Erp) -> None:
    headers = {"Idempotency-Key": "monthly"}
    first = shop.caller.post(REPORT, params={"as_of": DAY}, headers=headers)
    shop.store("order", "O-1", "5.00", customer="C-2")
    again = shop.caller.post(REPORT, params={"as_of": DAY}, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert listed(shop.caller) == [first.json()["id"]]
    other = shop.caller.post(REPORT, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("query", [{"group_by": "colour"}, {"format": "csv"}, {"agent": "7"}])
def test_a_report_nobody_can_make_is_not_kept(shop: Erp, query: dict[str, str]) -> None:
    assert shop.caller.post(REPORT, params=query).status_code == 422
    assert listed(shop.caller) == []
