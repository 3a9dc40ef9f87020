"""Control settings, blocks by people, statuses and warnings (docs/domain.md, Control settings)."""

import pytest

from tests.scenarios.erp import DAY, Erp, classes, codes, counted, found
from tests.service import JSON

ALLOWED = {"save": "allowed", "proceed": "allowed", "print": "allowed"}


@pytest.fixture
def full(erp: Erp) -> Erp:
    """C-1 is over its limit of 100 with any document."""
    erp.account(limit="100.00")
    erp.store("open_item", "P-1", "100.00")
    return erp


@pytest.mark.parametrize(
    ("settings", "document", "reason", "signal"),
    [
        ({"control": "off"}, {}, "control_off", "off"),
        ({"ignore_until": DAY}, {}, "ignore_until", "off"),
        ({"ignore_until": "2025-06-29"}, {}, None, "red"),
        ({}, {"excluded": True}, "excluded_document", "red"),
        ({"excluded_sites": ["S"]}, {"site": "S"}, "excluded_site", "off"),
        ({"excluded_sites": ["S"]}, {"site": "T"}, None, "red"),
        ({}, {"type": "FREE"}, "type_without_credit", "yellow"),
        ({}, {"checkpoint": "pick"}, "checkpoint_off", "red"),
        ({}, {"pro_forma": True}, "checkpoint_off", "red"),
        ({}, {"checkpoint": "ship", "pro_forma": True}, None, "red"),
        ({"control": "off", "ignore_until": DAY}, {"excluded": True}, "control_off", "off"),
        ({"ignore_until": DAY}, {"excluded": True}, "ignore_until", "off"),
        ({"excluded_sites": ["S"]}, {"excluded": True, "site": "S"}, "excluded_document", "red"),
        ({}, {"type": "FREE", "checkpoint": "pick"}, "type_without_credit", "yellow"),
    ],
)
def test_a_document_outside_credit_control_passes_and_the_first_reason_is_stated(
    full: Erp, settings: JSON, document: JSON, reason: str | None, signal: str
) -> None:
    full.policy(checkpoints={"pick": {"check": False}, "ship": {"pro_forma": True}})
    full.put("/v1/document-types/FREE", {"credit": False})
    full.account(limit="100.00", **settings)
    answer = full.check("order", "1.00", **document)
    assert (answer["not_controlled"], answer["signal"]) == (reason, signal)
    assert (answer["decision"], codes(answer)) == (("allow", []) if reason else ("block", ["LIMIT_EXCEEDED"]))


def test_papers_of_an_excluded_site_count(erp: Erp) -> None:
    erp.account(excluded_sites=["S"])
    erp.store("order", "O-1", "10.00", site="S")
    assert counted(erp.exposure()) == {"orders": "10.00"}


def test_what_a_person_ordered_holds_without_credit_control(full: Erp) -> None:
    full.account(limit="100.00", control="off", documents_blocked=["order"], always_authorise=["order"])
    full.post("/v1/customers/C-1/manual-blocks", {"kinds": ["order"]})
    answer = full.check("order", "1.00")
    assert (answer["decision"], answer["signal"]) == ("block", "off")
    assert codes(answer) == ["MANUAL_BLOCK", "DOCUMENTS_BLOCKED"]


def test_under_monitoring_credit_findings_never_block_and_the_colour_stays_true(full: Erp) -> None:
    full.account(limit="100.00", control="monitor")
    answer = full.check("order", "1.00", "O-1")
    assert (answer["decision"], answer["signal"], answer["hold"]) == ("warn", "red", None)
    assert found(answer, "LIMIT_EXCEEDED")["demoted_by"] == "control"
    assert answer["obligations"] == ALLOWED
    full.account(limit="100.00", control="monitor", documents_blocked=["order"])
    assert full.check("order", "1.00")["decision"] == "block"


def test_a_policys_control_is_for_accounts_that_state_none(full: Erp) -> None:
    full.policy(default_control="off")
    assert full.check("order", "1.00")["not_controlled"] == "control_off"
    full.account(limit="100.00", control="block")
    assert full.check("order", "1.00")["decision"] == "block"


