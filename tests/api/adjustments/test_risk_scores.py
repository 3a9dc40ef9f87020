"""Scoring groups, risk groups, scores of customers and automatic limits over HTTP."""

from typing import Any

import httpx
import pytest

from creditrisk.api.automatic_limit_fields import OperatorWord
from creditrisk.api.scoring_fields import ScoringTypeWord
from creditrisk.domain.automatic_limits import Operator
from creditrisk.domain.scoring import ScoringType
from tests.api.adjustments.journals import EXPIRY, journal, line, posted, refused
from tests.api.parts import complaints
from tests.service import JSON, eur, ok

AS_OF = "2025-06-30"
AGE: JSON = {
    "type": "in_business_since",
    "ranges": [
        {"to": "4.99", "score": "5"},
        {"from": "5", "to": "9.99", "score": "15"},
        {"from": "10", "score": "25"},
    ],
}
PAYS: JSON = {
    "type": "average_payment_days",
    "ranges": [
        {"to": "30", "score": "40"},
        {"from": "30.01", "to": "60", "score": "20"},
        {"from": "60.01", "score": "0"},
    ],
}
LAND: JSON = {"type": "country", "values": [{"value": "DE", "score": "10"}, {"value": "IT", "score": "4.99"}]}
RISK: JSON = {
    "HIGH": {"to": "19.99", "indicator": "red"},
    "MEDIUM": {"from": "20", "to": "49.99", "description": "Medium", "indicator": "yellow"},
    "MED-HIGH": {"from": "50", "to": "59.99"},
    "LOW": {"from": "60"},
}
BY_AGE: JSON = {
    "risk_group": "LOW",
    "currency": "EUR",
    "maximum_revenue": eur("1000000.00"),
    "lines": [
        {"scoring_group": "AGE", "operator": ">=", "value": "5", "limit": eur("100000.00")},
        {"scoring_group": "AGE", "operator": ">=", "value": "10", "limit": eur("200000.00")},
    ],
}


@pytest.fixture
def scheme(anna: httpx.Client) -> None:
    """The scheme of docs/domain.md."""
    for id_, body in (("AGE", AGE), ("PAYS", PAYS), ("LAND", LAND)):
        ok(anna.put(f"/v1/scoring-groups/{id_}", json=body))
    for id_, body in RISK.items():
        ok(anna.put(f"/v1/risk-groups/{id_}", json=body))


def update(caller: httpx.Client, **body: Any) -> JSON:
    """Score everybody."""
    answer: JSON = ok(caller.post("/v1/risk-scores:update", json={"as_of": AS_OF} | body))
    return answer


def paid(caller: httpx.Client, customer: str, *, dated: str, settled: str, amount: str = "100.00") -> None:
    """An item of a customer, paid as a whole."""
    item = {"customer": customer, "date": dated, "due_date": dated, "total": eur(amount)}
    ok(caller.put(f"/v1/ledger/open_item/I-{customer}", json=item | {"settled_on": settled}))


def score(caller: httpx.Client, customer: str) -> JSON:
    """What is shown of a score."""
    answer: JSON = ok(caller.get(f"/v1/customers/{customer}/risk-score"))
    return answer


def group_of(caller: httpx.Client, customer: str) -> tuple[str | None, str | None]:
    """The risk group of a customer, and where it comes from."""
    seen = ok(caller.get(f"/v1/customers/{customer}"))
    return seen["risk_group"], seen["risk_group_source"]


def test_the_words_of_the_wire_are_those_of_the_domain() -> None:
    assert list(ScoringTypeWord.__args__) == list(ScoringType)  # type: ignore[attr-defined] # a Literal has
    assert list(OperatorWord.__args__) == list(Operator)  # type: ignore[attr-defined] # the same


@pytest.mark.usefixtures("scheme")
def test_the_scheme_is_answered_as_set(anna: httpx.Client) -> None:
    seen = ok(anna.get("/v1/scoring-groups/AGE"))
    assert seen["ranges"][0] == {"from": None, "to": "4.99", "score": "5"}
    assert (seen["type"], seen["values"], seen["attribute"]) == ("in_business_since", [], None)
    assert ok(anna.get("/v1/scoring-groups/LAND"))["values"] == LAND["values"]
    seen = ok(anna.get("/v1/risk-groups/MEDIUM"))
    assert {name: seen[name] for name in RISK["MEDIUM"]} == RISK["MEDIUM"]
    ok(anna.put("/v1/automatic-limits/BY-AGE", json=BY_AGE))
    seen = ok(anna.get("/v1/automatic-limits/BY-AGE"))
    assert {name: seen[name] for name in BY_AGE} == BY_AGE


