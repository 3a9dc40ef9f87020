"""From facts to a decision: who is controlled, what was found, what it means, what the caller does.

The order of the steps is that of docs/domain.md, "From facts to decision". Everything here is pure: the same
check, facts, configuration and day give the same verdict, today or in an audit ten years on.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from creditrisk.domain.account import Operator, Release, believed_operator
from creditrisk.domain.checks import CHECKS, above_warning
from creditrisk.domain.facts import Check, Configuration, Facts
from creditrisk.domain.findings import (
    BY_PEOPLE,
    CREDIT,
    NOT_OVERRIDABLE,
    PRECEDENCE,
    Code,
    Finding,
    Severity,
)
from creditrisk.domain.money import Money
from creditrisk.domain.policy import Obligations
from creditrisk.domain.rule_judgement import Cancelled, Settled, judge, settle
from creditrisk.domain.situation import Situation, Standing, situation_of
from creditrisk.domain.values import value


class Signal(StrEnum):
    """The colour: the truth about the amount, whoever asks."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    OFF = "off"


class Outcome(StrEnum):
    """What the caller does at this step."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"


class NotControlled(StrEnum):
    """Why no credit control takes place, the first that applies."""

    CONTROL_OFF = "control_off"
    IGNORE_UNTIL = "ignore_until"
    EXCLUDED_DOCUMENT = "excluded_document"
    EXCLUDED_SITE = "excluded_site"
    TYPE_WITHOUT_CREDIT = "type_without_credit"
    CHECKPOINT_OFF = "checkpoint_off"
    GRACE = "grace"


DARK = frozenset({NotControlled.CONTROL_OFF, NotControlled.IGNORE_UNTIL, NotControlled.EXCLUDED_SITE})
"""Where the light stays off; elsewhere the colour is shown although nothing is controlled."""

ALL_ALLOWED = Obligations(save="allowed", proceed="allowed", print="allowed")


@value
class Verdict:
    """The outcome of one check on one day."""

    decision: Outcome
    signal: Signal
    not_controlled: NotControlled | None
    findings: Sequence[Finding]
    """In precedence order, with the class left after demotion."""
    cancelled: Sequence[Cancelled]
    """What exclusion rules cancelled, in precedence order, with the class it had."""
    obligations: Obligations
    overridden: bool
    """True where the document passes only because of the operator's role."""
    release: Release | None
    """A person's, where the document passes only because of it."""
    situation: Situation

    @property
    def authorised(self) -> bool:
        """True where the document passes only because a person released it."""
        return self.release is not None


def decide(
    check: Check,
    facts: Facts,
    configuration: Configuration,
    *,
    as_of: date,
    standing: Standing | None = None,
) -> Verdict:
    """Decide one check on one day (docs/domain.md, From facts to decision).

    `standing` is what `standing_of` gives for the same facts, for callers that have it already.
    """
    situation = situation_of(check, facts, configuration, as_of=as_of, standing=standing)
    not_controlled = why_not_controlled(situation)
    found, cancelled = _found(situation, controlled=not_controlled is None)
    signal = _signal(situation, found, not_controlled)
    operator = believed_operator(
        check.operator,
        stored=facts.operator,
        company=check.company,
        trusted=configuration.policy.trust_request_operator,
        default_strict=configuration.policy.operator_default_strict,
    )
    release = _authorising(situation)
    findings = [_demoted(finding, situation, operator, authorised=release is not None) for finding in found]
    classes = {finding.severity for finding in findings}
    demotions = {finding.demoted_by for finding in findings}
    decision = (
        Outcome.BLOCK
        if Severity.HARD in classes
        else Outcome.WARN
        if Severity.SOFT in classes
        else Outcome.ALLOW
    )
    passes = decision is not Outcome.BLOCK
    return Verdict(
        decision=decision,
        signal=signal,
        not_controlled=not_controlled,
        findings=findings,
        cancelled=cancelled,
        obligations=ALL_ALLOWED if passes else configuration.policy.obligations,
        overridden=passes and "role" in demotions,
        release=release if passes and "authorisation" in demotions else None,
        situation=situation,
    )


def _found(situation: Situation, *, controlled: bool) -> Settled:
    """What checks and rules find and exclusions leave, in precedence order; without control only orders."""
    # Rules come first because they may ask for rates: the check of those missing has to see that.
    judgement = judge(situation) if controlled else None
    built_in: list[Finding] = []
    for look in CHECKS:
        built_in += look(situation)
    if judgement is None:
        by_people = [f for f in built_in if f.code in BY_PEOPLE and not f.params.get("automatic")]
        return Settled(sorted(by_people, key=_precedence), ())
    if not (built_in or judgement.hits):  # as with nearly every check
        return _NOTHING
    settled = settle(built_in, judgement)
    return Settled(
        sorted(settled.findings, key=_precedence),
        sorted(settled.cancelled, key=lambda each: _precedence(each.finding)),
    )


_NOTHING: Final = Settled((), ())


def _precedence(finding: Finding) -> int:
    return PRECEDENCE[finding.code]


