"""Trying a policy or rules before they are set: what they would decide otherwise."""

import httpx
import pytest

from tests.scenarios.erp import DAY, Erp
from tests.service import JSON, eur

BIG = {"id": "BIG", "kind": "document_amount", "type": "blocking", "amount": eur("500.00")}


def tried(erp: Erp, *, decisions: int | None = None, company: str | None = None, **changes: object) -> JSON:
    """Try changes on the newest decisions, or on everything open."""
    against: JSON = {"open_documents": True} if decisions is None else {"decisions": decisions}
    answer = erp.post("/v1/policy:try", {"against": against, **changes}, company=company)
    assert isinstance(answer, dict)
    return answer


def outcomes(answer: JSON) -> dict[tuple[str, str], tuple[int, str]]:
    """How many documents and how much money, by what is decided now and what would be."""
    return {
        (each["before"], each["after"]): (each["documents"], each["amount"]["amount"])
        for each in answer["outcomes"]
    }


@pytest.fixture
def shop(erp: Erp) -> Erp:
    """C-1 may owe 1,000. Orders of 400 and 600 are open, and were checked; one of 1,100 was held."""
    erp.account(limit="1000.00")
    for number, total in (("SO-1", "400.00"), ("SO-2", "600.00")):
        erp.check("order", total, number)
        erp.store("order", number, total)
    erp.check("order", "1100.00", "SO-3", customer="C-1")
    return erp


def test_a_rule_is_tried_on_what_was_decided(shop: Erp) -> None:
    answer = tried(shop, decisions=10, rules={"put": [BIG]})
    assert outcomes(answer) == {
        ("warn", "warn"): (1, "400.00"),
        ("warn", "block"): (1, "600.00"),
        ("block", "block"): (1, "1100.00"),
    }
    assert (answer["tried"], answer["changed"]) == (3, 1)
    assert answer["blocks"] == {
        "more": {"documents": 1, "amount": eur("600.00")},
        "fewer": {"documents": 0, "amount": eur("0.00")},
    }
    assert answer["warnings"]["fewer"] == {"documents": 1, "amount": eur("600.00")}
    (changed,) = answer["documents"]
    assert changed["document"] == {"kind": "order", "number": "SO-2", "total": eur("600.00")}
    assert [(each["code"], each["rule"]) for each in changed["gained"]] == [("DOCUMENT_AMOUNT", "BIG")]
    assert changed["lost"] == []
    assert shop.get(f"/v1/decisions/{changed['decision_id']}")["decision"] == "warn"


def test_nothing_is_stored(shop: Erp) -> None:
    before = (shop.get("/v1/policy"), shop.get("/v1/rules"), shop.get("/v1/decisions"), shop.holds())
    policy = {"preset": "duir", "overrides": {"grouping": "credit_group", "count_held": False}}
    tried(shop, decisions=10, rules={"put": [BIG]}, policy=policy)
    assert before == (shop.get("/v1/policy"), shop.get("/v1/rules"), shop.get("/v1/decisions"), shop.holds())
    assert shop.check("order", "600.00", "SO-2")["decision"] == "warn"


def test_both_sides_are_judged_by_the_facts_of_now(shop: Erp) -> None:
    shop.account(limit="10000.00")
    answer = tried(shop, decisions=10)
    assert outcomes(answer) == {("allow", "allow"): (3, "2100.00")}


def test_a_document_counts_once_with_its_newest_check(shop: Erp) -> None:
    shop.check("order", "450.00", "SO-2")
    assert outcomes(tried(shop, decisions=10, rules={"put": [BIG]}))[("warn", "warn")] == (2, "850.00")
    assert tried(shop, decisions=1)["tried"] == 1


def test_a_policy_is_tried_on_what_is_open(shop: Erp) -> None:
    shop.customer("C-2")
    shop.store("order", "SO-9", "30.00", customer="C-2")
    shop.store("order", "SO-OLD", "5000.00", customer="C-2", fulfilled=True)
    answer = tried(shop, policy={"preset": "standard", "overrides": {"missing_limit": "block"}})
    assert outcomes(answer) == {("warn", "warn"): (2, "1000.00"), ("allow", "block"): (1, "30.00")}
    (changed,) = answer["documents"]
    assert (changed["customer"], changed["decision_id"]) == ("C-2", None)
    assert [each["code"] for each in changed["gained"]] == ["LIMIT_MISSING"]


def test_a_delivered_order_is_tried_with_what_is_left_of_it(shop: Erp) -> None:
    shop.store("delivery", "D-1", "600.00", follows=[("order", "SO-2")])
    answer = tried(shop, policy={"preset": "standard", "overrides": {"warn_percent": "99"}})
    assert outcomes(answer) == {("warn", "warn"): (2, "1000.00")}


