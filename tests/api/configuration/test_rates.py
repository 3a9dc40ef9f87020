from typing import Any

import httpx
import pytest

from creditrisk.api.paging import write_cursor
from tests.api.configuration.site import Site
from tests.api.parts import complaints


def rate(**stated: Any) -> dict[str, Any]:
    return {"from": "USD", "to": "EUR", "date": "2026-11-22", "rate": "0.5"} | stated


def put(caller: httpx.Client, *rates: dict[str, Any], company: str | None = None) -> httpx.Response:
    params = {} if company is None else {"company": company}
    return caller.put("/v1/rates", json={"rates": list(rates)}, params=params)


def listed(caller: httpx.Client, **params: str) -> list[tuple[Any, ...]]:
    items = caller.get("/v1/rates", params=params).json()["items"]
    return [tuple(each[name] for name in ("company", "from", "to", "date", "rate", "type")) for each in items]


def test_rates_are_stored_as_stated(admin: httpx.Client) -> None:
    answer = put(admin, rate(), rate(type="sale", rate="123456789012.123456789012"))

    assert answer.status_code == 200
    assert answer.json()["rates"][0] == rate(type="default", company=None)
    assert listed(admin) == [
        (None, "USD", "EUR", "2026-11-22", "0.5", "default"),
        (None, "USD", "EUR", "2026-11-22", "123456789012.123456789012", "sale"),
    ]


def test_a_rate_replaces_the_one_of_its_type_pair_and_day(admin: httpx.Client) -> None:
    put(admin, rate(), rate(date="2026-11-21"))

    put(admin, rate(rate="0.6"))

    assert [(each[3], each[4]) for each in listed(admin)] == [("2026-11-21", "0.5"), ("2026-11-22", "0.6")]


@pytest.mark.parametrize(
    "wrong",
    [
        "0", "0.000", "-0.5", "NaN", "Infinity", "1e3", " 1", "1,5", "", "1" * 13, f"0.{'1' * 13}", "\u0661",
        ".5", "1.",
    ],
)  # fmt: skip
def test_one_rate_that_is_no_rate_refuses_the_whole_batch(admin: httpx.Client, wrong: str) -> None:
    batch = [rate(date=f"2026-11-0{day}") for day in (1, 2, 3)]

    assert complaints(put(admin, *batch, rate(rate=wrong))) == [("/rates/3/rate", "invalid_rate")]
    assert listed(admin) == []


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (rate(rate=0.5), ("/rates/0/rate", "wrong_type")),
        (rate(rate=None), ("/rates/0/rate", "wrong_type")),
        (rate(to="USD"), ("/rates/0/to", "same_currency")),
        (rate(to="EURO"), ("/rates/0/to", "unknown_currency")),
        ({"from": "USD", "date": "2026-11-22", "rate": "1"}, ("/rates/0/to", "required")),
        (rate(date="22.11.2026"), ("/rates/0/date", "invalid_date")),
        (rate(date="2026-02-30"), ("/rates/0/date", "invalid_date")),
        (rate(type=""), ("/rates/0/type", "invalid_identifier")),
        (rate(inverse=True), ("/rates/0/inverse", "unknown_field")),
    ],
)
def test_what_breaks_the_contract_is_named(
    admin: httpx.Client, stated: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert complaints(put(admin, stated)) == [expected]


def test_a_batch_states_each_rate_once(admin: httpx.Client) -> None:
    twice = put(admin, rate(), rate(type="sale"), rate(rate="0.7"))

    assert complaints(twice) == [("/rates/2", "duplicate")]
    assert listed(admin) == []


@pytest.mark.parametrize(("rates", "code"), [([], "too_short"), ([rate()] * 10_001, "too_long")])
def test_a_batch_has_1_to_10000_rates(admin: httpx.Client, rates: list[dict[str, Any]], code: str) -> None:
    assert complaints(put(admin, *rates)) == [("/rates", code)]


def test_rates_are_found_by_currency_type_and_day(admin: httpx.Client) -> None:
    put(admin, rate(), rate(to="CZK"), rate(type="sale"), rate(date="2026-11-21"))

    assert [each[2] for each in listed(admin, to="CZK")] == ["CZK"]
    assert [each[5] for each in listed(admin, type="sale")] == ["sale"]
    assert [each[3] for each in listed(admin, date="2026-11-21")] == ["2026-11-21"]
    assert listed(admin, **{"from": "EUR"}) == []
    assert complaints(admin.get("/v1/rates?from=usd")) == [("query/from", "unknown_currency")]


def test_rates_are_read_page_by_page(admin: httpx.Client) -> None:
    put(admin, *(rate(date=f"2026-11-{day}") for day in range(10, 15)))

    days, cursor = [], None
    while True:
        page = admin.get("/v1/rates", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        days += [each["date"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert days == [f"2026-11-{day}" for day in range(10, 15)]


def test_a_cursor_with_an_impossible_day_is_not_valid(admin: httpx.Client) -> None:
    cursor = write_cursor(("default", "USD", "EUR", "2026-13-01", ""))

    assert complaints(admin.get("/v1/rates", params={"cursor": cursor})) == [
        ("query/cursor", "invalid_cursor")
    ]


def test_a_company_is_listed_with_the_rates_of_every_company(admin: httpx.Client) -> None:
    put(admin, rate())
    put(admin, rate(rate="0.6"), company="north")
    put(admin, rate(rate="0.7"), company="south")

    assert [(each[0], each[4]) for each in listed(admin)] == [
        (None, "0.5"),
        ("north", "0.6"),
        ("south", "0.7"),
    ]
    assert [each[0] for each in listed(admin, company="north")] == [None, "north"]


def test_a_key_limited_to_companies_changes_only_their_rates(
    admin: httpx.Client, northerner: httpx.Client
) -> None:
    put(admin, rate(), company="south")

    assert put(northerner, rate()).json()["code"] == "company_forbidden"
    assert put(northerner, rate(), company="south").status_code == 403
    assert put(northerner, rate(), company="north").status_code == 200
    assert [each[0] for each in listed(northerner)] == ["north"]


def test_rates_need_the_scope_and_stay_in_their_tenant(
    site: Site, acme: str, admin: httpx.Client, stranger: httpx.Client
) -> None:
    put(admin, rate())

    assert listed(stranger) == []
    with site.caller(site.key_of(acme, ["ingest", "limits"])) as other:
        assert put(other, rate()).status_code == 403
        assert other.get("/v1/rates").status_code == 403
