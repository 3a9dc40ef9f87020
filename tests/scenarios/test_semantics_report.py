"""The exposure report: what every account owes and how it pays (docs/domain.md, Exposure report)."""

import csv
import io

import pytest

from creditrisk.application.exposure_report import COLUMNS
from tests.scenarios.erp import DAY, Erp, money
from tests.scenarios.reserving import reserve
from tests.service import JSON, eur

REPORT = "/v1/reports/exposure"


def report(erp: Erp, **query: str) -> list[JSON]:
    answer = erp.get(REPORT, **{"as_of": DAY, **query})
    assert answer["next"] is None
    rows = answer["items"]
    assert isinstance(rows, list)
    return rows


def figures(row: JSON) -> JSON:
    """What a row says that is not nothing."""
    return {
        name: value
        for name, value in row.items()
        if value not in {None, False, "0"} and not (isinstance(value, str) and value == "0.00")
    }


def customers(rows: list[JSON]) -> list[str]:
    return [row["customer"] for row in rows]


@pytest.fixture
def account(erp: Erp) -> Erp:
    """The account of the worked table."""
    erp.customer("C-1", name="Brown & Sons")
    erp.account(limit="40000.00", insured_amount=eur("25000.00"))
    for number, total in (("O-1", "7000.00"), ("O-2", "3000.00")):
        erp.store("order", number, total)
    erp.store("delivery", "D-1", "8000.00")
    erp.store("invoice", "I-1", "73000.00", date="2025-02-01", posted=True)
    erp.store("invoice", "I-2", "12000.00", date="2024-11-01")
    erp.store("open_item", "R-1", "9000.00", due_date="2025-06-20")
    erp.store("open_item", "R-2", "3000.00", due_date="2025-05-31")
    erp.store("open_item", "R-3", "4000.00", due_date="2025-09-30")
    erp.store("open_item", "R-4", "-1000.00")
    erp.store("open_item", "R-5", "500.00", due_date="2025-06-20", provisional=True)
    erp.store("open_item", "R-6", "-200.00", provisional=True)
    erp.store("bill", "B-1", "4000.00", due_date="2025-09-30", state="issued")
    erp.store("bill", "B-2", "2000.00", due_date="2025-03-31", state="returned")
    erp.store("open_item", "R-7", "1000.00", due_date="2025-03-01")
    paid = [{"item": "R-7", "amount": eur("1000.00")}]
    erp.store("payment", "P-1", "1000.00", value_date="2025-03-13", allocations=paid)
    return erp


def test_the_worked_account(account: Erp) -> None:
    (row,) = report(account)
    assert figures(row) == {
        "company": "main",
        "customer": "C-1",
        "name": "Brown & Sons",
        "accounts": 1,
        "currency": "EUR",
        "as_of": DAY,
        "limit": "40000.00",
        "insured": "25000.00",
        "orders": "10000.00",
        "to_invoice": "8000.00",
        "to_post": "12000.00",
        "balance": "15000.00",
        "provisional_payments": "200.00",
        "bills_due": "4000.00",
        "unpaid": "2000.00",
        "exposure": "51000.00",
        "over_limit": "11000.00",
        "overdue": "12000.00",
        "overdue_provisional": "500.00",
        "turnover_12m": "85000.00",
        "turnover_ytd": "73000.00",
        "dso": "141.71",
        "average_delay": "12",
        "due_date_deviation": "15",
    }


def test_a_row_says_what_the_account_itself_says(account: Erp) -> None:
    (row,) = report(account)
    assert row["exposure"] == account.exposure()["exposure"]["current"]
    behaviour = account.get("/v1/customers/C-1/behaviour", as_of=DAY)
    for name in ("dso", "average_delay", "due_date_deviation"):
        assert row[name] == behaviour[name]
    for name in ("turnover_12m", "turnover_ytd"):
        assert row[name] == behaviour[name]["amount"]


