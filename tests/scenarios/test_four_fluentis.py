"""Fluentis customer risk, feature by feature, beside what the other scenarios prove (docs/sources.md)."""

import pytest

from tests.scenarios.erp import DAY, Erp, codes, counted, found
from tests.service import JSON, eur, ok

REFUSED = {"save": "allowed", "proceed": "refused", "print": "refused"}


@pytest.fixture
def fluentis(erp: Erp) -> Erp:
    """C-1 may owe 100 in a company that works like Fluentis."""
    erp.policy("fluentis")
    erp.account(limit="100.00")
    return erp


SUMMED = [
    # grouping, exposure with the document, limit, its source
    ("own", ("110.00", "100.00", "own")),
    ("all_companies", ("117.00", "100.00", "own")),
    ("head_account", ("150.00", "149.99", "head")),
]


@pytest.mark.parametrize(("control", "decision"), [("block", "block"), ("monitor", "warn")])
@pytest.mark.parametrize(("grouping", "compared"), SUMMED)
def test_f15_six_types_of_control_of_a_customer(
    erp: Erp, grouping: str, compared: tuple[str, str, str], control: str, decision: str
) -> None:
    for company in ("main", "north"):
        erp.policy("fluentis", company=company)
    erp.customer("H")
    erp.account("H", "149.99")
    erp.customer("C-1", head_account="H")
    erp.account(limit="100.00", control=control, grouping=grouping)
    erp.store("open_item", "P-1", "90.00")
    erp.store("open_item", "P-2", "7.00", company="north")
    erp.store("open_item", "P-3", "40.00", customer="H")
    answer = erp.check("order", "20.00", "O-1")
    assert (answer["decision"], answer["signal"]) == (decision, "red")
    limit = answer["limit"]
    assert (answer["exposure"]["projected"], limit["amount"], limit["source"]) == compared
    assert (answer["hold"] is not None) is (decision == "block")


def test_f15_without_a_type_of_control_there_is_none(fluentis: Erp) -> None:
    fluentis.account(limit="100.00", control="off")
    answer = fluentis.check("order", "1000.00", "O-1")
    assert (answer["decision"], answer["signal"], answer["hold"]) == ("allow", "off", None)


@pytest.mark.parametrize(("include", "expected"), [(True, {}), (False, {"invoices": "40.00"})])
def test_f5_unprinted_invoices_count_where_the_parameter_says_so(
    fluentis: Erp, *, include: bool, expected: JSON
) -> None:
    fluentis.store("invoice", "I-1", "40.00", printed=False)
    fluentis.policy("fluentis", invoices={"require_printed": include})
    assert counted(fluentis.exposure()) == expected
    fluentis.store("invoice", "I-1", "40.00", printed=True, posted=True)
    assert counted(fluentis.exposure()) == {}


@pytest.mark.parametrize(
    ("prints", "says"), [({}, "refused"), ({"obligations": {"print": "unmarked"}}, "unmarked")]
)
def test_f17_a_blocked_document_is_saved_and_printed_as_the_parameter_says(
    fluentis: Erp, prints: JSON, says: str
) -> None:
    fluentis.policy("fluentis", **prints)
    assert fluentis.check("order", "100.01", "O-1")["obligations"] == {**REFUSED, "print": says}
    answer = fluentis.check("order", "100.01", "O-1", checkpoint="print")
    assert answer["obligations"] == {**REFUSED, "print": says}
    # Unmarked, it is stored unprinted, and so uses no credit until it is authorised and printed.
    fluentis.store("order", "O-1", "100.01", confirmed=True, printed=False)
    assert counted(fluentis.exposure()) == {}
    fluentis.release(answer["hold"]["id"])
    assert fluentis.check("order", "100.01", "O-1", checkpoint="print")["obligations"]["print"] == "allowed"
    fluentis.store("order", "O-1", "100.01", confirmed=True, printed=True)
    assert counted(fluentis.exposure()) == {"orders": "100.01"}


