"""Reserving where documents of one member of a group follow those of another.

What holds for the exposure of the group holds for each member's own as well: what is reserved is there before
it is stored, and what is only reserved frees nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scenarios.drawing import FEW, HUNDREDS, NUMBERS
from tests.scenarios.erp import Erp, new_erp
from tests.scenarios.half_dollars import HALF, hundreds
from tests.scenarios.reserving import QUARTER_OF_AN_HOUR, reserve
from tests.service import JSON, Site, eur

GROUPED = {"grouping": "credit_group"}
OF_THE_ORDER = [("order", "O")]

CUSTOMERS = st.sampled_from(["C-1", "C-2"])
CURRENCIES = st.sampled_from(["EUR", "EUR", "USD"])
DOCUMENTS = [(kind, number) for kind in ("order", "delivery", "invoice") for number in "12"]
PRECEDING = {"order": "quotation", "delivery": "order", "invoice": "delivery"}
EVENTS: st.SearchStrategy[Any] = st.tuples(
    st.sampled_from(DOCUMENTS),
    HUNDREDS,
    st.lists(NUMBERS, unique=True),
    st.sampled_from(["reserve", "store", "both"]),
)


def test_what_is_given_back_to_another_account_is_reserved_there(erp: Erp) -> None:
    form_group(erp)
    erp.store("order", "O", "500.00", customer="C-2")
    erp.store("delivery", "D", "500.00", follows=OF_THE_ORDER)
    assert exposures(erp) == {"C-1": 500, "C-2": 0, "group": 500}
    reserve(erp, "delivery", "500.00", "D")
    assert exposures(erp) == {"C-1": 500, "C-2": 500, "group": 1000}


def test_a_smaller_delivery_lessens_nothing_in_another_account(erp: Erp) -> None:
    form_group(erp)
    erp.store("order", "O", "500.00", customer="C-2")
    erp.store("delivery", "D", "500.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "200.00", "D", follows=OF_THE_ORDER)
    assert exposures(erp) == {"C-1": 500, "C-2": 300, "group": 500}
    erp.store("delivery", "D", "200.00", follows=OF_THE_ORDER)
    assert exposures(erp) == {"C-1": 200, "C-2": 300, "group": 500}


def test_a_delivery_that_moves_lessens_nothing_in_the_account_it_moves_to(erp: Erp) -> None:
    form_group(erp)
    erp.store("order", "O", "900.00")
    erp.store("delivery", "D", "800.00", customer="C-2", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "500.00", "D", follows=OF_THE_ORDER)
    assert exposures(erp) == {"C-1": 900, "C-2": 800, "group": 900}
    erp.store("delivery", "D", "500.00", follows=OF_THE_ORDER)
    assert exposures(erp) == {"C-1": 900, "C-2": 0, "group": 900}


def test_an_order_that_is_new_counts_whole_whatever_another_account_will_take_of_it(erp: Erp) -> None:
    form_group(erp)
    reserve(erp, "delivery", "300.00", "D", customer="C-2", follows=OF_THE_ORDER)
    assert projected(erp.check("order", "500.00", "O")) == {"own": "500.00", "group": "500.00"}
    reserve(erp, "order", "500.00", "O")
    assert exposures(erp) == {"C-1": 500, "C-2": 300, "group": 500}


def test_a_new_order_is_checked_with_what_it_will_get_back(erp: Erp) -> None:
    form_group(erp)
    erp.store("delivery", "D", "600.00", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "600.00", "D")
    assert projected(erp.check("order", "1000.00", "O")) == {"own": "1600.00", "group": "1600.00"}
    erp.store("order", "O", "1000.00")
    assert exposures(erp) == {"C-1": 1600, "C-2": 0, "group": 1600}


def test_what_becomes_less_lets_the_own_orders_come_back_first(erp: Erp) -> None:
    form_group(erp)
    erp.store("order", "O1", "400.00")
    erp.store("order", "O2", "400.00", customer="C-2")
    erp.store("delivery", "D", "800.00", follows=[("order", "O1"), ("order", "O2")])
    reserve(erp, "delivery", "400.00", "D")
    assert exposures(erp) == {"C-1": 800, "C-2": 400, "group": 1200}
    erp.store("delivery", "D", "400.00")
    assert exposures(erp) == {"C-1": 800, "C-2": 400, "group": 1200}


def test_what_one_gives_back_and_another_takes_is_not_settled_between_them(erp: Erp) -> None:
    form_group(erp)
    of_the_delivery = [("delivery", "D")]
    erp.store("delivery", "D", "500.00")
    erp.store("invoice", "I1", "200.00", follows=of_the_delivery)
    reserve(erp, "invoice", "200.00", "I1")
    reserve(erp, "invoice", "200.00", "I2", customer="C-2", follows=of_the_delivery)
    assert exposures(erp) == {"C-1": 700, "C-2": 200, "group": 700}
    erp.store("invoice", "I1", "200.00")
    assert exposures(erp) == {"C-1": 700, "C-2": 200, "group": 700}


def test_a_delivery_that_moves_frees_nothing_of_the_order_it_will_follow(erp: Erp) -> None:
    form_group(erp)
    erp.store("order", "O", "500.00")
    erp.store("delivery", "D", "500.00", customer="C-2")
    reserve(erp, "delivery", "500.00", "D", follows=OF_THE_ORDER)
    assert exposures(erp) == {"C-1": 500, "C-2": 500, "group": 1000}
    erp.store("delivery", "D", "500.00", follows=OF_THE_ORDER)
    assert exposures(erp) == {"C-1": 500, "C-2": 0, "group": 500}


def test_a_delivery_that_joins_the_group_lessens_nothing_there(erp: Erp) -> None:
    form_group(erp)
    erp.customer("C-9")
    erp.store("order", "O", "900.00")
    erp.store("delivery", "D", "800.00", customer="C-9", follows=OF_THE_ORDER)
    reserve(erp, "delivery", "500.00", "D", follows=OF_THE_ORDER)
    assert exposures(erp) == {"C-1": 900, "C-2": 0, "group": 900}
    erp.store("delivery", "D", "500.00", follows=OF_THE_ORDER)
    assert exposures(erp) == {"C-1": 900, "C-2": 0, "group": 900}


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_an_order_edited_up_counts_whole_whatever_another_account_will_take_of_it(
    erp: Erp, currency: str
) -> None:
    erp.put("/v1/rates", HALF)
    form_group(erp, limit="400.00")
    erp.store("order", "O", "300.00")
    reserve(erp, "delivery", hundreds(1, currency), "D", customer="C-2", follows=OF_THE_ORDER)
    edited = erp.check("order", "500.00", "O")
    assert projected(edited) == {"own": "500.00", "group": "500.00"}
    assert edited["decision"] == "block"
    assert erp.check("order", "400.00", "O")["decision"] != "block"


@FEW
@given(
    policy=st.sampled_from([{}, {"orders": {"amount": "total"}}, {"categories": {"deliveries": False}}]),
    fixed=st.fixed_dictionaries(dict.fromkeys(DOCUMENTS, st.tuples(CUSTOMERS, CURRENCIES))),
    events=st.lists(EVENTS, max_size=8),
)
def test_whoever_bears_them_storing_what_was_reserved_adds_nothing(
    site: Site,
    platform: Erp,
    policy: JSON,
    fixed: dict[tuple[str, str], tuple[str, str]],
    events: list[Any],
) -> None:
    with new_erp(site, platform) as erp:
        erp.put("/v1/rates", HALF)
        form_group(erp, policy)
        reserved_only: dict[str, bool] = {}
        for (kind, number), amount, links, does in events:
            customer, currency = fixed[kind, number]
            stated: dict[str, Any] = {
                "total": hundreds(amount, currency),
                "customer": customer,
                # One that comes before its reserved delivery counts beside the order until that is there.
                "follows": [
                    (PRECEDING[kind], each)
                    for each in links
                    if not (kind == "invoice" and reserved_only.get(each))
                ],
            }
            before = exposures(erp)
            if does != "store":
                erp.check(kind, number=number, **stated, reserve=QUARTER_OF_AN_HOUR)
                before = exposures(erp)
            if does != "reserve":
                erp.store(kind, number, **stated)
            if does == "both":
                assert no_more(exposures(erp), before)
            if kind == "delivery":
                reserved_only[number] = does == "reserve" and reserved_only.get(number, True)
            reserved = exposures(erp)
            with without_reservations(erp, policy):
                assert no_more(exposures(erp), reserved), "what is not there yet has freed something"


def form_group(erp: Erp, policy: JSON | None = None, *, limit: str = "90000.00") -> None:
    """C-1 and C-2, each with a limit of its own and one of both."""
    erp.policy(**GROUPED | (policy or {}))
    erp.put("/v1/credit-groups/G", {"limit": eur("90000.00")})
    for customer in ("C-1", "C-2"):
        erp.customer(customer, credit_group="G")
        erp.account(customer, limit)


def exposures(erp: Erp) -> dict[str, Decimal]:
    """Both members' own exposure, and the group's."""
    return {
        customer if limit["source"] == "own" else "group": Decimal(limit["current"])
        for customer in ("C-1", "C-2")
        for limit in erp.exposure(customer)["limits"]
    }


def projected(answer: JSON) -> dict[str, str]:
    """What each limit of an answer is compared with, by where it comes from."""
    return {each["source"]: each["projected"] for each in answer["limits"]}


def no_more(these: dict[str, Decimal], than: dict[str, Decimal]) -> bool:
    """Whether no exposure is above the other."""
    return all(these[each] <= than[each] for each in than)


@contextmanager
def without_reservations(erp: Erp, policy: JSON) -> Iterator[None]:
    """Leave out of exposure, for a moment, what is only reserved."""
    categories = policy.get("categories", {}) | {"reservations": False}
    erp.policy(**GROUPED | policy | {"categories": categories})
    yield
    erp.policy(**GROUPED | policy)
