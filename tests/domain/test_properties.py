"""What holds of every check, whatever the papers, the limits and the policy."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.account import ManualBlock
from creditrisk.domain.counting import counted_amount
from creditrisk.domain.decision import Outcome, Signal, Verdict, decide
from creditrisk.domain.facts import Configuration, Facts
from creditrisk.domain.findings import CREDIT, Severity
from creditrisk.domain.limits import AccountLimit
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Category, Document, Kind, Line
from creditrisk.domain.period import Period
from creditrisk.domain.remedy import find_remedy
from tests.builders import (
    TODAY,
    account,
    check,
    configuration,
    cover,
    dollar_rate,
    facts,
    group,
    item,
    paid,
    temporary,
)

CENT = Decimal("0.01")
RATES = [dollar_rate("0.9137"), dollar_rate("0.7211", since=TODAY + timedelta(days=11))]
SETTINGS: dict[str, dict[str, Any]] = {
    "standard": {},
    "fluentis": {"preset": "fluentis", "bills": {"discount_days": 7, "after_collection_days": 20}},
    "mtj": {"preset": "mtj", "auto_block": True, "blocked_kinds": ["order"], "max_days_overdue": 10},
    "duir": {"preset": "duir"},
    "overdue": {"overdue_only": True, "overdue_grace_days": 3, "max_overdue_amount": "500.00"},
    "ledger": {"balance_basis": "ledger_balance", "max_days_overdue": 5, "floor_at_zero": True},
    "tolerant": {
        "overdue_tolerance": "100.00",
        "disputed_items_overdue": False,
        "max_overdue_amount": "300.00",
        "max_days_overdue": 15,
    },
    "gated": {"max_days_overdue": 5, "time_limit_gates_amount": True, "bank_risk_days": 4},
    "group": {"grouping": "credit_group", "overdue_scope": "group", "max_days_overdue": 15},
}
CONFIGURATIONS = {name: configuration(rates=RATES, **stated) for name, stated in SETTINGS.items()}


def cents(least: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(least, most).map(lambda number: Decimal(number).scaleb(-2))


def near_days() -> st.SearchStrategy[date]:
    return st.integers(-40, 40).map(lambda days: TODAY + timedelta(days=days))


@st.composite
def lines(
    draw: st.DrawFn, *, own: bool | None = None, plain: bool = False, category: Category | None = None
) -> Line:
    """Any paper's line; plain ones are in the account's currency and carry no mark of the ERP's."""
    category = category or draw(st.sampled_from(list(Category)))
    amount = draw(cents(-100_000, 100_000))
    if category in {Category.ORDERS, Category.BILLS, Category.UNPAID_BILLS, Category.RESERVATIONS}:
        amount = abs(amount)
    if category is Category.ADVANCES:
        amount = -abs(amount)
    statuses = ["issued", "discount", "after_collection", "endorsed"] if category is Category.BILLS else [""]
    status = draw(st.sampled_from(statuses))
    never_due = status == "issued" or category not in {"open_items", "invoices", "bills"}
    dated = category in {Category.DELIVERIES, Category.INVOICES, Category.ADVANCES}
    return Line(
        own=draw(st.booleans()) if own is None else own,
        category=category.value,
        type="",
        status=status,
        flags="" if plain else "".join(sorted(draw(st.sets(st.sampled_from("PCFBVD"))))),
        currency="EUR" if plain else draw(st.sampled_from(["EUR", "EUR", "USD"])),
        due_on=date.max if never_due else draw(near_days()),
        since=draw(near_days()) if dated else date.min,
        credit=category is Category.OPEN_ITEMS and amount < 0,
        papers=1,
        open_amount=amount,
        total_amount=amount,
    )


def limits() -> st.SearchStrategy[Decimal]:
    return cents(1, 300_000)


