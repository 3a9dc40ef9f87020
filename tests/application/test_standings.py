"""Standings are worked out once for as long as the same is stored, and never mixed up."""

from datetime import timedelta

from creditrisk.application.standings import MOST_DAYS, Standings
from tests.builders import TODAY, configuration, facts, item


def test_a_standing_is_worked_out_once_for_a_day_and_a_configuration() -> None:
    standings, stored, standard = Standings(), facts(item("10.00")), configuration()

    first = standings.of(stored, standard, as_of=TODAY)

    assert standings.of(stored, standard, as_of=TODAY) is first
    assert standings.of(stored, standard, as_of=TODAY + timedelta(days=1)) is not first
    assert standings.of(stored, configuration(), as_of=TODAY) is not first


def test_of_many_days_the_first_are_forgotten() -> None:
    standings, stored, standard = Standings(), facts(item("10.00")), configuration()
    kept = [standings.of(stored, standard, as_of=TODAY + timedelta(days=n)) for n in range(MOST_DAYS + 1)]

    for n in range(1, MOST_DAYS + 1):
        assert standings.of(stored, standard, as_of=TODAY + timedelta(days=n)) is kept[n]
    assert standings.of(stored, standard, as_of=TODAY) is not kept[0]
