"""Releases: what a person's authorisation covers, at which step and for how long (docs/domain.md, Holds)."""

from datetime import date

import pytest

from creditrisk.domain.account import CustomerWarning
from creditrisk.domain.decision import Outcome
from creditrisk.domain.findings import Code, Severity
from tests.builders import (
    TODAY,
    account,
    check,
    codes,
    configuration,
    decided,
    dollar_rate,
    facts,
    item,
    order,
    release,
    usd,
)

OVER = facts(item("1000.00"), limit="1000.00")
"""A limit used up exactly: any further document exceeds it."""


def test_an_authorisation_quietens_warnings_too() -> None:
    own = account(warning=CustomerWarning(text="Call first"))
    verdict = decided(order(), facts(account=own, releases=[release("100.00")]))
    assert (verdict.decision, codes(verdict, Severity.INFO)) == (Outcome.ALLOW, [Code.CUSTOMER_WARNING])


@pytest.mark.parametrize(
    ("recheck", "amount", "used", "covered"),
    [
        ("never", "5000.00", True, True),
        ("on_increase", "499.00", True, True),
        ("on_increase", "500.00", True, True),
        ("on_increase", "500.01", False, False),
        ("on_any_change", "500.00", True, True),
        ("on_any_change", "499.99", False, False),
        ("on_any_change", "500.01", False, False),
        ("always", "500.00", False, True),
        ("always", "500.00", True, False),
        ("always", "500.01", False, False),
    ],
)
def test_a_release_covers_the_document_presented_again_as_the_policy_says(
    recheck: str, amount: str, *, used: bool, covered: bool
) -> None:
    stored = OVER._replace(releases=[release("500.00", used=used)])
    verdict = decided(order(amount), stored, configuration(recheck_after_release=recheck))
    assert verdict.decision is (Outcome.ALLOW if covered else Outcome.BLOCK)
    assert verdict.authorised is covered


@pytest.mark.parametrize(("day", "covered"), [(23, True), (24, False)])
def test_a_release_ends_after_its_last_day(day: int, *, covered: bool) -> None:
    stored = OVER._replace(releases=[release("500.00", valid_until=TODAY)])
    verdict = decided(order(), stored, as_of=TODAY.replace(day=day))
    assert verdict.authorised is covered


def test_a_release_is_compared_in_its_own_currency_where_the_document_shares_it() -> None:
    stored = OVER._replace(releases=[release(usd("500.00"))])
    settings = configuration(rates=[dollar_rate("0.5")])
    assert decided(order(usd("500.00")), stored, settings).authorised
    assert not decided(order(usd("500.01")), stored, settings).authorised
    assert decided(order("250.00"), stored, settings).authorised
    assert not decided(order("250.01"), stored, settings).authorised


@pytest.mark.parametrize(("covers", "authorised"), [("document", True), ("checkpoint", False)])
def test_a_release_is_good_at_every_checkpoint_or_only_at_the_one_that_was_held(
    covers: str, *, authorised: bool
) -> None:
    stored = OVER._replace(releases=[release("500.00", checkpoint="confirm")])
    settings = configuration(release_covers=covers)
    assert decided(check(order(), checkpoint="confirm"), stored, settings).authorised
    assert decided(check(order(), checkpoint="ship"), stored, settings).authorised is authorised


@pytest.mark.parametrize(
    ("day", "grace", "evaluated"),
    [(1, 2, False), (3, 2, False), (4, 2, True), (1, None, True), (1, 0, False), (2, 0, True)],
)
def test_released_on_day_1_with_2_days_of_grace_a_later_step_is_next_evaluated_on_day_4(
    day: int, grace: int | None, *, evaluated: bool
) -> None:
    settings = configuration(release_covers="checkpoint", checkpoints={"confirm": {"grace_days": grace}})
    given = release("500.00", checkpoint="confirm", released_on=date(2026, 11, 1))
    verdict = decided(
        check(order(), checkpoint="ship"),
        OVER._replace(releases=[given]),
        settings,
        as_of=date(2026, 11, day),
    )
    assert verdict.not_controlled == (None if evaluated else "grace")
    assert verdict.decision is (Outcome.BLOCK if evaluated else Outcome.ALLOW)


def test_grace_ends_with_the_release() -> None:
    settings = configuration(release_covers="checkpoint", checkpoints={"confirm": {"grace_days": 9}})
    given = release(
        "500.00", checkpoint="confirm", released_on=date(2026, 11, 20), valid_until=date(2026, 11, 22)
    )
    verdict = decided(check(order(), checkpoint="ship"), OVER._replace(releases=[given]), settings)
    assert verdict.not_controlled is None


@pytest.mark.parametrize(
    ("recheck", "amount", "evaluated"),
    [
        ("on_increase", "500.00", False),
        ("on_increase", "500.01", True),
        ("on_any_change", "499.99", True),
        ("always", "500.00", False),
        ("always", "500.01", True),
        ("never", "5000.00", False),
    ],
)
def test_grace_covers_no_more_than_the_release(recheck: str, amount: str, *, evaluated: bool) -> None:
    settings = configuration(
        release_covers="checkpoint", recheck_after_release=recheck, checkpoints={"confirm": {"grace_days": 9}}
    )
    given = release("500.00", checkpoint="confirm", released_on=TODAY, used=True)
    verdict = decided(check(order(amount), checkpoint="ship"), OVER._replace(releases=[given]), settings)
    assert verdict.not_controlled == (None if evaluated else "grace")