def test_a_kind_that_is_not_controlled_gets_its_colour_and_is_only_told(full: Erp) -> None:
    answer = full.check("quotation", "1.00", "Q-1")
    assert (answer["decision"], answer["signal"]) == ("allow", "red")
    assert classes(answer) == {"LIMIT_EXCEEDED": "info"}
    full.post("/v1/customers/C-1/manual-blocks", {"kinds": ["quotation"]})
    assert full.check("quotation", "1.00")["decision"] == "block"


def test_a_manual_block_stops_what_follows_its_kind_too_until_it_is_lifted(erp: Erp) -> None:
    block = erp.post("/v1/customers/C-1/manual-blocks", {"kinds": ["order"], "note": "Disputed."})
    assert codes(erp.check("order", "1.00")) == ["MANUAL_BLOCK"]
    assert codes(erp.check("delivery", "1.00", follows=[("order", "O-1")])) == ["MANUAL_BLOCK"]
    assert codes(erp.check("delivery", "1.00")) == []
    erp.policy(manual_block_follows=False)
    assert codes(erp.check("delivery", "1.00", follows=[("order", "O-1")])) == []
    erp.caller.patch(f"/v1/customers/C-1/manual-blocks/{block['id']}", json={"lifted": True})
    assert codes(erp.check("order", "1.00")) == []


@pytest.mark.parametrize(
    ("status", "kind", "checkpoint", "expected"),
    [
        ({"effect": "all"}, "order", "save", {"ACCOUNT_STATUS": "hard"}),
        ({"effect": "all", "on": "warn"}, "order", "save", {"ACCOUNT_STATUS": "soft"}),
        ({"effect": "all", "kinds": ["invoice"]}, "order", "save", {}),
        ({"effect": "invoices"}, "invoice", "save", {"ACCOUNT_STATUS": "hard"}),
        ({"effect": "invoices"}, "order", "invoice", {"ACCOUNT_STATUS": "hard"}),
        ({"effect": "invoices"}, "order", "save", {}),
        ({"effect": "none"}, "invoice", "invoice", {}),
    ],
)
def test_an_account_status_stops_all_kinds_some_or_invoices_only(
    erp: Erp, status: JSON, kind: str, checkpoint: str, expected: JSON
) -> None:
    erp.put("/v1/account-statuses/S", status)
    erp.customer("C-1", account_status="S")
    assert classes(erp.check(kind, "1.00", checkpoint=checkpoint)) == expected


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("invoice", {"payment_method": "transfer"}, ["CASH_ONLY"]),
        ("invoice", {"payment_method": "card"}, []),
        ("invoice", {}, ["CASH_ONLY"]),
        ("order", {"payment_method": "transfer"}, []),
        ("order", {"payment_method": "transfer", "checkpoint": "invoice"}, ["CASH_ONLY"]),
    ],
)
def test_a_cash_only_account_is_invoiced_with_a_cash_method_only(
    erp: Erp, kind: str, fields: JSON, expected: list[str]
) -> None:
    erp.policy(cash_methods=["cash", "card"])
    erp.account(cash_only=True)
    assert codes(erp.check(kind, "1.00", **fields)) == expected


def test_kinds_always_authorised_are_held_even_when_credit_is_free(erp: Erp) -> None:
    erp.account(limit="1000.00", always_authorise=["order"])
    answer = erp.check("order", "1.00", "O-1")
    assert (answer["decision"], codes(answer)) == ("block", ["ALWAYS_AUTHORISE"])
    assert answer["hold"]["status"] == "open"
    assert erp.check("delivery", "1.00")["decision"] == "allow"


def test_a_warning_is_shown_for_its_kinds_and_checkpoints_and_blocks_nothing(erp: Erp) -> None:
    erp.account(warning={"text": "Call first.", "kinds": ["order"], "checkpoints": ["save", "ship"]})
    answer = erp.check("order", "1.00")
    assert (answer["decision"], classes(answer)) == ("warn", {"CUSTOMER_WARNING": "soft"})
    assert found(answer, "CUSTOMER_WARNING")["message"] == "Call first."
    assert codes(erp.check("order", "1.00", checkpoint="pick")) == []
    assert codes(erp.check("delivery", "1.00")) == []


