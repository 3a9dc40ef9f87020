"""Standings are worked out once for as long as the same is stored, and never mixed up."""

from datetime import timedelta

from creditrisk.application.standings import Standings
from tests.builders import TODAY, configuration, facts, item


def test_a_standing_is_worked_out_once_for_a_revision_a_day_and_a_configuration() -> None:
    standings, stored, standard = Standings(), facts(item("10.00")), configuration()

    first = standings.of(stored, standard, revision=1, as_of=TODAY)

    assert standings.of(stored, standard, revision=1, as_of=TODAY) is first
    assert standings.of(stored, standard, revision=1, as_of=TODAY + timedelta(days=1)) is not first
    assert standings.of(stored, standard, revision=2, as_of=TODAY) is not first
    assert standings.of(stored, configuration(), revision=1, as_of=TODAY) is not first


def test_the_standings_not_asked_for_longest_are_forgotten() -> None:
    standings, stored, standard = Standings(most=2), facts(item("10.00")), configuration()
    first = standings.of(stored, standard, revision=1, as_of=TODAY)
    second = standings.of(stored, standard, revision=2, as_of=TODAY)
    assert standings.of(stored, standard, revision=1, as_of=TODAY) is first

    standings.of(stored, standard, revision=3, as_of=TODAY)

    assert standings.of(stored, standard, revision=1, as_of=TODAY) is first
    assert standings.of(stored, standard, revision=2, as_of=TODAY) is not second
