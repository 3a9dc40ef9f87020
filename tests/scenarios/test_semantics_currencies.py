"""Amounts of several currencies: exact sums, one conversion each, no rate made up (docs/domain.md, Money)."""

import pytest

from tests.scenarios.erp import DAY, Erp, classes, codes, counted, figures, found, money
from tests.service import JSON, eur


def usd(amount: str) -> JSON:
    """Dollars of the wire."""
    return money(amount, "USD")


def rates(erp: Erp, *stated: tuple[str, str, str, str]) -> None:
    """State rates as (from, to, date, rate)."""
    erp.put(
        "/v1/rates",
        {"rates": [{"from": a, "to": b, "date": day, "rate": rate} for a, b, day, rate in stated]},
    )


def test_papers_of_one_currency_are_summed_exactly_and_rounded_once_half_even(erp: Erp) -> None:
    rates(erp, ("USD", "EUR", "2025-01-01", "0.5"))
    for number in ("1", "2", "3"):
        erp.store("order", number, usd("0.01"))
    # 0.03 USD x 0.5 = 0.015 EUR, to the even cent 0.02; each on its own is 0.005, to the even cent 0.00.
    assert counted(erp.exposure()) == {"orders": "0.02"}
    erp.store("delivery", "1", usd("0.05"))
    # 0.05 USD x 0.5 = 0.025 EUR, to the even cent 0.02; the other category is converted apart.
    assert erp.exposure()["exposure"]["current"] == "0.04"


def test_stored_exposure_names_the_rates_without_which_amounts_are_left_out(erp: Erp) -> None:
    erp.account(limit="100.00")
    erp.store("order", "1", usd("50.00"))
    erp.store("order", "2", "10.00")
    found = erp.exposure()
    assert found["exposure"]["current"] == "10.00"
    assert found["missing_rates"] == [{"from": "USD", "to": "EUR"}]

    rates(erp, ("USD", "EUR", "2025-01-01", "0.5"))
    found = erp.exposure()
    assert (found["exposure"]["current"], found["missing_rates"]) == ("35.00", [])


def test_the_document_under_check_is_converted_on_its_own(erp: Erp) -> None:
    rates(erp, ("USD", "EUR", "2025-01-01", "0.5"))
    erp.store("order", "1", usd("0.01"))
    assert figures(erp.check("order", usd("0.01"))) == ("0.00", "0.00", "0.00")
    assert figures(erp.check("order", usd("0.03"))) == ("0.00", "0.02", "0.02")


def test_a_direct_rate_goes_before_an_inverse_one_even_if_it_is_older(erp: Erp) -> None:
    rates(erp, ("EUR", "USD", "2025-06-01", "4"))
    assert erp.check("order", usd("100.00"))["exposure"]["document"] == "25.00"
    rates(erp, ("USD", "EUR", "2020-01-01", "0.5"))
    answer = erp.check("order", usd("100.00"))
    assert answer["exposure"]["document"] == "50.00"
    (used,) = answer["rates"]
    assert (used["from"], used["to"], used["date"], used["rate"]) == ("USD", "EUR", "2020-01-01", "0.5")


def test_the_newest_rate_not_later_than_the_reference_date_is_used(erp: Erp) -> None:
    rates(
        erp,
        ("USD", "EUR", "2025-06-29", "0.4"),
        ("USD", "EUR", DAY, "0.5"),
        ("USD", "EUR", "2025-07-01", "0.6"),
    )
    by_day = {
        day: erp.check("order", usd("100.00"), as_of=day)["exposure"]["document"]
        for day in ("2025-06-29", DAY, "2025-07-01", "2026-07-01")
    }
    assert list(by_day.values()) == ["40.00", "50.00", "60.00", "60.00"]
    assert codes(erp.check("order", usd("100.00"), as_of="2025-06-28")) == ["RATE_MISSING"]


def test_no_rate_is_made_over_a_third_currency_and_an_amount_without_one_is_named(erp: Erp) -> None:
    rates(erp, ("USD", "CHF", "2025-01-01", "0.9"), ("CHF", "EUR", "2025-01-01", "1.1"))
    erp.store("order", "1", usd("100.00"))
    erp.store("order", "2", "7.00")
    answer = erp.check("order", "1.00")
    assert (answer["decision"], figures(answer)) == ("block", ("7.00", "1.00", "8.00"))
    assert found(answer, "RATE_MISSING")["params"] == {"pairs": ["USD/EUR"]}


def test_a_missing_rate_may_only_warn(erp: Erp) -> None:
    erp.policy(missing_rate="warn")
    answer = erp.check("order", usd("1.00"))
    assert (answer["decision"], classes(answer)) == ("warn", {"RATE_MISSING": "soft"})


def test_amounts_that_come_to_nothing_need_no_rate(erp: Erp) -> None:
    erp.store("delivery", "1", usd("50.00"))
    erp.store("delivery", "2", usd("-50.00"))
    erp.store("quotation", "1", usd("50.00"))
    assert codes(erp.check("order", "1.00")) == []