@pytest.mark.usefixtures("scheme")
def test_customers_are_scored_by_what_they_say_and_how_they_pay(anna: httpx.Client) -> None:
    for customer, country, founded in (
        ("C-1", "DE", "2014-11-26"),
        ("C-2", "IT", "2020-06-30"),
        ("C-3", "FR", None),
    ):
        body = {"country": country, "in_business_since": founded}
        ok(anna.put(f"/v1/customers/{customer}", json=body))
    paid(anna, "C-1", dated="2025-03-01", settled="2025-04-05")
    paid(anna, "C-2", dated="2025-03-01", settled="2025-03-31")
    assert score(anna, "C-1") == {
        "customer": "C-1",
        "parts": [],
        **dict.fromkeys(("score", "risk_group", "company", "as_of", "scored_at", "turnover_12m")),
    }

    assert update(anna) == {
        "company": "main",
        "customers": 3,
        "risk_groups": {"HIGH": 1, "MED-HIGH": 2},
        "without_risk_group": 0,
        "missing_rates": [],
    }

    seen = score(anna, "C-1")
    assert (seen["score"], seen["risk_group"], seen["company"], seen["as_of"]) == (
        "55",
        "MED-HIGH",
        "main",
        AS_OF,
    )
    assert seen["turnover_12m"] == eur("100.00")
    assert seen["parts"] == [
        {"scoring_group": "AGE", "type": "in_business_since", "value": "10.59", "score": "25"},
        {"scoring_group": "LAND", "type": "country", "value": "DE", "score": "10"},
        {"scoring_group": "PAYS", "type": "average_payment_days", "value": "35.00", "score": "20"},
    ]
    assert [part["value"] for part in score(anna, "C-2")["parts"]] == ["5.00", "IT", "30.00"]
    assert (score(anna, "C-3")["score"], score(anna, "C-3")["parts"][0]["value"]) == ("0", None)
    assert group_of(anna, "C-1") == ("MED-HIGH", "scored")


@pytest.mark.usefixtures("scheme")
def test_the_figures_are_those_of_behaviour(anna: httpx.Client) -> None:
    for type_ in ("dso", "average_balance"):
        body = {"type": type_, "ranges": [{"score": "1"}]}
        ok(anna.put(f"/v1/scoring-groups/{type_}", json=body))
    ok(anna.put("/v1/customers/C-1", json={"customer_since": "2025-01-01"}))
    paid(anna, "C-1", dated="2025-03-01", settled="2025-04-05", amount="73000.00")
    owed = {"customer": "C-1", "date": "2025-05-01", "due_date": "2025-06-01", "total": eur("36500.00")}
    ok(anna.put("/v1/ledger/open_item/I-open", json=owed))

    update(anna)

    values = {part["type"]: part["value"] for part in score(anna, "C-1")["parts"]}
    figures = ok(anna.get("/v1/customers/C-1/behaviour", params={"as_of": AS_OF}))
    assert float(values["dso"]) == float(figures["dso"]) > 0
    assert values["average_balance"] == figures["average_balance"]["amount"]
    assert float(values["average_payment_days"]) == float(figures["average_payment_days"]) == 35


@pytest.mark.usefixtures("scheme")
def test_a_stated_risk_group_stays_and_the_score_is_kept_beside_it(anna: httpx.Client) -> None:
    founded = {"country": "DE", "in_business_since": "2014-01-01"}
    ok(anna.put("/v1/customers/C-1", json=founded | {"risk_group": "HIGH"}))
    update(anna)
    assert (group_of(anna, "C-1"), score(anna, "C-1")["risk_group"]) == (("HIGH", "stated"), "MEDIUM")
    ok(anna.put("/v1/customers/C-1", json=founded))
    assert group_of(anna, "C-1") == ("MEDIUM", "scored")
    ok(anna.put("/v1/customers/C-1", json=founded | {"risk_group": "MEDIUM"}))
    assert group_of(anna, "C-1") == ("MEDIUM", "stated")
    update(anna)
    assert group_of(anna, "C-1") == ("MEDIUM", "stated")
    ok(anna.put("/v1/customers/C-1", json=founded))
    ok(anna.put("/v1/risk-groups/MEDIUM", json={"from": "40", "to": "49.99"}))
    assert update(anna)["without_risk_group"] == 1
    assert group_of(anna, "C-1") == (None, None)


