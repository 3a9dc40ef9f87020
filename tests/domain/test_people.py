"""Who may be whom, as docs/domain.md has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.people import Person
from tests.strategies import people

ANNA, ANNAS_OTHER_KEY, BERT = ("1", "Anna"), ("2", "Anna"), ("3", "Bert")


def person(key: tuple[str, str], operator: str | None = None) -> Person:
    return Person(key[0], operator, key[1])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (person(ANNA), person(ANNA), True),
        (person(ANNA), person(ANNAS_OTHER_KEY), True),
        (person(ANNA), person(BERT), False),
        (Person("4"), Person("5"), False),
        (person(ANNA, "u1"), person(BERT, "u1"), True),
        (person(ANNA, "u1"), person(ANNA, "u2"), False),
        (person(ANNA, "u1"), person(ANNAS_OTHER_KEY), True),
        (person(ANNA, "u1"), person(BERT), False),
        (person(ANNA, "u1"), person(ANNAS_OTHER_KEY, "u2"), False),
        (Person("4", "u1"), Person("4"), True),
    ],
)
def test_who_may_be_the_same_person(one: Person, other: Person, same: bool) -> None:  # noqa: FBT001 - a column
    assert (one.may_be(other), other.may_be(one)) == (same, same)


@given(people())
def test_everybody_may_be_themselves_and_nobody_is_among_no_others(one: Person) -> None:
    assert one.may_be(one)
    assert not one.may_be_among([])


@given(people(), people())
def test_whoever_may_be_another_may_be_the_other_way_round(one: Person, other: Person) -> None:
    assert one.may_be(other) == other.may_be(one)


@given(people(), st.sampled_from(["k", "l", "m"]))
def test_another_key_of_ones_name_makes_nobody_another_person(one: Person, key: str) -> None:
    named = one._replace(name=one.name or "Anna")
    assert named._replace(key=key).may_be(named)
    assert named._replace(key=key, operator=None).may_be(named)


@given(people(), people())
def test_each_thing_that_tells_a_person_is_enough_where_no_operator_is_named(
    one: Person, other: Person
) -> None:
    one, other = one._replace(operator=None), other._replace(operator=None)
    assert other.may_be_among(Person(known) for known in one.known_by) == other.may_be(one)
