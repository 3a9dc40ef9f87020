from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from creditrisk.api.paging import write_cursor
from tests.api.master_data.answers import complaints, read_pages

LIMITS = "/v1/customers/C-1/temporary-limits"
GROUP_LIMITS = "/v1/credit-groups/G-1/temporary-limits"


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


CHRISTMAS: dict[str, Any] = {"limit": eur("150000.00"), "from": "2026-12-01", "to": "2026-12-31"}


@pytest.mark.usefixtures("customer")
def test_a_temporary_limit_is_answered_as_made(anna: httpx.Client) -> None:
    made = anna.post(LIMITS, json=CHRISTMAS)
    assert made.status_code == 201
    seen = made.json()
    assert {name: seen[name] for name in CHRISTMAS} == CHRISTMAS
    assert (seen["company"], seen["no"], seen["created_by"]) == ("main", 1, "Anna")
    assert anna.get(LIMITS).json() == {"items": [seen], "next": None}


@pytest.mark.usefixtures("customer")
def test_a_temporary_limit_may_be_open_ended_and_last_a_single_day(anna: httpx.Client) -> None:
    open_ended = anna.post(LIMITS, json={"limit": eur("0.00"), "from": "2026-12-01", "to": None}).json()
    assert open_ended["to"] is None
    one_day = {"limit": eur("1.00"), "from": "2026-12-01", "to": "2026-12-01"}
    assert anna.post(LIMITS, json=one_day).status_code == 201


@pytest.mark.usefixtures("customer")
def test_a_deleted_temporary_limit_is_gone(anna: httpx.Client) -> None:
    for _ in range(2):
        anna.post(LIMITS, json=CHRISTMAS)
    deleted = anna.delete(f"{LIMITS}/1")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [item["no"] for item in anna.get(LIMITS).json()["items"]] == [2]
    assert anna.delete(f"{LIMITS}/1").status_code == 404


@pytest.mark.usefixtures("customer")
def test_a_number_is_given_once_so_that_deleting_again_deletes_nothing_else(anna: httpx.Client) -> None:
    anna.put("/v1/credit-groups/G-1", json={})
    for path in (LIMITS, GROUP_LIMITS):
        assert [anna.post(path, json=CHRISTMAS).json()["no"] for _ in range(2)] == [1, 2]
        for no in (2, 1):
            assert anna.delete(f"{path}/{no}").status_code == 204
        assert anna.post(path, json=CHRISTMAS).json()["no"] == 3
        assert anna.delete(f"{path}/2").status_code == 404
        assert [item["no"] for item in anna.get(path).json()["items"]] == [3]


@pytest.mark.usefixtures("customer")
def test_limits_made_at_the_same_time_get_numbers_of_their_own(anna: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: anna.post(LIMITS, json=CHRISTMAS).json()["no"], range(16)))
    assert sorted(made) == list(range(1, 17))


@pytest.mark.usefixtures("customer")
def test_each_company_has_its_own_limits_and_a_list_shows_all_in_reach(
    anna: httpx.Client, northerner: httpx.Client
) -> None:
    anna.post(LIMITS, json=CHRISTMAS)
    assert northerner.post(LIMITS, json={**CHRISTMAS, "company": "north"}).json()["no"] == 1
    anna.post(f"{LIMITS}?company=north", json=CHRISTMAS)

    def listed(caller: httpx.Client, **params: str) -> list[tuple[str, int]]:
        return [(item["company"], item["no"]) for item in caller.get(LIMITS, params=params).json()["items"]]

    assert listed(anna) == [("main", 1), ("north", 1), ("north", 2)]
    assert listed(anna, company="main") == [("main", 1)]
    assert listed(northerner) == [("north", 1), ("north", 2)]
    assert northerner.get(LIMITS, params={"company": "main"}).status_code == 403
    assert northerner.post(LIMITS, json=CHRISTMAS).status_code == 403
    assert northerner.delete(f"{LIMITS}/1").status_code == 403
    assert northerner.delete(f"{LIMITS}/1?company=north").status_code == 204
    assert listed(anna) == [("main", 1), ("north", 2)]
    assert {item["company"] for item in anna.get("/v1/companies").json()["items"]} == {"main", "north"}


