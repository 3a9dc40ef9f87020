"""MTJ's debt and credit limit, feature by feature, beside what other scenarios prove (docs/sources.md)."""

from typing import Any

import pytest

from creditrisk.application.keys import Scope
from tests.scenarios.erp import DAY, Erp, classes, codes, counted
from tests.service import JSON, Site, eur

NOTHING_MAY_BE_DONE = {"save": "refused", "proceed": "refused", "print": "refused"}


def debt(answer: JSON) -> str:
    """What the contact owes with the document under check."""
    projected = answer["exposure"]["projected"]
    assert isinstance(projected, str)
    return projected


def test_c1_only_executed_invoices_not_paid_are_debt(erp: Erp) -> None:
    erp.policy("mtj")
    erp.store("invoice", "I-1", "10.00", confirmed=True)
    erp.store("invoice", "I-2", "20.00", confirmed=False)
    erp.store("open_item", "P-1", "40.00")
    erp.store("delivery", "D-1", "80.00")
    erp.store("bill", "B-1", "160.00", due_date="2025-12-31")
    erp.store("advance", "A-1", "320.00", effective_on=DAY)
    assert counted(erp.exposure()) == {"invoices": "10.00", "open_items": "40.00"}
    erp.policy("mtj", categories={"orders": True})
    erp.store("order", "O-1", "640.00")
    assert counted(erp.exposure()) == {"invoices": "10.00", "open_items": "40.00", "orders": "640.00"}


@pytest.mark.parametrize(
    ("overdue_only", "include_current", "expected"),
    [(False, True, "160.00"), (False, False, "160.00"), (True, True, "140.00"), (True, False, "40.00")],
)
def test_c3_c4_overdue_only_with_and_without_the_current_document(
    erp: Erp, *, overdue_only: bool, include_current: bool, expected: str
) -> None:
    erp.policy("mtj", overdue_only=overdue_only, include_current_document=include_current)
    erp.account(limit="139.99")
    erp.store("invoice", "I-1", "20.00", confirmed=True, due_date="2025-06-30")
    erp.store("invoice", "I-2", "40.00", confirmed=True, due_date="2025-06-29")
    answer = erp.check("invoice", "100.00", "I-3", due_date="2025-07-30")
    assert debt(answer) == expected
    assert answer["decision"] == ("allow" if expected == "40.00" else "warn")


@pytest.mark.parametrize(
    ("days", "owed", "gates", "expected"),
    [
        (30, "100.00", False, {}),
        (31, "100.00", False, {"DAYS_OVERDUE": "soft"}),
        (30, "100.01", False, {"LIMIT_EXCEEDED": "soft"}),
        (31, "100.01", False, {"DAYS_OVERDUE": "soft", "LIMIT_EXCEEDED": "soft"}),
        (30, "100.01", True, {}),
        (31, "100.01", True, {"DAYS_OVERDUE": "soft", "LIMIT_EXCEEDED": "soft"}),
        (31, "100.00", True, {"DAYS_OVERDUE": "soft"}),
    ],
)
def test_c5_the_time_limit_goes_before_the_amount(
    erp: Erp, days: int, owed: str, expected: JSON, *, gates: bool
) -> None:
    erp.policy("mtj", time_limit_gates_amount=gates)
    erp.account(limit="100.00", max_days_overdue=30)
    erp.store("open_item", "P-1", owed, due_date="2025-05-31" if days == 30 else "2025-05-30")
    answer = erp.check("invoice", "0.00", "I-1")
    assert (classes(answer), list(classes(answer))) == (expected, list(expected))


CURES: list[tuple[str, str, dict[str, Any]]] = [
    ("payment", "Z-1", {"total": "0.01"}),
    ("payment", "Z-2", {"total": "0.01", "allocations": [{"item": "P-1", "amount": eur("0.01")}]}),
    ("invoice", "N-1", {"total": "-0.01", "confirmed": True}),
    ("open_item", "P-1", {"total": "100.00"}),
]


@pytest.fixture
def refused(erp: Erp) -> Erp:
    """C-1 owes a cent more than its limit of 100, so it gets no order and no invoice."""
    erp.policy("mtj", auto_block=True, blocked_kinds=["order", "invoice"])
    erp.account(limit="100.00")
    erp.store("open_item", "P-1", "100.01", due_date="2025-12-31")
    assert answers(erp) == {"order": "block", "delivery": "warn", "invoice": "block"}
    return erp


def answers(erp: Erp) -> dict[str, str]:
    """What becomes of a document of each kind."""
    return {
        kind: erp.check(kind, "0.00", dry_run=True)["decision"] for kind in ("order", "delivery", "invoice")
    }


@pytest.mark.parametrize(("kind", "number", "fields"), CURES)
def test_c9_whatever_brings_the_debt_down_to_the_limit_ends_the_automatic_block(
    refused: Erp, kind: str, number: str, fields: dict[str, Any]
) -> None:
    refused.store(kind, number, **fields)
    assert answers(refused) == {"order": "allow", "delivery": "allow", "invoice": "allow"}


