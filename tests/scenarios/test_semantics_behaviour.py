"""How an account pays, from the papers the ERP has stated (docs/domain.md, Payment behaviour)."""

from typing import Any

import pytest

from tests.scenarios.erp import DAY, Erp, money
from tests.scenarios.half_dollars import HALF
from tests.service import JSON, eur


def behaviour(erp: Erp, customer: str = "C-1", **query: str) -> JSON:
    answer = erp.get(f"/v1/customers/{customer}/behaviour", **{"as_of": DAY, **query})
    assert isinstance(answer, dict)
    return answer


def estimate(erp: Erp, **body: Any) -> JSON:
    answer = erp.post("/v1/customers/C-1/credit-estimate", {"as_of": DAY, **body})
    assert isinstance(answer, dict)
    return answer


def named(invoice: str) -> JSON:
    return {"kind": "invoice", "number": invoice}


def pay(erp: Erp, number: str, item: str, amount: str, **fields: Any) -> None:
    allocations = [{"item": item, "amount": eur(amount)}]
    erp.store("payment", number, amount, allocations=allocations, **fields)


@pytest.fixture
def account(erp: Erp) -> Erp:
    """The account of the worked table: two invoices in three instalments, two of them paid."""
    erp.store("invoice", "I-1", "146000.00", date="2024-09-01", due_date="2024-10-01", posted=True)
    erp.store("invoice", "I-2", "219000.00", date="2025-02-01", posted=True)
    for number, total, invoice, date, due in (
        ("R-1", "146000.00", "I-1", "2024-09-01", "2024-10-01"),
        ("R-2", "100000.00", "I-2", "2025-02-01", "2025-03-03"),
        ("R-3", "119000.00", "I-2", "2025-02-01", "2025-04-02"),
    ):
        erp.store("open_item", number, total, date=date, due_date=due, document=named(invoice))
    pay(erp, "P-1", "R-1", "146000.00", value_date="2024-10-11")
    pay(erp, "P-2", "R-2", "100000.00", value_date="2025-03-03")
    return erp


def test_the_worked_account(account: Erp) -> None:
    found = behaviour(account)
    assert {name: found[name] for name in list(found)[2:9]} == {
        "turnover_12m": eur("365000.00"),
        "turnover_ytd": eur("219000.00"),
        "dso": "119",
        "average_delay": "5.93",
        "due_date_deviation": "89",
        "average_payment_days": "35.93",
        "average_balance": eur("73123.29"),
    }


def test_the_credit_of_the_worked_account_is_estimated_from_what_is_stored(account: Erp) -> None:
    found = estimate(account)
    assert found["turnover_12m"] == eur("365000.00")
    assert (found["average_days"], found["estimated_credit"]) == ("39.78", eur("39780.82"))
    assert (found["multiplier"], found["applied"]) == ("1", False)


def test_a_credit_is_estimated_from_given_figures(erp: Erp) -> None:
    instalments = [{"amount": eur("100000.00"), "days": 30}, {"amount": eur("100000.00"), "days": 60}]
    given = {"turnover_12m": eur("365000.00"), "instalments": instalments}
    found = estimate(erp, multiplier="1", **given)
    assert (found["average_days"], found["estimated_credit"]) == ("45", eur("45000.00"))

    erp.policy(estimate_multiplier="1.5")
    assert estimate(erp, **given)["estimated_credit"] == eur("67500.00")


def test_amounts_without_a_currency_are_in_that_of_the_account(erp: Erp) -> None:
    erp.account(limit=money("1.00", "USD"))
    found = estimate(erp, turnover_12m="365000", instalments=[{"amount": "1", "days": 45}])
    assert found["estimated_credit"] == money("45000.00", "USD")


def test_a_given_amount_without_a_rate_is_refused(erp: Erp) -> None:
    body = {"turnover_12m": money("1.00", "USD"), "instalments": [{"amount": eur("1.00"), "days": 30}]}
    answer = erp.caller.post("/v1/customers/C-1/credit-estimate", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0] | {"detail": ""} == {
        "pointer": "/turnover_12m",
        "code": "rate_missing",
        "detail": "",
    }


def test_without_instalments_nothing_is_estimated_and_no_limit_set(erp: Erp) -> None:
    assert (estimate(erp)["average_days"], estimate(erp)["estimated_credit"]) == (None, None)
    answer = erp.caller.post("/v1/customers/C-1/credit-estimate", json={"apply": True})
    assert [error["code"] for error in answer.json()["errors"]] == ["nothing_estimated"]
    assert erp.get("/v1/customers/C-1/credit")["updated_at"] is None


