"""What rules say about a situation, and what exclusions cancel (M16, M27; docs/domain.md, Rules)."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from creditrisk.domain.findings import CREDIT, Finding
from creditrisk.domain.rule_checks import BLOCKS, EXCLUSIONS
from creditrisk.domain.rules import Keyed, Ladder, Rule, RuleKind
from creditrisk.domain.situation import Situation


class Hit(NamedTuple):
    """What a blocking rule found."""

    rule: Rule
    finding: Finding


class Judgement(NamedTuple):
    """What the rules say about a situation, before any of it is cancelled."""

    hits: Sequence[Hit]
    exclusions: Sequence[Rule]
    """Those that are true, the most specific first."""


class Cancelled(NamedTuple):
    """A finding that an exclusion cancelled."""

    finding: Finding
    by: str
    """Id of the exclusion."""


class Settled(NamedTuple):
    """What is left of the findings, and what is not."""

    findings: Sequence[Finding]
    cancelled: Sequence[Cancelled]


def judge(situation: Situation) -> Judgement:
    """Run every rule that concerns the check; none stops the others."""
    hits: list[Hit] = []
    exclusions: list[Rule] = []
    for ladder in _concerning(situation):
        if ladder[0].exclusion:
            exclusions += takewhile(lambda rule: EXCLUSIONS[rule.kind](rule, situation), ladder)
        else:
            for rule in ladder:
                found = [Hit(rule, finding) for finding in BLOCKS[rule.kind](rule, situation)]
                if not found:
                    break
                hits += found
    return Judgement(hits, exclusions)


def settle(built_in: Sequence[Finding], judgement: Judgement) -> Settled:
    """Apply the exclusions that are true to what was found (M27).

    One with `release_document` cancels every finding of a rule and every credit finding; what a person
    ordered and what a status stops by itself stays. Any other cancels as `Rule.may_cancel` says.
    """
    release = next((rule for rule in judgement.exclusions if rule.release_document), None)
    found = [(finding, _cancelling_built_in(finding, release)) for finding in built_in]
    found += [(hit.finding, release or _cancelling(hit.rule, judgement.exclusions)) for hit in judgement.hits]
    return Settled(
        [finding for finding, by in found if by is None],
        [Cancelled(finding, by.id) for finding, by in found if by is not None],
    )


def _cancelling_built_in(finding: Finding, release: Rule | None) -> Rule | None:
    return release if finding.code in CREDIT else None


def _cancelling(block: Rule, exclusions: Sequence[Rule]) -> Rule | None:
    return next((rule for rule in exclusions if rule.may_cancel(block)), None)


def _concerning(situation: Situation) -> Iterator[Ladder]:
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