@st.composite
def situations(
    draw: st.DrawFn, *, own: bool | None = None, plain: bool = False
) -> tuple[Facts, Configuration]:
    """Facts of an account with a limit, and a configuration to judge them by."""
    settings = CONFIGURATIONS[draw(st.sampled_from(sorted(CONFIGURATIONS)))]
    periods = st.tuples(near_days(), st.integers(0, 30)).map(
        lambda drawn: Period(drawn[0], drawn[0] + timedelta(days=drawn[1]))
    )
    temporaries = draw(st.lists(st.tuples(limits(), periods), max_size=2))
    stated = AccountLimit(
        limit=Money(draw(limits()), "EUR"),
        temporary=[temporary(str(amount), period, no=no) for no, (amount, period) in enumerate(temporaries)],
        covers=[cover("100.00", "50", period=each) for each in draw(st.lists(periods, max_size=1))],
    )
    blocks = draw(st.lists(periods, max_size=1))
    stored = facts(
        *draw(st.lists(lines(own=own, plain=plain), max_size=8)),
        account=account(
            manual_blocks=[
                ManualBlock(no=no, kinds=frozenset({"order"}), period=each) for no, each in enumerate(blocks)
            ],
            ignore_until=draw(st.none() | near_days()),
        ),
        limit=stated,
        group=draw(st.none() | limits().map(lambda amount: group(str(amount)))),
    )
    return stored, settings


def documents() -> st.SearchStrategy[Document]:
    return st.builds(
        lambda kind, amount: Document(kind=kind, total=Money(amount, "EUR")),
        st.sampled_from([Kind.ORDER, Kind.DELIVERY, Kind.INVOICE]),
        cents(0, 100_000),
    )


def judged(asked: Document | None, stored: Facts, settings: Configuration, day: date = TODAY) -> Verdict:
    return decide(check(asked), stored, settings, as_of=day)


@given(situations())
def test_exposure_is_the_sum_of_its_sums_by_category_and_currency(drawn: tuple[Facts, Configuration]) -> None:
    stored, settings = drawn
    situation = judged(None, stored, settings).situation
    exact: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for each in stored.lines:
        if each.category in settings.included:
            amount = counted_amount(each, configuration=settings, as_of=TODAY)
            exact[each.category, each.currency] += amount or Decimal(0)
    total = sum((situation.converter.convert(amount, key[1]) or Decimal(0) for key, amount in exact.items()))
    assert situation.whole_group.unfloored == total
    assert sum(situation.whole_group.by_category.values()) == total


@given(
    situations(), st.lists(lines(), max_size=4), st.lists(lines(category=Category.RESERVATIONS), max_size=4)
)
def test_what_a_check_changes_counts_as_if_it_were_stored_so(
    drawn: tuple[Facts, Configuration], adjusted: list[Line], set_aside: list[Line]
) -> None:
    stored, settings = drawn
    changed = judged(None, stored._replace(adjustments=adjusted, set_aside=set_aside), settings).situation
    so = judged(None, stored._replace(lines=[*stored.lines, *adjusted, *set_aside]), settings).situation
    for found, expected in ((changed.own, so.own), (changed.whole_group, so.whole_group)):
        assert (found.by_category, found.unfloored) == (expected.by_category, expected.unfloored)


@given(situations(), documents(), cents(1, 100_000), near_days())
def test_a_further_open_invoice_never_lowers_exposure(
    drawn: tuple[Facts, Configuration], asked: Document, amount: Decimal, due: date
) -> None:
    stored, settings = drawn
    more = stored._replace(lines=[*stored.lines, item(str(amount), due=due)])
    before, after = (judged(asked, each, settings).situation for each in (stored, more))
    assert after.own.projected >= before.own.projected
    assert after.whole_group.projected >= before.whole_group.projected
    assert after.overdue.amount >= before.overdue.amount


SIGNALS = [Signal.OFF, Signal.GREEN, Signal.YELLOW, Signal.RED]
OUTCOMES = [Outcome.ALLOW, Outcome.WARN, Outcome.BLOCK]


