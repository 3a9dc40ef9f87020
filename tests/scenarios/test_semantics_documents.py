"""What orders, deliveries and invoices add to exposure, edited and followed (docs/domain.md, Exposure)."""

from itertools import permutations

import pytest

from tests.scenarios.erp import Erp, codes, counted, figures
from tests.service import JSON, eur


def test_a_document_checked_again_counts_with_its_new_amount_only(erp: Erp) -> None:
    erp.store("order", "O-1", "1000.00")
    erp.store("order", "O-2", "50.00")
    assert figures(erp.check("order", "1200.00", "O-1")) == ("50.00", "1200.00", "1250.00")
    assert figures(erp.check("order", "1200.00", "O-9")) == ("1050.00", "1200.00", "2250.00")


@pytest.mark.parametrize(
    ("passed_on", "current"),
    [("1000.00", "0.00"), ("400.00", "600.00"), ("4000.00", "0.00"), (None, "300.00")],
)
def test_a_checked_delivery_takes_from_its_order_what_it_passes_on_and_never_more(
    erp: Erp, passed_on: str | None, current: str
) -> None:
    erp.store("order", "O-1", "1000.00")
    followed = ("order", "O-1", passed_on) if passed_on else ("order", "O-1")
    answer = erp.check("delivery", "700.00", "D-1", follows=[followed])
    assert figures(answer)[:2] == (current, "700.00")


@pytest.mark.parametrize(("passed_on", "left"), [("400.00", "600.00"), (None, "300.00"), ("4000.00", "0.00")])
@pytest.mark.parametrize("first", ["order", "delivery"])
def test_a_stored_delivery_lowers_its_order_in_whatever_order_they_arrive(
    erp: Erp, first: str, passed_on: str | None, left: str
) -> None:
    followed = ("order", "O-1", passed_on) if passed_on else ("order", "O-1")
    if first == "delivery":
        erp.store("delivery", "D-1", "700.00", follows=[followed])
    erp.store("order", "O-1", "1000.00")
    if first == "order":
        erp.store("delivery", "D-1", "700.00", follows=[followed])
    by_category = erp.exposure()["exposure"]["by_category"]
    assert (by_category["orders"], by_category["deliveries"]) == (left, "700.00")


def test_a_stored_delivery_checked_again_undoes_first_what_it_took_before(erp: Erp) -> None:
    erp.store("order", "O-1", "1000.00")
    erp.store("delivery", "D-1", "400.00", follows=[("order", "O-1", "400.00")])
    answer = erp.check("delivery", "300.00", "D-1", follows=[("order", "O-1", "300.00")])
    assert (counted(answer), answer["exposure"]["document"]) == ({"orders": "700.00"}, "300.00")


def test_what_the_erp_states_as_open_wins_over_what_other_papers_take(erp: Erp) -> None:
    erp.store("order", "O-1", "1000.00", open_amount="900.00")
    erp.store("delivery", "D-1", "700.00", follows=[("order", "O-1", "700.00")])
    assert counted(erp.exposure()) == {"orders": "900.00", "deliveries": "700.00"}
    erp.store("order", "O-1", "1000.00", open_amount="300.00")
    assert counted(erp.exposure()) == {"orders": "300.00", "deliveries": "700.00"}
    erp.store("order", "O-1", "1000.00")
    assert counted(erp.exposure()) == {"orders": "300.00", "deliveries": "700.00"}


def test_a_stated_open_amount_gives_up_what_a_checked_document_passes_on(erp: Erp) -> None:
    erp.store("order", "O-1", "1000.00", open_amount="500.00")
    assert figures(erp.check("delivery", "400.00", follows=[("order", "O-1")]))[:2] == ("100.00", "400.00")
    assert figures(erp.check("delivery", "600.00", follows=[("order", "O-1")]))[:2] == ("0.00", "600.00")


def test_an_order_partly_delivered_and_then_edited_counts_only_what_is_still_to_deliver(erp: Erp) -> None:
    erp.store("order", "O-1", "1000.00")
    erp.store("delivery", "D-1", "400.00", follows=[("order", "O-1", "400.00")])
    answer = erp.check("order", "1200.00", "O-1")
    assert (counted(answer), answer["exposure"]["document"]) == ({"deliveries": "400.00"}, "800.00")
    erp.store("order", "O-1", "1200.00")
    assert erp.exposure()["exposure"]["current"] == answer["exposure"]["projected"] == "1200.00"


def test_an_order_edited_below_what_is_delivered_already_counts_nothing(erp: Erp) -> None:
    erp.store("order", "O-1", "1000.00")
    erp.store("delivery", "D-1", "400.00", follows=[("order", "O-1", "400.00")])
    assert figures(erp.check("order", "300.00", "O-1")) == ("400.00", "0.00", "400.00")