def test_the_same_as_a_table(account: Erp) -> None:
    answer = account.caller.get(REPORT, params={"as_of": DAY}, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, *lines = csv.reader(io.StringIO(answer.text))
    assert header == list(COLUMNS)
    (row,) = report(account)
    expected = [
        "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        for value in row.values()
    ]
    assert lines == [expected]


@pytest.mark.parametrize(
    ("accept", "format", "media_type"),
    [
        ("*/*", None, "application/json"),
        ("text/html, */*", None, "application/json"),
        ("text/csv", None, "text/csv"),
        ("text/csv;q=0.5, application/json", None, "application/json"),
        ("text/csv, application/json;q=0.5", None, "text/csv"),
        ("text/csv;q=x", None, "application/json"),
        ("text/csv", "json", "application/json"),
        ("application/json", "csv", "text/csv"),
    ],
)
def test_the_caller_says_how_it_is_written(
    erp: Erp, accept: str, format: str | None, media_type: str
) -> None:
    params = {} if format is None else {"format": format}
    answer = erp.caller.get(REPORT, params=params, headers={"Accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == media_type


@pytest.fixture
def portfolio(erp: Erp) -> Erp:
    """Customers of three countries, two agents, one head account and two companies."""
    for customer, name, country, agent, head in (
        ("C-1", "Young", "IT", "7", None),
        ("C-2", "Adams", "IT", "8", "C-1"),
        ("C-3", "Moore", "FR", "7", "C-1"),
        ("C-4", "Baker", None, None, None),
    ):
        fields = {
            "name": name,
            "country": country,
            "head_account": head,
            "attributes": None if agent is None else {"agent": agent},
        }
        erp.customer(customer, **{key: value for key, value in fields.items() if value is not None})
    for n, customer in enumerate(("C-1", "C-2", "C-3", "C-4")):
        erp.store("open_item", f"R-{n}", f"{10**n}.00", customer=customer, due_date=DAY)
    erp.policy(company="north")
    erp.store("open_item", "R-0", "50000.00", customer="C-1", company="north")
    return erp


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["C-1", "C-1", "C-2", "C-3", "C-4"]),
        ({"company": "main"}, ["C-1", "C-2", "C-3", "C-4"]),
        ({"company": "main", "sort": "name"}, ["C-2", "C-4", "C-3", "C-1"]),
        ({"customer": "C-1"}, ["C-1", "C-1"]),
        ({"company": "main", "head_account": "C-1"}, ["C-1", "C-2", "C-3"]),
        ({"company": "main", "country": "IT"}, ["C-1", "C-2"]),
        ({"not_country": "IT"}, ["C-3"]),
        ({"company": "main", "attribute": "agent:7"}, ["C-1", "C-3"]),
        ({"company": "main", "attribute": "agent:7", "country": "FR"}, ["C-3"]),
        ({"risk_group": "A"}, []),
    ],
)
def test_accounts_are_chosen_by_what_is_known_of_their_customers(
    portfolio: Erp, query: dict[str, str], expected: list[str]
) -> None:
    assert customers(report(portfolio, **query)) == expected


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        ("company", [("main", 4, "1111.00"), ("north", 1, "50000.00")]),
        (
            "customer",
            [("C-1", 2, "50001.00"), ("C-2", 1, "10.00"), ("C-3", 1, "100.00"), ("C-4", 1, "1000.00")],
        ),
        ("head_account", [("C-1", 4, "50111.00"), ("C-4", 1, "1000.00")]),
        ("country", [(None, 1, "1000.00"), ("FR", 1, "100.00"), ("IT", 3, "50011.00")]),
        ("attribute:agent", [(None, 1, "1000.00"), ("7", 3, "50101.00"), ("8", 1, "10.00")]),
        ("credit_group", [(None, 5, "51111.00")]),
    ],
)
def test_accounts_are_added_up(
    portfolio: Erp, group_by: str, expected: list[tuple[str | None, int, str]]
) -> None:
    rows = report(portfolio, group_by=group_by)
    assert [(row["group"], row["accounts"], row["exposure"]) for row in rows] == expected
    assert {(row["company"], row["customer"], row["name"]) for row in rows} == {(None, None, None)}


def test_averages_of_a_group_are_those_of_all_its_amounts(erp: Erp) -> None:
    for customer, turnover, owed, late in (("C-1", "300.00", "100.00", 10), ("C-2", "430.00", "300.00", 20)):
        erp.customer(customer)
        erp.store("invoice", f"I-{customer}", turnover, customer=customer, date=DAY, posted=True)
        due = f"2025-06-{30 - late}"
        erp.store("open_item", f"R-{customer}", owed, customer=customer, due_date=due)
        paid = [{"item": f"S-{customer}", "amount": eur(owed)}]
        erp.store("open_item", f"S-{customer}", owed, customer=customer, due_date="2025-06-01")
        value_date = f"2025-06-{1 + late:02}"
        erp.store(
            "payment", f"P-{customer}", owed, customer=customer, value_date=value_date, allocations=paid
        )
    (row,) = report(erp, group_by="company")
    # 400 × 365 / 730; (100 × 10 + 300 × 20) / 400
    assert (row["dso"], row["due_date_deviation"], row["average_delay"]) == ("200", "17.5", "17.5")


def test_limits_of_a_group_add_up_and_one_without_bound_has_no_overrun(erp: Erp) -> None:
    for customer, limit in (("C-1", "100.00"), ("C-2", "50.00"), ("C-3", None)):
        erp.customer(customer)
        erp.account(customer, limit)
        erp.store("order", f"O-{customer}", "70.00", customer=customer)
    assert [(row["limit"], row["over_limit"]) for row in report(erp)] == [
        ("100.00", "0.00"),
        ("50.00", "20.00"),
        (None, None),
    ]
    (row,) = report(erp, group_by="company")
    assert (row["limit"], row["over_limit"], row["unlimited"]) == ("150.00", "60.00", False)
    erp.account("C-3", None, unlimited=True)
    (row,) = report(erp, group_by="company")
    assert (row["limit"], row["over_limit"], row["unlimited"]) == ("150.00", None, True)


