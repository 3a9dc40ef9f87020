"""What an account owes, beside what is held against its limit (docs/domain.md, Exposure report)."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.exposure_report import AMOUNTS, ReportLine, report_line
from creditrisk.domain.facts import Configuration, Facts
from creditrisk.domain.history import History, Record, Sales
from creditrisk.domain.papers import Category
from creditrisk.domain.rates import Converter
from creditrisk.domain.receivables import Receivables, receivables_of
from creditrisk.domain.situation import situation_of
from tests.builders import TODAY, check, configuration, facts, figures, item, line

STANDARD = configuration()
CATEGORIES = st.sampled_from(["orders", "deliveries", "invoices", "open_items", "unpaid_bills", "other"])
LINES = st.lists(st.builds(line, CATEGORIES, st.integers(-1000, 1000).map(str)), max_size=8)


def owed(stored: Facts, settings: Configuration = STANDARD) -> Receivables:
    converter = Converter(settings.rates, "EUR", "default", TODAY)
    return receivables_of(stored, configuration=settings, as_of=TODAY, converter=converter)


def reported(stored: Facts, settings: Configuration = STANDARD) -> ReportLine:
    situation = situation_of(check(), stored, settings, as_of=TODAY)
    history = History(sales=[Sales(Record.SURE, "", "EUR", True, Decimal(365))])  # noqa: FBT003 - this year's
    converter = Converter(settings.rates, "EUR", "default", TODAY)
    return report_line(situation, history, insured=None, converter=converter)


def test_categories_that_exposure_leaves_out_are_owed_all_the_same() -> None:
    settings = configuration(categories={"orders": False})
    found = owed(facts(line("orders", "10.00"), line("other", "3.00")), settings)
    assert (found.by_category[Category.ORDERS], found.exposure) == figures(10, 3)


def test_what_is_owed_by_others_of_the_group_is_not_owed_by_the_account() -> None:
    stored = facts(line("orders", "10.00"), line("orders", "5.00", own=False))
    assert owed(stored).by_category[Category.ORDERS] == 10


def test_items_before_they_are_due_are_owed_where_only_overdue_ones_count() -> None:
    settings = configuration(overdue_only=True)
    stored = facts(item("10.00"), item("5.00", due=TODAY - timedelta(days=4)))
    found = owed(stored, settings)
    assert (found.by_category[Category.OPEN_ITEMS], found.exposure, found.overdue) == figures(15, 5, 5)
    assert found.lateness.average == 4


def test_lateness_is_not_softened_by_what_tests_pass_over() -> None:
    settings = configuration(overdue_tolerance="100", disputed_items_overdue=False)
    late = TODAY - timedelta(days=10)
    stored = facts(item("10.00", due=late), item("30.00", due=late - timedelta(days=20), flags="D"))
    assert owed(stored, settings).lateness.average == 25


def test_provisional_postings_are_shown_apart_whether_or_not_they_count() -> None:
    late = TODAY - timedelta(days=1)
    stored = facts(item("10.00", due=late, flags="V"), item("-3.00", flags="V"), item("1.00", due=late))
    for counted, balance in ((False, 1), (True, 8)):
        found = owed(stored, configuration(provisional_items=counted))
        assert (found.provisional_payments, found.overdue_provisional) == figures(3, 10)
        assert found.by_category[Category.OPEN_ITEMS] == balance


@given(LINES)
def test_exposure_of_a_report_is_that_of_the_account(lines: list[object]) -> None:
    stored = facts(*lines)  # type: ignore[arg-type] # lines, made by a strategy
    situation = situation_of(check(), stored, STANDARD, as_of=TODAY)
    assert owed(stored).exposure == situation.own.current


@given(LINES, LINES)
def test_a_group_is_the_sum_of_its_accounts(one: list[object], other: list[object]) -> None:
    together = reported(facts(*one)).plus(reported(facts(*other)))  # type: ignore[arg-type] # lines
    both = reported(facts(*one, *other))  # type: ignore[arg-type] # lines
    assert {name: together.amounts[name] for name in AMOUNTS} == both.amounts
    # The same amounts are owed, and there were two turnovers to pay them from.
    assert together.dso * 2 == both.dso
    assert together.accounts == 2
    assert together.habits.turnover_12m == 730