@pytest.mark.parametrize(
    ("policy", "due"),
    [
        ({"categories": {"open_items": False}}, {}),
        ({"categories": {"open_items": False}}, {"due_date": "2099-01-01"}),
        ({"overdue_only": True}, {"due_date": "2099-01-01"}),
        ({"balance_basis": "ledger_balance"}, {"due_date": "2099-01-01"}),
    ],
)
@pytest.mark.parametrize("amount", ["5.00", "-5.00"])
def test_an_item_that_nothing_looks_at_needs_no_rate(erp: Erp, policy: JSON, due: JSON, amount: str) -> None:
    erp.policy(**policy)
    erp.store("open_item", "R-1", money(amount, "CHF"), **due)
    answer = erp.check("order", "1.00")
    assert (answer["decision"], codes(answer)) == ("allow", [])


def test_a_limit_or_a_test_that_looks_at_it_does(erp: Erp) -> None:
    erp.policy(categories={"open_items": False})
    erp.store("open_item", "R-1", money("5.00", "CHF"), due_date="2099-01-01")
    erp.account(category_limits={"not_due": eur("100.00")})
    assert codes(erp.check("order", "1.00")) == ["RATE_MISSING"]
    erp.account()
    erp.store("open_item", "R-1", money("5.00", "CHF"), due_date="2025-01-01")
    assert "RATE_MISSING" in codes(erp.check("order", "1.00"))


def test_only_rates_of_the_policys_type_are_used(erp: Erp) -> None:
    erp.policy(rate_type="budget")
    rates(erp, ("USD", "EUR", "2025-01-01", "0.5"))
    assert codes(erp.check("order", usd("1.00"))) == ["RATE_MISSING"]
    erp.put(
        "/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": DAY, "rate": "0.25", "type": "budget"}]}
    )
    assert erp.check("order", usd("100.00"))["exposure"]["document"] == "25.00"


def test_an_evaluation_is_in_the_currency_of_the_accounts_own_limit(erp: Erp) -> None:
    rates(erp, ("USD", "EUR", "2025-01-01", "0.5"))
    erp.account(limit=usd("1000.00"))
    erp.store("order", "1", "100.00")
    answer = erp.check("order", "400.01")
    assert (answer["exposure"]["currency"], answer["limit"]["currency"]) == ("USD", "USD")
    assert figures(answer) == ("200.00", "800.02", "1000.02")
    assert answer["utilisation"] == "1.0000"
    assert found(answer, "LIMIT_EXCEEDED")["unit"] == "USD"
    assert answer["remedy"]["headroom"] == usd("800.00")


def test_group_and_temporary_limits_covers_and_policy_amounts_are_converted(erp: Erp) -> None:
    rates(erp, ("USD", "EUR", "2025-01-01", "0.5"))
    erp.policy(grouping="credit_group", max_overdue_amount="10.00")
    erp.put("/v1/credit-groups/G", {"limit": usd("5000.00")})
    erp.customer("C-1", credit_group="G")
    erp.account(limit="100.00", category_limits={"orders": usd("2000.00")})
    erp.post("/v1/customers/C-1/temporary-limits", {"limit": usd("400.00"), "from": DAY})
    erp.post("/v1/customers/C-1/covers", {"kind": "guarantee", "value": usd("100.03"), "percent": "50"})
    erp.store("open_item", "1", usd("20.02"), due_date="2025-01-01")
    answer = erp.check("order", "1000.01")
    # 400 x 0.5, and 100.03 x 50 % x 0.5 = 25.0075, rounded once.
    assert answer["limits"][0]["amount"] == "225.01"
    assert answer["limits"][1]["amount"] == "2500.00"
    assert found(answer, "CATEGORY_LIMIT_EXCEEDED")["threshold"] == "1000.00"
    overdue = found(answer, "OVERDUE_AMOUNT")
    assert (overdue["observed"], overdue["threshold"]) == ("10.01", "10.00")


@pytest.mark.parametrize(("currency", "amount", "shown"), [("JPY", "100", "100"), ("KWD", "1.234", "1.234")])
def test_amounts_are_shown_with_the_decimals_of_their_currency(
    erp: Erp, currency: str, amount: str, shown: str
) -> None:
    erp.policy(currency=currency)
    assert figures(erp.check("order", money(amount, currency)))[1] == shown


def test_prepaid_and_total_must_be_of_one_currency(erp: Erp) -> None:
    document = {"kind": "order", "total": eur("1.00"), "prepaid": usd("1.00")}
    refused = erp.caller.post("/v1/check", json={"customer": "C-1", "document": document})
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("total", "allocations", "open_items"),
    [
        ("150.00", [("P-1", usd("200.00"))], {"open_items": "60.00"}),
        ("150.00", [("P-1", usd("80.00"))], {"open_items": "120.00"}),
        ("150.00", [("P-1", usd("80.00")), ("P-2", eur("20.00"))], {"open_items": "100.00"}),
        ("150.00", [("P-1", usd("0.00")), ("P-2", eur("20.00"))], {"open_items": "10.00"}),
        ("-150.00", [("P-1", usd("-40.00"))], {"open_items": "160.00"}),
    ],
)
def test_a_payment_of_an_item_in_another_currency_leaves_nothing_over(
    erp: Erp, total: str, allocations: list[tuple[str, JSON]], open_items: JSON
) -> None:
    """How much of the money went there is not stated: the item is lowered, and nothing else."""
    erp.put("/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": "2025-01-01", "rate": "0.5"}]})
    erp.store("open_item", "P-1", usd("200.00"))
    erp.store("open_item", "P-2", "60.00")
    named = [{"item": item, "amount": amount} for item, amount in allocations]
    erp.store("payment", "Z-1", total, allocations=named)
    assert counted(erp.exposure()) == open_items