@pytest.mark.usefixtures("scheme")
def test_the_erp_states_its_customers_again_without_losing_scored_groups(anna: httpx.Client) -> None:
    update(anna)
    headers = {"Content-Type": "application/x-ndjson"}
    rows = '{"id": "C-1", "country": "DE"}\n{"id": "C-2", "country": "DE"}'
    report = ok(anna.post("/v1/customers:import", content=rows, headers=headers))
    assert (report["unchanged"], report["accepted"]) == (1, 1)
    assert group_of(anna, "C-1") == group_of(anna, "C-2") == ("HIGH", "scored")


@pytest.mark.usefixtures("scheme")
def test_rules_for_a_risk_group_find_customers_that_were_scored_into_it(anna: httpx.Client) -> None:
    rule = {"kind": "document_amount", "type": "blocking", "risk_group": "HIGH", "amount": eur("1.00")}
    ok(anna.put("/v1/rules/SMALL", json=rule))
    check = {"customer": "C-1", "document": {"kind": "order", "total": eur("2.00")}}
    assert ok(anna.post("/v1/check", json=check))["decision"] == "allow"
    update(anna)
    assert ok(anna.post("/v1/check", json=check))["findings"][0]["rule"] == "SMALL"
    refused(anna.delete("/v1/risk-groups/HIGH"), 409, "in_use")


@pytest.mark.usefixtures("scheme")
def test_the_company_is_the_one_whose_papers_count(anna: httpx.Client) -> None:
    ok(anna.put("/v1/customers/C-4", json={}))
    item = {"customer": "C-2", "company": "north", "total": eur("1.00"), "date": AS_OF}
    ok(anna.put("/v1/ledger/open_item/I-1", json=item))
    assert update(anna)["customers"] == 4
    # C-2 has an account there; C-3 and C-4 have none at all.
    assert update(anna, company="north")["customers"] == 3
    scored_by = [score(anna, f"C-{n}")["company"] for n in (1, 2, 3, 4)]
    assert scored_by == ["main", "north", "north", "north"]


RANGES = [{"from": "0", "to": "49.99", "score": "1"}, {"from": "49.99", "to": "60", "score": "2"}]


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("scoring-groups", {"type": "dso", "ranges": RANGES}, ("/ranges/1", "overlapping_range")),
        ("scoring-groups", {"type": "dso"}, ("/values", "one_of_both")),
        ("scoring-groups", {"type": "dso", "values": LAND["values"]}, ("/values", "not_allowed")),
        ("scoring-groups", {"type": "country", "ranges": RANGES}, ("/ranges", "not_allowed")),
        (
            "scoring-groups",
            {"type": "country", "values": LAND["values"] + LAND["values"][:1]},
            ("/values/2/value", "duplicate"),
        ),
        ("scoring-groups", AGE | {"attribute": "age"}, ("/attribute", "not_allowed")),
        ("scoring-groups", {"type": "shoe_size"}, ("/type", "not_allowed")),
        (
            "scoring-groups",
            {"type": "dso", "ranges": [{"from": "5", "to": "4.99", "score": "1"}]},
            ("/ranges/0/to", "ends_before_it_begins"),
        ),
        (
            "scoring-groups",
            {"type": "dso", "ranges": [{"from": "5.001", "score": "1"}]},
            ("/ranges/0/from", "invalid_number"),
        ),
        ("risk-groups", {"from": "49.99", "to": "49.995"}, ("/to", "invalid_number")),
        ("risk-groups", {"from": "19.99", "to": "19.99"}, ("/from", "overlapping_range")),
        ("automatic-limits", BY_AGE | {"risk_group": "NONE"}, ("/risk_group", "unknown_reference")),
        (
            "automatic-limits",
            BY_AGE | {"lines": [BY_AGE["lines"][0] | {"scoring_group": "NONE"}]},
            ("/lines/0/scoring_group", "unknown_reference"),
        ),
        ("automatic-limits", BY_AGE | {"lines": []}, ("/lines", "too_short")),
        ("automatic-limits", BY_AGE | {"currency": "USD"}, ("/maximum_revenue", "other_currency")),
        (
            "automatic-limits",
            BY_AGE | {"maximum_revenue": None, "currency": "USD"},
            ("/lines/0/limit/currency", "other_currency"),
        ),
        (
            "automatic-limits",
            BY_AGE | {"lines": [BY_AGE["lines"][0] | {"value": "many"}]},
            ("/lines/0/value", "invalid_number"),
        ),
    ],
)
@pytest.mark.usefixtures("scheme")
def test_what_can_never_be_right_is_named(
    anna: httpx.Client, *, path: str, body: JSON, complaint: tuple[str, str]
) -> None:
    assert complaint in complaints(anna.put(f"/v1/{path}/NEW", json=body))