def test_under_a_head_account_the_heads_limit_is_the_limit(portfolio: Erp) -> None:
    portfolio.policy(grouping="head_account")
    portfolio.account("C-1", "200.00")
    portfolio.account("C-2", "99999.00")
    rows = report(portfolio, company="main")
    assert [row["limit"] for row in rows] == ["200.00", None, None, None]
    (head, _) = report(portfolio, company="main", group_by="head_account")
    assert (head["limit"], head["exposure"], head["over_limit"]) == ("200.00", "111.00", "0.00")


def test_a_report_is_in_the_currency_of_the_company_whatever_the_limits_are_in(erp: Erp) -> None:
    erp.put("/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": "0.5"}]})
    erp.account(limit=money("1000.00", "USD"), insured_amount=money("10.00", "CHF"))
    erp.store("order", "O-1", money("300.00", "USD"))
    erp.store("order", "O-2", "100.00")
    erp.store("order", "O-3", money("1.00", "JPY") | {"amount": "1"})
    (row,) = report(erp)
    assert (row["currency"], row["limit"], row["exposure"]) == ("EUR", "500.00", "250.00")
    assert (row["insured"], row["missing_rates"]) == (None, "CHF JPY")


def test_groups_have_a_row_for_each_currency(portfolio: Erp) -> None:
    portfolio.policy(company="north", currency="USD")
    portfolio.store("open_item", "R-0", money("5.00", "USD"), customer="C-1", company="north")
    rows = report(portfolio, group_by="customer", customer="C-1")
    assert [(row["group"], row["currency"], row["exposure"]) for row in rows] == [
        ("C-1", "EUR", "1.00"),
        ("C-1", "USD", "5.00"),
    ]


def test_exposure_is_what_the_policy_counts_and_the_other_columns_are_what_there_is(erp: Erp) -> None:
    erp.policy(categories={"orders": False}, overdue_only=True, balance_basis="open_items")
    erp.store("order", "O-1", "1.00")
    erp.store("open_item", "R-1", "10.00", due_date="2025-12-31")
    erp.store("open_item", "R-2", "100.00", due_date="2025-01-31")
    (row,) = report(erp)
    assert (row["orders"], row["balance"], row["exposure"]) == ("1.00", "110.00", "100.00")
    erp.store("balance", "L-1", "7.00")
    erp.policy(balance_basis="ledger_balance")
    (row,) = report(erp)
    assert (row["balance"], row["exposure"], row["overdue"]) == ("7.00", "8.00", "100.00")


def test_who_bears_papers_has_a_row_and_who_has_nothing_has_none(erp: Erp) -> None:
    erp.customer("C-2")
    erp.customer("C-1", risk_customer="C-2")
    erp.store("order", "O-1", "100.00")
    assert [(row["customer"], row["exposure"]) for row in report(erp)] == [("C-2", "100.00")]


def test_credit_reserved_for_somebody_has_a_row_even_if_nothing_is_stored_yet(erp: Erp) -> None:
    erp.policy(unknown_customer="warn")
    erp.customer("C-2")
    erp.customer("C-1", risk_customer="C-2")
    reserve(erp, "order", "100.00", "O-1")
    reserve(erp, "order", "70.00", "O-2", customer="new")
    rows = report(erp, group_by="head_account")
    assert [(row["group"], row["reservations"]) for row in rows] == [("C-2", "100.00"), ("new", "70.00")]


def test_more_accounts_than_are_read_together_are_reported_in_order(erp: Erp) -> None:
    lines = "".join(
        f'{{"kind": "order", "number": "O-{n}", "customer": "K-{n:04}", "total": '
        f'{{"amount": "1.00", "currency": "EUR"}}}}\n'
        for n in range(1_120)
    )
    headers = {"Content-Type": "application/x-ndjson"}
    assert erp.caller.post("/v1/documents:import", content=lines, headers=headers).json()["accepted"] == 1_120
    found = customers(report(erp))
    assert found == sorted(found)
    assert len(found) == 1_120
    (row,) = report(erp, group_by="company")
    assert (row["accounts"], row["exposure"]) == (1_120, "1120.00")


@pytest.mark.parametrize(
    "query",
    [
        {"group_by": "colour"},
        {"group_by": "attribute:"},
        {"attribute": "agent"},
        {"attribute": ":7"},
        {"country": "Italy"},
        {"sort": "size"},
        {"format": "xml"},
        {"agent": "7"},
    ],
)
def test_a_report_nobody_can_make_is_refused(erp: Erp, query: dict[str, str]) -> None:
    answer = erp.caller.get(REPORT, params=query)
    assert answer.status_code == 422
    (name,) = query
    assert answer.json()["errors"][0]["pointer"].startswith(f"query/{name}")
