"""Rules over HTTP: set, read and deleted, refused where they can never be right, and obeyed by checks."""

from typing import Any, get_args

import httpx
import pytest

from creditrisk.api import rule_fields
from creditrisk.domain.rules import RuleKind, RuleScope
from tests.api.parts import complaints
from tests.service import JSON, eur, ok

BLOCK: JSON = {"kind": "document_amount", "type": "blocking", "amount": eur("5000.00")}
FOR_ONE: JSON = {"scope": "customer", "scope_id": "C-1"}
DEFAULTS: JSON = {
    "scope": "all",
    "scope_id": None,
    "risk_group": None,
    "release_document": False,
    "active": True,
    "days": None,
    "amount": None,
    "percent": None,
    "account_status": None,
    "payment_terms": None,
}


@pytest.fixture
def erp(admin: httpx.Client) -> httpx.Client:
    """A tenant that knows the customer C-1, a group, a status and terms of payment."""
    ok(admin.put("/v1/management-groups/SOUTH", json={}))
    ok(admin.put("/v1/account-statuses/COURT", json={}))
    ok(admin.put("/v1/payment-terms/NET60", json={}))
    ok(admin.put("/v1/customers/C-1", json={"management_group": "SOUTH"}))
    return admin


def check(erp: httpx.Client, amount: str, **more: Any) -> JSON:
    document = {"kind": "order", "total": eur(amount)}
    answer = ok(erp.post("/v1/check", json={"customer": "C-1", "document": document} | more))
    assert isinstance(answer, dict)
    return answer


def test_the_words_of_the_wire_are_those_of_the_domain() -> None:
    assert list(get_args(rule_fields.Kind)) == list(RuleKind)
    scopes = rule_fields.RuleFields.model_fields["scope"].annotation
    assert list(get_args(scopes)) == list(RuleScope)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "days_overdue", "days": 61},
        {"kind": "days_overdue", "type": "exclusion", "amount": eur("10.00"), **FOR_ONE},
        {"kind": "account_status", "account_status": "COURT", "risk_group": "never heard of"},
        {"kind": "payment_terms", "payment_terms": "NET60", "active": False},
        {"kind": "limit_expired", "days": 0, "scope": "group", "scope_id": "SOUTH"},
        {"kind": "overdue_amount", "amount": eur("3000.00"), "percent": "70"},
        {"kind": "document_amount", "type": "exclusion", "amount": eur("0.00"), "release_document": True},
        {"kind": "limit_used", "percent": "112.5"},
    ],
)
def test_a_rule_of_each_kind_is_set_read_listed_and_deleted(erp: httpx.Client, values: JSON) -> None:
    path, stated = "/v1/rules/R%2F1", {"type": "blocking", **values}

    created = erp.put(path, json=stated)

    assert created.status_code == 201, created.text
    assert {name: created.json()[name] for name in (*DEFAULTS, "kind", "type")} == DEFAULTS | stated
    assert (created.json()["id"], created.json()["company"]) == ("R/1", None)
    rule = {name: value for name, value in created.json().items() if name != "warnings"}
    assert ok(erp.get(path)) == rule
    assert ok(erp.get("/v1/rules"))["items"] == [rule]
    assert erp.put(path, json=stated).status_code == 200
    assert erp.delete(path).status_code == 204
    assert erp.get(path).status_code == 404


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"kind": "days_overdue"}, [("/days", "required"), ("/amount", "not_allowed")]),
        ({"amount": None}, [("/amount", "required")]),
        ({"amount": eur("-0.01")}, [("/amount", "negative")]),
        ({"days": 1}, [("/days", "not_allowed")]),
        ({"kind": "limit_expired", "days": -1, "amount": None}, [("/days", "out_of_range")]),
        ({"percent": "1"}, [("/percent", "not_allowed")]),
        ({"account_status": "COURT"}, [("/account_status", "not_allowed")]),
        ({"payment_terms": "NET60"}, [("/payment_terms", "not_allowed")]),
        ({"kind": "overdue_amount"}, [("/percent", "required")]),
        ({"kind": "account_status"}, [("/account_status", "required"), ("/amount", "not_allowed")]),
        ({"kind": "payment_terms", "amount": None}, [("/payment_terms", "required")]),
        ({"kind": "limit_used", "amount": None}, [("/percent", "required")]),
        ({"kind": "limit_expired", "amount": None}, [("/days", "required")]),
        ({"kind": "days_overdue", "type": "exclusion", "amount": None}, [("/amount", "required")]),
        ({"kind": "days_overdue", "type": "exclusion", "days": 1}, [("/amount", "not_allowed")]),
        ({"scope": "customer"}, [("/scope_id", "required")]),
        ({"scope": "group", "scope_id": None}, [("/scope_id", "required")]),
        ({"scope_id": "C-1"}, [("/scope_id", "not_allowed")]),
        ({"release_document": True}, [("/release_document", "not_allowed")]),
        ({"scope": "customer", "scope_id": "C-2"}, [("/scope_id", "unknown_reference")]),
        ({"scope": "customer", "scope_id": "SOUTH"}, [("/scope_id", "unknown_reference")]),
        ({"scope": "group", "scope_id": "NORTH"}, [("/scope_id", "unknown_reference")]),
        (
            {"kind": "account_status", "account_status": "GOLD", "amount": None},
            [("/account_status", "unknown_reference")],
        ),
        (
            {"kind": "payment_terms", "payment_terms": "NET90", "amount": None, **FOR_ONE, "scope_id": "X"},
            [("/scope_id", "unknown_reference"), ("/payment_terms", "unknown_reference")],
        ),
    ],
)
def test_what_can_never_be_right_is_refused_and_not_stored(
    erp: httpx.Client, change: JSON, complaint: list[tuple[str, str]]
) -> None:
    stated = {name: value for name, value in (BLOCK | change).items() if value is not None}
    assert complaints(erp.put("/v1/rules/R-1", json=stated)) == complaint
    assert ok(erp.get("/v1/rules"))["items"] == []