def test_another_grouping_reads_the_accounts_of_the_group(shop: Erp) -> None:
    shop.put("/v1/credit-groups/G", {"limit": eur("1200.00")})
    shop.customer("C-1", credit_group="G")
    shop.customer("C-2", credit_group="G")
    shop.store("open_item", "R-1", "500.00", customer="C-2", due_date="2099-01-01")
    policy = {"preset": "standard", "overrides": {"grouping": "credit_group"}}
    answer = tried(shop, policy=policy)
    assert outcomes(answer) == {("warn", "block"): (2, "1000.00")}
    assert {each["code"] for each in answer["documents"][0]["gained"]} == {"GROUP_LIMIT_EXCEEDED"}


def test_doing_without_a_rule_ends_its_blocks(erp: Erp) -> None:
    erp.put("/v1/rules/BIG", {name: value for name, value in BIG.items() if name != "id"})
    erp.check("order", "600.00", "SO-1")
    answer = tried(erp, decisions=5, rules={"remove": ["BIG"]})
    assert answer["blocks"]["fewer"] == {"documents": 1, "amount": eur("600.00")}
    assert [each["rule"] for each in answer["documents"][0]["lost"]] == ["BIG"]


def test_only_the_first_documents_are_named(shop: Erp) -> None:
    shop.store("order", "SO-4", "700.00")
    answer = tried(shop, rules={"put": [BIG]}, show=1)
    assert (answer["changed"], len(answer["documents"])) == (0, 0)
    shop.account(limit="100000.00")
    answer = tried(shop, rules={"put": [BIG]}, show=1)
    assert (answer["changed"], [each["document"]["number"] for each in answer["documents"]]) == (2, ["SO-2"])


def test_amounts_without_a_rate_are_named(shop: Erp) -> None:
    shop.check("order", {"amount": "10.00", "currency": "USD"}, "SO-USD")
    assert tried(shop, decisions=1)["missing_rates"] == [{"from": "USD", "to": "EUR"}]


def test_companies_are_tried_apart(shop: Erp) -> None:
    shop.policy(company="north")
    assert tried(shop, company="north", decisions=10) == {
        "company": "north",
        "tried": 0,
        "changed": 0,
        "outcomes": [],
        "blocks": {name: {"documents": 0, "amount": eur("0.00")} for name in ("more", "fewer")},
        "warnings": {name: {"documents": 0, "amount": eur("0.00")} for name in ("more", "fewer")},
        "missing_rates": [],
        "documents": [],
    }


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"against": {"decisions": 1, "open_documents": True}}, 422, "/against"),
        ({"against": {}}, 422, "/against"),
        (
            {"against": {"decisions": 1}, "policy": {"overrides": {"warn_percent": "x"}}},
            422,
            "/policy/overrides/warn_percent",
        ),
        ({"against": {"decisions": 1}, "policy": {"preset": "other"}}, 422, "/policy/preset"),
        ({"against": {"decisions": 1}, "rules": {"put": [{"id": "R", "kind": "limit_used"}]}}, 422, None),
        ({"against": {"decisions": 1}, "rules": {"remove": ["R"]}}, 404, None),
    ],
)
def test_what_cannot_be_tried_is_refused(erp: Erp, body: JSON, status: int, pointer: str | None) -> None:
    answer = erp.caller.post("/v1/policy:try", json=body)
    assert answer.status_code == status
    if pointer is not None:
        assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_a_day_that_was_asked_for_is_kept(erp: Erp) -> None:
    erp.store("open_item", "R-1", "10.00", due_date="2025-06-01")
    erp.check("order", "10.00", "SO-1", as_of=DAY)
    policy = {"preset": "standard", "overrides": {"max_days_overdue": 29}}
    assert tried(erp, decisions=1, policy=policy)["blocks"]["more"]["documents"] == 0
    policy = {"preset": "standard", "overrides": {"max_days_overdue": 28}}
    assert tried(erp, decisions=1, policy=policy)["blocks"]["more"]["documents"] == 1


def test_trying_needs_the_scope_of_policies(erp: Erp) -> None:
    key = erp.post("/v1/keys", {"scopes": ["check"], "name": "shop"})["key"]
    headers = {"Authorization": f"Bearer {key}"}
    body = {"against": {"decisions": 1}}
    assert erp.caller.post("/v1/policy:try", json=body, headers=headers).status_code == httpx.codes.FORBIDDEN
