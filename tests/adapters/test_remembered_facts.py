"""What a process remembers of accounts is bounded."""

from creditrisk.adapters.postgres.remembered_facts import (
    LINES_OF_AN_ACCOUNT,
    RememberedAccount,
    RememberedFacts,
)
from creditrisk.application.standings import Standings
from tests.builders import facts, item

ROOM_FOR_THREE = 3 * (LINES_OF_AN_ACCOUNT + 9)


def account(*, lines: int) -> RememberedAccount:
    stored = facts(*[item("1.00")] * lines)
    return RememberedAccount("{}", "1", None, stored, Standings())


def test_the_accounts_asked_for_last_are_remembered_up_to_a_number_of_lines() -> None:
    remembered = RememberedFacts(most_lines=ROOM_FOR_THREE)
    for name in ("a", "b", "c"):
        remembered.keep((name,), account(lines=9))
    assert remembered.find(("a",))

    remembered.keep(("d",), account(lines=9))

    assert remembered.find(("b",)) is None
    assert all(remembered.find((name,)) for name in ("a", "c", "d"))


def test_an_account_read_anew_takes_the_place_of_what_was_known() -> None:
    remembered = RememberedFacts(most_lines=ROOM_FOR_THREE)
    read = [account(lines=9) for _ in range(10)]
    for each in read:
        remembered.keep(("a",), each)
    remembered.keep(("b",), account(lines=9))

    assert remembered.find(("a",)) is read[-1]
    assert remembered.find(("b",))


def test_one_account_is_remembered_however_large_it_is() -> None:
    remembered = RememberedFacts(most_lines=5)
    remembered.keep(("large",), account(lines=100))
    assert remembered.find(("large",))
