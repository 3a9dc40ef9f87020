"""Rules put in order say what each of them says alone, and few of them are looked at."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from creditrisk.domain.account import Customer
from creditrisk.domain.facts import Facts
from creditrisk.domain.money import Money
from creditrisk.domain.rule_book import RuleBook
from creditrisk.domain.rule_checks import BLOCKS, EXCLUSIONS
from creditrisk.domain.rule_judgement import Judgement, judge, settle
from creditrisk.domain.rule_ladders import Tree
from creditrisk.domain.rules import WIDTH, Rule, RuleScope
from creditrisk.domain.situation import Situation, situation_of
from tests.builders import (
    TODAY,
    block,
    check,
    configuration,
    dollar_rate,
    exclusion,
    facts,
    item,
    late,
    limit,
    order,
)

SOUTH = Customer(id="C-1", management_group="SOUTH", risk_group="B", account_status="COURT")

SCOPES: list[dict[str, Any]] = [
    {},
    {"risk_group": "B"},
    {"risk_group": "C"},
    {"scope": RuleScope.GROUP, "scope_id": "SOUTH"},
    {"scope": RuleScope.CUSTOMER, "scope_id": "C-1"},
    {"scope": RuleScope.CUSTOMER, "scope_id": "C-2"},
]

figure = st.integers(0, 12)
money = st.builds(
    lambda amount, currency: Money(Decimal(amount * 100), currency),
    figure,
    st.sampled_from(["EUR", "USD", "JPY"]),
)
percent = st.builds(lambda tens: str(tens * 10), figure)
values = st.one_of(
    st.fixed_dictionaries({"kind": st.just("overdue_amount"), "amount": money, "percent": percent}),
    st.fixed_dictionaries({"kind": st.just("days_overdue"), "days": figure}),
    st.fixed_dictionaries({"kind": st.just("limit_used"), "percent": percent}),
    st.fixed_dictionaries({"kind": st.just("document_amount"), "amount": money}),
    st.fixed_dictionaries({"kind": st.just("limit_expired"), "days": figure}),
    st.fixed_dictionaries(
        {"kind": st.just("account_status"), "account_status": st.sampled_from(["COURT", "GOLD"])}
    ),
)


def rule(number: int, fields: dict[str, Any], place: dict[str, Any], type_: str) -> Rule:
    if type_ == "block":
        return block(id=f"N-{number:03}", **fields, **place)
    releases = type_ == "exclusion that releases"
    return exclusion(id=f"N-{number:03}", release_document=releases, **fields, **place)


types = st.sampled_from(["block", "exclusion", "exclusion that releases"])
rules = st.lists(st.tuples(values, st.sampled_from(SCOPES), types), max_size=40).map(
    lambda drawn: [rule(n, fields, place, type_) for n, (fields, place, type_) in enumerate(drawn)]
)


def owing(overdue: int, balance: int) -> Facts:
    """C-1 with a limit of 1,000 that expired five days ago, some of what it owes past due."""
    expired = date.fromordinal(TODAY.toordinal() - 5)
    return facts(
        late(6, f"{overdue * 100}.00"),
        item(f"{balance * 100}.00"),
        customer=SOUTH,
        limit=limit("1000.00", expires_on=expired),
    )


def situation(among: list[Rule], stored: Facts) -> Situation:
    settings = configuration(rules=among, rates=[dollar_rate()], limit_check="rules_only")
    return situation_of(check(order("300.00")), stored, settings, as_of=TODAY)


def concerning(each: Rule) -> bool:
    place = each.scope is RuleScope.ALL or each.scope_id in {"SOUTH", "C-1"}
    return place and each.risk_group in {None, "B"} and each.account_status in {None, "COURT"}


@given(among=rules, overdue=st.integers(1, 12), balance=st.integers(0, 12))
def test_rules_put_in_order_say_what_each_says_alone(among: list[Rule], overdue: int, balance: int) -> None:
    stored = owing(overdue, balance)
    compiled, plain = situation(among, stored), situation([], stored)
    judgement = judge(compiled)
    hits = {
        (each.id, finding.code, finding.params.get("id"))
        for each in among
        if not each.exclusion and concerning(each)
        for finding in BLOCKS[each.kind](each, plain)
    }
    true = {
        each.id
        for each in among
        if each.exclusion and concerning(each) and EXCLUSIONS[each.kind](each, plain)
    }
    assert {(hit.rule.id, hit.finding.code, hit.finding.params.get("id")) for hit in judgement.hits} == hits
    assert len(judgement.hits) == len(hits)
    assert {each.id for each in judgement.exclusions} <= true
    all_true = Judgement(
        judgement.hits,
        sorted((each for each in among if each.id in true), key=lambda each: WIDTH[each.scope]),
    )
    one, other = settle([], judgement), settle([], all_true)
    assert one.findings == other.findings
    assert [each.finding for each in one.cancelled] == [each.finding for each in other.cancelled]
    assert set(compiled.converter.missing) == set(plain.converter.missing)


@given(
    pairs=st.lists(st.tuples(st.integers(0, 999), st.integers(0, 999)), min_size=1, max_size=300),
    observed=st.tuples(st.integers(0, 1_000), st.integers(0, 1_000)),
)
def test_a_tree_looks_at_those_that_are_met_and_at_few_others(
    pairs: list[tuple[int, int]], observed: tuple[int, int]
) -> None:
    among = [
        block(id=f"R-{n}", kind="overdue_amount", amount=str(amount), percent=str(share))
        for n, (amount, share) in enumerate(pairs)
    ]
    asked = 0

    def second(each: Rule) -> bool:
        nonlocal asked
        asked += 1
        return each.values[1] < observed[1]

    met = Tree.of(among).met(lambda each: each.values[0] < observed[0], second)
    assert [each.values for each in met] == sorted(
        each.values for each in among if each.values[0] < observed[0] and each.values[1] < observed[1]
    )
    assert asked <= 3 * len(met) + 2 * len(among).bit_length() + 2


def test_a_thousand_rules_that_are_not_met_are_hardly_looked_at() -> None:
    among = [
        block(id=f"R-{n}", kind="overdue_amount", amount=f"{n}.00", percent=str(1_000 - n))
        for n in range(1_000)
    ]
    (group,) = RuleBook.build(among).concerning(customer="C-1", group=None, risk_group=None, keyed=())
    assert isinstance(group, Tree)
    asked: list[str] = []

    def first(each: Rule) -> bool:
        asked.append(each.id)
        return each.values[0] < 500

    def second(each: Rule) -> bool:
        asked.append(each.id)
        return each.values[1] < 300

    assert group.met(first, second) == []
    assert len(asked) < 50