BILL: list[tuple[JSON, JSON, JSON]] = [
    # what is stated, exposure on the reference date, exposure from the day risk ends
    ({"state": "issued"}, {"bills": "80.00"}, {"bills": "80.00"}),
    ({"state": "presented", "presentation": "subject_to_collection"}, {"bills": "80.00"}, {}),
    (
        {"state": "presented", "presentation": "subject_to_collection", "bank_credited": True},
        {"bills": "80.00"},
        {},
    ),
    ({"state": "returned"}, {"unpaid_bills": "80.00"}, {"unpaid_bills": "80.00"}),
    ({"state": "returned", "posted_back": True}, {}, {}),
]


def test_f9_f10_a_bill_goes_from_issue_to_the_bank_and_back_into_the_ledger(fluentis: Erp) -> None:
    fluentis.policy("fluentis", bills={"subject_to_collection_days": 5})
    for version, (fields, today, later) in enumerate(BILL, 1):
        fluentis.store("bill", "B-1", "80.00", due_date=DAY, version=version, **fields)
        assert counted(fluentis.exposure()) == today, fields
        assert counted(fluentis.exposure(as_of="2025-07-05")) == later, fields
    assert fluentis.store("bill", "B-1", "80.00", due_date=DAY, version=2)["status"] == "stale"
    fluentis.store("open_item", "P-1", "80.00", due_date=DAY)
    assert counted(fluentis.exposure()) == {"open_items": "80.00"}
    fluentis.store("bill", "B-1", "80.00", due_date=DAY, version=6, state="settled")
    fluentis.store("open_item", "P-1", "80.00", settled_on=DAY)
    assert counted(fluentis.exposure()) == {}


def test_f10_unpaid_bills_can_be_left_out(fluentis: Erp) -> None:
    fluentis.policy("fluentis", categories={"unpaid_bills": False})
    fluentis.store("bill", "B-1", "80.00", due_date=DAY, state="returned")
    assert counted(fluentis.exposure()) == {}


def test_f12_an_order_becomes_deliverable_on_the_day_a_bill_matures(fluentis: Erp) -> None:
    fluentis.store("bill", "B-1", "80.00", due_date="2025-07-10", state="presented", presentation="discount")
    answer = fluentis.check("order", "30.00", "O-1")
    assert (answer["decision"], answer["remedy"]["unblocked_on"]) == ("block", "2025-07-10")
    assert fluentis.check("order", "30.00", "O-1", as_of="2025-07-09")["decision"] == "block"
    answer = fluentis.check("order", "30.00", "O-1", as_of="2025-07-10")
    assert (answer["decision"], answer["hold"]["status"]) == ("allow", "cleared")


def test_f18_f19_the_queue_follows_the_document(fluentis: Erp) -> None:
    """Blocked; withdrawn as it shrinks; authorised by whom, when, why and how far; held again as it grows."""
    first = fluentis.check("order", "150.00", "O-1", operator={"id": "anna"})["hold"]["id"]
    assert fluentis.check("order", "90.00", "O-1")["hold"] == {"id": first, "status": "cleared"}
    assert fluentis.holds(status="open") == []
    second = fluentis.check("order", "150.00", "O-1", operator={"id": "anna"})["hold"]["id"]
    released = fluentis.release(second, reason="Agreed by phone.")
    assert (released["owner"], released["reason"]) == ("anna", "Agreed by phone.")
    assert released["authorised_amount"] == eur("150.00")
    assert released["closed_by"] is not None
    assert released["closed_at"] is not None
    assert fluentis.check("order", "150.00", "O-1")["decision"] == "allow"
    assert fluentis.check("order", "120.00", "O-1")["decision"] == "allow"
    answer = fluentis.check("order", "150.01", "O-1")
    assert answer["decision"] == "block"
    again = fluentis.get(f"/v1/holds/{answer['hold']['id']}")
    assert (again["status"], again["document"]["total"]) == ("open", eur("150.01"))
    assert [hold["status"] for hold in fluentis.holds()] == ["cleared", "released", "open"]


