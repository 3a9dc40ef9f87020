from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.money import Money
from creditrisk.domain.papers import Category, Followed, Kind, Line, Reserved
from creditrisk.domain.reservations import Claim, amount_to_reserve, claims_of
from tests.builders import (
    STANDARD,
    configuration,
    decided,
    delivery,
    eur,
    facts,
    figures,
    line,
    order,
)

AMOUNTS = st.decimals(min_value=0, max_value=1000, places=2)


def reserved(
    amount: str = "0",
    *,
    claimed: str = "0",
    passed: str = "0",
    over: str = "0",
    stored: Line | None = None,
    own: bool = True,
) -> Reserved:
    return Reserved(
        own=own,
        currency="EUR",
        amount=Decimal(amount),
        claimed=Decimal(claimed),
        passed=Decimal(passed),
        line=stored,
        is_order=stored is not None and stored.category == Category.ORDERS,
        over=Decimal(over),
    )


@pytest.mark.parametrize(
    ("amount", "claimed", "stored", "beyond"),
    [
        ("100", "0", "0", "100"),  # not stored, or not counted
        ("100", "0", "80", "20"),  # an edit adds
        ("60", "0", "80", "0"),  # a smaller edit frees nothing yet
        ("0", "60", "100", "-60"),  # an order gives up what is reserved from it
        ("0", "120", "100", "-100"),  # never more than there is
        ("100", "60", "80", "-40"),  # both: 100 less 60 are 40, of which 80 are stored
        ("0", "-60", "40", "60"),  # a follower that gives back
        ("-20", "-60", "0", "40"),  # the same where more had been taken than there is
        ("100", "0", "-50", "150"),  # a return that becomes a sale
        ("0", "0", "-50", "0"),  # a return reserves nothing
    ],
)
def test_a_reservation_counts_beside_what_is_stored(
    amount: str, claimed: str, stored: str, beyond: str
) -> None:
    order = line("orders", stored, total="100" if Decimal(stored) > 0 else stored)
    each = reserved(amount, claimed=claimed, stored=order if Decimal(stored) else None)
    assert each.beyond(Decimal(stored) or None, with_document=False) == Decimal(beyond)


@pytest.mark.parametrize(
    ("over", "claimed", "stored", "beyond"),
    [
        ("0", "-90", "40", "60"),  # no more comes back than was taken
        ("54", "30", "100", "0"),  # what was given back beyond the whole is taken first
        ("54", "64", "100", "-10"),
        ("54", "-10", "100", "0"),
        ("54", "200", "100", "-100"),
    ],
)
def test_nothing_counts_with_more_than_its_whole(over: str, claimed: str, stored: str, beyond: str) -> None:
    each = reserved(over=over, claimed=claimed, stored=line("deliveries", stored, total="100"))
    assert each.beyond(Decimal(stored), with_document=False) == Decimal(beyond)


@pytest.mark.parametrize(("passed", "difference"), [("40", "-16"), ("20", "0"), ("-50", "0"), ("64", "-40")])
def test_what_the_document_takes_is_what_others_leave_of_what_was_given_back(
    passed: str, difference: str
) -> None:
    """Of 100 and of 54 given back beyond, 30 are claimed; the lines say what the document takes of both."""
    each = reserved(claimed="30", passed=passed, over="54", stored=line("deliveries", "100"))
    before = each.beyond(Decimal(100), with_document=False)
    after = each.beyond(Decimal(100), with_document=True)
    lines = min(Decimal(0), 54 - Decimal(passed))
    assert after - before + lines == Decimal(difference)


@given(amount=AMOUNTS, claimed=AMOUNTS, passed=AMOUNTS, stored=AMOUNTS)
def test_stored_and_reserved_come_to_what_the_larger_one_leaves_and_never_below_zero(
    amount: Decimal, claimed: Decimal, passed: Decimal, stored: Decimal
) -> None:
    each = reserved(str(amount), claimed=str(claimed), passed=str(passed))
    before = stored + each.beyond(stored, with_document=False)
    assert before == max(max(amount, stored) - claimed, Decimal(0))
    given_up = max(stored - passed, Decimal(0))
    after = given_up + each.beyond(stored, with_document=True)
    assert after == max(max(amount, stored) - claimed - passed, Decimal(0))


@pytest.mark.parametrize(
    ("document", "passed_on", "amount"),
    [
        (order("100"), "0", "100.00"),
        (order("100", prepaid=eur("30")), "0", "70.00"),
        (order("100"), "40", "60.00"),
        (delivery("-100"), "0", "0.00"),
    ],
)
def test_what_a_document_adds_is_reserved(document: object, passed_on: str, amount: str) -> None:
    assert isinstance(document, type(order()))
    to_reserve = amount_to_reserve(document, passed_on=Decimal(passed_on), configuration=STANDARD)
    assert to_reserve == Money(Decimal(amount), "EUR")


def test_what_does_not_count_reserves_nothing() -> None:
    settings = configuration(categories={"deliveries": False})
    to_reserve = amount_to_reserve(delivery("100"), passed_on=Decimal(0), configuration=settings)
    assert to_reserve == eur("0")


def test_a_claim_is_what_the_followed_document_passes_on() -> None:
    document = delivery(
        "100",
        follows=[
            Followed(kind=Kind.ORDER, number="O-1", total=eur("30")),
            Followed(kind=Kind.ORDER, number="O-2"),
        ],
    )
    assert claims_of(document) == (
        Claim(Kind.ORDER, "O-1", eur("30")),
        Claim(Kind.ORDER, "O-2", eur("100")),
    )


def test_a_reservation_counts_as_reserved_and_in_full_where_its_stored_document_does_not_count() -> None:
    stored = line("orders", "80.00")
    known = facts(stored, reserved=[reserved("100", stored=stored)], limit="1000")
    counted = decided(order("10"), known).situation.exposure
    assert (counted.by_category["orders"], counted.by_category["reservations"]) == figures(80, 20)
    settings = configuration(orders={"require_confirmed": True})
    counted = decided(order("10"), known, settings).situation.exposure
    assert (counted.by_category["orders"], counted.by_category["reservations"]) == figures(0, 100)


def test_what_other_members_of_the_group_reserve_is_not_on_the_account_itself() -> None:
    known = facts(
        reserved=[reserved("100", claimed="10"), reserved("50", claimed="10", own=False)], limit="1000"
    )
    situation = decided(order("10"), known).situation
    assert situation.own.by_category["reservations"] == Decimal(90)
    assert situation.whole_group.by_category["reservations"] == Decimal(130)
