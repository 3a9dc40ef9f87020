"""Rules of credit management in the life of a document."""

from tests.scenarios.erp import Erp, classes, codes, found
from tests.service import eur


def rule(erp: Erp, id: str, kind: str, **fields: object) -> None:
    erp.put(f"/v1/rules/{id}", {"kind": kind, "type": "blocking"} | fields)


def test_nothing_is_held_over_the_limit_until_there_is_a_rule(erp: Erp) -> None:
    erp.policy("dynamics365")
    erp.account(limit="1000.00")
    free = erp.check("order", "1100.00")
    assert (free["decision"], free["signal"], codes(free)) == ("allow", "red", [])
    rule(erp, "FULL", "limit_used", percent="100")
    assert erp.check("order", "1000.00")["decision"] == "allow"
    held = erp.check("order", "1100.00")
    assert held["decision"] == "block"
    finding = found(held, "LIMIT_USED")
    assert (finding["observed"], finding["threshold"], finding["unit"]) == ("1100.00", "1000.00", "EUR")
    assert finding["params"] == {"source": "own", "id": "C-1", "percent": "100"}
    assert held["remedy"]["payment_needed"]["amount"] == "100.00"


def test_what_a_rule_holds_a_person_releases_at_that_checkpoint(erp: Erp) -> None:
    erp.policy("dynamics365")
    rule(erp, "BIG", "document_amount", amount=eur("500.00"))
    held = erp.check("order", "600.00", "SO-1", checkpoint="confirm")
    assert [finding["rule"] for finding in erp.holds()[0]["findings"]] == ["BIG"]
    erp.release(held["hold"]["id"])
    assert classes(erp.check("order", "600.00", "SO-1", checkpoint="confirm")) == {"DOCUMENT_AMOUNT": "info"}
    assert erp.check("order", "600.00", "SO-1", checkpoint="ship")["decision"] == "block"


def test_a_rule_that_is_gone_lets_the_hold_of_its_document_go(erp: Erp) -> None:
    rule(erp, "BIG", "document_amount", amount=eur("500.00"))
    held = erp.check("order", "600.00", "SO-1")
    rule(erp, "BIG", "document_amount", amount=eur("500.00"), active=False)
    assert erp.check("order", "600.00", "SO-1")["decision"] == "allow"
    assert erp.get(f"/v1/holds/{held['hold']['id']}")["status"] == "cleared"


def test_a_rule_for_a_group_follows_its_customers(erp: Erp) -> None:
    erp.put("/v1/management-groups/SOUTH", {})
    rule(erp, "R", "document_amount", amount=eur("500.00"), scope="group", scope_id="SOUTH", risk_group="C")
    assert erp.check("order", "600.00")["decision"] == "allow"
    erp.customer("C-1", management_group="SOUTH", risk_group="C")
    assert erp.check("order", "600.00")["decision"] == "block"
    erp.customer("C-1", management_group="SOUTH", risk_group="B")
    assert erp.check("order", "600.00")["decision"] == "allow"


def test_a_status_of_the_risk_party_is_held_by_rule_and_its_scope_is_the_ordering_customers(erp: Erp) -> None:
    erp.put("/v1/account-statuses/COURT", {"effect": "none"})
    erp.customer("PARENT", account_status="COURT")
    erp.customer("C-1", risk_customer="PARENT")
    court = {"account_status": "COURT", "scope": "customer"}
    rule(erp, "R-1", "account_status", **court, scope_id="PARENT")
    assert erp.check("order", "1.00")["decision"] == "allow"
    rule(erp, "R-2", "account_status", **court, scope_id="C-1")
    held = erp.check("order", "1.00")
    assert [(each["code"], each["rule"]) for each in held["findings"]] == [("ACCOUNT_STATUS", "R-2")]
    assert held["findings"][0]["params"] == {"customer": "PARENT", "status": "COURT"}


def test_terms_and_small_documents(erp: Erp) -> None:
    erp.put("/v1/payment-terms/NET90", {})
    rule(erp, "TERMS", "payment_terms", payment_terms="NET90")
    small = {"type": "exclusion", "release_document": True, "amount": eur("50.00")}
    rule(erp, "SMALL", "document_amount", **small)
    held = erp.check("order", "50.01", payment_terms="NET90")
    assert (held["decision"], codes(held)) == ("block", ["PAYMENT_TERMS"])
    released = erp.check("order", "50.00", payment_terms="NET90")
    assert (released["decision"], released["signal"], codes(released)) == ("allow", "green", [])
    assert [(each["code"], each["cancelled_by"]) for each in released["cancelled"]] == [
        ("PAYMENT_TERMS", "SMALL")
    ]


def test_a_rule_in_dollars_compares_at_the_days_rate_and_names_it(erp: Erp) -> None:
    rule(erp, "BIG", "document_amount", amount={"amount": "100.00", "currency": "USD"})
    without = erp.check("order", "1.00")
    assert codes(without) == ["RATE_MISSING"]
    erp.put("/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": "0.5"}]})
    assert erp.check("order", "50.00")["decision"] == "allow"
    held = erp.check("order", "50.01")
    assert (held["decision"], found(held, "DOCUMENT_AMOUNT")["threshold"]) == ("block", "50.00")
    assert [rate["from"] for rate in held["rates"]] == ["USD"]


def test_an_expired_limit_is_held_by_rule_and_its_message_tells_the_day(erp: Erp) -> None:
    erp.policy("dynamics365")
    erp.account(limit="1000.00", expires_on="2025-06-20")
    rule(erp, "R", "limit_expired", days=10)
    assert erp.check("order", "1.00")["decision"] == "allow"
    held = erp.check("order", "1.00", as_of="2025-07-01")
    assert (held["decision"], found(held, "LIMIT_EXPIRED")["observed"]) == ("block", 11)


def test_an_overdue_rule_tells_both_of_its_conditions(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.store("open_item", "P", "900.00", due_date="2025-06-01")
    rule(erp, "R", "overdue_amount", amount=eur("500.00"), percent="80")
    finding = found(erp.check("order", "1.00"), "OVERDUE_AMOUNT")
    assert finding["message"].replace("\u00a0", " ") == (
        "900.00 EUR are overdue while more than 80% of the limit is used, accepted: 500.00 EUR."
    )