def test_c9_so_does_a_higher_limit_a_temporary_one_or_a_cover(refused: Erp) -> None:
    refused.account(limit="100.01")
    assert answers(refused)["invoice"] == "allow"
    refused.account(limit="100.00")
    assert answers(refused)["invoice"] == "block"
    refused.post("/v1/customers/C-1/covers", {"kind": "insurance", "value": eur("1.00"), "percent": "50"})
    assert answers(refused)["invoice"] == "allow"


def test_c8_the_block_comes_and_goes_with_the_days(refused: Erp) -> None:
    refused.account(limit="1000.00", max_days_overdue=10)
    refused.store("open_item", "P-1", "100.01", due_date="2025-06-20")
    assert refused.check("invoice", "0.00", as_of="2025-06-30")["decision"] == "allow"
    answer = refused.check("invoice", "0.00", as_of="2025-07-01")
    assert answer["obligations"] == NOTHING_MAY_BE_DONE
    assert codes(answer) == ["DOCUMENTS_BLOCKED", "DAYS_OVERDUE"]


def test_c12_what_new_contacts_begin_with_is_for_each_company(erp: Erp) -> None:
    careful = {
        "limit": "50.00",
        "max_days_overdue": 5,
        "cash_only": True,
        "documents_blocked": ["delivery"],
        "payment_method": "cash",
    }
    erp.policy("mtj", new_account=careful, on_limit_exceeded="block")
    erp.policy("mtj", company="north")
    assert codes(erp.check("invoice", "50.01")) == ["LIMIT_EXCEEDED"]
    assert codes(erp.check("invoice", "1.00", payment_method="transfer")) == ["CASH_ONLY"]
    assert codes(erp.check("delivery", "1.00")) == ["DOCUMENTS_BLOCKED"]
    assert codes(erp.check("delivery", "1000.00", company="north")) == []
    erp.account(limit="100.00")
    assert codes(erp.check("invoice", "50.01", payment_method="transfer")) == []


def test_c13_limits_are_set_by_who_has_the_right_and_his_name_is_kept(erp: Erp, site: Site) -> None:
    def key(name: str, scope: Scope) -> str:
        made = erp.post("/v1/keys", {"name": name, "scopes": [scope]})["key"]
        assert isinstance(made, str)
        return made

    body = {"limit": eur("100.00")}
    with site.caller(key("sales", Scope.CHECK)) as sales, site.caller(key("Vera", Scope.LIMITS)) as vera:
        assert sales.put("/v1/customers/C-1/credit", json=body).status_code == 403
        assert sales.post("/v1/customers/C-1/temporary-limits", json=body).status_code == 403
        assert vera.put("/v1/customers/C-1/credit", json=body).json()["updated_by"] == "Vera"
    assert erp.get("/v1/customers/C-1/credit")["updated_by"] == "Vera"


@pytest.mark.parametrize(
    ("rule", "limit", "warns"),
    [("highest", "300.00", True), ("sum", "400.00", False), ("own", "100.00", True)],
)
def test_c15_one_company_id_is_one_debtor_whichever_branch_is_invoiced(
    erp: Erp, rule: str, limit: str, *, warns: bool
) -> None:
    erp.policy("mtj", grouping="company_id", group_limit=rule)
    for branch, own, owed in (("C-1", "100.00", "90.00"), ("C-2", "300.00", "200.00")):
        erp.customer(branch, registration_number="CZ123")
        erp.account(branch, own)
        erp.store("open_item", branch, owed, customer=branch)
    answer = erp.check("invoice", "20.00", customer="C-1")
    assert (answer["limit"]["amount"], debt(answer)) == (limit, "310.00")
    assert answer["decision"] == ("warn" if warns else "allow")


@pytest.mark.parametrize(("checkpoint", "shown"), [("save", False), ("confirm", True), ("print", False)])
def test_c16_a_billing_warning_is_shown_at_execution_and_refuses_nothing(
    erp: Erp, checkpoint: str, *, shown: bool
) -> None:
    erp.policy("mtj")
    erp.account(warning={"text": "Ask for the VAT number.", "kinds": ["invoice"], "checkpoints": ["confirm"]})
    answer = erp.check("invoice", "1.00", checkpoint=checkpoint)
    assert codes(answer) == (["CUSTOMER_WARNING"] if shown else [])
    assert answer["obligations"] == {"save": "allowed", "proceed": "allowed", "print": "allowed"}


def test_c17_warned_then_cash_only_then_refused(erp: Erp) -> None:
    erp.policy("mtj")
    erp.store("open_item", "P-1", "200.00")
    levels: list[tuple[JSON, str, str]] = [
        ({}, "transfer", "warn"),
        ({"cash_only": True}, "transfer", "block"),
        ({"cash_only": True}, "cash", "warn"),
        ({"documents_blocked": ["invoice"]}, "cash", "block"),
    ]
    for settings, method, decision in levels:
        erp.account(limit="100.00", **settings)
        answer = erp.check("invoice", "1.00", "I-1", payment_method=method)
        assert (settings, answer["decision"]) == (settings, decision)
        assert (answer["obligations"] == NOTHING_MAY_BE_DONE) is (decision == "block")
    assert erp.holds() == []
