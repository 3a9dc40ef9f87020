"""The history of limits, and policies that leave changes of limits to adjustments."""

from typing import Any

import httpx
import pytest

from tests.api.adjustments.journals import EXPIRY, line, policy, posted, refused, season
from tests.service import JSON, eur, ok

CREDIT = "/v1/customers/C-1/credit"
ONLY = {"limits_only_by_adjustment": True}


def history(caller: httpx.Client, home: str = f"{CREDIT}/history", **params: Any) -> list[JSON]:
    """The changes of limits, in order of time."""
    found: list[JSON] = ok(caller.get(home, params=params))["items"]
    return found


def put_credit(caller: httpx.Client, body: JSON, *, customer: str = "C-1", **params: Any) -> httpx.Response:
    return caller.put(f"/v1/customers/{customer}/credit", json=body, headers={"If-Match": "*"}, params=params)


def imported(caller: httpx.Client, *rows: str, **params: Any) -> httpx.Response:
    headers = {"Content-Type": "application/x-ndjson"}
    return caller.post("/v1/credit:import", content="\n".join(rows), headers=headers, params=params)


LIMIT_LINE = '{"id": "%s", "limit": {"amount": "%s", "currency": "EUR"}, "notes": "%s"}'


def test_every_change_tells_who_when_why_and_from_which_adjustment(
    anna: httpx.Client, bert: httpx.Client, auditor: httpx.Client
) -> None:
    ok(put_credit(anna, {"limit": eur("12345.00"), "notes": "No change of the limit."}))
    ok(put_credit(anna, {"limit": eur("14000.00"), "mandatory": True}))
    ok(imported(anna, LIMIT_LINE % ("C-1", "15000.00", "")))
    estimate = {"turnover_12m": eur("365000.00"), "instalments": [{"amount": "1", "days": 30}], "apply": True}
    ok(anna.post("/v1/customers/C-1/credit-estimate", json=estimate))
    first = posted(anna, bert, line("C-1", "16000.00", reason="Pays in time."), description="Review.")
    second = posted(
        anna, bert, season("C-2", "1.00"), season("C-1", "9.00"), kind="temporary", description="Spring."
    )
    assert anna.delete("/v1/customers/C-1/temporary-limits/1").status_code == 204

    changes = history(auditor)

    assert [(each["kind"], each["source"], each["changed_by"]) for each in changes] == [
        ("credit_limit", "direct", "Anna"),
        ("credit_limit", "direct", "Anna"),
        ("credit_limit", "import", "Anna"),
        ("credit_limit", "estimate", "Anna"),
        ("credit_limit", "adjustment", "Bert"),
        ("temporary_limit", "adjustment", "Bert"),
        ("temporary_limit", "direct", "Anna"),
    ]
    limits = [each["after"] and each["after"]["limit"]["amount"] for each in changes]
    assert limits == ["12345.00", "14000.00", "15000.00", "30000.00", "16000.00", "9.00", None]
    before = [each["before"] and each["before"]["limit"]["amount"] for each in changes]
    assert before == [None, "12345.00", "14000.00", "15000.00", "30000.00", None, "9.00"]
    assert (changes[1]["after"]["mandatory"], changes[2]["after"]["mandatory"]) == (True, False)
    assert changes[4]["after"]["expires_on"] == EXPIRY
    assert [(each["adjustment"], each["line"], each["reason"]) for each in changes[4:6]] == [
        (first["id"], 1, "Pays in time."),
        (second["id"], 2, "Spring."),
    ]
    assert changes[0]["adjustment"] is changes[0]["reason"] is None
    assert (changes[5]["no"], changes[5]["after"]["to"]) == (1, "2029-12-31")
    assert changes[0]["changed_at"] <= changes[6]["changed_at"]


def test_what_raises_a_limit_is_in_its_history(anna: httpx.Client) -> None:
    said = {"kind": "insurance", "issuer": "Northern", "value": eur("50.00"), "percent": "40"}
    made = ok(anna.post("/v1/customers/C-1/covers", json=said | {"from": "2026-01-01"}))
    assert anna.delete("/v1/customers/C-1/covers/1").status_code == 204

    *_, added, gone = history(anna)

    assert [(each["kind"], each["no"], each["changed_by"]) for each in (added, gone)] == [
        ("cover", 1, "Anna")
    ] * 2
    assert added["before"] is gone["after"] is None
    assert added["after"] == gone["before"]
    assert added["after"] == {name: value for name, value in made.items() if name in added["after"]}
    assert {name: added["after"][name] for name in said} == said
    assert (added["after"]["from"], added["after"]["effect"]) == ("2026-01-01", "add")


def test_a_group_has_its_history_too(anna: httpx.Client, bert: httpx.Client) -> None:
    ok(anna.put("/v1/credit-groups/ALPS", json={"name": "Renamed", "limit": eur("50000.00")}))
    ok(anna.put("/v1/credit-groups/ALPS", json={"limit": eur("51000.00")}))
    posted(anna, bert, line("ALPS", "52000.00"))
    posted(anna, bert, season("ALPS", "1.00"), kind="temporary")
    changes = history(anna, "/v1/credit-groups/ALPS/history")
    assert [each["after"]["limit"]["amount"] for each in changes] == [
        "50000.00",
        "51000.00",
        "52000.00",
        "1.00",
    ]
    assert {each["company"] for each in changes} == {None}


