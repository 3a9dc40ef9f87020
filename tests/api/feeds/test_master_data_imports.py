import httpx
import pytest

from tests.api.feeds.bodies import CSV, NDJSON, eur, ndjson
from tests.api.feeds.calls import counts, imported, places, seen
from tests.api.feeds.conftest import Site

CUSTOMERS = "/v1/customers:import"
CREDIT = "/v1/credit:import"


def test_customers_come_in_a_stream(erp: httpx.Client) -> None:
    stream = ndjson(
        [
            {"id": "C-1", "name": "Brown", "relations": {"owner": "X"}},
            {"id": "C-2", "head_account": "C-1", "company": "ignored"},
            {"id": "C-3", "credit_group": "none"},
            {"id": "C-4", "colour": "red"},
            {"name": "nobody"},
            {"id": "C-1", "deleted": True},
        ]
    )
    report = imported(erp, CUSTOMERS, stream)
    assert counts(report) == (2, 0, 0, 4)
    assert places(report) == [
        (3, "/credit_group", "unknown_reference"),
        (4, "/colour", "unknown_field"),
        (5, "/id", "required"),
        (6, "/deleted", "unknown_field"),
    ]
    assert counts(imported(erp, CUSTOMERS, ndjson([{"id": "C-2", "head_account": "C-1"}]))) == (0, 1, 0, 0)
    assert erp.get("/v1/customers/C-1").json()["relations"] == {"owner": "X"}
    assert seen(erp, report["import_id"])["kind"] == "customers"


def test_customers_come_in_a_table(erp: httpx.Client) -> None:
    table = 'id,name,relations,closed\nC-1,"Brown, Sons","{""owner"": ""X""}",true\nC-2,,,\n'
    assert counts(imported(erp, CUSTOMERS, table, **CSV)) == (2, 0, 0, 0)
    first = erp.get("/v1/customers/C-1").json()
    assert (first["name"], first["relations"], first["closed"]) == ("Brown, Sons", {"owner": "X"}, True)


def test_credit_accounts_come_in_a_stream_whatever_was_set_before(erp: httpx.Client) -> None:
    imported(erp, CUSTOMERS, ndjson([{"id": "C-1"}, {"id": "C-2"}]))
    assert erp.put("/v1/customers/C-1/credit", json={"limit": eur("1")}).status_code == 200
    stream = ndjson(
        [
            {"id": "C-1", "limit": eur("500.5")},
            {"id": "C-1", "company": "north", "unlimited": True},
            {"id": "C-2", "limit": eur("-1")},
            {"id": "nobody", "limit": eur("1")},
        ]
    )
    report = imported(erp, CREDIT, stream)
    assert counts(report) == (2, 0, 0, 2)
    assert places(report) == [(3, "/limit/amount", "out_of_range"), (4, "/id", "unknown_customer")]
    assert erp.get("/v1/customers/C-1/credit").json()["limit"] == eur("500.50")
    north = erp.get("/v1/customers/C-1/credit", params={"company": "north"}).json()
    assert north["unlimited"] is True


def test_amounts_of_a_table_of_credit_accounts_share_the_currency_column(erp: httpx.Client) -> None:
    imported(erp, CUSTOMERS, ndjson([{"id": "C-1"}]))
    table = (
        "id,limit,insured_amount,currency,category_limits,max_days_overdue,documents_blocked\n"
        'C-1,500,20,EUR,"{""orders"": {""amount"": ""7"", ""currency"": ""USD""}}",30,"[""order""]"\n'
    )
    assert counts(imported(erp, CREDIT, table, **CSV)) == (1, 0, 0, 0)
    account = erp.get("/v1/customers/C-1/credit").json()
    assert (account["limit"], account["insured_amount"]) == (eur("500.00"), eur("20.00"))
    assert account["category_limits"] == {"orders": {"amount": "7.00", "currency": "USD"}}
    assert (account["max_days_overdue"], account["documents_blocked"]) == (30, ["order"])


def test_master_data_of_all_or_nothing_is_all_or_nothing(erp: httpx.Client) -> None:
    lines = [{"id": f"C-{number}", "name": "new"} for number in range(2_100)]
    answer = erp.post(
        f"{CUSTOMERS}?atomic=true",
        content=ndjson([*lines, {"id": "C-x", "account_status": "none"}]),
        headers=NDJSON,
    )
    assert answer.status_code == 422
    assert places(answer.json()) == [(2_101, "/account_status", "unknown_reference")]
    assert erp.get("/v1/customers/C-1").status_code == 404
    assert counts(imported(erp, f"{CUSTOMERS}?atomic=true", ndjson(lines))) == (2_100, 0, 0, 0)
    assert counts(imported(erp, f"{CUSTOMERS}?atomic=true", ndjson(lines))) == (0, 2_100, 0, 0)


def test_limits_are_set_only_in_companies_the_key_reaches(site: Site, acme: str, erp: httpx.Client) -> None:
    imported(erp, CUSTOMERS, ndjson([{"id": "C-1"}]))
    with site.caller(acme, "ingest", companies=frozenset({"north"})) as northern:
        report = imported(northern, CREDIT, ndjson([{"id": "C-1"}, {"id": "C-1", "company": "north"}]))
        assert places(report) == [(1, "/company", "company_forbidden")]
        assert counts(report) == (1, 0, 0, 1)
    with site.caller(acme, "limits") as desk:
        assert desk.post(CUSTOMERS, content=b"", headers=NDJSON).status_code == 403


@pytest.mark.parametrize("atomic", [False, True])
def test_a_limit_below_the_exposure_is_refused_in_a_stream_too(
    site: Site, acme: str, erp: httpx.Client, *, atomic: bool
) -> None:
    imported(erp, CUSTOMERS, ndjson([{"id": "C-1"}, {"id": "C-2"}]))
    order = {"customer": "C-1", "total": eur("100")}
    assert erp.put("/v1/documents/order/O", json=order).is_success
    policy = {"preset": "standard", "overrides": {"limit_below_exposure": "refuse"}}
    with site.caller(acme, "policy") as admin:
        assert admin.put("/v1/policy", json=policy).is_success
    lines = [("C-2", "5"), ("C-1", "9"), ("C-1", "100"), *([] if atomic else [("C-9", "5")])]
    stream = ndjson({"id": id_, "limit": eur(limit)} for id_, limit in lines)

    if atomic:
        answer = erp.post(CREDIT, params={"atomic": "true"}, content=stream, headers=NDJSON)
        assert answer.status_code == 422
        errors = answer.json()["errors"]
    else:
        report = imported(erp, CREDIT, stream)
        assert counts(report) == (2, 0, 0, 2)
        *errors, nobody = report["errors"]
        assert (nobody["line"], nobody["code"]) == (4, "unknown_customer")
    assert [(each["line"], each["pointer"], each["code"]) for each in errors] == [
        (2, "/limit", "limit_below_exposure")
    ]
    limits = [erp.get(f"/v1/customers/{id_}/credit").json()["limit"] for id_ in ("C-1", "C-2")]
    assert limits == ([None, None] if atomic else [eur("100.00"), eur("5.00")])