def test_blocked_kinds_are_refused_while_a_limit_is_breached_and_anything_that_cures_it_clears_them(
    erp: Erp,
) -> None:
    erp.policy("mtj", auto_block=True, blocked_kinds=["invoice"], max_days_overdue=10)
    erp.account(limit="100.00")
    erp.store("open_item", "P-1", "100.01", due_date="2025-06-25")
    answer = erp.check("invoice", "1.00", "I-1")
    assert (answer["decision"], codes(answer)) == ("block", ["DOCUMENTS_BLOCKED", "LIMIT_EXCEEDED"])
    assert answer["obligations"] == {"save": "refused", "proceed": "refused", "print": "refused"}
    assert (answer["hold"], erp.holds()) == (None, [])
    assert erp.exposure()["auto_blocked"] is True
    assert erp.check("delivery", "1.00")["decision"] == "warn"
    erp.store("payment", "Z-1", "0.01")
    assert erp.exposure()["auto_blocked"] is False
    assert erp.check("invoice", "1.00")["decision"] == "warn"
    assert erp.exposure(as_of="2025-07-06")["auto_blocked"] is True
    assert codes(erp.check("invoice", "1.00", as_of="2025-07-06"))[0] == "DOCUMENTS_BLOCKED"


def test_auto_block_never_touches_what_a_person_set(erp: Erp) -> None:
    erp.policy(auto_block=True, blocked_kinds=["invoice"])
    erp.account(limit="100.00", documents_blocked=["order"])
    erp.store("open_item", "P-1", "200.00")
    stored = erp.get("/v1/customers/C-1/credit")
    assert (stored["documents_blocked"], stored["auto_blocked"]) == (["order"], True)
    erp.account(limit="1000.00", documents_blocked=["order"])
    stored = erp.get("/v1/customers/C-1/credit")
    assert (stored["documents_blocked"], stored["auto_blocked"]) == (["order"], False)


@pytest.mark.parametrize("settings", [{"control": "off"}, {"ignore_until": "2100-01-01"}])
def test_without_credit_control_nothing_is_blocked_by_the_policy(erp: Erp, settings: JSON) -> None:
    erp.policy(auto_block=True, blocked_kinds=["invoice"])
    erp.store("open_item", "P-1", "200.00")
    assert erp.account(limit="100.00")["auto_blocked"] is True
    assert erp.account(limit="100.00", **settings)["auto_blocked"] is False
    assert erp.exposure()["auto_blocked"] is False
    assert erp.check("invoice", "1.00")["decision"] == "allow"


def test_ranks_of_payment_terms_and_cash_discounts_are_compared_with_the_customers_own(erp: Erp) -> None:
    erp.policy(hold_on_payment_terms_rank=True, hold_on_cash_discount_rank=True)
    for code, rank in (("N30", 10), ("N60", 20), ("NONE", None)):
        erp.put(f"/v1/payment-terms/{code}", {"rank": rank})
        erp.put(f"/v1/cash-discounts/{code}", {"rank": rank})
    erp.customer("C-1", payment_terms="N30", cash_discount="N30")
    answer = erp.check("order", "1.00", payment_terms="N60", cash_discount="N60")
    assert codes(answer) == ["PAYMENT_TERMS_RANK", "CASH_DISCOUNT_RANK"]
    assert codes(erp.check("order", "1.00", payment_terms="NONE", cash_discount="UNKNOWN")) == []


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("standard", {"save": "allowed", "proceed": "refused", "print": "refused"}),
        ("fluentis", {"save": "allowed", "proceed": "refused", "print": "refused"}),
        ("duir", {"save": "allowed", "proceed": "refused", "print": "unmarked"}),
    ],
)
def test_a_block_means_at_each_step_what_the_preset_says(full: Erp, preset: str, expected: JSON) -> None:
    full.policy(preset)
    assert full.check("order", "1.00")["obligations"] == expected
    full.account(limit="100000.00")
    assert full.check("order", "1.00")["obligations"] == ALLOWED