@pytest.mark.usefixtures("scheme")
def test_a_risk_group_may_be_moved_within_its_own_range(anna: httpx.Client) -> None:
    ok(anna.put("/v1/risk-groups/MEDIUM", json={"from": "30", "to": "49"}))
    ok(anna.put("/v1/risk-groups/BETWEEN", json={"from": "20", "to": "29.99"}))
    overlapping = anna.put("/v1/risk-groups/MEDIUM", json={"from": "29", "to": "49"})
    assert overlapping.json()["errors"][0]["detail"] == "overlaps the risk group BETWEEN"


@pytest.mark.usefixtures("scheme")
def test_what_automatic_limits_name_cannot_be_deleted(anna: httpx.Client) -> None:
    ok(anna.put("/v1/automatic-limits/BY-AGE", json=BY_AGE))
    refused(anna.delete("/v1/scoring-groups/AGE"), 409, "in_use")
    refused(anna.delete("/v1/risk-groups/LOW"), 409, "in_use")
    assert anna.delete("/v1/scoring-groups/LAND").status_code == 204
    assert anna.delete("/v1/automatic-limits/BY-AGE").status_code == 204
    assert anna.delete("/v1/scoring-groups/AGE").status_code == 204
    assert anna.delete("/v1/risk-groups/LOW").status_code == 204


@pytest.mark.usefixtures("scheme")
def test_automatic_limits_become_lines_and_limits(anna: httpx.Client, bert: httpx.Client) -> None:
    """Five years in business give 100,000, ten give 200,000, and the higher of both counts."""
    ok(anna.put("/v1/automatic-limits/BY-AGE", json=BY_AGE))
    for customer, founded in (("C-1", "2015-06-30"), ("C-2", "2020-06-30"), ("C-3", "2020-07-01")):
        ok(anna.put(f"/v1/customers/{customer}", json={"in_business_since": founded, "risk_group": "LOW"}))
    ok(anna.put("/v1/customers/C-4", json={"in_business_since": "1990-01-01"}))
    for customer in ("C-5", "C-6"):
        ok(
            anna.put(
                f"/v1/customers/{customer}", json={"in_business_since": "1990-01-01", "risk_group": "LOW"}
            )
        )
    ok(anna.put("/v1/customers/C-5/credit", json={"limit": {"amount": "1.00", "currency": "USD"}}))
    paid(anna, "C-6", dated="2025-03-01", settled="2025-04-05", amount="1000000.01")
    home = journal(anna)
    order = {"source": "automatic_limits", "expires_on": EXPIRY}
    nobody = {"added": 0, "replaced": 0, "kept": 0, "without_rate": 0}
    assert ok(anna.post(f"{home}/lines:generate", json=order)) == nobody
    update(anna)

    assert ok(anna.post(f"{home}/lines:generate", json=order)) == nobody | {"added": 2}

    lines = ok(anna.get(home))["lines"]
    assert [(each["customer"], each["limit"], each["automatic_limit"]) for each in lines] == [
        ("C-1", eur("200000.00"), "BY-AGE"),
        ("C-2", eur("100000.00"), "BY-AGE"),
    ]
    assert (lines[0]["basis"], lines[0]["expires_on"], lines[0]["proposed"]) == (
        eur("12345.00"),
        EXPIRY,
        True,
    )
    ok(anna.post(f"{home}/submit"))
    ok(bert.post(f"{home}/approve"))
    ok(bert.post(f"{home}/post"))
    assert ok(anna.get("/v1/customers/C-1/credit"))["limit"] == eur("200000.00")


def test_a_proposal_never_takes_the_place_of_what_a_person_wrote(
    anna: httpx.Client, bert: httpx.Client
) -> None:
    home = journal(anna, line("C-1", "7.00"))
    order = {"adjustment": {"percent": "10"}, "expires_on": EXPIRY}
    assert ok(anna.post(f"{home}/lines:generate", json=order)) == {
        "added": 1,
        "replaced": 0,
        "kept": 1,
        "without_rate": 0,
    }
    order["adjustment"] = {"percent": "20"}
    assert ok(anna.post(f"{home}/lines:generate", json=order))["replaced"] == 1
    lines = ok(anna.get(home))["lines"]
    assert [(each["customer"], each["limit"]["amount"], each["proposed"]) for each in lines] == [
        ("C-1", "7.00", False),
        ("C-2", "24000.00", True),
    ]
    posted(anna, bert, line("C-2", "1.00"))