def test_an_applied_estimate_is_the_limit_and_leaves_everything_else(account: Erp) -> None:
    account.account(limit="10.00", control="monitor", max_days_overdue=30)
    answer = account.caller.post("/v1/customers/C-1/credit-estimate", json={"as_of": DAY, "apply": True})
    assert (answer.status_code, answer.headers["ETag"], answer.json()["applied"]) == (200, '"2"', True)
    stored = account.get("/v1/customers/C-1/credit")
    assert (stored["limit"], stored["control"], stored["max_days_overdue"]) == (
        eur("39780.82"),
        "monitor",
        30,
    )
    assert stored["updated_by"]


def test_an_estimate_of_more_digits_than_an_amount_has_is_no_limit(erp: Erp) -> None:
    order = {
        "turnover_12m": "999999999999999",
        "multiplier": "999999",
        "instalments": [{"amount": "5", "days": 36500}],
        "apply": True,
    }
    erp.account(limit="10.00")
    answer = erp.caller.post("/v1/customers/C-1/credit-estimate", json=order)
    errors = answer.json()["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [("/apply", "out_of_range")]
    assert erp.get("/v1/customers/C-1/credit")["limit"] == eur("10.00")


def test_an_estimate_below_the_exposure_is_no_limit_where_the_policy_refuses_that(account: Erp) -> None:
    account.policy(limit_below_exposure="refuse")
    answer = account.caller.post("/v1/customers/C-1/credit-estimate", json={"as_of": DAY, "apply": True})
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [("/apply", "limit_below_exposure")]


@pytest.mark.parametrize(
    ("date", "twelve_months", "this_year"),
    [
        ("2024-06-30", "0.00", "0.00"),
        ("2024-07-01", "100.00", "0.00"),
        ("2024-12-31", "100.00", "0.00"),
        ("2025-01-01", "100.00", "100.00"),
        ("2025-06-30", "100.00", "100.00"),
        ("2025-07-01", "0.00", "0.00"),
        (None, "0.00", "0.00"),
    ],
)
def test_turnover_is_of_the_year_up_to_the_reference_date(
    erp: Erp, date: str | None, twelve_months: str, this_year: str
) -> None:
    erp.store("invoice", "I-1", "100.00", date=date)
    found = behaviour(erp)
    assert (found["turnover_12m"], found["turnover_ytd"]) == (eur(twelve_months), eur(this_year))


def test_credit_notes_lower_turnover_and_cancelled_invoices_are_none(erp: Erp) -> None:
    erp.store("invoice", "I-1", "100.00", date=DAY, prepaid="40.00")
    erp.store("invoice", "I-2", "-30.00", date=DAY)
    erp.store("invoice", "I-3", "1000.00", date=DAY, cancelled=True)
    erp.store("quotation", "Q-1", "1000.00", date=DAY)
    erp.store("order", "O-1", "1000.00", date=DAY)
    erp.store("delivery", "D-1", "1000.00", date=DAY)
    assert behaviour(erp)["turnover_12m"] == eur("70.00")


def test_open_items_are_turnover_where_their_invoices_are_not_stored(erp: Erp) -> None:
    erp.store("open_item", "R-1", "100.00", date=DAY, document=named("I-1"))
    erp.store("open_item", "R-2", "10.00", date=DAY, settled_on=DAY)
    erp.store("open_item", "R-3", "-1.00", date=DAY)
    erp.store("open_item", "R-4", "5000.00", date=DAY, provisional=True)
    assert behaviour(erp)["turnover_12m"] == eur("109.00")
    erp.store("invoice", "I-1", "120.00", date=DAY)
    assert behaviour(erp)["turnover_12m"] == eur("129.00")


def test_posted_invoices_and_items_that_name_none_are_the_same_sales(erp: Erp) -> None:
    for number in ("1", "2"):
        erp.store("invoice", f"I-{number}", "100.00", date=DAY, posted=True)
        erp.store("open_item", f"R-{number}", "100.00", date=DAY)
    assert behaviour(erp)["turnover_12m"] == eur("200.00")


def test_terms_stand_in_for_a_due_date_nobody_stated(erp: Erp) -> None:
    erp.put("/v1/payment-terms/NET30", {"days": 30})
    erp.put("/v1/payment-terms/NET60", {"days": 60})
    erp.put("/v1/payment-terms/NET60", {"days": 90}, company="main")
    terms: dict[str, JSON] = {
        "1": {"payment_terms": "NET30"},
        "2": {"payment_terms": "NET60"},
        "3": {"payment_terms": "UNKNOWN"},
        "4": {"due_date": "2025-05-31"},
        "5": {},
    }
    for number, fields in terms.items():
        erp.store("invoice", f"I-{number}", "100.00", date="2025-06-01", **fields)
    # The fourth is due before its date: 0 days.
    assert estimate(erp)["average_days"] == "40"


def test_an_invoice_is_borne_by_its_bill_to_else_by_the_risk_customer(erp: Erp) -> None:
    erp.customer("C-2", risk_customer="C-1")
    erp.customer("C-3")
    erp.store("invoice", "I-1", "1.00", customer="C-2", date=DAY)
    erp.store("invoice", "I-2", "10.00", customer="C-3", bill_to="C-1", date=DAY)
    erp.store("invoice", "I-3", "100.00", customer="C-1", bill_to="C-3", date=DAY)
    erp.store("invoice", "I-4", "1000.00", customer="C-1", company="north", date=DAY)
    turnover = {customer: behaviour(erp, customer)["turnover_12m"] for customer in ("C-1", "C-2", "C-3")}
    assert turnover == {"C-1": eur("11.00"), "C-2": eur("0.00"), "C-3": eur("100.00")}
    assert behaviour(erp, company="north")["turnover_12m"] == eur("1000.00")


def test_what_was_paid_in_parts_counts_part_by_part(erp: Erp) -> None:
    erp.store("open_item", "R-1", "100.00", date="2025-01-01", due_date="2025-01-31")
    pay(erp, "P-1", "R-1", "25.00", value_date="2025-01-31")
    pay(erp, "P-2", "R-1", "75.00", value_date="2025-02-20")
    found = behaviour(erp)
    assert (found["average_delay"], found["average_payment_days"]) == ("15", "45")


def test_a_payment_without_value_date_counts_on_its_own_date(erp: Erp) -> None:
    erp.store("open_item", "R-1", "100.00", date="2025-01-01", due_date="2025-01-31")
    pay(erp, "P-1", "R-1", "100.00", date="2025-02-10")
    assert behaviour(erp)["average_delay"] == "10"


def test_an_item_that_no_payment_names_was_paid_when_it_was_settled(erp: Erp) -> None:
    erp.store("open_item", "R-1", "100.00", date="2025-01-01", due_date="2025-01-31", settled_on="2025-02-05")
    assert behaviour(erp)["average_delay"] == "5"
    pay(erp, "P-1", "R-1", "60.00", value_date="2025-02-01")
    assert behaviour(erp)["average_delay"] == "1"


def test_early_money_is_a_negative_delay_and_no_negative_time_to_pay(erp: Erp) -> None:
    erp.store("open_item", "R-1", "100.00", date="2025-01-10", due_date="2025-01-31")
    pay(erp, "P-1", "R-1", "100.00", value_date="2025-01-05")
    found = behaviour(erp)
    assert (found["average_delay"], found["average_payment_days"]) == ("-26", "0")


@pytest.mark.parametrize(
    "fields",
    [{"value_date": "2024-06-30"}, {"value_date": "2025-07-01"}, {}],
    ids=["a year ago", "to come", "undated"],
)
def test_payments_outside_the_twelve_months_play_no_part(erp: Erp, fields: JSON) -> None:
    erp.store("open_item", "R-1", "100.00", date="2024-01-01", due_date="2024-01-31")
    pay(erp, "P-1", "R-1", "100.00", **fields)
    assert behaviour(erp)["average_delay"] is None


def test_credit_notes_money_given_back_and_items_never_due_tell_nothing_about_delay(erp: Erp) -> None:
    erp.store("open_item", "R-1", "-100.00", date="2025-01-01", due_date="2025-01-31", settled_on=DAY)
    erp.store("open_item", "R-2", "100.00", date="2025-01-01", due_date="2025-01-31")
    pay(erp, "P-1", "R-2", "-100.00", value_date=DAY)
    erp.store("open_item", "R-3", "100.00", settled_on=DAY)
    found = behaviour(erp)
    assert (found["average_delay"], found["average_payment_days"]) == (None, None)


def test_dso_and_deviation_look_at_what_is_open_now(erp: Erp) -> None:
    erp.customer("C-1", customer_since="2024-12-29")
    erp.store("invoice", "I-1", "150000.00", date="2025-01-15", posted=True)
    erp.store("open_item", "R-1", "30000.00", due_date="2025-06-20")
    erp.store("open_item", "R-2", "10000.00", due_date="2025-05-31")
    erp.store("open_item", "R-3", "-5000.00", due_date="2025-05-31")
    erp.store("bill", "B-1", "8000.00", due_date="2025-09-30", state="issued")
    erp.store("bill", "B-2", "4000.00", due_date="2025-03-31", state="returned")
    erp.store("invoice", "I-2", "3000.00")
    erp.store("order", "O-1", "99999.00")
    found = behaviour(erp)
    # 50,000 are owed, and somebody who has been a customer for 183 days had only these to buy in.
    assert (found["dso"], found["due_date_deviation"]) == ("61", "15")


def test_what_the_policy_leaves_out_of_exposure_is_owed_all_the_same(erp: Erp) -> None:
    erp.policy(categories={"open_items": False}, overdue_tolerance="1000", disputed_items_overdue=False)
    erp.store("invoice", "I-1", "365.00", date=DAY, posted=True)
    erp.store("open_item", "R-1", "100.00", due_date="2025-06-20", disputed=True)
    found = behaviour(erp)
    assert (found["dso"], found["due_date_deviation"]) == ("100", "10")


def test_the_balance_is_averaged_over_the_days_it_was_owed(erp: Erp) -> None:
    erp.store("open_item", "R-1", "365.00", date="2024-01-01")
    erp.store("open_item", "R-2", "365.00", date="2025-06-21")
    erp.store("open_item", "R-3", "365.00", date="2025-05-01", settled_on="2025-05-11")
    erp.store("payment", "P-1", "36.50", value_date="2025-06-21")
    assert behaviour(erp)["average_balance"] == eur("384.00")


@pytest.mark.parametrize(
    ("owed", "paid", "year", "average"),
    [
        (eur("365.00"), money("730.00", "USD"), 2025, "10.00"),
        (eur("365.00"), money("365.00", "USD"), 2025, "20.00"),
        (money("730.00", "USD"), eur("182.50"), 2025, "20.00"),
        (eur("365.00"), money("730.00", "USD"), 2024, "0.00"),
        (eur("365.00"), money("365.00", "USD"), 2024, "182.50"),
    ],
)
def test_what_is_paid_in_another_currency_is_owed_until_then(
    erp: Erp, owed: JSON, paid: JSON, year: int, average: str
) -> None:
    erp.put("/v1/rates", HALF)
    erp.store("open_item", "R-1", owed, date=f"{year}-06-01")
    allocations = [{"item": "R-1", "amount": paid}]
    erp.store("payment", "P-1", paid, value_date=f"{year}-06-11", allocations=allocations)
    assert behaviour(erp)["average_balance"] == eur(average)


def test_amounts_without_a_rate_are_left_out_and_named(erp: Erp) -> None:
    erp.store("invoice", "I-1", "100.00", date=DAY)
    erp.store("invoice", "I-2", money("100.00", "USD"), date=DAY)
    found = behaviour(erp)
    assert found["turnover_12m"] == eur("100.00")
    assert found["missing_rates"] == [{"from": "USD", "to": "EUR"}]
    erp.put("/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": "0.5"}]})
    found = behaviour(erp)
    assert found["turnover_12m"] == eur("150.00")
    assert (found["missing_rates"], [rate["from"] for rate in found["rates"]]) == ([], ["USD"])