def test_what_a_rule_names_is_in_use(erp: httpx.Client) -> None:
    ok(erp.put("/v1/management-groups/NORTH", json={}))
    for number, rule in enumerate(
        [
            {"kind": "account_status", "account_status": "COURT"},
            {"kind": "payment_terms", "payment_terms": "NET60"},
            {"kind": "limit_used", "percent": "1", "scope": "group", "scope_id": "NORTH"},
        ]
    ):
        ok(erp.put(f"/v1/rules/R-{number}", json={"type": "blocking", **rule}))
    named = ["account-statuses/COURT", "payment-terms/NET60", "management-groups/NORTH"]

    assert [erp.delete(f"/v1/{each}").status_code for each in named] == [409] * 3
    for number in range(3):
        assert erp.delete(f"/v1/rules/R-{number}").status_code == 204
    assert [erp.delete(f"/v1/{each}").status_code for each in named] == [204] * 3


def test_terms_of_another_company_are_unknown_to_a_companys_rule(erp: httpx.Client) -> None:
    ok(erp.put("/v1/payment-terms/OURS?company=north", json={}))
    rule = {"kind": "payment_terms", "type": "blocking", "payment_terms": "OURS"}

    assert erp.put("/v1/rules/R-1?company=north", json=rule).status_code == 201
    assert complaints(erp.put("/v1/rules/R-2?company=main", json=rule)) == [
        ("/payment_terms", "unknown_reference")
    ]


def test_a_check_obeys_a_rule_from_the_next_one_on(erp: httpx.Client) -> None:
    assert check(erp, "6000.00")["decision"] == "allow"
    ok(erp.put("/v1/rules/R-1", json=BLOCK))

    held = check(erp, "6000.00")

    (finding,) = held["findings"]
    assert (held["decision"], finding["code"], finding["rule"]) == ("block", "DOCUMENT_AMOUNT", "R-1")
    assert (finding["observed"], finding["threshold"], finding["unit"]) == ("6000.00", "5000.00", "EUR")
    assert erp.delete("/v1/rules/R-1").status_code == 204
    assert check(erp, "6000.00")["decision"] == "allow"


