"""Limit adjustment journals over HTTP: written, approved by somebody else, posted once, all or nothing."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.adjustments.journals import (
    EXPIRY,
    HOME,
    journal,
    line,
    policy,
    posted,
    refused,
    season,
    statuses,
    submitted,
)
from tests.api.parts import complaints
from tests.service import JSON, eur, ok

CREDIT = "/v1/customers/C-1/credit"


def test_nothing_changes_before_an_adjustment_is_posted(anna: httpx.Client, bert: httpx.Client) -> None:
    home = journal(anna, line("C-1", "15000.00"), line("ALPS", "60000.00"))
    before = anna.get(CREDIT)
    for step, caller in (("submit", anna), ("approve", bert)):
        ok(caller.post(f"{home}/{step}"))
        assert anna.get(CREDIT).json() == before.json()
        assert ok(anna.get("/v1/credit-groups/ALPS"))["limit"] == eur("50000.00")

    seen = ok(anna.post(f"{home}/post"))

    assert (seen["status"], statuses(seen)) == ("posted", ["posted", "posted"])
    assert (seen["submitted_by"], seen["decided_by"], seen["posted_by"]) == ("Anna", "Bert", "Anna")
    after = anna.get(CREDIT)
    assert after.json() == before.json() | {
        "limit": eur("15000.00"),
        "expires_on": EXPIRY,
        "updated_at": after.json()["updated_at"],
    }
    assert after.headers["ETag"] != before.headers["ETag"]
    group = ok(anna.get("/v1/credit-groups/ALPS"))
    assert (group["name"], group["limit"], group["expires_on"]) == ("Alps", eur("60000.00"), EXPIRY)


def test_an_account_nobody_has_set_keeps_what_the_policy_gives_new_ones(
    anna: httpx.Client, bert: httpx.Client
) -> None:
    etag = anna.get("/v1/policy").headers["ETag"]
    overrides = {"new_account": {"max_days_overdue": 10}}
    policy = {"preset": "standard", "overrides": overrides}
    ok(anna.put("/v1/policy", json=policy, headers={"If-Match": etag}))
    posted(anna, bert, line("C-3", "100.00"))

    seen = ok(anna.get("/v1/customers/C-3/credit"))

    assert (seen["limit"], seen["max_days_overdue"]) == (eur("100.00"), 10)


def test_a_posted_limit_decides_the_next_check(anna: httpx.Client, bert: httpx.Client) -> None:
    document = {"kind": "order", "total": eur("13000.00")}
    check = {"customer": "C-1", "document": document}
    assert ok(anna.post("/v1/check", json=check))["decision"] == "block"
    posted(anna, bert, line("C-1", "20000.00"))
    assert ok(anna.post("/v1/check", json=check))["decision"] == "allow"
    posted(anna, bert, season("C-1", "12000.00"), kind="temporary")
    answer = ok(anna.post("/v1/check", json=check))
    assert (answer["decision"], answer["limit"]["source"]) == ("block", "temporary")


def test_temporary_limits_are_posted_for_customers_and_groups(anna: httpx.Client, bert: httpx.Client) -> None:
    seen = posted(anna, bert, season("C-1", "99.00"), season("ALPS", "88.00"), kind="temporary")
    assert seen["lines"][0]["from"] == "2026-01-01"
    (own,) = ok(anna.get("/v1/customers/C-1/temporary-limits"))["items"]
    assert (own["no"], own["limit"], own["to"], own["created_by"]) == (1, eur("99.00"), "2029-12-31", "Bert")
    (group,) = ok(anna.get("/v1/credit-groups/ALPS/temporary-limits"))["items"]
    assert (group["no"], group["limit"]) == (1, eur("88.00"))
    posted(anna, bert, season("C-1", "77.00"), kind="temporary")
    assert [each["no"] for each in ok(anna.get("/v1/customers/C-1/temporary-limits"))["items"]] == [1, 2]


@pytest.mark.parametrize(
    ("kind", "stated", "complaint"),
    [
        ("credit_limit", line("C-9", "1.00"), ("/lines/0/customer", "unknown_reference")),
        ("credit_limit", line("NONE", "1.00"), ("/lines/0/credit_group", "unknown_reference")),
        ("credit_limit", line("C-1", "1.00", credit_group="ALPS"), ("/lines/0/credit_group", "one_owner")),
        ("credit_limit", {"limit": eur("1.00")}, ("/lines/0/credit_group", "one_owner")),
        ("credit_limit", line("C-1", "-1.00"), ("/lines/0/limit/amount", "out_of_range")),
        ("credit_limit", season("C-1", "1.00"), ("/lines/0/expires_on", "required")),
        ("temporary", line("C-1", "1.00"), ("/lines/0/expires_on", "not_allowed")),
        ("temporary", season("C-1", "1.00", to=None), ("/lines/0/to", "required")),
        ("temporary", season("C-1", "1.00", to="2025-12-31"), ("/lines/0/to", "ends_before_it_begins")),
    ],
)
def test_a_bad_line_is_named(
    anna: httpx.Client, *, kind: str, stated: JSON, complaint: tuple[str, str]
) -> None:
    assert complaint in complaints(anna.post(HOME, json={"kind": kind, "lines": [stated]}))
    home = journal(anna, kind=kind)
    assert complaint in complaints(anna.put(f"{home}/lines", json={"lines": [stated]}))


def test_an_owner_has_one_line(anna: httpx.Client) -> None:
    twice = [line("C-1", "1.00"), line("C-2", "1.00"), line("C-1", "2.00")]
    answer = anna.post(HOME, json={"kind": "credit_limit", "lines": twice})
    assert complaints(answer) == [("/lines/2/customer", "duplicate")]


def test_lines_of_a_draft_are_replaced_as_a_whole(anna: httpx.Client) -> None:
    home = journal(anna, line("C-1", "1.00"), line("C-2", "2.00"))
    seen = ok(anna.put(f"{home}/lines", json={"lines": [line("ALPS", "3.00", reason="Merger.")]}))
    assert seen == ok(anna.get(home))
    (only,) = seen["lines"]
    assert (only["no"], only["credit_group"], only["customer"]) == (1, "ALPS", None)
    assert (only["reason"], only["proposed"], only["status"]) == ("Merger.", False, "pending")
    assert seen["line_counts"] == {"pending": 1, "approved": 0, "rejected": 0, "posted": 0}


@pytest.mark.parametrize("submitter", ["anna", "bert"])
def test_who_wrote_or_submitted_cannot_approve_and_the_attempt_is_kept(
    anna: httpx.Client, bert: httpx.Client, auditor: httpx.Client, submitter: str
) -> None:
    home = journal(anna, line("C-1", "15000.00"))
    ok({"anna": anna, "bert": bert}[submitter].post(f"{home}/submit"))
    key = {"Idempotency-Key": uuid4().hex}

    refused(anna.post(f"{home}/approve", headers=key), 403, "own_adjustment")

    if submitter == "bert":
        refused(bert.post(f"{home}/approve"), 403, "own_adjustment")
    tried = [
        each for each in ok(auditor.get(f"{home}/events"))["items"] if each["action"] == "approval_refused"
    ]
    assert [each["by"] for each in tried] == (["Anna"] if submitter == "anna" else ["Anna", "Bert"])
    assert ok(auditor.get(home))["status"] == "submitted"
    assert ok(anna.post(f"{home}/reject"))["status"] == "rejected"


def test_who_only_replaced_or_generated_lines_wrote_it_too(anna: httpx.Client, bert: httpx.Client) -> None:
    home = journal(anna, line("C-1", "15000.00"))
    generated = {"filter": {"customers": ["C-2"]}, "expires_on": EXPIRY}
    ok(bert.post(f"{home}/lines:generate", json=generated))
    ok(anna.post(f"{home}/submit"))
    refused(bert.post(f"{home}/approve"), 403, "own_adjustment")


def test_two_keys_of_one_name_are_one_person(site: Any, acme: str, anna: httpx.Client) -> None:
    home = submitted(anna, line("C-1", "15000.00"))
    with site.caller(site.key_of(acme, ["limits"], name="Anna")) as other_key:
        refused(other_key.post(f"{home}/approve"), 403, "own_adjustment")


def test_an_auditor_reads_and_does_nothing(anna: httpx.Client, auditor: httpx.Client) -> None:
    home = submitted(anna, line("C-1", "15000.00"))
    assert [each["id"] for each in ok(auditor.get(HOME))["items"]] == [home.rpartition("/")[2]]
    events = ok(auditor.get(f"{home}/events"))["items"]
    assert [(each["action"], each["by"]) for each in events] == [("created", "Anna"), ("submitted", "Anna")]
    for step in ("submit", "approve", "reject", "post"):
        refused(auditor.post(f"{home}/{step}"), 403, "scope_missing")
    refused(auditor.delete(home), 403, "scope_missing")


def test_lines_are_decided_one_by_one(anna: httpx.Client, bert: httpx.Client) -> None:
    lines = [line("C-1", "1.00"), line("C-2", "2.00"), line("C-3", "3.00")]
    home = submitted(anna, *lines, approval="line")
    assert statuses(ok(bert.post(f"{home}/approve", json={"lines": [1]}))) == [
        "approved",
        "pending",
        "pending",
    ]
    again = refused(bert.post(f"{home}/reject", json={"lines": [2, 1]}), 409, "adjustment_status")
    assert [(each["pointer"], each["code"]) for each in again["errors"]] == [("/lines/1", "approved")]
    unknown = bert.post(f"{home}/approve", json={"lines": [2, 4]})
    assert complaints(unknown) == [("/lines/1", "unknown_line")]
    seen = ok(bert.post(f"{home}/reject", json={"lines": [2], "reason": "Too much."}))
    assert (seen["status"], statuses(seen)) == ("submitted", ["approved", "rejected", "pending"])
    refused(anna.post(f"{home}/post"), 409, "adjustment_status")
    seen = ok(bert.post(f"{home}/approve"))
    assert (seen["status"], statuses(seen)) == ("approved", ["approved", "rejected", "approved"])

    assert statuses(ok(anna.post(f"{home}/post"))) == ["posted", "rejected", "posted"]

    limits = [ok(anna.get(f"/v1/customers/C-{n}/credit"))["limit"] for n in (1, 2, 3)]
    assert limits == [eur("1.00"), eur("20000.00"), eur("3.00")]
    events = ok(anna.get(f"{home}/events"))["items"]
    assert [(each["action"], each["lines"], each["reason"]) for each in events[2:5]] == [
        ("approved", [1], None),
        ("rejected", [2], "Too much."),
        ("approved", None, None),
    ]


def test_with_every_line_rejected_the_adjustment_is(anna: httpx.Client, bert: httpx.Client) -> None:
    home = submitted(anna, line("C-1", "1.00"), line("C-2", "2.00"), approval="line")
    ok(bert.post(f"{home}/reject", json={"lines": [1]}))
    assert ok(bert.post(f"{home}/reject", json={"lines": [2]}))["status"] == "rejected"


def test_an_adjustment_approved_as_a_whole_has_no_single_lines(
    anna: httpx.Client, bert: httpx.Client
) -> None:
    home = submitted(anna, line("C-1", "1.00"))
    assert complaints(bert.post(f"{home}/approve", json={"lines": [1]})) == [("/lines", "not_allowed")]


def test_each_step_is_taken_once_and_in_order(anna: httpx.Client, bert: httpx.Client) -> None:
    empty = journal(anna)
    refused(anna.post(f"{empty}/submit"), 409, "no_lines")
    home = journal(anna, line("C-1", "15000.00"))

    def only(allowed: str, state: str) -> None:
        steps: dict[str, httpx.Response] = {
            "put": anna.put(f"{home}/lines", json={"lines": []}),
            "generate": anna.post(f"{home}/lines:generate", json={"expires_on": EXPIRY}),
            **{name: bert.post(f"{home}/{name}") for name in ("submit", "approve", "reject", "post")},
        }
        for name, answer in steps.items():
            if name not in allowed.split():
                problem = refused(answer, 409, "adjustment_status")
                assert problem["errors"][0]["code"] == state

    for name in ("approve", "reject", "post"):
        refused(bert.post(f"{home}/{name}"), 409, "adjustment_status")
    ok(anna.post(f"{home}/submit"))
    for name in ("submit", "post"):
        refused(bert.post(f"{home}/{name}"), 409, "adjustment_status")
    ok(bert.post(f"{home}/approve"))
    for name in ("submit", "approve", "reject"):
        refused(bert.post(f"{home}/{name}"), 409, "adjustment_status")
    ok(anna.post(f"{home}/post"))
    only("", "posted")
    home = submitted(anna, line("C-1", "1.00"))
    ok(bert.post(f"{home}/reject"))
    only("", "rejected")


def test_posting_is_all_or_nothing_and_names_the_line(anna: httpx.Client, bert: httpx.Client) -> None:
    policy(anna, limit_below_exposure="refuse")
    owed = {"customer": "C-2", "date": "2026-01-01", "due_date": "2029-02-01", "total": eur("500.00")}
    ok(anna.put("/v1/ledger/open_item/I-1", json=owed))
    home = submitted(anna, line("C-1", "15000.00"), line("C-2", "499.99"), line("ALPS", "1.00"))
    ok(bert.post(f"{home}/approve"))

    answer = anna.post(f"{home}/post")

    assert complaints(answer) == [("/lines/1/limit", "limit_below_exposure")]
    assert ok(anna.get(CREDIT))["limit"] == eur("12345.00")
    assert ok(anna.get("/v1/credit-groups/ALPS"))["limit"] == eur("50000.00")
    assert ok(anna.get(home))["status"] == "approved"
    ok(anna.put("/v1/ledger/open_item/I-1", json=owed | {"total": eur("400.00")}))
    assert ok(anna.post(f"{home}/post"))["status"] == "posted"


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k-1"}], ids=["plain", "idempotent"])
def test_an_adjustment_may_be_posted_with_its_approval(
    anna: httpx.Client, bert: httpx.Client, headers: dict[str, str]
) -> None:
    home = submitted(anna, line("C-1", "15000.00"), post_when_approved=True)
    refused(anna.post(f"{home}/approve"), 403, "own_adjustment")
    assert ok(anna.get(CREDIT))["limit"] == eur("12345.00")

    seen = ok(bert.post(f"{home}/approve", headers=headers))

    assert (seen["status"], statuses(seen), seen["post_when_approved"]) == ("posted", ["posted"], True)
    assert (seen["decided_by"], seen["posted_by"]) == ("Bert", "Bert")
    assert ok(anna.get(CREDIT))["limit"] == eur("15000.00")
    assert [each["action"] for each in ok(anna.get(f"{home}/events"))["items"]] == [
        "created",
        "submitted",
        "approval_refused",
        "approved",
        "posted",
    ]


def test_of_lines_decided_one_by_one_the_last_decision_posts(anna: httpx.Client, bert: httpx.Client) -> None:
    lines = [line("C-1", "1.00"), line("C-2", "2.00")]
    home = submitted(anna, *lines, approval="line", post_when_approved=True)
    assert ok(bert.post(f"{home}/approve", json={"lines": [1]}))["status"] == "submitted"
    seen = ok(bert.post(f"{home}/reject", json={"lines": [2]}))
    assert (seen["status"], statuses(seen)) == ("posted", ["posted", "rejected"])
    none = submitted(anna, line("C-1", "3.00"), post_when_approved=True)
    assert ok(bert.post(f"{none}/reject"))["status"] == "rejected"
    assert ok(anna.get(CREDIT))["limit"] == eur("1.00")


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k-1"}], ids=["plain", "idempotent"])
def test_what_is_approved_and_cannot_be_posted_at_once_stays_approved(
    anna: httpx.Client, bert: httpx.Client, headers: dict[str, str]
) -> None:
    policy(anna, limit_below_exposure="refuse")
    owed = {"customer": "C-2", "date": "2026-01-01", "due_date": "2029-02-01", "total": eur("500.00")}
    ok(anna.put("/v1/ledger/open_item/I-1", json=owed))
    home = submitted(anna, line("C-1", "15000.00"), line("C-2", "499.99"), post_when_approved=True)

    seen = ok(bert.post(f"{home}/approve", headers=headers))

    assert (seen["status"], seen["posted_by"]) == ("approved", None)
    assert ok(anna.get(CREDIT))["limit"] == eur("12345.00")
    event = ok(anna.get(f"{home}/events"))["items"][-1]
    assert (event["action"], event["lines"], event["by"]) == ("posting_refused", [2], "Bert")
    assert event["reason"] == "limit_below_exposure"
    ok(anna.put("/v1/ledger/open_item/I-1", json=owed | {"total": eur("400.00")}))
    assert ok(anna.post(f"{home}/post"))["status"] == "posted"


def test_a_draft_is_deleted_with_its_lines_and_frees_what_it_named(
    anna: httpx.Client, bert: httpx.Client
) -> None:
    ok(anna.put("/v1/credit-groups/SEA", json={}))
    home = journal(anna, line("SEA", "1.00"))
    refused(anna.delete("/v1/credit-groups/SEA"), 409, "in_use")
    assert bert.delete(home).status_code == 204
    assert [anna.get(path).status_code for path in (home, f"{home}/events")] == [404, 404]
    assert bert.delete(home).status_code == 404
    assert ok(anna.get(HOME))["items"] == []
    assert anna.delete("/v1/credit-groups/SEA").status_code == 204


def test_what_was_submitted_once_stays(anna: httpx.Client, bert: httpx.Client) -> None:
    home = submitted(anna, line("C-1", "15000.00"))
    for step, state in (("", "submitted"), ("approve", "approved"), ("post", "posted")):
        if step:
            ok(bert.post(f"{home}/{step}"))
        problem = refused(anna.delete(home), 409, "adjustment_status")
        assert problem["errors"][0]["code"] == state
    home = submitted(anna, line("C-1", "1.00"))
    ok(anna.post(f"{home}/reject"))
    refused(anna.delete(home), 409, "adjustment_status")


def test_a_group_that_an_adjustment_names_cannot_be_deleted(anna: httpx.Client) -> None:
    ok(anna.put("/v1/credit-groups/SEA", json={}))
    home = submitted(anna, line("SEA", "1.00"))
    refused(anna.delete("/v1/credit-groups/SEA"), 409, "in_use")
    ok(anna.post(f"{home}/reject"))
    assert anna.delete("/v1/credit-groups/SEA").status_code == 204


def test_the_flag_unlimited_stays(anna: httpx.Client, bert: httpx.Client) -> None:
    ok(anna.put("/v1/customers/C-3/credit", json={"unlimited": True}))
    posted(anna, bert, line("C-3", "1.00"))
    seen = ok(anna.get("/v1/customers/C-3/credit"))
    assert (seen["unlimited"], seen["limit"]) == (True, eur("1.00"))


def test_a_company_has_its_own_adjustments(anna: httpx.Client, northerner: httpx.Client) -> None:
    home = journal(anna, line("C-1", "1.00"))
    refused(northerner.get(home), 403, "company_forbidden")
    assert ok(northerner.get(HOME))["items"] == []
    body = {"kind": "credit_limit", "company": "north", "lines": [line("ALPS", "1.00")]}
    refused(northerner.post(HOME, json=body), 403, "company_forbidden")
    north = journal(northerner, line("C-1", "7.00"), company="north")
    generated = {"source": "credit_groups", "expires_on": EXPIRY}
    refused(northerner.post(f"{north}/lines:generate", json=generated), 403, "company_forbidden")
    with_group = journal(anna, line("ALPS", "1.00"), company="north")
    assert ok(northerner.get(with_group))["lines"][0]["credit_group"] == "ALPS"
    for path, said in (("submit", None), ("approve", None), ("lines:generate", {"expires_on": EXPIRY})):
        refused(northerner.post(f"{with_group}/{path}", json=said), 403, "company_forbidden")
    refused(northerner.delete(with_group), 403, "company_forbidden")
    ok(northerner.post(f"{north}/submit"))
    ok(anna.post(f"{north}/approve"))
    ok(northerner.post(f"{north}/post"))
    assert ok(anna.get(CREDIT, params={"company": "north"}))["limit"] == eur("7.00")
    assert ok(anna.get(CREDIT))["limit"] == eur("12345.00")


def test_another_tenants_adjustment_is_not_found(site: Any, anna: httpx.Client) -> None:
    home = journal(anna, line("C-1", "1.00"))
    with site.caller(site.key_of(f"other-{uuid4().hex}", ["limits", "audit"])) as stranger:
        for path in (home, f"{home}/events", f"{HOME}/nonsense"):
            assert stranger.get(path).status_code == 404
        for step in ("submit", "approve", "reject", "post"):
            assert stranger.post(f"{home}/{step}").status_code == 404
        assert stranger.put(f"{home}/lines", json={"lines": []}).status_code == 404
        assert stranger.delete(home).status_code == 404
        generated = {"expires_on": EXPIRY}
        assert stranger.post(f"{home}/lines:generate", json=generated).status_code == 404


def test_adjustments_are_listed_by_status_and_kind(anna: httpx.Client) -> None:
    drafts = [journal(anna, line("C-1", "1.00")) for _ in range(3)]
    submitted(anna, season("C-1", "1.00"), kind="temporary", description="Summer.")
    page = ok(anna.get(HOME, params={"limit": 2, "status": "draft"}))
    rest = ok(anna.get(HOME, params={"cursor": page["next"], "status": "draft"}))
    listed = [each["id"] for each in page["items"] + rest["items"]]
    assert listed == [home.rpartition("/")[2] for home in drafts]
    (temporary,) = ok(anna.get(HOME, params={"kind": "temporary"}))["items"]
    assert (temporary["description"], temporary["line_counts"]["pending"]) == ("Summer.", 1)
    assert "lines" not in temporary
