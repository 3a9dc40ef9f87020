"""Exposure on the coming days (docs/domain.md, Forecast)."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.facts import Configuration, Facts
from creditrisk.domain.forecast import ForecastDay, forecast
from creditrisk.domain.papers import Line
from creditrisk.domain.situation import situation_of
from tests.builders import (
    TODAY,
    check,
    configuration,
    dollar_rate,
    facts,
    figures,
    item,
    line,
    member,
    temporary,
)
from tests.builders import limit as own_limit
from tests.builders import period as between

STANDARD = configuration()


def foreseen(
    stored: Facts, settings: Configuration = STANDARD, *, days: int = 5, delay: int = 0
) -> Sequence[ForecastDay]:
    today = situation_of(check(), stored, settings, as_of=TODAY)
    return list(forecast(today, days=days, delay_days=delay))


def exposures(stored: Facts, settings: Configuration = STANDARD, *, delay: int = 0) -> list[Decimal]:
    return [day.situation.exposure.current for day in foreseen(stored, settings, delay=delay)]


def due_in(days: int, amount: str = "100.00", **stated: str) -> Line:
    return item(amount, due=TODAY + timedelta(days=days), **stated)  # type: ignore[arg-type] # texts


def invoice_due_in(days: int, amount: str = "100.00") -> Line:
    return line("invoices", amount, due_on=TODAY + timedelta(days=days))


def test_the_worked_account() -> None:
    stored = facts(
        due_in(-10, "50.00"),
        due_in(1, "100.00"),
        due_in(1, "-30.00"),
        due_in(3, "200.00"),
        item("7.00"),
        invoice_due_in(2, "40.00"),
        line("bills", "500.00", status="discount", due_on=TODAY + timedelta(days=4)),
        line("advances", "-60.00", since=TODAY + timedelta(days=2)),
        line("orders", "1000.00"),
    )
    days = foreseen(stored)
    assert [
        (
            (day.day - TODAY).days,
            day.falling_due,
            day.bills_released,
            day.advances_effective,
            day.situation.exposure.current,
        )
        for day in days
    ] == [
        (0, *figures(0, 0, 0, 1867)),
        (1, *figures(70, 0, 0, 1797)),
        (2, *figures(40, 0, 60, 1697)),
        (3, *figures(200, 0, 0, 1497)),
        (4, *figures(0, 500, 0, 997)),
        (5, *figures(0, 0, 0, 997)),
    ]


def test_what_is_due_today_is_paid_today() -> None:
    assert exposures(facts(due_in(0)))[:2] == [0, 0]


def test_customers_may_pay_later_than_they_should() -> None:
    assert exposures(facts(due_in(1), due_in(-1), due_in(-3)), delay=2) == [300, 200, 200, 100, 100, 100]


def test_limits_and_signals_are_those_of_the_day() -> None:
    ends = temporary("100.00", between(None, (TODAY + timedelta(days=1)).isoformat()))
    stored = facts(due_in(3), limit=own_limit("50.00", temporary=[ends]))
    limits = [binding.limit.amount for day in foreseen(stored, days=3) if (binding := day.situation.binding)]
    assert limits == [100, 100, 50, 50]


def test_the_ledger_balance_is_lowered_by_what_is_paid_of_its_items() -> None:
    stored = facts(line("ledger_balance", "500.00"), due_in(1), due_in(2, "30.00", flags="V"))
    settings = configuration(balance_basis="ledger_balance", provisional_items=True)
    assert exposures(stored, settings)[:3] == [500, 400, 400]
    assert [day.falling_due for day in foreseen(stored, settings)][:3] == [0, 100, 0]


def test_what_does_not_count_does_not_fall_due() -> None:
    provisional = facts(due_in(1, flags="V"))
    assert {day.falling_due for day in foreseen(provisional)} == {0}
    not_included = configuration(categories={"open_items": False})
    assert {day.falling_due for day in foreseen(facts(due_in(1)), not_included)} == {0}


def test_amounts_are_converted() -> None:
    settings = configuration(rates=[dollar_rate()])
    assert [day.falling_due for day in foreseen(facts(due_in(1, currency="USD")), settings)][:2] == [0, 50]


def test_a_group_pays_together() -> None:
    settings = configuration(grouping="company_id", group_limit="sum")
    members = [member("C-1", "500.00"), member("C-2", "500.00")]
    stored = facts(
        due_in(1),
        due_in(2)._replace(own=False),
        limit="500.00",
        members=members,
        group_key="HRB 1",
    )
    assert exposures(stored, settings)[:3] == [200, 100, 0]
    assert [day.falling_due for day in foreseen(stored, settings)][:3] == [0, 100, 100]


@pytest.mark.parametrize("days", [0, 1, 365])
def test_as_many_days_are_foreseen_as_are_asked_for(days: int) -> None:
    assert len(foreseen(facts(due_in(1)), days=days)) == days + 1


@given(st.lists(st.tuples(st.integers(-5, 8), st.integers(1, 1000)), max_size=6), st.integers(0, 3))
def test_of_items_alone_exposure_falls_by_what_falls_due(rows: list[tuple[int, int]], delay: int) -> None:
    stored = facts(*(due_in(days, str(amount)) for days, amount in rows))
    current = Decimal(sum(amount for _, amount in rows))
    for day in foreseen(stored, delay=delay):
        current -= day.falling_due
        assert day.situation.exposure.current == current