def test_cancelled_findings_are_listed_with_the_exclusion(erp: httpx.Client) -> None:
    ok(erp.put("/v1/rules/R-1", json=BLOCK))
    ok(erp.put("/v1/rules/X-1", json=BLOCK | FOR_ONE | {"type": "exclusion", "amount": eur("7000.00")}))

    answer = check(erp, "6000.00")

    assert (answer["decision"], answer["findings"]) == ("allow", [])
    (cancelled,) = answer["cancelled"]
    assert (cancelled["rule"], cancelled["cancelled_by"], cancelled["class"]) == ("R-1", "X-1", "hard")
    assert cancelled["message"].startswith("The document's amount of")
    stored = ok(erp.get(f"/v1/decisions/{answer['decision_id']}"))
    assert stored["answer"]["cancelled"] == answer["cancelled"]
    assert check(erp, "7000.01")["decision"] == "block"


def test_a_companys_own_rule_replaces_that_of_every_company(erp: httpx.Client) -> None:
    ok(erp.put("/v1/rules/R-1", json=BLOCK))
    ok(erp.put("/v1/rules/R-1?company=main", json=BLOCK | {"active": False}))
    ok(erp.put("/v1/policy?company=north", json={"preset": "standard", "overrides": {}}))

    assert check(erp, "6000.00")["decision"] == "allow"
    assert check(erp, "6000.00", company="north")["decision"] == "block"


def test_the_remarks_on_a_companys_rules(erp: httpx.Client) -> None:
    ok(erp.put("/v1/rules/R-1", json=BLOCK))
    ok(erp.put("/v1/rules/R-2", json=BLOCK | {"amount": eur("6000.00")}))
    ok(erp.put("/v1/rules/R-3?company=north", json=BLOCK | {"active": False}))

    answer = ok(erp.post("/v1/rules:lint"))

    assert (answer["company"], answer["rules"]) == ("main", 2)
    (warning,) = answer["warnings"]
    assert warning.pop("detail")
    assert warning == {"rule": "R-2", "code": "shadowed", "other": "R-1"}
    north = ok(erp.post("/v1/rules:lint", json={"company": "north"}))
    assert [(each["rule"], each["code"]) for each in north["warnings"]] == [
        ("R-2", "shadowed"),
        ("R-3", "inactive"),
    ]


def test_a_tenant_sees_no_rules_of_another(erp: httpx.Client, stranger: httpx.Client) -> None:
    ok(erp.put("/v1/rules/R-1", json=BLOCK))

    assert ok(stranger.get("/v1/rules"))["items"] == []
    assert stranger.delete("/v1/rules/R-1").status_code == 404
    assert ok(stranger.post("/v1/rules:lint"))["rules"] == 0


def test_setting_a_rule_says_what_is_odd_about_it_and_sets_it(erp: httpx.Client) -> None:
    first = ok(erp.put("/v1/rules/R-1", json=BLOCK))
    second = ok(erp.put("/v1/rules/R-2", json=BLOCK))

    assert first["warnings"] == []
    assert [(each["rule"], each["code"], each["other"]) for each in second["warnings"]] == [
        ("R-2", "duplicate", "R-1")
    ]
    stored = ok(erp.get("/v1/rules/R-2"))
    assert stored == {name: value for name, value in second.items() if name != "warnings"}


def test_a_rule_of_one_company_is_looked_over_among_those_in_force_there(erp: httpx.Client) -> None:
    ok(erp.put("/v1/rules/R-1?company=north", json=BLOCK))
    assert ok(erp.put("/v1/rules/R-2", json=BLOCK))["warnings"] == []
    (warning,) = ok(erp.put("/v1/rules/R-3?company=north", json=BLOCK))["warnings"]
    assert (warning["code"], warning["other"]) == ("duplicate", "R-1")
