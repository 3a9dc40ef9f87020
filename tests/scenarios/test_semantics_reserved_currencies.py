"""An edit that changes the currency of a document counts beside what is stored with what it adds."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.scenarios.erp import Erp, codes, counted, figures, found, money
from tests.scenarios.half_dollars import HALF
from tests.scenarios.reserving import exposure, reserve, resolve, status
from tests.service import JSON, ok


@pytest.mark.parametrize(
    ("edit", "beyond"), [("1600.00", "0"), ("2000.00", "200.00"), ("400.00", "0"), ("1600.01", "0")]
)
def test_it_counts_with_what_it_adds(erp: Erp, edit: str, beyond: str) -> None:
    erp.put("/v1/rates", HALF)
    erp.store("order", "SO-1", "800.00")
    answer = erp.check("order", money(edit, "USD"), "SO-1", reserve={"ttl_seconds": 900})
    assert exposure(erp) == Decimal("800.00") + Decimal(beyond)
    assert exposure(erp) == max(Decimal(answer["exposure"]["projected"]), Decimal(800))


def test_stating_it_again_leaves_it_and_storing_it_ends_it(erp: Erp) -> None:
    erp.put("/v1/rates", HALF)
    erp.account(limit="1000.00")
    erp.store("order", "SO-1", "800.00")
    granted = reserve(erp, "order", money("1800.00", "USD"), "SO-1")
    again = erp.store("order", "SO-1", "800.00")
    assert (again["over_limit"], again["reservation"]["status"]) == (False, "held")
    assert not again["reservation"]["exceeded"]
    assert figures(erp.check("delivery", "100.00")) == ("900.00", "100.00", "1000.00")
    erp.store("order", "SO-1", money("1800.00", "USD"))
    assert status(erp, granted) == "consumed"
    assert counted(erp.exposure()) == {"orders": "900.00"}


def test_a_part_that_is_captured_is_compared_as_well(erp: Erp) -> None:
    erp.put("/v1/rates", HALF)
    erp.store("order", "SO-1", "800.00")
    granted = reserve(erp, "order", money("2000.00", "USD"), "SO-1")
    ok(resolve(erp, granted, "capture", {"amount": money("1700.00", "USD")}))
    assert counted(erp.exposure()) == {"orders": "800.00", "reservations": "50.00"}


def test_a_delivery_made_from_it_is_counted_once(erp: Erp) -> None:
    erp.put("/v1/rates", HALF)
    erp.store("order", "SO-1", "800.00")
    reserve(erp, "order", money("2000.00", "USD"), "SO-1")
    follows = [("order", "SO-1")]
    answer = erp.check(
        "delivery", money("400.00", "USD"), "DN-1", follows=follows, reserve={"ttl_seconds": 900}
    )
    assert figures(answer) == ("800.00", "200.00", "1000.00")
    assert exposure(erp) == Decimal("1000.00")
    erp.store("delivery", "DN-1", money("400.00", "USD"), follows=follows)
    assert exposure(erp) == Decimal("1000.00")


def test_a_group_counts_it_once(erp: Erp) -> None:
    erp.put("/v1/rates", HALF)
    erp.put("/v1/credit-groups/G", {"limit": money("1000.00", "EUR")})
    for member in ("C-1", "C-2"):
        erp.customer(member, credit_group="G")
    erp.policy(grouping="credit_group")
    erp.store("order", "SO-1", "800.00")
    reserve(erp, "order", money("1800.00", "USD"), "SO-1")
    answer = erp.check("order", "100.00", customer="C-2")
    assert figures(answer) == ("900.00", "100.00", "1000.00")
    assert answer["decision"] != "block"


def test_orders_that_count_whole_are_compared_whole(erp: Erp) -> None:
    erp.put("/v1/rates", HALF)
    erp.policy(orders={"amount": "total"})
    erp.store("order", "SO-1", "800.00")
    reserve(erp, "order", money("1800.00", "USD"), "SO-1")
    assert counted(erp.exposure()) == {"orders": "800.00", "reservations": "100.00"}


def test_where_reservations_do_not_count_no_rate_is_missed(erp: Erp) -> None:
    erp.policy(categories={"reservations": False})
    erp.store("order", "SO-1", "800.00")
    erp.put("/v1/rates", HALF)
    reserve(erp, "order", money("1800.00", "USD"), "SO-1")
    assert codes(erp.check("order", "10.00", as_of="2024-12-31")) == []


def test_a_limit_on_reservations_that_do_not_count_looks_at_all_of_it(erp: Erp) -> None:
    erp.put("/v1/rates", HALF)
    erp.policy(categories={"reservations": False})
    erp.account(category_limits={"reservations": money("850.00", "EUR")})
    erp.store("order", "SO-1", "800.00")
    reserve(erp, "order", money("1800.00", "USD"), "SO-1")
    exceeded = found(erp.check("order", "10.00"), "CATEGORY_LIMIT_EXCEEDED")
    assert exceeded["observed"] == "900.00"


def test_without_a_rate_nothing_can_be_compared_and_the_answer_says_so(erp: Erp) -> None:
    erp.account(limit="1000.00")
    erp.store("order", "SO-1", "800.00")
    erp.put("/v1/rates", HALF)
    reserve(erp, "order", money("1800.00", "USD"), "SO-1")
    answer = erp.check("order", "10.00", as_of="2024-12-31")
    assert "RATE_MISSING" in codes(answer)
    assert answer["exposure"]["current"] == "800.00"


def test_a_delivery_in_another_currency_than_its_order_is_counted_once_at_every_step(erp: Erp) -> None:
    erp.put("/v1/rates", HALF)
    follows = [("order", "SO-1")]
    steps: list[Callable[[], object]] = [
        lambda: reserve(erp, "order", money("100.00", "USD"), "SO-1"),
        lambda: reserve(erp, "delivery", "20.00", "DN-1", follows=follows),
        lambda: erp.store("order", "SO-1", money("100.00", "USD")),
        lambda: reserve(erp, "delivery", "20.00", "DN-2", follows=follows),
        lambda: reserve(erp, "delivery", money("10.00", "USD"), "DN-3", follows=follows),
        lambda: erp.store("delivery", "DN-1", "20.00", follows=follows),
        lambda: reserve(erp, "delivery", "25.00", "DN-1", follows=follows),
        lambda: erp.store("delivery", "DN-3", money("10.00", "USD"), follows=follows),
        lambda: erp.store("delivery", "DN-2", "20.00", follows=follows),
        lambda: erp.store("delivery", "DN-1", "25.00", follows=follows),
    ]
    for step in steps:
        step()
        assert exposure(erp) == Decimal("50.00")
        assert figures(erp.check("order", "1.00"))[2] == "51.00"
    assert counted(erp.exposure()) == {"deliveries": "50.00"}


def test_what_is_delivered_of_a_reserved_order_in_another_currency_is_reserved_no_more(erp: Erp) -> None:
    erp.put("/v1/rates", HALF)
    reserve(erp, "order", money("100.00", "USD"), "SO-1")
    erp.store("delivery", "DN-1", "40.00", follows=[("order", "SO-1")])
    assert counted(erp.exposure()) == {"deliveries": "40.00", "reservations": "10.00"}
    answer = erp.check("delivery", "15.00", "DN-2", follows=[("order", "SO-1")])
    assert figures(answer) == ("40.00", "15.00", "55.00")


@pytest.mark.parametrize(
    ("order", "answered"),
    [
        # Of 60 are delivered 40, and 10 will be.
        (money("120.00", "USD"), ("50.00", "10.00", "60.00")),
        (money("60.00", "USD"), ("50.00", "0.00", "50.00")),
        (money("60.00", "EUR"), ("50.00", "10.00", "60.00")),
    ],
)
def test_an_order_under_check_counts_less_what_is_reserved_of_it(
    erp: Erp, order: JSON, answered: tuple[str, str, str]
) -> None:
    erp.put("/v1/rates", HALF)
    erp.store("order", "SO-1", money("100.00", "USD"))
    erp.store("delivery", "DN-1", "40.00", follows=[("order", "SO-1")])
    reserve(erp, "delivery", "10.00", "DN-2", follows=[("order", "SO-1")])
    assert figures(erp.check("order", order, "SO-1")) == answered
    granted = reserve(erp, "order", order, "SO-1")
    assert exposure(erp) == max(Decimal(answered[2]), Decimal("50.00"))
    erp.store("order", "SO-1", order)
    assert status(erp, granted) == "consumed"
    assert exposure(erp) == Decimal(answered[2])


def test_an_order_that_counts_whole_does_so_until_all_is_delivered(erp: Erp) -> None:
    erp.put("/v1/rates", HALF)
    erp.policy(orders={"amount": "total"})
    reserve(erp, "order", money("100.00", "USD"), "SO-1")
    erp.store("delivery", "DN-1", "40.00", follows=[("order", "SO-1")])
    assert counted(erp.exposure()) == {"deliveries": "40.00", "reservations": "50.00"}
    erp.store("delivery", "DN-2", "10.00", follows=[("order", "SO-1")])
    assert counted(erp.exposure()) == {"deliveries": "50.00"}


def test_two_orders_in_several_currencies_give_up_no_more_than_what_is_reserved_adds(erp: Erp) -> None:
    erp.put("/v1/rates", HALF)
    erp.store("order", "SO-1", money("100.00", "USD"))
    erp.store("order", "SO-2", "50.00")
    erp.account(limit="100.00")
    reserve(erp, "delivery", "50.00", "DN-1", follows=[("order", "SO-1"), ("order", "SO-2")])
    assert exposure(erp) == Decimal("100.00")


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_a_larger_credit_note_on_a_return_adds_nothing(erp: Erp, currency: str) -> None:
    erp.put("/v1/rates", HALF)

    def negative(euros: int) -> JSON:
        return money(f"-{euros * (2 if currency == 'USD' else 1)}.00", currency)

    erp.store("delivery", "R-1", "-100.00")
    erp.store("invoice", "G-1", negative(100), follows=[("delivery", "R-1")])
    reserve(erp, "invoice", negative(150), "G-1", follows=[("delivery", "R-1")])
    assert exposure(erp) == Decimal("-100.00")