def test_the_behaviour_of_nobody_is_not_found(erp: Erp) -> None:
    assert erp.caller.get("/v1/customers/NOBODY/behaviour").status_code == 404
    assert erp.caller.post("/v1/customers/NOBODY/credit-estimate", json={}).status_code == 404


def test_rows_of_anybody_are_averaged(erp: Erp) -> None:
    rows = [
        {"amount": eur("1000.00"), "due_date": "2026-03-01", "value_date": "2026-03-11"},
        {"amount": eur("3000.00"), "due_date": "2026-03-31", "posting_date": "2026-04-05"},
    ]
    assert erp.post("/v1/behaviour:delay", {"rows": rows}) == {
        "average_due_date": "2026-03-24",
        "average_value_date": "2026-03-30",
        "average_delay": "6.25",
    }
    plain = [row | {"amount": row["amount"]["amount"]} for row in rows]  # type: ignore[index] # money above
    assert erp.post("/v1/behaviour:delay", {"rows": plain})["average_delay"] == "6.25"


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"value_date": None}, "/rows/1/value_date", "required"),
        ({"amount": money("1.00", "USD")}, "/rows/1/amount", "other_currency"),
        ({"amount": "1.00"}, "/rows/1/amount", "other_currency"),
        ({"amount": eur("-1.00")}, "/rows/1/amount", "out_of_range"),
        ({"amount": money("1.001", "EUR")}, "/rows/1/amount/amount", "too_many_decimals"),
        ({"amount": 1}, "/rows/1/amount", "wrong_type"),
    ],
)
def test_rows_that_cannot_be_averaged_are_refused(erp: Erp, change: JSON, pointer: str, code: str) -> None:
    row = {"amount": eur("1.00"), "due_date": "2026-03-01", "value_date": "2026-03-11"}
    answer = erp.caller.post("/v1/behaviour:delay", json={"rows": [row, row | change]})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


def test_rows_of_nothing_have_no_average(erp: Erp) -> None:
    row = {"amount": "0", "due_date": "2026-03-01", "value_date": "2026-03-11"}
    answer = erp.caller.post("/v1/behaviour:delay", json={"rows": [row]})
    assert [error["code"] for error in answer.json()["errors"]] == ["nothing_to_average"]
