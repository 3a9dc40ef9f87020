"""Trying a changed policy or changed rules before they are set: what they would decide otherwise."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple, Protocol

from creditrisk.application.configuration import Configurations, StoredConfiguration
from creditrisk.application.errors import FieldError, InvalidRequest, NotFound
from creditrisk.application.keys import Principal
from creditrisk.application.policies import chosen_policy
from creditrisk.application.stored_facts import Question, StoredFacts, question_of
from creditrisk.application.tried_checks import TriedCheck, TriedChecks
from creditrisk.domain.decision import Verdict, decide
from creditrisk.domain.facts import Configuration
from creditrisk.domain.findings import Finding
from creditrisk.domain.rates import Converter
from creditrisk.domain.rules import Rule
from creditrisk.domain.trial import Change, Tally, gained
from creditrisk.presets.loader import Preset


class StatedPolicy(NamedTuple):
    """A policy as a company would state it."""

    preset: str
    overrides: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOrder:
    """What to change, and what to try it on."""

    company: str
    policy: StatedPolicy | None = None
    """None: the policy in force."""
    put: Sequence[Rule] = ()
    """Rules in the place of those of the same id, or besides those there are."""
    remove: frozenset[str] = frozenset()
    """Ids of rules to do without."""
    decisions: int | None = None
    """Try it on so many of the newest stored decisions; None: on all open documents."""
    checkpoint: str = "save"
    """The step at which open documents are checked."""
    show: int = 100
    """How many of the documents decided otherwise to name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A check that would be decided otherwise."""

    tried: TriedCheck
    change: Change
    gained: Sequence[Finding]
    lost: Sequence[Finding]


@dataclass(slots=True, kw_only=True)
class Trial:
    """What a trial came to."""

    company: str
    configuration: Configuration
    """The one tried."""
    tally: Tally
    tried: int = 0
    changed: list[Changed] = field(default_factory=list)
    """The first of those decided otherwise."""
    changed_in_all: int = 0

    def add(self, tried: TriedCheck, before: Verdict, after: Verdict, *, show: int) -> None:
        """Add what one check comes to."""
        change = self.tally.add(before, after)
        self.tried += 1
        if change.before is change.after:
            return
        self.changed_in_all += 1
        if len(self.changed) < show:
            self.changed.append(
                Changed(tried=tried, change=change, gained=gained(before, after), lost=gained(after, before))
            )


class SupposedPolicy(NamedTuple):
    """A policy that is not set, with what of it decides which facts are read."""

    stated: StatedPolicy
    grouping: str


class SupposedFacts(Protocol):
    """Reads facts as checks do, those of now and those under a policy that is not set."""

    async def read(
        self,
        questions: Sequence[Question],
        *,
        principal: Principal,
        company: str,
        policy: SupposedPolicy | None,
    ) -> tuple[Sequence[StoredFacts], Sequence[StoredFacts]]:
        """The facts for each question, in order, and those there would be under the company's other policy.

        A policy decides which accounts share a limit and whether held documents count, and so what is read.
        Nothing stays changed.
        """


@dataclass(frozen=True, slots=True)
class PolicyTrials:
    """Judges stored checks or open documents under the configuration in force and under a changed one."""

    configurations: Configurations
    presets: Mapping[str, Preset]
    facts: SupposedFacts
    checks: TriedChecks

    async def run(self, order: TrialOrder, *, principal: Principal) -> Trial:
        """Try a changed configuration; nothing is stored, and memory does not grow with the documents.

        Both configurations judge the same checks with the facts of now, so that nothing but the change makes
        a difference.

        Raises:
            InvalidRequest: the policy is not accepted.
            NotFound: there is no rule of an id to do without.
            Unavailable: the database does not answer.
        """
        stored = await self.configurations.stored(tenant=principal.tenant, company=order.company)
        present = self.configurations.compiled(stored, company=order.company)
        supposed = self.configurations.compiled(self._supposed(stored, order), company=order.company)
        policy = None
        if order.policy is not None:
            policy = SupposedPolicy(order.policy, supposed.policy.grouping)
        trial: Trial | None = None
        async for together in self._tried(order, principal.tenant):
            now, then = await self.facts.read(
                [question_of(each.check) for each in together],
                principal=principal,
                company=order.company,
                policy=policy,
            )
            trial = trial or _begun(order, present, supposed, today=now[0].today)
            for each, here, there in zip(together, now, then, strict=True):
                trial.add(
                    each,
                    _verdict(each, here, present),
                    _verdict(each, there, supposed),
                    show=order.show,
                )
                await asyncio.sleep(0)
        return trial or _begun(order, present, supposed, today=date.max)

    def _tried(self, order: TrialOrder, tenant: str) -> AsyncIterator[Sequence[TriedCheck]]:
        if order.decisions is None:
            return self.checks.open(order.company, checkpoint=order.checkpoint, tenant=tenant)
        return self.checks.newest(order.company, order.decisions, tenant=tenant)

    def _supposed(self, stored: StoredConfiguration, order: TrialOrder) -> StoredConfiguration:
        rules = {rule.id: rule for rule in stored.rules}
        if unknown := order.remove - rules.keys():
            raise NotFound(f"There is no rule {min(unknown)} to do without.")
        kept = {key: rule for key, rule in rules.items() if key not in order.remove}
        kept |= {rule.id: rule for rule in order.put}
        changed = replace(stored, rules=[rule for _, rule in sorted(kept.items())])
        if order.policy is None:
            return changed
        try:
            chosen_policy(self.presets, *order.policy)
        except InvalidRequest as refused:
            errors = [
                FieldError(f"/policy{error.pointer}", error.code, error.detail) for error in refused.errors
            ]
            raise InvalidRequest(refused.detail, errors=errors) from None
        return replace(changed, preset=order.policy.preset, overrides=order.policy.overrides)


def _begun(order: TrialOrder, present: Configuration, supposed: Configuration, *, today: date) -> Trial:
    policy = present.policy
    converter = Converter(present.rates, policy.currency, policy.rate_type, today)
    return Trial(company=order.company, configuration=supposed, tally=Tally(converter))


def _verdict(tried: TriedCheck, stored: StoredFacts, configuration: Configuration) -> Verdict:
    facts = stored.facts.with_new_account(configuration.policy)
    return decide(tried.check, facts, configuration, as_of=tried.as_of or stored.today)