def why_not_controlled(situation: Situation) -> NotControlled | None:
    """The first reason for which this check is not under credit control."""
    check, policy = situation.check, situation.policy
    document, site = check.document, check.document.site if check.document else None
    if situation.control == "off":
        return NotControlled.CONTROL_OFF
    if situation.ignored:
        return NotControlled.IGNORE_UNTIL
    if document is None:
        return None
    if document.excluded:
        return NotControlled.EXCLUDED_DOCUMENT
    if site is not None and site in situation.facts.ordering_account.excluded_sites:
        return NotControlled.EXCLUDED_SITE
    if not situation.configuration.document_type(document.type).credit:
        return NotControlled.TYPE_WITHOUT_CREDIT
    checkpoint = policy.checkpoints[check.checkpoint]
    if not checkpoint.check or (check.pro_forma and not checkpoint.pro_forma):
        return NotControlled.CHECKPOINT_OFF
    releases = situation.facts.releases
    if releases and any(_in_grace(release, situation) for release in releases):
        return NotControlled.GRACE
    return None


def _in_grace(release: Release, situation: Situation) -> bool:
    """M10: after a release, other checkpoints are not checked for the grace days of the released one.

    Grace is part of the release: what that does not cover is checked (M12).
    """
    if (
        situation.policy.release_covers != "checkpoint"
        or release.checkpoint == situation.check.checkpoint
        or not _covers(release, situation)
    ):
        return False
    grace = situation.policy.checkpoints[release.checkpoint].grace_days
    return grace is not None and (situation.as_of - release.released_on).days <= grace


def _authorising(situation: Situation) -> Release | None:
    """The release of a person that lets the document pass as it is presented now (M12, F19).

    The newest one decides; where releases are for checkpoints, the newest at this one.
    """
    releases, policy = situation.facts.releases, situation.policy
    if not releases:  # as with nearly every check
        return None
    anywhere, here = policy.release_covers != "checkpoint", situation.check.checkpoint
    newest = next((release for release in releases if anywhere or release.checkpoint == here), None)
    if newest is None or (policy.recheck_after_release == "always" and newest.used):
        return None
    return newest if _covers(newest, situation) else None


def _covers(release: Release, situation: Situation) -> bool:
    """Whether a release is in force, and for as much as the document is presented with now."""
    document, recheck = situation.check.document, situation.policy.recheck_after_release
    if document is None or (release.valid_until is not None and situation.as_of > release.valid_until):
        return False
    if release.customer != situation.check.customer:
        return False
    if recheck == "never":
        return True
    amount, authorised = _comparable(document.total, release.authorised, situation)
    if amount is None or authorised is None:
        return False
    return amount == authorised if recheck == "on_any_change" else amount <= authorised


def _comparable(
    amount: Money, authorised: Money, situation: Situation
) -> tuple[Decimal | None, Decimal | None]:
    """Both in one currency: their own where they share it, so that no rate can come between them."""
    if amount.currency == authorised.currency:
        return amount.amount, authorised.amount
    return situation.converter.convert(*amount), situation.converter.convert(*authorised)


def amount_signal(situation: Situation) -> Signal:
    """The colour of the amounts alone: red above a limit that applies, yellow above its warning share."""
    return _amount_signal(situation, why_not_controlled(situation))


def _amount_signal(situation: Situation, not_controlled: NotControlled | None) -> Signal:
    if not_controlled in DARK:
        return Signal.OFF
    colour = Signal.GREEN
    for applied in situation.applied:
        if applied.exceeded:
            return Signal.RED
        if above_warning(applied, situation.configuration):
            colour = Signal.YELLOW
    return colour


def _signal(situation: Situation, found: Sequence[Finding], not_controlled: NotControlled | None) -> Signal:
    """Taken before demotion, so that it never depends on operator, control type, role or authorisation."""
    colour = _amount_signal(situation, not_controlled)
    if colour is Signal.OFF or not found:
        return colour
    severities = {finding.severity for finding in found}
    if Severity.HARD in severities or colour is Signal.RED:
        return Signal.RED
    return Signal.YELLOW if Severity.SOFT in severities else colour


def _demoted(finding: Finding, situation: Situation, operator: Operator, *, authorised: bool) -> Finding:
    """The class a finding is left with, and the first reason that applies for leaving it with less."""
    policy, document = situation.policy, situation.check.document
    credit, hard = finding.code in CREDIT, finding.severity is Severity.HARD
    if credit and situation.kind is not None and situation.kind not in policy.controlled_kinds:
        return replace(finding, severity=Severity.INFO)
    if hard and credit:
        if situation.exposure.lowers:
            return replace(finding, severity=Severity.SOFT, demoted_by="lowering")
        if document is not None and situation.configuration.document_type(document.type).exclude_block:
            return replace(finding, severity=Severity.SOFT, demoted_by="document_type")
        if situation.control == "monitor":
            return replace(finding, severity=Severity.SOFT, demoted_by="control")
        if not operator.strict:
            return replace(finding, severity=Severity.SOFT, demoted_by="operator")
    if hard and finding.code not in NOT_OVERRIDABLE and operator.roles & policy.override_roles:
        severity = Severity.INFO if policy.override_effect == "allow" else Severity.SOFT
        return replace(finding, severity=severity, demoted_by="role")
    # What a person holds, a person releases: the hold that a check opened says nothing about it.
    if authorised and finding.severity is not Severity.INFO and finding.code is not Code.FORCED_HOLD:
        return replace(finding, severity=Severity.INFO, demoted_by="authorisation")
    return finding