def test_an_unchanged_order_that_is_partly_delivered_projects_what_is_stored(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.store("order", "O-1", "1000.00")
    erp.store("delivery", "D-1", "400.00", follows=[("order", "O-1", "400.00")])
    answer = erp.check("order", "1000.00", "O-1")
    assert figures(answer) == ("400.00", "600.00", "1000.00")
    assert answer["decision"] == "warn"


def test_a_delivery_partly_invoiced_and_checked_again_counts_only_what_is_not_invoiced(erp: Erp) -> None:
    erp.store("delivery", "D-1", "1000.00")
    erp.store("invoice", "I-1", "250.00", follows=[("delivery", "D-1", "250.00")])
    assert figures(erp.check("delivery", "1000.00", "D-1")) == ("250.00", "750.00", "1000.00")


RETURNED: dict[str, tuple[str, str, list[tuple[str, str]]]] = {
    # number: kind, total, what it follows
    "D-1": ("delivery", "50.00", [("order", "O-1")]),
    "I-1": ("invoice", "50.00", [("delivery", "D-1")]),
    "R-1": ("delivery", "-10.00", [("delivery", "D-1")]),
}


@pytest.mark.parametrize("arrival", list(permutations(RETURNED)))
def test_what_comes_back_lowers_exposure_and_leaves_an_invoiced_delivery_invoiced(
    erp: Erp, arrival: tuple[str, ...]
) -> None:
    erp.store("order", "O-1", "50.00")
    for number in arrival:
        kind, total, follows = RETURNED[number]
        erp.store(kind, number, total, follows=follows)
    assert counted(erp.exposure()) == {"invoices": "50.00", "deliveries": "-10.00"}
    assert figures(erp.check("delivery", "-15.00", "R-1", follows=[("delivery", "D-1")])) == (
        "50.00",
        "-15.00",
        "35.00",
    )
    erp.store("invoice", "N-1", "-10.00", follows=[("delivery", "R-1")])
    assert counted(erp.exposure()) == {"invoices": "40.00"}


@pytest.mark.parametrize("followed", ["order", "delivery", "invoice"])
def test_a_return_over_the_limit_is_let_through_whatever_it_names(erp: Erp, followed: str) -> None:
    erp.account(limit="30.00")
    erp.store("order", "X-1", "50.00")
    erp.store("delivery", "X-1", "50.00", follows=[("order", "X-1")])
    erp.store("invoice", "X-1", "50.00", follows=[("delivery", "X-1")])
    answer = erp.check("delivery", "-10.00", "R-1", follows=[(followed, "X-1")])
    assert (figures(answer), answer["decision"]) == (("50.00", "-10.00", "40.00"), "warn")


def test_an_open_item_naming_its_invoice_takes_it_out_of_exposure_until_it_is_gone(erp: Erp) -> None:
    erp.store("open_item", "P-1", "100.00", document={"kind": "invoice", "number": "I-1"})
    erp.store("invoice", "I-1", "100.00")
    assert counted(erp.exposure()) == {"open_items": "100.00"}
    erp.caller.delete("/v1/ledger/open_item/P-1")
    assert counted(erp.exposure()) == {"invoices": "100.00"}


def test_an_invoice_checked_again_after_it_was_posted_does_not_count_twice(erp: Erp) -> None:
    erp.store("invoice", "I-1", "100.00")
    erp.store("open_item", "P-1", "100.00", document={"kind": "invoice", "number": "I-1"})
    answer = erp.check("invoice", "100.00", "I-1")
    assert figures(answer) == ("0.00", "100.00", "100.00")


def test_a_posted_invoice_checked_again_does_not_count_twice_against_a_cap_on_what_is_not_due(
    erp: Erp,
) -> None:
    erp.account(category_limits={"not_due": eur("100.00"), "open_items": eur("100.00")})
    erp.store("invoice", "I-1", "100.00")
    erp.store("open_item", "P-1", "100.00", document={"kind": "invoice", "number": "I-1"})
    assert codes(erp.check("invoice", "100.00", "I-1")) == []


def test_a_quotation_counts_as_an_order_under_check_and_nowhere_once_it_is_stored(erp: Erp) -> None:
    erp.store("quotation", "Q-1", "500.00")
    assert figures(erp.check("quotation", "500.00", "Q-1")) == ("0.00", "500.00", "500.00")
    assert figures(erp.check("order", "500.00", follows=[("quotation", "Q-1")])) == (
        "0.00",
        "500.00",
        "500.00",
    )


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"prepaid": {"amount": "1.00", "currency": "USD"}}, ("/document/prepaid", "other_currency")),
        ({"prepaid": eur("-1.00")}, ("/document/prepaid", "out_of_range")),
        ({"follows": [{"kind": "quotation", "number": "1"}] * 2}, ("/document/follows/1", "duplicate")),
        ({"follows": [{"kind": "order", "number": "O-1"}]}, ("/document/follows/0", "not_allowed")),
    ],
)
def test_a_document_that_contradicts_itself_is_refused_at_the_place(
    erp: Erp, fields: JSON, complaint: tuple[str, str]
) -> None:
    document = {"kind": "order", "number": "O-1", "total": eur("10.00"), **fields}
    refused = erp.caller.post("/v1/check", json={"customer": "C-1", "document": document})
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [complaint]