@given(situations(), documents(), cents(0, 300_000))
def test_more_limit_never_makes_the_answer_worse(
    drawn: tuple[Facts, Configuration], asked: Document, more: Decimal
) -> None:
    stored, settings = drawn
    own = stored.account.limit
    assert own.limit is not None
    raised = replace(own, limit=own.limit + Money(more, "EUR"))
    account_after = replace(stored.account, limit=raised)
    after = stored._replace(account=account_after, ordering_account=account_after)
    low, high = judged(asked, stored, settings), judged(asked, after, settings)
    assert SIGNALS.index(high.signal) <= SIGNALS.index(low.signal)
    assert OUTCOMES.index(high.decision) <= OUTCOMES.index(low.decision)
    assert len(high.findings) <= len(low.findings)


def answer(verdict: Verdict) -> tuple[object, ...]:
    situation = verdict.situation
    return (
        verdict.decision,
        verdict.signal,
        verdict.not_controlled,
        verdict.findings,
        situation.own,
        situation.whole_group,
        situation.limits,
    )


@given(situations(), documents(), st.randoms(use_true_random=False))
def test_the_order_of_papers_does_not_matter(
    drawn: tuple[Facts, Configuration], asked: Document, random: Any
) -> None:
    stored, settings = drawn
    shuffled = list(stored.lines)
    random.shuffle(shuffled)
    again = judged(asked, stored._replace(lines=shuffled), settings)
    assert answer(again) == answer(judged(asked, stored, settings))


@given(situations(), documents())
def test_the_same_facts_give_the_same_verdict(drawn: tuple[Facts, Configuration], asked: Document) -> None:
    assert answer(judged(asked, *drawn)) == answer(judged(asked, *drawn))


@given(situations(), documents())
def test_no_limit_is_exceeded_with_the_headroom_as_total_and_one_is_with_a_cent_more(
    drawn: tuple[Facts, Configuration], asked: Document
) -> None:
    stored, settings = drawn
    headroom = find_remedy(judged(asked, *drawn), check(asked), stored, settings, as_of=TODAY).headroom
    if headroom is None:
        return
    for total, exceeded in ((headroom, False), (headroom + CENT, True)):
        situation = judged(replace(asked, total=Money(total, "EUR")), stored, settings).situation
        already = any(applied.exposure.current > (applied.limit.amount or 0) for applied in situation.applied)
        assert any(applied.exceeded for applied in situation.applied) is (exceeded or already)


@given(situations(own=True, plain=True), documents())
def test_after_the_payment_needed_no_credit_finding_is_hard(
    drawn: tuple[Facts, Configuration], asked: Document
) -> None:
    stored, settings = drawn
    verdict = judged(asked, stored, settings)
    needed = find_remedy(verdict, check(asked), stored, settings, as_of=TODAY).payment_needed
    hard = [f for f in verdict.findings if f.severity is Severity.HARD and f.code in CREDIT]
    if needed is None:
        return
    assert hard
    assert needed > 0
    after = judged(asked, stored._replace(lines=paid(stored.lines, needed)), settings)
    assert not [f for f in after.findings if f.severity is Severity.HARD and f.code in CREDIT]


@given(situations(), documents())
def test_better_days_are_the_first_of_all_days(drawn: tuple[Facts, Configuration], asked: Document) -> None:
    stored, settings = drawn
    found = find_remedy(judged(asked, *drawn), check(asked), stored, settings, as_of=TODAY)
    days = [TODAY + timedelta(days=each) for each in range(90)]  # every date drawn lies well before the last
    verdicts = {each: judged(asked, stored, settings, each) for each in days}
    green = next((each for each in days if verdicts[each].signal is Signal.GREEN), None)
    unblocked = next((each for each in days if verdicts[each].decision is not Outcome.BLOCK), None)
    assert (found.green_on, found.unblocked_on) == (green, unblocked)