@pytest.mark.usefixtures("customer")
def test_the_list_is_read_page_by_page(anna: httpx.Client) -> None:
    for company in ("main", "north"):
        for _ in range(2):
            anna.post(LIMITS, json={**CHRISTMAS, "company": company})
    pages = read_pages(anna, LIMITS, size=3)
    assert [[(item["company"], item["no"]) for item in page] for page in pages] == [
        [("main", 1), ("main", 2), ("north", 1)],
        [("north", 2)],
    ]


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize("number", [-(2**63) + 1, 2**63 - 1])
def test_no_cursor_breaks_the_list(anna: httpx.Client, number: int) -> None:
    answer = anna.get(LIMITS, params={"cursor": write_cursor(("main", number))})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "query/cursor"


def test_a_credit_group_has_temporary_limits_for_all_companies(anna: httpx.Client) -> None:
    anna.put("/v1/credit-groups/G-1", json={"name": "Group"})
    made = anna.post(GROUP_LIMITS, json=CHRISTMAS).json()
    assert (made["company"], made["no"]) == (None, 1)
    assert anna.get(GROUP_LIMITS).json()["items"] == [made]
    assert anna.delete("/v1/credit-groups/G-1").status_code == 409
    assert anna.delete(f"{GROUP_LIMITS}/1").status_code == 204
    assert anna.get(GROUP_LIMITS).json()["items"] == []
    assert anna.delete(f"{GROUP_LIMITS}/1").status_code == 404


def test_nobody_unknown_has_temporary_limits(anna: httpx.Client) -> None:
    for path in (LIMITS, GROUP_LIMITS):
        assert anna.post(path, json=CHRISTMAS).status_code == 404
        assert anna.get(path).status_code == 404
        assert anna.delete(f"{path}/1").status_code == 404
    assert anna.get("/v1/companies").json()["items"] == []


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"to": "2026-11-30"}, "/to", "ends_before_it_begins"),
        ({"limit": eur("-0.01")}, "/limit/amount", "out_of_range"),
        ({"limit": eur("0.001")}, "/limit/amount", "too_many_decimals"),
        ({"limit": None}, "/limit", "wrong_type"),
        ({"limit": {"amount": 5, "currency": "EUR"}}, "/limit/amount", "wrong_type"),
        ({"limit": {"amount": "5", "currency": "EURO"}}, "/limit/currency", "unknown_currency"),
        ({"from": "soon"}, "/from", "invalid_date"),
        ({"form": "2026-12-01"}, "/form", "unknown_field"),
        ({"from_": "2026-12-01"}, "/from_", "unknown_field"),
    ],
)
def test_a_slip_in_a_temporary_limit_is_refused_at_its_place(
    anna: httpx.Client, change: dict[str, Any], pointer: str, code: str
) -> None:
    assert complaints(anna.post(LIMITS, json=CHRISTMAS | change)) == [(pointer, code)]
    assert anna.get(LIMITS).json()["items"] == []


@pytest.mark.usefixtures("customer")
def test_query_and_body_cannot_mean_different_companies(anna: httpx.Client) -> None:
    refused = anna.post(f"{LIMITS}?company=north", json={**CHRISTMAS, "company": "main"})
    assert complaints(refused) == [("/company", "company_mismatch")]


@pytest.mark.usefixtures("customer")
@pytest.mark.parametrize("number", ["0", "-1", "x", "2147483648", "1.0", "01", "1e1"])
def test_what_is_no_number_of_a_limit_is_refused(anna: httpx.Client, number: str) -> None:
    assert anna.delete(f"{LIMITS}/{number}").status_code == 422


def test_another_tenants_limits_are_not_found(
    anna: httpx.Client, stranger: httpx.Client, customer: str
) -> None:
    anna.put("/v1/credit-groups/G-1", json={})
    for path in (f"/v1/customers/{customer}/temporary-limits", GROUP_LIMITS):
        anna.post(path, json=CHRISTMAS)
        assert stranger.get(path).status_code == 404
        assert stranger.post(path, json=CHRISTMAS).status_code == 404
        assert stranger.delete(f"{path}/1").status_code == 404
        assert len(anna.get(path).json()["items"]) == 1


def test_temporary_limits_take_the_scope_limits(checker: httpx.Client) -> None:
    for path in (LIMITS, GROUP_LIMITS):
        assert checker.get(path).status_code == 403
        assert checker.post(path, json=CHRISTMAS).status_code == 403
        assert checker.delete(f"{path}/1").status_code == 403
