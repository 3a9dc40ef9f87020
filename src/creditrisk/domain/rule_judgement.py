"""What rules say about a situation, and what exclusions cancel (M16, M27; docs/domain.md, Rules)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from creditrisk.domain.findings import CREDIT, Finding
from creditrisk.domain.rule_checks import BLOCKS, EXCLUSIONS, TWO_FIGURES
from creditrisk.domain.rule_ladders import Condition, Group, Tree
from creditrisk.domain.rules import Keyed, Rule, RuleKind
from creditrisk.domain.situation import Situation


class Hit(NamedTuple):
    """What a blocking rule found."""

    rule: Rule
    finding: Finding


class Judgement(NamedTuple):
    """What the rules say about a situation, before any of it is cancelled."""

    hits: Sequence[Hit]
    exclusions: Sequence[Rule]
    """Those that are true, the most specific first; of several that cancel the same, one."""


class Cancelled(NamedTuple):
    """A finding that an exclusion cancelled."""

    finding: Finding
    by: str
    """Id of the exclusion."""


class Settled(NamedTuple):
    """What is left of the findings, and what is not."""

    findings: Sequence[Finding]
    cancelled: Sequence[Cancelled]


_NOTHING: Final = Judgement((), ())


def judge(situation: Situation) -> Judgement:
    """Run every rule that concerns the check; none stops the others."""
    if situation.configuration.rules.empty:
        return _NOTHING
    hits: list[Hit] = []
    exclusions: list[Rule] = []
    for group in _concerning(situation):
        if group.first.exclusion:
            true = _true(group, situation)
            exclusions += [] if true is None else [true]
        else:
            hits += _hits(group, situation)
    return Judgement(hits, exclusions)


def _hits(group: Group, situation: Situation) -> Iterator[Hit]:
    for rule in group.met(*_conditions(group, situation)) if isinstance(group, Tree) else group.rules:
        found = [Hit(rule, finding) for finding in BLOCKS[rule.kind](rule, situation)]
        if not found:
            return
        yield from found


def _true(group: Group, situation: Situation) -> Rule | None:
    """One exclusion that is true; all of a group cancel the same."""
    if isinstance(group, Tree):
        return group.any_met(*_conditions(group, situation))
    return group.first if EXCLUSIONS[group.first.kind](group.first, situation) else None


def _conditions(tree: Tree, situation: Situation) -> tuple[Condition, Condition]:
    first, second = TWO_FIGURES[tree.first.kind, tree.first.exclusion]
    return (lambda rule: first(rule, situation)), (lambda rule: second(rule, situation))


def settle(built_in: Sequence[Finding], judgement: Judgement) -> Settled:
    """Apply the exclusions that are true to what was found (M27).

    One with `release_document` cancels every finding of a rule and every credit finding; what a person
    ordered and what a status stops by itself stays. Any other cancels as `Rule.may_cancel` says.
    """
    release = next((rule for rule in judgement.exclusions if rule.release_document), None)
    most_specific: dict[tuple[object, ...], Rule] = {}
    for rule in judgement.exclusions:
        most_specific.setdefault((rule.kind, rule.value_type), rule)
    found = [(finding, _cancelling_built_in(finding, release)) for finding in built_in]
    found += [(hit.finding, release or _cancelling(hit.rule, most_specific)) for hit in judgement.hits]
    return Settled(
        [finding for finding, by in found if by is None],
        [Cancelled(finding, by.id) for finding, by in found if by is not None],
    )


def _cancelling_built_in(finding: Finding, release: Rule | None) -> Rule | None:
    return release if finding.code in CREDIT else None


def _cancelling(block: Rule, most_specific: Mapping[tuple[object, ...], Rule]) -> Rule | None:
    """Where the most specific exclusion of its kind and value type cannot cancel a block, none can."""
    rule = most_specific.get((block.kind, block.value_type))
    return rule if rule is not None and rule.may_cancel(block) else None


def _concerning(situation: Situation) -> Iterator[Group]:
    """Scopes are the ordering customer's; a status counts whether it is his or the risk party's."""
    facts, document = situation.facts, situation.check.document
    keyed = {
        Keyed(RuleKind.ACCOUNT_STATUS, customer.account_status): None
        for customer in facts.customers
        if customer.account_status is not None
    }
    if document is not None and document.payment_terms is not None:
        keyed[Keyed(RuleKind.PAYMENT_TERMS, document.payment_terms)] = None
    ordering = facts.customer
    return situation.configuration.rules.concerning(
        customer=situation.check.customer,
        group=None if ordering is None else ordering.management_group,
        risk_group=None if ordering is None else ordering.risk_group,
        keyed=keyed,
    )