def test_the_prepaid_part_of_a_document_is_not_at_risk(erp: Erp) -> None:
    erp.store("order", "O-1", "1000.00", prepaid="400.00")
    assert figures(erp.check("order", "50.00", prepaid="20.00")) == ("600.00", "30.00", "630.00")
    assert figures(erp.check("order", "50.00", prepaid="80.00")) == ("600.00", "0.00", "600.00")


@pytest.mark.parametrize("state", ["cancelled", "fulfilled", "force_fulfilled"])
def test_an_order_that_will_bring_no_delivery_any_more_does_not_count(erp: Erp, state: str) -> None:
    stated: JSON = {state: True}
    erp.store("order", "O-1", "100.00", **stated)
    assert counted(erp.exposure()) == {}


def test_the_remainder_of_a_force_fulfilled_order_counts_where_the_policy_says_so(erp: Erp) -> None:
    erp.policy(orders={"count_force_fulfilled": True})
    erp.store("order", "O-1", "100.00", open_amount="30.00", force_fulfilled=True)
    assert counted(erp.exposure()) == {"orders": "30.00"}


def test_orders_can_count_with_their_total_instead_of_what_is_open(erp: Erp) -> None:
    erp.policy(orders={"amount": "total"})
    erp.store("order", "O-1", "100.00", open_amount="30.00")
    assert counted(erp.exposure()) == {"orders": "100.00"}


def test_a_negative_order_lowers_nothing_until_it_is_a_delivery(erp: Erp) -> None:
    erp.store("open_item", "P-1", "500.00")
    erp.store("order", "O-1", "-100.00")
    assert figures(erp.check("order", "-50.00")) == ("500.00", "0.00", "500.00")
    erp.store("delivery", "D-1", "-100.00")
    assert figures(erp.check("delivery", "-50.00")) == ("400.00", "-50.00", "350.00")


def test_a_document_that_lowers_exposure_strictly_is_warned_about_but_not_blocked(erp: Erp) -> None:
    erp.account(limit="500.00")
    erp.store("order", "O-1", "1000.00")
    lower, same = erp.check("order", "999.99", "O-1"), erp.check("order", "1000.00", "O-1")
    assert [f["demoted_by"] for f in lower["findings"]] == ["lowering"]
    assert (lower["decision"], lower["signal"], same["decision"]) == ("warn", "red", "block")


def test_the_document_under_check_counts_though_it_is_neither_printed_nor_confirmed(erp: Erp) -> None:
    erp.policy("fluentis")
    erp.store("order", "O-1", "100.00")
    assert figures(erp.check("order", "100.00", "O-1")) == ("0.00", "100.00", "100.00")


def test_an_invoice_counts_where_only_open_items_do_and_other_kinds_count_nothing_there(erp: Erp) -> None:
    erp.policy(categories={"orders": False, "deliveries": False, "invoices": False})
    assert figures(erp.check("invoice", "100.00")) == ("0.00", "100.00", "100.00")
    assert figures(erp.check("delivery", "100.00")) == ("0.00", "0.00", "0.00")
    assert erp.check("order", "100.00")["exposure"]["document"] == "0.00"


def test_a_type_without_the_credit_flag_is_neither_summed_nor_controlled(erp: Erp) -> None:
    erp.put("/v1/document-types/FREE", {"credit": False})
    erp.account(limit="10.00")
    erp.store("order", "O-1", "1000.00", type="FREE")
    answer = erp.check("order", "2000.00", type="FREE")
    assert (answer["decision"], answer["not_controlled"]) == ("allow", "type_without_credit")
    assert figures(answer) == ("0.00", "0.00", "0.00")


def test_an_unknown_type_is_treated_as_the_policys_default_type_says(erp: Erp) -> None:
    erp.policy(default_document_type={"credit": False})
    assert erp.check("order", "1.00", type="NEW")["not_controlled"] == "type_without_credit"
    erp.put("/v1/document-types/NEW", {"credit": True})
    assert erp.check("order", "1.00", type="NEW")["not_controlled"] is None
