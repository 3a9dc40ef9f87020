"""What a process remembers of accounts is bounded, and told apart by revisions."""

from creditrisk.adapters.postgres.remembered_facts import RememberedAccount, RememberedFacts
from tests.builders import facts, item


def account(remembered: RememberedFacts, *, lines: int) -> RememberedAccount:
    stored = facts(*[item("1.00")] * lines)
    return remembered.made(account="{}", stamp="1", mark=None, facts=stored)


def test_the_accounts_asked_for_last_are_remembered_up_to_a_number_of_lines() -> None:
    remembered = RememberedFacts(most_lines=30)
    for name in ("a", "b", "c"):
        remembered.keep((name,), account(remembered, lines=9))
    assert remembered.find(("a",))

    remembered.keep(("d",), account(remembered, lines=9))

    assert remembered.find(("b",)) is None
    assert all(remembered.find((name,)) for name in ("a", "c", "d"))


def test_an_account_read_anew_takes_the_place_of_what_was_known() -> None:
    remembered = RememberedFacts(most_lines=30)
    read = [account(remembered, lines=9) for _ in range(10)]
    for each in read:
        remembered.keep(("a",), each)
    remembered.keep(("b",), account(remembered, lines=9))

    assert remembered.find(("a",)) is read[-1]
    assert remembered.find(("b",))


def test_one_account_is_remembered_however_large_it_is() -> None:
    remembered = RememberedFacts(most_lines=5)
    remembered.keep(("large",), account(remembered, lines=100))
    assert remembered.find(("large",))


def test_whatever_was_made_sense_of_has_a_revision_of_its_own() -> None:
    remembered = RememberedFacts()
    revisions = [account(remembered, lines=1).revision for _ in range(5)]
    assert len(set(revisions)) == 5
