"""What is taken of a paper in another currency than its own (docs/domain.md, What is left of a paper)."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.currencies import MINOR_UNITS
from tests.scenarios.drawing import FEW, NUMBERS
from tests.scenarios.erp import DAY, Erp, codes, counted, figures, found, money, new_erp
from tests.scenarios.half_dollars import HALF, hundreds
from tests.service import JSON, Site, eur


def usd(amount: str) -> JSON:
    """Dollars of the wire."""
    return money(amount, "USD")


def chf(amount: str) -> JSON:
    """Francs of the wire, of which there is no rate."""
    return money(amount, "CHF")


@pytest.fixture
def erp(erp: Erp) -> Erp:
    """A dollar is half a euro, from 2026 on three tenths."""
    days = {"2025-01-01": "0.5", "2026-01-01": "0.3"}
    rates = [{"from": "USD", "to": "EUR", "date": day, "rate": rate} for day, rate in days.items()]
    erp.put("/v1/rates", {"rates": rates})
    return erp


ORDERED = ("order", "SO-1")


@pytest.mark.parametrize("turn", list(permutations(range(3))))
def test_what_is_delivered_in_another_currency_is_exposure_once(erp: Erp, turn: tuple[int, ...]) -> None:
    store = (
        lambda: erp.store("order", "SO-1", usd("100.00")),
        lambda: erp.store("delivery", "D-1", "30.00", follows=[ORDERED]),
        lambda: erp.store("delivery", "D-2", usd("20.00"), follows=[ORDERED]),
    )
    for place in turn:
        store[place]()
    # (100 - 20) x 0.5 - 30 = 10
    assert counted(erp.exposure()) == {"orders": "10.00", "deliveries": "40.00"}


def test_it_takes_no_more_than_there_is_and_the_rate_of_the_day_says_how_much_that_is(erp: Erp) -> None:
    erp.store("order", "SO-1", usd("100.00"))
    erp.store("order", "SO-2", usd("10.00"))
    erp.store("delivery", "D-1", "40.00", follows=[ORDERED])
    assert counted(erp.exposure()) == {"orders": "15.00", "deliveries": "40.00"}
    assert counted(erp.exposure(as_of="2026-01-01")) == {"orders": "3.00", "deliveries": "40.00"}


@pytest.mark.parametrize("stored", [[], ["40.00"]])
@pytest.mark.parametrize(
    ("total", "answered"),
    [
        ("40.00", ("10.00", "40.00", "50.00")),
        ("30.00", ("20.00", "30.00", "50.00")),
        ("70.00", ("0.00", "70.00", "70.00")),
    ],
)
def test_a_check_moves_exposure_to_the_follower(
    erp: Erp, stored: list[str], total: str, answered: tuple[str, str, str]
) -> None:
    erp.store("order", "SO-1", usd("100.00"))
    for before in stored:
        erp.store("delivery", "D-1", before, follows=[ORDERED])
    assert figures(erp.check("delivery", total, "D-1", follows=[ORDERED])) == answered


def test_an_amount_stated_in_the_currency_of_what_is_followed_is_taken_exactly(erp: Erp) -> None:
    erp.store("order", "SO-1", usd("100.00"))
    document = {
        "kind": "delivery",
        "number": "D-1",
        "total": eur("45.00"),
        "follows": [{"kind": "order", "number": "SO-1", "total": usd("60.00")}],
    }
    body = {"customer": "C-1", "as_of": DAY, "document": document}
    assert figures(erp.post("/v1/check", body)) == ("20.00", "45.00", "65.00")


def test_of_an_order_under_check_counts_what_is_not_delivered_yet(erp: Erp) -> None:
    erp.store("order", "SO-1", usd("100.00"))
    erp.store("delivery", "D-1", "40.00", follows=[ORDERED])
    assert figures(erp.check("order", usd("120.00"), "SO-1")) == ("40.00", "20.00", "60.00")
    assert figures(erp.check("order", usd("100.00"), "SO-1")) == ("40.00", "10.00", "50.00")
    assert figures(erp.check("order", usd("60.00"), "SO-1")) == ("40.00", "0.00", "40.00")
    # Its currency changes to that of the delivery.
    assert figures(erp.check("order", "60.00", "SO-1")) == ("40.00", "20.00", "60.00")


def test_saving_it_again_as_it_is_lowers_nothing(erp: Erp) -> None:
    erp.account(limit="20.00")
    erp.store("order", "SO-1", usd("100.00"))
    erp.store("delivery", "D-1", "40.00", follows=[ORDERED])
    for document in (
        erp.check("order", usd("100.00"), "SO-1"),
        erp.check("delivery", "40.00", "D-1", follows=[ORDERED]),
    ):
        assert found(document, "LIMIT_EXCEEDED")["class"] == "hard"
    lower = erp.check("order", usd("98.00"), "SO-1")
    assert found(lower, "LIMIT_EXCEEDED")["class"] == "soft"


@pytest.mark.parametrize(
    ("allocated", "left", "overdue"), [("60.00", "40.00", "40.00"), ("100.00", None, "0.00")]
)
def test_a_payment_pays_items_in_another_currency(
    erp: Erp, allocated: str, left: str | None, overdue: str
) -> None:
    erp.store("open_item", "R-1", usd("200.00"), due_date="2025-06-01")
    erp.store("payment", "Z-1", allocated, allocations=[{"item": "R-1", "amount": eur(allocated)}])
    exposure = erp.exposure()
    assert counted(exposure) == ({"open_items": left} if left else {})
    assert exposure["exposure"]["overdue"]["amount"] == overdue
    assert exposure["exposure"]["overdue"]["ageing"]["1-30"] == overdue
    erp.policy(categories={"open_items": False})
    assert erp.exposure()["exposure"]["overdue"]["amount"] == overdue


def test_what_is_paid_already_need_not_be_paid_again(erp: Erp) -> None:
    erp.account(limit="30.00")
    erp.store("open_item", "R-1", usd("200.00"), due_date="2025-06-01")
    erp.store("open_item", "R-2", usd("80.00"), due_date="2025-06-02")
    erp.store("payment", "Z-1", "100.00", allocations=[{"item": "R-1", "amount": eur("100.00")}])
    payment = erp.check("order", "5.00")["remedy"]["payment_needed"]
    assert payment == {**eur("15.00"), "items": ["R-2"]}


def test_a_take_without_a_rate_lowers_nothing_and_is_named(erp: Erp) -> None:
    erp.store("open_item", "R-1", "100.00")
    erp.store("payment", "Z-1", chf("50.00"), allocations=[{"item": "R-1", "amount": chf("50.00")}])
    exposure = erp.exposure()
    assert (counted(exposure), exposure["missing_rates"]) == (
        {"open_items": "100.00"},
        [{"from": "CHF", "to": "EUR"}],
    )
    assert codes(erp.check("order", "1.00")) == ["RATE_MISSING"]
    for policy in ({"categories": {"open_items": False}}, {"overdue_only": True}):
        erp.policy(**policy)
        assert codes(erp.check("order", "1.00")) == []


def test_a_paper_without_a_rate_is_left_out_and_named_whatever_is_taken_of_it(erp: Erp) -> None:
    erp.store("order", "SO-1", chf("100.00"))
    erp.store("delivery", "D-1", "40.00", follows=[ORDERED])
    exposure = erp.exposure()
    assert (counted(exposure), exposure["missing_rates"]) == (
        {"deliveries": "40.00"},
        [{"from": "CHF", "to": "EUR"}],
    )


def test_what_is_stated_to_be_open_wins_and_is_lowered_by_what_comes_after(erp: Erp) -> None:
    erp.store("delivery", "D-1", "10.00", follows=[ORDERED])
    erp.store("order", "SO-1", usd("100.00"), open_amount="80.00")
    assert counted(erp.exposure()) == {"orders": "40.00", "deliveries": "10.00"}
    assert figures(erp.check("delivery", "25.00", "D-2", follows=[ORDERED])) == ("25.00", "25.00", "50.00")
    # D-1 is in what is open already: changed, it gives that back first, up to the whole of 50.
    assert figures(erp.check("delivery", "15.00", "D-1", follows=[ORDERED])) == ("35.00", "15.00", "50.00")
    assert figures(erp.check("delivery", "5.00", "D-1", follows=[ORDERED])) == ("45.00", "5.00", "50.00")


def test_what_is_stated_to_be_open_no_more_is_open_again_where_less_is_delivered(erp: Erp) -> None:
    erp.store("delivery", "D-1", "50.00", follows=[ORDERED])
    erp.store("order", "SO-1", usd("100.00"), open_amount="0.00")
    assert counted(erp.exposure()) == {"deliveries": "50.00"}
    assert figures(erp.check("delivery", "30.00", "D-1", follows=[ORDERED])) == ("20.00", "30.00", "50.00")


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_what_is_stated_to_be_open_is_never_less_than_nothing_nor_more_than_whole(
    erp: Erp, currency: str
) -> None:
    erp.put("/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": DAY, "rate": "1"}]})
    erp.store("delivery", "R-1", money("-100.00", currency), open_amount="-60.00")
    erp.store("delivery", "D-1", money("100.00", currency), open_amount="60.00")
    for total, of, current in (
        ("500.00", "R-1", "-40.00"),
        ("-500.00", "R-1", "60.00"),
        ("500.00", "D-1", "-60.00"),
        ("-500.00", "D-1", "40.00"),
    ):
        answer = erp.check("invoice", total, follows=[("delivery", of)])
        assert figures(answer) == (current, total, str(Decimal(current) + Decimal(total)))


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_what_is_taken_in_one_currency_is_given_back_in_another(erp: Erp, currency: str) -> None:
    erp.put("/v1/rates", {"rates": [{"from": "USD", "to": "EUR", "date": DAY, "rate": "1"}]})
    erp.store("delivery", "D-1", "100.00")
    erp.store("invoice", "I-1", "130.00", follows=[("delivery", "D-1")])
    erp.store("invoice", "G-1", money("-40.00", currency), follows=[("delivery", "D-1")])
    assert counted(erp.exposure()) == {"deliveries": "10.00", "invoices": "90.00"}
    assert figures(erp.check("delivery", "100.00", "D-1")) == ("90.00", "10.00", "100.00")


@pytest.mark.parametrize("of", ["EUR", "CHF"])
def test_where_nothing_is_left_no_rate_is_missed(erp: Erp, of: str) -> None:
    erp.store("order", "SO-1", money("100.00", of))
    erp.store("delivery", "D-1", money("100.00", of), open_amount="0.00", follows=[ORDERED])
    other = chf("5.00") if of == "EUR" else eur("5.00")
    erp.store("delivery", "D-2", other, open_amount="0.00", follows=[ORDERED])
    assert codes(erp.check("order", "1.00")) == []


def test_the_papers_of_an_account_miss_no_rate_that_it_does_not_need(erp: Erp) -> None:
    erp.policy(categories={"open_items": False})
    erp.store("open_item", "R-1", "100.00")
    erp.store("payment", "Z-1", chf("50.00"), allocations=[{"item": "R-1", "amount": chf("50.00")}])
    shown = erp.exposure(detail="true")
    assert (shown["papers"], shown["missing_rates"]) == ([], [])


@pytest.mark.parametrize("policy", [{}, {"categories": {"open_items": False}}, {"overdue_only": True}])
def test_what_is_not_due_is_shown_less_what_is_paid(erp: Erp, policy: dict[str, Any]) -> None:
    erp.policy(**policy)
    erp.store("open_item", "R-1", "100.00", due_date="2099-01-01")
    erp.store("payment", "Z-1", usd("80.00"), allocations=[{"item": "R-1", "amount": usd("80.00")}])
    assert erp.exposure()["exposure"]["overdue"]["ageing"]["not_due"] == "60.00"


def test_what_is_taken_in_dozens_of_currencies_is_stored_all_the_same(erp: Erp) -> None:
    erp.store("order", "SO-1", usd("100.00"))
    currencies = sorted(set(MINOR_UNITS) - {"USD"})[:120]
    for currency in currencies:
        whole = "999999999999" + (f".{'9' * MINOR_UNITS[currency]}" if MINOR_UNITS[currency] else "")
        erp.store("delivery", f"D-{currency}", money(whole, currency), follows=[ORDERED])
    assert counted(erp.exposure())["orders"] == "50.00"


def test_orders_that_count_whole_do_so_until_all_is_delivered(erp: Erp) -> None:
    erp.policy(orders={"amount": "total"})
    erp.store("order", "SO-1", usd("100.00"))
    erp.store("delivery", "D-1", "40.00", follows=[ORDERED])
    assert counted(erp.exposure()) == {"orders": "50.00", "deliveries": "40.00"}
    assert figures(erp.check("order", usd("120.00"), "SO-1")) == ("40.00", "60.00", "100.00")
    assert figures(erp.check("order", usd("80.00"), "SO-1")) == ("40.00", "0.00", "40.00")
    erp.store("delivery", "D-1", "50.00", follows=[ORDERED])
    assert counted(erp.exposure()) == {"deliveries": "50.00"}


def test_a_credit_note_takes_over_a_return(erp: Erp) -> None:
    erp.store("delivery", "R-1", usd("-100.00"))
    erp.store("invoice", "G-1", "-30.00", follows=[("delivery", "R-1")])
    assert counted(erp.exposure()) == {"deliveries": "-20.00", "invoices": "-30.00"}
    erp.store("invoice", "G-1", "-70.00", follows=[("delivery", "R-1")])
    assert counted(erp.exposure()) == {"invoices": "-70.00"}


def test_what_is_prepaid_comes_off_first(erp: Erp) -> None:
    erp.store("order", "SO-1", usd("100.00"), prepaid="20.00")
    erp.store("delivery", "D-1", "15.00", follows=[ORDERED])
    assert counted(erp.exposure()) == {"orders": "25.00", "deliveries": "15.00"}
    assert figures(erp.check("order", usd("100.00"), "SO-1", prepaid="20.00")) == ("15.00", "25.00", "40.00")


def test_papers_of_one_kind_are_told_apart_by_what_is_left_of_each(erp: Erp) -> None:
    for number, total in (("SO-1", "100.00"), ("SO-2", "30.00"), ("SO-3", "100.00")):
        erp.store("order", number, usd(total))
        erp.store("delivery", f"D-{number}", "40.00", follows=[("order", number)])
    # 50 - 40 twice, and nothing of 15.
    assert counted(erp.exposure()) == {"orders": "20.00", "deliveries": "120.00"}
    shown = {paper["number"]: paper for paper in erp.exposure(detail="true")["papers"]}
    assert sorted(shown) == ["D-SO-1", "D-SO-2", "D-SO-3", "SO-1", "SO-3"]
    assert (shown["SO-1"]["amount"], shown["SO-1"]["currency"]) == ("10.00", "EUR")


def test_it_lowers_whoever_bears_the_paper(erp: Erp) -> None:
    erp.customer("C-2")
    erp.store("order", "SO-1", usd("100.00"))
    assert figures(erp.check("order", "1.00")) == ("50.00", "1.00", "51.00")
    erp.store("delivery", "D-1", "40.00", customer="C-2", follows=[ORDERED])
    assert figures(erp.check("order", "1.00")) == ("10.00", "1.00", "11.00")
    assert counted(erp.exposure("C-2")) == {"deliveries": "40.00"}


def test_members_of_a_group_are_judged_in_the_currency_of_the_account(erp: Erp) -> None:
    erp.put("/v1/credit-groups/G", {"limit": eur("100.00")})
    erp.policy(grouping="credit_group")
    for customer in ("C-1", "C-2"):
        erp.customer(customer, credit_group="G")
    erp.account(limit=usd("1000.00"))
    erp.store("order", "SO-1", usd("100.00"), customer="C-2")
    erp.store("delivery", "D-1", "40.00", customer="C-2", follows=[ORDERED])
    answer = erp.check("order", usd("1.00"))
    # 100 - 40 / 0.5 = 20, and the delivery of 80.
    assert answer["exposure"]["currency"] == "USD"
    assert figures(answer) == ("100.00", "1.00", "101.00")


def test_a_document_deleted_or_changed_gives_back_what_it_took(erp: Erp) -> None:
    erp.store("order", "SO-1", usd("100.00"))
    erp.store("delivery", "D-1", "40.00", follows=[ORDERED])
    erp.store("delivery", "D-1", "25.00", follows=[ORDERED])
    assert counted(erp.exposure()) == {"orders": "25.00", "deliveries": "25.00"}
    erp.store("delivery", "D-1", usd("25.00"), follows=[ORDERED])
    assert counted(erp.exposure()) == {"orders": "37.50", "deliveries": "12.50"}
    erp.store("delivery", "D-1", "40.00", follows=[ORDERED])
    erp.caller.delete("/v1/documents/delivery/D-1").raise_for_status()
    assert counted(erp.exposure()) == {"orders": "50.00"}


STEPS = st.sampled_from(["order", "delivery", "delivery", "invoice", "open_item", "payment"])
PRECEDING = {"delivery": "order", "invoice": "delivery", "payment": "open_item"}


@FEW
@given(
    # What, whose currency may be the other one, how much, what of it is open, and what it takes of.
    papers=st.lists(
        st.tuples(
            STEPS,
            NUMBERS,
            st.booleans(),
            st.integers(min_value=-3, max_value=9).filter(bool),
            st.sampled_from([None, None, None, 0, 2]),
            st.dictionaries(NUMBERS, st.none() | st.integers(min_value=1, max_value=9)),
        ),
        max_size=8,
    ),
    by_total=st.booleans(),
)
def test_it_makes_no_difference_in_which_currency_a_paper_is(
    site: Site, platform: Erp, papers: list[Any], *, by_total: bool
) -> None:
    with new_erp(site, platform) as erp, new_erp(site, platform) as all_in_euros:
        for each in (erp, all_in_euros):
            each.put("/v1/rates", HALF)
            each.policy(orders={"amount": "total" if by_total else "open"})
        for kind, number, foreign, hundreds, left, links in papers:
            twins = [
                _stated(each, kind, number, (hundreds, currency), left=left, links=links)
                for each, currency in ((erp, "USD" if foreign else "EUR"), (all_in_euros, "EUR"))
            ]
            assert twins[0] == twins[1]


def _stated(
    erp: Erp,
    kind: str,
    number: str,
    amount: tuple[int, str],
    *,
    left: int | None,
    links: dict[str, int | None],
) -> list[JSON]:
    """What a check of a paper answers before it is stored and after, and what exposure is then."""
    (whole, currency), fields = amount, dict[str, Any]()
    total = hundreds(whole, currency)
    if kind == "payment":
        fields["allocations"] = [
            {"item": item, "amount": hundreds(paid or 1, currency)} for item, paid in links.items()
        ]
    elif kind in PRECEDING:
        fields["follows"] = [
            (PRECEDING[kind], other)
            if passed is None
            else (PRECEDING[kind], other, hundreds(passed, currency)["amount"])
            for other, passed in links.items()
        ]
    stated = dict(fields)
    if left is not None and kind != "payment":
        stated["open_amount"] = hundreds(min(left, whole), currency)
    found = []
    if kind in {"order", "delivery", "invoice"}:
        found.append(erp.check(kind, total, number, **fields)["exposure"])
    erp.store(kind, number, total, **stated)
    if kind in {"order", "delivery", "invoice"}:
        found.append(erp.check(kind, total, number, **fields)["exposure"])
    return [*found, erp.exposure()["exposure"]]
