"""The evaluation of all accounts says of each exactly what asking for it alone says."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from creditrisk.adapters.postgres.engine import ConnectionLimits
from creditrisk.application.exposures import shown_exposure
from creditrisk.application.portfolio import EvaluatedAccount
from creditrisk.application.portfolio_rows import COLUMNS, row_of
from creditrisk.bootstrap.portfolio import build_portfolio
from tests.api.feeds.bodies import NDJSON, ndjson
from tests.scenarios.erp import DAY, DOCUMENTS, Erp, money
from tests.service import JSON, Site, eur, ok

CUSTOMERS = [f"C-{number}" for number in range(1, 25)]
COMPANIES = ("main", "north", "south")
POLICIES: dict[str, JSON] = {
    "main": {"count_held": False, "overdue_tolerance": "5"},
    "north": {"grouping": "credit_group", "zero_limit": "no_limit", "auto_block": True},
    "south": {"count_held": False, "grouping": "head_account", "new_account": {"limit": "500"}},
}
GROUPINGS = ("own", "all_companies", "head_account", "credit_group", "company_id", "relation:site")
RATES = [
    {"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": "0.9"},
    {"from": "EUR", "to": "USD", "date": "2025-03-01", "rate": "1.1"},
]


@dataclass(frozen=True)
class Dice:
    """What happens to a portfolio."""

    random: Random

    def happens(self, share: float) -> bool:
        return self.random.random() < share

    def day(self) -> str:
        return (date.fromisoformat(DAY) + timedelta(days=self.random.randint(-120, 60))).isoformat()

    def amount(self, most: int = 900) -> JSON:
        """Money; yen have no rate."""
        currency = self.random.choice(["EUR", "EUR", "EUR", "USD", "JPY"])
        cents = "" if currency == "JPY" else f".{self.random.randint(0, 99):02}"
        return money(f"{self.random.randint(1, most)}{cents}", currency)

    def fill(self, erp: Erp) -> None:
        """State customers, accounts, papers, holds and reservations."""
        for company, overrides in POLICIES.items():
            erp.policy(company=company, **overrides)
        erp.put("/v1/rates", {"rates": RATES})
        erp.put("/v1/credit-groups/G", {"limit": eur("2000.00")})
        for customer in CUSTOMERS:
            erp.customer(customer, **self.customer(customer))
        for company in COMPANIES:
            for customer in self.random.sample(CUSTOMERS, 16):
                self.set_account(erp, customer, company)
            self.state_papers(erp, company)
        for number in range(30):
            self.check_order(erp, f"P-{number}")

    def customer(self, customer: str) -> JSON:
        fields: JSON = {"name": f"{customer}, Ltd."}
        if self.happens(0.2):
            fields["risk_customer"] = self.random.choice(CUSTOMERS)
        if self.happens(0.2):
            fields["head_account"] = self.random.choice(CUSTOMERS)
        if self.happens(0.3):
            fields["credit_group"] = "G"
        if self.happens(0.2):
            fields["registration_number"] = "HRB 1"
        if self.happens(0.2):
            fields["relations"] = {"site": "S"}
        return fields

    def set_account(self, erp: Erp, customer: str, company: str) -> None:
        fields: JSON = {"limit": None if self.happens(0.1) else self.amount(3000)}
        if self.happens(0.3):
            fields["grouping"] = self.random.choice(GROUPINGS)
        if self.happens(0.1):
            fields = {"unlimited": True}
        if self.happens(0.1):
            fields["control"] = "off"
        if self.happens(0.2):
            fields["max_days_overdue"] = 30
        if self.happens(0.2):
            fields["category_limits"] = {"open_items": eur("300.00")}
        erp.put(f"/v1/customers/{customer}/credit", fields, company=company)
        if self.happens(0.2):
            temporary = {"limit": self.amount(3000), "from": self.day()}
            erp.post(f"/v1/customers/{customer}/temporary-limits", temporary, company=company)
        if self.happens(0.2):
            cover = {"kind": "insurance", "value": self.amount(), "percent": "50"}
            erp.post(f"/v1/customers/{customer}/covers", cover, company=company)
        if self.happens(0.1):
            erp.post(f"/v1/customers/{customer}/manual-blocks", {"kinds": ["order"]}, company=company)

    def state_papers(self, erp: Erp, company: str) -> None:
        papers = [self.paper(f"P-{number}") for number in range(70)]
        for family in ("documents", "ledger"):
            lines = ndjson(
                paper for paper in papers if (paper["kind"] in DOCUMENTS) == (family == "documents")
            )
            path, query = f"/v1/{family}:import", {"company": company}
            report = ok(erp.caller.post(path, content=lines, headers=NDJSON, params=query))
            assert report["rejected"] == 0, report

    def paper(self, number: str) -> JSON:
        """A line of a stream."""
        kind = self.random.choice(
            ["order", "delivery", "invoice", "open_item", "open_item", "bill", "advance", "payment", "other"]
        )
        fields: JSON = {"kind": kind, "customer": self.random.choice(CUSTOMERS), "date": self.day()}
        fields["number" if kind in DOCUMENTS else "id"] = number
        if kind in {"invoice", "open_item", "bill"}:
            fields["due_date"] = self.day()
        if kind in {"order", "delivery", "invoice"} and self.happens(0.2):
            fields["bill_to"] = self.random.choice(CUSTOMERS)
        if kind == "open_item" and self.happens(0.2):
            fields["disputed"] = True
        return fields | {"total": self.amount()}

    def check_order(self, erp: Erp, number: str) -> None:
        """Check an order that may be stored already: it may be held, or credit be reserved for it."""
        company, customer = self.random.choice(COMPANIES), self.random.choice(CUSTOMERS)
        reserve = {"ttl_seconds": 900} if self.happens(0.5) else None
        erp.check("order", self.amount(), number, company=company, customer=customer, reserve=reserve)


async def evaluated(url: str, tenant: str) -> list[EvaluatedAccount]:
    """Every account of a tenant on the reference date, as of one moment."""
    database, portfolio = build_portfolio(url, limits=ConnectionLimits())
    accounts: list[EvaluatedAccount] = []
    async with database.frozen(tenant):
        for company, _ in await portfolio.companies(tenant=tenant):
            async for page in portfolio.pages(company, tenant=tenant):
                day = date.fromisoformat(DAY)
                accounts += await portfolio.evaluate(page, tenant=tenant, as_of=day)
    await database.close()
    return accounts


def without_moment(shown: JSON) -> JSON:
    """An exposure without what depends on the instant it was asked for; the order of rates says nothing."""
    rates = sorted(shown["rates"], key=str)
    feeds = {source: feed["as_of"] for source, feed in shown["freshness"].items()}
    rest = {name: value for name, value in shown.items() if name not in {"evaluated_at", "papers"}}
    return {**rest, "rates": rates, "freshness": feeds}


def in_columns(rows: Sequence[Sequence[Any]]) -> list[JSON]:
    return [dict(zip((column.name for column in COLUMNS), row, strict=True)) for row in rows]


def row_told_by(shown: JSON) -> JSON:
    """The row of an account, as its exposure tells it."""
    exposure, limit = shown["exposure"], shown["limit"]
    overdue = exposure["overdue"]
    return {
        **{name: shown[name] for name in ("company", "customer", "signal", "auto_blocked")},
        "currency": exposure["currency"],
        **{f"limit_{name}": limit[name] for name in ("state", "source", "amount", "valid_until")},
        "exposure": exposure["current"],
        "utilisation": shown["utilisation"],
        "headroom": shown["headroom"],
        **exposure["by_category"],
        "overdue": overdue["amount"],
        "overdue_oldest_days": overdue["oldest_days"],
        **{f"ageing_{band.replace('-', '_')}": amount for band, amount in overdue["ageing"].items()},
        "as_of": shown["as_of"],
        "policy_version": shown["policy"]["version"],
    }


@pytest.mark.parametrize("seed", [1, 3])
def test_every_account_is_evaluated_as_if_it_were_asked_for_alone(site: Site, seed: int) -> None:
    tenant = f"tenant-{uuid4().hex}"
    with site.caller(site.key(tenant=tenant)) as caller:
        erp = Erp(caller)
        Dice(Random(seed)).fill(erp)
        accounts = asyncio.run(evaluated(site.database_url, tenant))
        shown = [shown_exposure(account.exposure) for account in accounts]
        alone = [erp.exposure(each["customer"], company=each["company"]) for each in shown]
    assert [without_moment(each) for each in shown] == [without_moment(each) for each in alone]
    keys = [(each["company"], each["customer"]) for each in shown]
    assert keys == sorted(set(keys))
    assert {each["signal"] for each in shown} >= {"green", "red", "off"}

    rows = in_columns([row_of(account) for account in accounts])
    for row, each in zip(rows, alone, strict=True):
        del row["name"], row["risk_customer"]  # which an exposure does not tell
        assert row == row_told_by(each)


def test_no_account_with_exposure_is_left_out(site: Site) -> None:
    tenant = f"tenant-{uuid4().hex}"
    with site.caller(site.key(tenant=tenant)) as caller:
        erp = Erp(caller)
        erp.customer("C-1", risk_customer="R")
        erp.customer("R", name="Bears others' papers only")
        erp.customer("S")
        erp.store("order", "O-1", "10.00")
        erp.store("order", "O-2", "10.00", customer="C-2", bill_to="B")
        erp.check("order", "10.00", "O-3", customer="S", reserve={"ttl_seconds": 900})
        accounts = asyncio.run(evaluated(site.database_url, tenant))
    shown = {each["customer"]: each for account in accounts for each in [shown_exposure(account.exposure)]}
    current = {customer: each["exposure"]["current"] for customer, each in shown.items()}
    assert current == {"B": "10.00", "C-1": "0.00", "R": "10.00", "S": "10.00"}
    (first,) = [account for account in accounts if account.exposure.situation.check.customer == "C-1"]
    assert (first.name, first.risk_customer) == (None, "R")