def test_a_history_is_read_page_by_page_and_by_company(anna: httpx.Client, northerner: httpx.Client) -> None:
    for amount in ("1.00", "2.00"):
        ok(put_credit(northerner, {"limit": eur(amount)}, company="north"))
    assert [each["company"] for each in history(anna)] == ["main", "north", "north"]
    assert [each["company"] for each in history(northerner)] == ["north", "north"]
    page = ok(anna.get(f"{CREDIT}/history", params={"limit": 2}))
    rest = history(anna, cursor=page["next"])
    assert [each["after"]["limit"]["amount"] for each in rest] == ["2.00"]


@pytest.mark.parametrize("path", ["/v1/customers/C-9/credit/history", "/v1/credit-groups/NONE/history"])
def test_nobody_unknown_has_a_history(anna: httpx.Client, path: str) -> None:
    assert anna.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"limit": eur("12346.00")}, ["/limit"]),
        ({}, ["/limit"]),
        ({"limit": eur("12345.00"), "unlimited": True, "expires_on": EXPIRY}, ["/unlimited", "/expires_on"]),
    ],
)
def test_where_limits_change_by_adjustments_only_nobody_sets_one(
    anna: httpx.Client, body: JSON, fields: list[str]
) -> None:
    policy(anna, **ONLY)
    problem = refused(put_credit(anna, body), 409, "only_by_adjustment")
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [
        (field, "only_by_adjustment") for field in fields
    ]
    assert ok(anna.get(CREDIT))["limit"] == eur("12345.00")


def test_everything_else_of_an_account_is_still_set(anna: httpx.Client) -> None:
    policy(anna, **ONLY)
    ok(put_credit(anna, {"limit": eur("12345.00"), "control": "monitor", "mandatory": True}))


def test_an_account_nobody_has_set_begins_without_a_limit_of_its_own(
    anna: httpx.Client, bert: httpx.Client
) -> None:
    policy(anna, **ONLY, new_account={"limit": "500.00"})
    first = "/v1/customers/C-3/credit"
    refused(anna.put(first, json={"limit": eur("501.00")}), 409, "only_by_adjustment")
    assert history(anna, f"{first}/history") == []
    ok(anna.put(first, json={"limit": eur("500.00"), "notes": "As new accounts are."}))
    posted(anna, bert, line("C-3", "501.00"))
    assert ok(anna.get(first))["limit"] == eur("501.00")


def test_temporary_limits_and_groups_change_by_adjustments_too(
    anna: httpx.Client, bert: httpx.Client
) -> None:
    temporary = "/v1/customers/C-1/temporary-limits"
    ok(anna.post(temporary, json={"limit": eur("1.00")}))
    policy(anna, **ONLY)
    refused(anna.post(temporary, json={"limit": eur("2.00")}), 409, "only_by_adjustment")
    refused(anna.delete(f"{temporary}/1"), 409, "only_by_adjustment")
    group = "/v1/credit-groups/ALPS"
    refused(anna.post(f"{group}/temporary-limits", json={"limit": eur("2.00")}), 409, "only_by_adjustment")
    refused(anna.put(group, json={"limit": eur("1.00")}), 409, "only_by_adjustment")
    refused(anna.put("/v1/credit-groups/NEW", json={"limit": eur("1.00")}), 409, "only_by_adjustment")
    ok(anna.put(group, json={"name": "Renamed", "limit": eur("50000.00")}))
    ok(anna.put("/v1/credit-groups/NEW", json={"name": "Without a limit"}))
    posted(anna, bert, season("C-1", "3.00"), season("ALPS", "3.00"), kind="temporary")
    posted(anna, bert, line("ALPS", "1.00"))
    assert len(ok(anna.get(temporary))["items"]) == 2
    assert ok(anna.get(group))["limit"] == eur("1.00")


def test_streams_and_estimates_are_bound_as_well(anna: httpx.Client) -> None:
    policy(anna, **ONLY)
    rows = (LIMIT_LINE % ("C-1", "12345.00", "The same."), LIMIT_LINE % ("C-2", "1.00", "Another."))
    report = ok(imported(anna, *rows))
    assert (report["accepted"], report["rejected"]) == (1, 1)
    (error,) = report["errors"]
    assert (error["line"], error["pointer"], error["code"]) == (2, "/limit", "only_by_adjustment")
    assert imported(anna, *rows, atomic=True).status_code == 422
    assert ok(anna.get("/v1/customers/C-2/credit"))["limit"] == eur("20000.00")
    estimate = {"turnover_12m": eur("365000.00"), "instalments": [{"amount": "1", "days": 30}], "apply": True}
    problem = refused(
        anna.post("/v1/customers/C-1/credit-estimate", json=estimate), 409, "only_by_adjustment"
    )
    assert [each["pointer"] for each in problem["errors"]] == ["/apply"]


def test_another_company_is_not_bound(anna: httpx.Client) -> None:
    policy(anna, **ONLY)
    ok(put_credit(anna, {"limit": eur("1.00")}, company="north"))


def test_a_stream_keeps_the_history_of_every_line(anna: httpx.Client) -> None:
    many = [f"M-{n}" for n in range(300)]
    headers = {"Content-Type": "application/x-ndjson"}
    customers = "\n".join(f'{{"id": "{id_}"}}' for id_ in many)
    ok(anna.post("/v1/customers:import", content=customers, headers=headers))
    for amount in ("1.00", "2.00"):
        ok(imported(anna, *(LIMIT_LINE % (id_, amount, "") for id_ in many)))
    for id_ in ("M-0", "M-299"):
        changes = history(anna, f"/v1/customers/{id_}/credit/history")
        assert [each["after"]["limit"]["amount"] for each in changes] == ["1.00", "2.00"]
