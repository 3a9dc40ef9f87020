"""The published cases of the systems that the presets follow, case by case; see data/seed-systems.json."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.scenarios.erp import DAY, Erp, codes
from tests.scenarios.seed_systems import Event, amount, cases, events
from tests.service import JSON, eur

MAPPED = {
    "FL-01", "FL-02", "FL-04", "FL-06", "FL-08",
    "MS-01", "MS-03", "MS-05", "MS-06", "MS-08", "MS-10",
    "CZ-01", "CZ-03",
    "DU-01", "DU-03",
}  # fmt: skip


def test_every_published_case_is_tested_here() -> None:
    assert cases().keys() == MAPPED


@events("FL-01")
def test_fluentis_adds_up_all_buckets_and_returns_and_credit_notes_reduce_them(
    erp: Erp, event: Event
) -> None:
    given, then = event.given, event.then
    erp.policy("fluentis", balance_basis=given["params"]["balance_basis"])
    erp.account(limit=amount(given["customer"]["limit"]))
    erp.store("order", "O", amount(given["orders_open_residual"]), printed=True, confirmed=True)
    erp.store("delivery", "D", amount(given["ddt_uninvoiced"]), printed=True)
    erp.store("delivery", "R", amount(-given["ddt_return_uninvoiced"]), printed=True)
    erp.store("invoice", "I", amount(given["invoices_unposted_printed"]), printed=True)
    erp.store("invoice", "N", amount(-given["credit_notes_unposted_printed"]), printed=True)
    erp.store("open_item", "P", amount(given["open_items_balance"]))
    erp.store("bill", "B1", amount(given["bills_issued_not_presented"]), due_date="2025-09-30")
    erp.store(
        "bill",
        "B2",
        amount(given["bills_presented_not_matured"]),
        due_date="2025-09-30",
        state="presented",
        presentation="discount",
    )
    calculated = erp.exposure()
    assert calculated["exposure"]["current"] == amount(then["exposure"])
    assert calculated["limits"][0]["exceeded"] is then["over_limit"]
    overrun = then["exposure"] - given["customer"]["limit"]
    assert overrun == then["overrun"]


@events("FL-02")
def test_fluentis_counts_only_flagged_printed_and_confirmed_documents_still_open(
    erp: Erp, event: Event
) -> None:
    erp.policy("fluentis")
    erp.put("/v1/document-types/FLAGGED", {"credit": True})
    erp.put("/v1/document-types/FREE", {"credit": False})
    for order in event.given["orders"]:
        stated = {name: order[name] for name in ("printed", "confirmed", "fulfilled")}
        code = "FLAGGED" if order["credit_flag"] else "FREE"
        erp.store("order", order["id"], amount(order["amount"]), type=code, **stated)
    for note in event.given["ddt"]:
        stated = {name: note[name] for name in ("printed", "invoiced")}
        erp.store("delivery", note["id"], amount(note["amount"]), type="FLAGGED", **stated)
    by_category = erp.exposure()["exposure"]["by_category"]
    assert by_category["orders"] == amount(event.then["orders_in_exposure"])
    assert by_category["deliveries"] == amount(event.then["ddt_in_exposure"])


@events("FL-04")
def test_fluentis_reports_but_does_not_block_types_excluded_from_blocking(erp: Erp, event: Event) -> None:
    given, document, then = event.given, event.when["document"], event.then
    erp.policy("fluentis")
    erp.account(limit=amount(given["customer"]["limit"]), control=given["customer"]["control_type"])
    erp.store("open_item", "P", amount(given["exposure_before"]))
    for code, flags in given["types"].items():
        stated = {"credit": flags["credit_flag"], "exclude_block": flags["exclude_block"]}
        erp.put(f"/v1/document-types/{code}", stated)
    answer = erp.check(document["kind"], amount(document["amount"]), "O-1", type=document["type"])
    assert answer["decision"] == then["decision"]
    assert answer["exposure"]["projected"] == amount(then["exposure_after"])
    assert codes(answer) == ["LIMIT_EXCEEDED"]
    assert (answer["hold"] is not None) is then.get("needs_authorisation", False)


@events("FL-06")
def test_fluentis_counts_a_presented_bill_until_so_many_days_past_its_due_date(
    erp: Erp, event: Event
) -> None:
    params = event.given["params"]
    days = {
        "subject_to_collection_days": params["days_past_due_sbf"],
        "after_collection_days": params["days_past_due_after_collection"],
    }
    erp.policy("fluentis", bills=days)
    presentations = {"sbf": "subject_to_collection", "after_collection": "after_collection"}
    for bill in event.given["bills"]:
        erp.store(
            "bill",
            bill["id"],
            amount(bill["amount"]),
            due_date=bill["due_date"],
            state="presented",
            presentation=presentations[bill["presentation"]],
            bank_credited=bill["bank_credited"],
        )
    calculated = erp.exposure(as_of=event.when["reference_date"])
    assert calculated["exposure"]["by_category"]["bills"] == amount(event.then["bills_in_exposure"])


@events("FL-08")
def test_fluentis_compares_a_customer_group_with_the_limit_of_its_head_alone(erp: Erp, event: Event) -> None:
    head = event.given["group"]["head"]
    erp.policy("fluentis", grouping="head_account")
    for customer, member in event.given["members"].items():
        erp.customer(customer, head_account=None if customer == head else head)
        erp.account(customer, amount(member["limit"]), control="block")
        erp.store("open_item", customer, amount(member["exposure"]), customer=customer)
    document = event.when["document"]
    answer = erp.check(document["kind"], amount(document["amount"]), customer=event.when["customer"])
    assert answer["decision"] == event.then["decision"]
    assert answer["exposure"]["projected"] == amount(event.then["group_exposure_after"])
    assert (answer["limit"]["amount"], answer["limit"]["source"]) == (
        amount(event.then["limit_used"]),
        "head",
    )


KINDS = {"credit_limit_used": "limit_used", "sales_order": "document_amount"}
SCOPES = {"table": "customer", "group": "group", "all": "all"}


def dynamics(erp: Erp, rules: Sequence[JSON] = (), **overrides: Any) -> None:
    """Credit management with the rules of a case, and what they name."""
    erp.policy("dynamics365", **overrides)
    for number, rule in enumerate(rules):
        scope = SCOPES[rule["valid_for"]]
        if scope == "group":
            erp.put(f"/v1/management-groups/{rule['account']}", {})
        elif scope == "customer":
            erp.customer(rule["account"])
        percent = rule.get("percent", rule.get("credit_limit_threshold_percent"))
        stated = {
            "kind": KINDS.get(rule["kind"], rule["kind"]),
            "type": rule["type"],
            "scope": scope,
            "scope_id": rule.get("account"),
            "days": rule.get("value"),
            "amount": eur(amount(rule["amount"])) if "amount" in rule else None,
            "percent": None if percent is None else str(percent),
        }
        erp.put(f"/v1/rules/R-{number}", {name: value for name, value in stated.items() if value is not None})


def due(days: int) -> str:
    """The due date of what is so many days past due on the reference date."""
    return (date.fromisoformat(DAY) - timedelta(days=days)).isoformat()


@events("MS-01")
def test_dynamics_lets_the_tighter_of_group_and_own_limit_decide(erp: Erp, event: Event) -> None:
    dynamics(erp, event.given["rules"])
    for group, stated in event.given["groups"].items():
        erp.put(f"/v1/credit-groups/{group}", {"limit": eur(amount(stated["limit"]))})
    for customer, stated in event.given["customers"].items():
        erp.customer(customer, credit_group=stated["group"])
        flags = {name: stated[name] for name in ("mandatory", "unlimited") if name in stated}
        erp.account(customer, amount(stated["limit"]), **flags)
    answer = erp.check(
        "order", amount(event.when["order"]), customer=event.when["customer"], checkpoint="confirm"
    )
    assert answer["decision"] == event.then["decision"]
    assert set(codes(answer)) == ({"LIMIT_USED"} if event.then["decision"] == "block" else set())
    effective = event.then["effective_limit"]
    assert answer["limit"]["amount"] == (None if effective is None else amount(effective))


@events("MS-03")
def test_dynamics_lets_an_exclusion_for_one_customer_cancel_a_block_for_all(erp: Erp, event: Event) -> None:
    customer = event.when["customer"]
    dynamics(erp, event.given["rules"])
    erp.customer(customer)
    erp.store("open_item", "P", "100.00", customer=customer, due_date=due(event.when["oldest_days_past_due"]))
    answer = erp.check("order", "100.00", customer=customer, checkpoint="confirm")
    assert answer["decision"] == event.then["decision"]


@events("MS-05")
def test_dynamics_cancels_no_block_of_the_same_level_and_none_of_another_kind(erp: Erp, event: Event) -> None:
    when = event.when
    dynamics(erp, event.given["rules"])
    erp.customer(when["customer"], management_group=when["management_group"])
    erp.store(
        "open_item", "P", "100.00", customer=when["customer"], due_date=due(when["oldest_days_past_due"])
    )
    answer = erp.check("order", amount(when["order"]), customer=when["customer"], checkpoint="confirm")
    reasons = {"days_overdue": "DAYS_OVERDUE", "sales_order": "DOCUMENT_AMOUNT"}
    assert answer["decision"] == event.then["decision"]
    assert codes(answer) == [reasons[reason] for reason in event.then["reasons"]]


@events("MS-06")
def test_dynamics_holds_an_overdue_amount_only_where_enough_of_the_limit_is_used(
    erp: Erp, event: Event
) -> None:
    given, when, then = event.given, event.when, event.then
    dynamics(erp, given["rules"])
    erp.account(limit=amount(given["customer"]["limit"]))
    erp.store("open_item", "P-1", amount(when["overdue"]), due_date=due(10))
    if rest := when["balance"] - when["overdue"]:
        erp.store("open_item", "P-2", amount(rest))
    answer = erp.check("order", amount(when["order"]), checkpoint="confirm")
    assert answer["decision"] == then["decision"]
    assert Decimal(answer["utilisation"]) * 100 == then["used_percent"]


@events("MS-08")
def test_dynamics_adds_the_insured_share_to_the_temporary_limit_or_the_own_one(
    erp: Erp, event: Event
) -> None:
    given = event.given
    dynamics(erp)
    erp.account(limit=amount(given["base_limit"]))
    for policy in given["policies"]:
        cover = {
            "kind": "insurance",
            "value": eur(amount(policy["value"])),
            "percent": str(policy["update_credit_limit_percent"]),
            "included_in_exposure": policy["included_in_exposure"],
            "from": policy["from"],
            "to": policy["to"],
        }
        erp.post("/v1/customers/C-1/covers", cover)
    for limit in given["temporary_limits"]:
        stated = {"limit": eur(amount(limit["limit"])), "from": limit["from"], "to": limit["to"]}
        erp.post("/v1/customers/C-1/temporary-limits", stated)
    assert erp.exposure(as_of=event.when["date"])["limit"]["amount"] == amount(event.then["total_limit"])


@events("MS-10")
def test_dynamics_holds_payment_terms_ranked_above_the_customers_own(erp: Erp, event: Event) -> None:
    dynamics(erp, hold_on_payment_terms_rank=event.when["check_terms_increase"])
    for terms, rank in event.given["term_ranks"].items():
        erp.put(f"/v1/payment-terms/{terms}", {"rank": rank})
    erp.customer("C-1", payment_terms=event.given["customer_default_term"])
    answer = erp.check("order", "100.00", payment_terms=event.when["order_term"], checkpoint="confirm")
    assert answer["decision"] == event.then["decision"]
    assert codes(answer) == [reason.upper() for reason in event.then.get("reasons", [])]


@events("CZ-01")
def test_mtj_ignores_orders_in_debt_mode_and_adds_them_in_credit_mode(erp: Erp, event: Event) -> None:
    erp.policy("mtj", categories={"orders": event.when["mode"] == "credit_limit"})
    erp.account(limit=amount(event.given["contact"]["debt_limit"]))
    erp.store("invoice", "I", amount(event.given["executed_unpaid_invoices"]), confirmed=True)
    erp.store("order", "O", amount(event.given["received_orders"]))
    evaluated = erp.exposure()
    assert evaluated["exposure"]["current"] == amount(event.then["debt"])
    assert evaluated["limits"][0]["exceeded"] is event.then["exceeded"]


@events("CZ-03")
def test_mtj_invoices_a_customer_with_the_limit_block_flag_for_cash_only(erp: Erp, event: Event) -> None:
    contact = event.given["contact"]
    erp.policy("mtj")
    erp.account(limit=amount(contact["debt_limit"]), cash_only=contact["limit_block_flag"])
    answer = erp.check("invoice", "100.00", payment_method=event.when["payment_method"])
    assert answer["decision"] == event.then["decision"]
    assert codes(answer) == (["CASH_ONLY"] if "reason" in event.then else [])


@events("DU-01")
def test_duir_turns_yellow_above_eighty_and_red_above_a_hundred_percent(erp: Erp, event: Event) -> None:
    customer, when = event.given["customer"], event.when
    erp.policy("duir")
    control = "block" if when.get("risk_control", customer["risk_control"]) else "off"
    insured = eur(amount(customer["insured_risk"]))
    erp.account(limit=amount(customer["limit"]), insured_amount=insured, control=control)
    erp.store("open_item", "P", amount(when["risk"]))
    assert erp.exposure()["signal"] == event.then["light"]
    answer = erp.check("order", "0.00")
    assert answer["signal"] == event.then["light"]
    if "decision" in event.then:
        assert answer["decision"] == event.then["decision"]


@events("DU-03")
def test_duir_counts_an_invoice_at_the_bank_for_the_bank_risk_days(erp: Erp, event: Event) -> None:
    invoice = event.given["invoice"]
    erp.policy("duir", bank_risk_days=event.given["bank_risk_days"])
    presented = {"due_date": invoice["due_date"], "presented_on": invoice["remitted_on"]}
    erp.store("invoice", "I", amount(invoice["amount"]), **presented)
    calculated = erp.exposure(as_of=event.when["date"])
    assert calculated["exposure"]["by_category"]["invoices"] == amount(event.then["invoice_in_risk"])