KINDS_BLOCKED: list[tuple[list[str], str, list[tuple[str, str]], bool]] = [
    # kinds blocked by hand, document, what it follows, refused
    (["order"], "order", [], True),
    (["order"], "order", [("quotation", "Q-1")], True),
    (["order"], "delivery", [("order", "O-1")], True),
    (["order"], "invoice", [("order", "O-1")], True),
    (["order"], "delivery", [], False),
    (["delivery"], "order", [], False),
    (["delivery"], "delivery", [("order", "O-1")], True),
    (["delivery"], "invoice", [("delivery", "D-1")], True),
    (["order", "delivery"], "invoice", [], False),
]


@pytest.mark.parametrize(("kinds", "kind", "follows", "refused"), KINDS_BLOCKED)
def test_f20_f22_a_manual_block_reaches_its_kinds_and_what_is_made_of_them(
    fluentis: Erp, kinds: list[str], kind: str, follows: list[tuple[str, str]], *, refused: bool
) -> None:
    fluentis.post(
        "/v1/customers/C-1/manual-blocks", {"kinds": kinds, "from": DAY, "to": "2025-07-02", "note": "Legal."}
    )
    for day, within in (("2025-06-29", False), (DAY, True), ("2025-07-02", True), ("2025-07-03", False)):
        answer = fluentis.check(kind, "1.00", follows=follows, as_of=day)
        assert (day, codes(answer)) == (day, ["MANUAL_BLOCK"] if refused and within else [])
    for control in ("monitor", "off"):
        fluentis.account(limit="100.00", control=control)
        assert fluentis.check(kind, "1.00", follows=follows)["decision"] == ("block" if refused else "allow")


def test_f20_an_end_date_lifts_a_block_and_keeps_its_history(fluentis: Erp) -> None:
    block = fluentis.post("/v1/customers/C-1/manual-blocks", {"kinds": ["order"], "from": "2025-06-01"})
    address = f"/v1/customers/C-1/manual-blocks/{block['id']}"
    assert ok(fluentis.caller.patch(address, json={"to": "2025-06-29"}))["lifted_by"] is not None
    assert fluentis.check("order", "1.00")["decision"] == "allow"
    assert fluentis.check("order", "1.00", as_of="2025-06-29")["decision"] == "block"


@pytest.mark.parametrize("kind", ["order", "delivery"])
def test_f21_a_kind_is_authorised_each_time_even_with_credit_available(fluentis: Erp, kind: str) -> None:
    fluentis.account(limit="1000.00", always_authorise=[kind])
    answer = fluentis.check(kind, "1.00", "X-1")
    assert (answer["decision"], answer["signal"]) == ("block", "red")
    fluentis.release(answer["hold"]["id"])
    again = fluentis.check(kind, "1.00", "X-1", checkpoint="print")
    assert (again["decision"], found(again, "ALWAYS_AUTHORISE")["class"]) == ("allow", "info")
    assert fluentis.check(kind, "1.00", "X-2")["decision"] == "block"


def test_f23_insured_amount_remarks_and_review_date_are_kept_and_never_used(fluentis: Erp) -> None:
    remarks: JSON = {
        "insured_amount": eur("1000.00"),
        "eligible_limit": eur("1.00"),
        "notes": "Pays late in August.",
        "review_on": "2025-01-01",
    }
    plain = fluentis.check("order", "100.01", dry_run=True)
    seen = fluentis.account(limit="100.00", **remarks)
    assert {name: seen[name] for name in remarks} == remarks
    noted = fluentis.check("order", "100.01", dry_run=True)
    for answer in (plain, noted):
        del answer["decision_id"], answer["evaluated_at"]
    assert noted == plain


def test_f28_the_available_credit_is_part_of_every_answer(fluentis: Erp) -> None:
    fluentis.store("open_item", "P-1", "70.00")
    answer = fluentis.check("order", "10.00")
    assert answer["remedy"]["headroom"] == eur("30.00")
    assert (answer["limit"]["amount"], answer["exposure"]["current"]) == ("100.00", "70.00")


def test_f30_credit_data_come_as_a_stream(fluentis: Erp) -> None:
    line = '{"id": "C-1", "limit": {"amount": "250.00", "currency": "EUR"}, "control": "monitor"}'
    answer = fluentis.caller.post(
        "/v1/credit:import", content=line, headers={"Content-Type": "application/x-ndjson"}
    )
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert fluentis.check("order", "250.01")["decision"] == "warn"
