"""Who bears a document, and whose settings are obeyed (docs/domain.md, Vocabulary and Control settings)."""

import pytest

from tests.scenarios.erp import DAY, Erp, codes, figures, found
from tests.service import eur


@pytest.fixture
def family(erp: Erp) -> Erp:
    """C-1 is borne by R, and R by Z: three accounts with a limit of 1,000."""
    erp.customer("Z")
    erp.customer("R", risk_customer="Z")
    erp.customer("C-1", risk_customer="R")
    for customer in ("C-1", "R", "Z"):
        erp.account(customer, "1000.00")
    return erp


def test_the_risk_customer_bears_a_document_and_is_looked_up_only_once(family: Erp) -> None:
    family.store("order", "O-R", "100.00", customer="R")
    family.store("order", "O-1", "10.00", customer="C-1")
    answer = family.check("order", "1.00")
    assert (answer["risk_customer"], figures(answer)) == ("R", ("10.00", "1.00", "11.00"))
    answer = family.check("order", "1.00", customer="R")
    assert (answer["risk_customer"], figures(answer)) == ("Z", ("100.00", "1.00", "101.00"))


def test_a_bill_to_bears_a_document_whatever_risk_customer_it_has_itself(family: Erp) -> None:
    family.store("invoice", "I-1", "10.00", customer="C-1", bill_to="R")
    family.store("invoice", "I-2", "200.00", customer="R")
    answer = family.check("order", "1.00", bill_to="R")
    assert (answer["customer"], answer["risk_customer"]) == ("C-1", "R")
    assert figures(answer) == ("10.00", "1.00", "11.00")


def test_a_customer_who_is_his_own_bill_to_bears_his_document_himself(family: Erp) -> None:
    family.store("order", "O-1", "10.00", bill_to="C-1")
    answer = family.check("order", "1.00", bill_to="C-1")
    assert (answer["risk_customer"], figures(answer)) == ("C-1", ("10.00", "1.00", "11.00"))


def test_stored_papers_count_where_the_risk_customer_of_today_says(erp: Erp) -> None:
    erp.customer("R")
    erp.store("order", "O-1", "10.00")
    erp.store("open_item", "P-1", "5.00")
    assert erp.exposure("C-1")["exposure"]["current"] == "15.00"
    erp.customer("C-1", risk_customer="R")
    assert erp.exposure("C-1")["exposure"]["current"] == "0.00"
    assert erp.exposure("R")["exposure"]["current"] == "15.00"


def test_limit_control_and_overdue_are_those_of_the_risk_party(family: Erp) -> None:
    family.policy(max_days_overdue=30)
    family.account("C-1", "1.00", control="off", max_days_overdue=0)
    family.store("open_item", "P-1", "100.00", customer="C-1", due_date="2025-05-30")
    answer = family.check("order", "901.00")
    assert codes(answer) == ["DAYS_OVERDUE", "LIMIT_EXCEEDED"]
    assert found(answer, "DAYS_OVERDUE")["threshold"] == 30
    assert found(answer, "LIMIT_EXCEEDED")["threshold"] == "1000.00"


def test_an_excluded_site_is_the_ordering_customers(family: Erp) -> None:
    family.account("C-1", "1000.00", excluded_sites=["NORTH"])
    family.account("R", "1000.00", excluded_sites=["SOUTH"])
    assert family.check("order", "1.00", site="NORTH")["not_controlled"] == "excluded_site"
    assert family.check("order", "1.00", site="SOUTH")["not_controlled"] is None


@pytest.mark.parametrize("blocked", ["C-1", "R"])
def test_kinds_blocked_for_the_ordering_customer_or_the_risk_party_are_refused(
    family: Erp, blocked: str
) -> None:
    family.account(blocked, "1000.00", documents_blocked=["delivery"])
    answer = family.check("delivery", "1.00")
    assert (answer["decision"], codes(answer)) == ("block", ["DOCUMENTS_BLOCKED"])
    assert family.check("order", "1.00")["decision"] == "allow"


@pytest.mark.parametrize("blocked", ["C-1", "R"])
def test_a_manual_block_on_the_ordering_customer_or_the_risk_party_holds(family: Erp, blocked: str) -> None:
    block = {"kinds": ["order"], "from": DAY, "to": DAY, "note": "Court order."}
    family.post(f"/v1/customers/{blocked}/manual-blocks", block)
    assert codes(family.check("order", "1.00")) == ["MANUAL_BLOCK"]
    assert codes(family.check("order", "1.00", as_of="2025-06-29")) == []
    assert codes(family.check("order", "1.00", as_of="2025-07-01")) == []


@pytest.mark.parametrize("closed", ["C-1", "R"])
def test_a_closed_ordering_customer_or_risk_party_gets_no_new_documents(family: Erp, closed: str) -> None:
    family.customer(closed, risk_customer="R" if closed == "C-1" else None, closed=True)
    answer = family.check("quotation", "1.00")
    assert (answer["decision"], codes(answer)) == ("block", ["ACCOUNT_STATUS"])


@pytest.mark.parametrize("stopped", ["C-1", "R"])
def test_a_status_of_the_ordering_customer_or_the_risk_party_stops_documents(
    family: Erp, stopped: str
) -> None:
    family.put("/v1/account-statuses/STOP", {"effect": "all", "kinds": ["order"]})
    family.customer(stopped, risk_customer="R" if stopped == "C-1" else None, account_status="STOP")
    assert codes(family.check("order", "1.00")) == ["ACCOUNT_STATUS"]
    assert codes(family.check("invoice", "1.00")) == []


def test_an_unknown_bill_to_is_an_unknown_customer(erp: Erp) -> None:
    answer = erp.check("order", "1.00", bill_to="NOBODY")
    assert (answer["decision"], codes(answer)) == ("block", ["CUSTOMER_UNKNOWN"])


def test_a_paper_answers_whether_the_account_that_bears_it_is_over_its_limit(family: Erp) -> None:
    assert family.store("order", "O-1", "1000.00")["over_limit"] is False
    assert family.store("order", "O-2", "0.01") == {"status": "created", "over_limit": True}
    assert family.store("order", "O-3", "1.00", customer="R")["over_limit"] is False
    assert family.store("invoice", "I-1", "1.00", customer="Z", bill_to="R")["over_limit"] is True


def test_a_hold_is_the_ordering_customers(family: Erp) -> None:
    family.check("order", "1001.00", "O-1")
    (hold,) = family.holds(customer="C-1")
    assert hold["document"] == {"kind": "order", "number": "O-1", "total": eur("1001.00")}
    assert family.holds(customer="R") == []


def test_the_papers_listed_for_an_account_are_those_it_bears(family: Erp) -> None:
    family.store("order", "O-1", "10.00", customer="C-1")
    family.store("order", "O-2", "20.00", customer="Z", bill_to="R")
    family.store("order", "O-3", "40.00", customer="R")
    shown = {
        customer: [paper["number"] for paper in family.exposure(customer, detail="true")["papers"]]
        for customer in ("C-1", "R", "Z")
    }
    assert shown == {"C-1": [], "R": ["O-1", "O-2"], "Z": ["O-3"]}
