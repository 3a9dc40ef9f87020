"""The credit check: one read, one pure decision, one record."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, Protocol
from uuid import UUID

import orjson

from creditrisk.application.answer import (
    Answer,
    StoredExposure,
    Written,
    as_json,
    rendered,
    seen_by,
)
from creditrisk.application.configuration import Configurations
from creditrisk.application.decisions import DecisionLog, DecisionRecord
from creditrisk.application.errors import Unauthenticated, Unavailable
from creditrisk.application.holds import HoldChange, HoldStore, ReleaseSpent, hold_change
from creditrisk.application.idempotency import Keeping
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account
from creditrisk.application.reservations import Grant, grant_of
from creditrisk.application.stored_facts import FactsReader, Question, StoredFacts, question_of
from creditrisk.domain.decision import Verdict, decide
from creditrisk.domain.facts import Check, Configuration
from creditrisk.domain.remedy import find_remedy
from creditrisk.domain.situation import situation_of
from creditrisk.domain.values import value
from creditrisk.locale.languages import DEFAULT_LANGUAGE, MessageLanguage

MOST_READS = 20
"""How often the facts are read again because the configuration changed under them, before giving up for
now: often enough for somebody who changes it without a pause."""


@value
class CheckCommand:
    """One check as asked for."""

    check: Check
    as_of: date | None = None
    """None: today in the company's time zone."""
    dry_run: bool = False
    language: MessageLanguage = DEFAULT_LANGUAGE
    """In which messages are written."""
    reserve_seconds: int | None = None
    """How long to set the document's amount aside if it is not blocked; None: not at all."""
    request: Mapping[str, Any]
    """The request as received, for the decision record."""
    keeping: Keeping | None = None
    """Of a check that reserves, under a key: its answer is kept with the reservation."""


@value
class Effects:
    """What a decided check writes, all of it together."""

    record: DecisionRecord
    answer: dict[str, Any]
    """The answer, with hold and reservation once they are written."""
    hold: HoldChange | None = None
    grant: Grant | None = None

    def told(self, principal: Principal) -> orjson.Fragment:
        """The answer as far as its caller may see it, taken from the record where it is written there."""
        seen, recorded = seen_by(principal, self.answer), self.record.content["answer"]
        return recorded if seen is self.answer and recorded is not self.answer else as_json(seen)


class ReservationBook(Protocol):
    """Lets checks that could share a limit reserve one after the other."""

    async def decide(
        self,
        question: Question,
        decide: Callable[[StoredFacts], Effects | None],
        *,
        tenant: str,
        key_id: str,
        keeping: Keeping | None = None,
    ) -> Effects | None:
        """Read facts against which nobody else can reserve, decide, and commit what follows before returning.

        `decide` may be asked again with newer facts; where it answers None, nothing is written. The answer of
        a request under a key is committed with it.

        Raises:
            TurnTaken: another request under the key is being carried out.
            AnsweredBefore: one was carried out.
        """


class CheckCredit:
    """Answers checks."""

    def __init__(
        self,
        *,
        facts: FactsReader,
        configurations: Configurations,
        decisions: DecisionLog,
        holds: HoldStore,
        reservations: ReservationBook,
        new_id: Callable[[], UUID],
        new_decision_id: Callable[[], str],
    ) -> None:
        self._facts = facts
        self._configurations = configurations
        self._decisions = decisions
        self._holds = holds
        self._reservations = reservations
        self._new_id = new_id
        self._new_decision_id = new_decision_id

    async def check(self, command: CheckCommand, *, principal: Principal) -> orjson.Fragment:
        """Decide one check and keep the decision; answers JSON, as far as the caller may see it.

        Raises:
            Unauthenticated: the key was revoked or has expired.
            Unavailable: the configuration kept changing during the check.
        """
        if command.reserve_seconds is not None:
            return await self._reserve(command, principal)
        ((stored, configuration),) = await self._read([question_of(command.check)], principal)
        told, _ = await self._answer(command, stored, configuration, principal)
        return told

    async def check_all(
        self, commands: Sequence[CheckCommand], *, principal: Principal
    ) -> Sequence[orjson.Fragment]:
        """Decide several checks, each alone against stored state, and keep the decisions.

        What one of them reserves is stored state to those after it.

        Raises: as `check`.
        """
        answers: list[orjson.Fragment] = []
        for reserving, run in groupby(commands, key=lambda command: command.reserve_seconds is not None):
            if reserving:
                answers += [await self._reserve(command, principal) for command in run]
                continue
            plain = list(run)
            found = await self._read([question_of(command.check) for command in plain], principal)
            changed: set[tuple[str, str, str] | None] = set()
            for command, read in zip(plain, found, strict=True):
                key, known = _document_key(command.check), read
                if key in changed:
                    (known,) = await self._read([question_of(command.check)], principal)
                told, hold_changed = await self._answer(command, *known, principal)
                answers.append(told)
                if hold_changed:
                    changed.add(key)
        return answers

    async def exposure(
        self, *, company: str, customer: str, as_of: date | None, principal: Principal
    ) -> StoredExposure:
        """The stored exposure of one account, without any document and without a record.

        Raises: as `check`.
        """
        question = Question(company, customer, bill_to=customer)
        (found,) = await self._stored_exposures([question], as_of=as_of, principal=principal)
        return found

    async def exposures(
        self, accounts: Sequence[Account], *, as_of: date | None, principal: Principal
    ) -> Sequence[StoredExposure]:
        """The stored exposure of several accounts, all of one moment, in their order.

        For whoever goes through many accounts once: what is remembered for checks stays as it is.

        Raises: as `check`.
        """
        questions = [Question(company, customer, bill_to=customer) for company, customer in accounts]
        return await self._stored_exposures(questions, as_of=as_of, principal=principal, keep=False)

    async def over_limit(
        self, *, company: str, customer: str, bill_to: str | None, principal: Principal
    ) -> bool:
        """Whether the account that bears a paper is above a limit that applies to it, as stored now.

        Raises: as `check`.
        """
        question = Question(company, customer, bill_to=bill_to)
        (found,) = await self._stored_exposures([question], as_of=None, principal=principal)
        return any(applied.exceeded for applied in found.situation.applied)

    async def verdicts(self, checks: Sequence[Check], *, principal: Principal) -> Sequence[Verdict]:
        """What each check would be answered today, all of one moment; nothing is kept of it.

        Raises: as `check`.
        """
        found = await self._read([question_of(check) for check in checks], principal)
        return [
            self._verdict(check, stored, configuration, as_of=stored.today)[0]
            for check, (stored, configuration) in zip(checks, found, strict=True)
        ]

    async def _stored_exposures(
        self,
        questions: Sequence[Question],
        *,
        as_of: date | None,
        principal: Principal,
        keep: bool = True,
    ) -> Sequence[StoredExposure]:
        found = await self._read(questions, principal, keep=keep)
        return [
            stored_exposure(question, stored, configuration, as_of=as_of or stored.today)
            for question, (stored, configuration) in zip(questions, found, strict=True)
        ]

    async def _read(
        self, questions: Sequence[Question], principal: Principal, *, keep: bool = True
    ) -> Sequence[tuple[StoredFacts, Configuration]]:
        for _ in range(MOST_READS):
            found = await self._facts.read(
                questions, tenant=principal.tenant, key_id=principal.key_id, keep=keep
            )
            if principal.stored and not all(stored.key_live for stored in found):
                raise Unauthenticated("The API key is not valid.")
            pairs: list[tuple[StoredFacts, Configuration]] = []
            for question, stored in zip(questions, found, strict=True):
                version, tenant, company = stored.config_version, principal.tenant, question.company
                configuration = self._configurations.at_hand(tenant=tenant, company=company, version=version)
                if configuration is None:
                    configuration = await self._configurations.at(
                        tenant=tenant, company=company, version=version
                    )
                if configuration is not None:
                    pairs.append((stored, configuration))
            if len(pairs) == len(questions):
                return pairs
        raise Unavailable("The configuration is being changed.")

    def _verdict(
        self, check: Check, stored: StoredFacts, configuration: Configuration, *, as_of: date
    ) -> tuple[Verdict, Written]:
        facts = stored.facts.with_new_account(configuration.policy)
        known = stored.standings.of(facts, configuration, as_of=as_of)
        verdict = decide(check, facts, configuration, as_of=as_of, standing=known.standing)
        return verdict, known.written

    def _decided(self, command: CheckCommand, stored: StoredFacts, configuration: Configuration) -> Answer:
        as_of = command.as_of or stored.today
        verdict, written = self._verdict(command.check, stored, configuration, as_of=as_of)
        facts = verdict.situation.facts
        return Answer(
            decision_id=self._new_decision_id(),
            check=command.check,
            verdict=verdict,
            remedy=find_remedy(verdict, command.check, facts, configuration, as_of=as_of),
            configuration=configuration,
            as_of=as_of,
            evaluated_at=stored.now,
            language=command.language,
            written=written,
        )

    async def _answer(
        self, command: CheckCommand, stored: StoredFacts, configuration: Configuration, principal: Principal
    ) -> tuple[orjson.Fragment, bool]:
        """Decide and keep one check; what its caller may see, and whether a hold has changed."""
        answer = self._decided(command, stored, configuration)
        if command.dry_run:
            return as_json(seen_by(principal, rendered(answer))), False
        effects = self._effects(command, stored, answer, principal)
        if effects.hold is None:
            await self._decisions.append(effects.record)
        else:
            try:
                await self._holds.change(effects.hold, effects.record)
            except ReleaseSpent:
                ((stored, configuration),) = await self._read([question_of(command.check)], principal)
                return await self._answer(command, stored, configuration, principal)
        return effects.told(principal), effects.hold is not None

    async def _reserve(self, command: CheckCommand, principal: Principal) -> orjson.Fragment:
        """Decide while no other check can reserve against the same limits."""
        newest: StoredFacts | None = None

        def decide_locked(stored: StoredFacts) -> Effects | None:
            nonlocal newest
            newest = stored
            if not stored.key_live:
                raise Unauthenticated("The API key is not valid.")
            configuration = self._configurations.at_hand(
                tenant=principal.tenant, company=command.check.company, version=stored.config_version
            )
            if configuration is None:
                return None
            answer = self._decided(command, stored, configuration)
            return self._effects(command, stored, answer, principal)

        for _ in range(MOST_READS):
            effects = await self._reservations.decide(
                question_of(command.check),
                decide_locked,
                tenant=principal.tenant,
                key_id=principal.key_id,
                keeping=command.keeping,
            )
            if effects is not None:
                return effects.told(principal)
            if newest is not None:  # it is loaded while nobody waits for our locks
                await self._configurations.at(
                    tenant=principal.tenant, company=command.check.company, version=newest.config_version
                )
        raise Unavailable("The configuration is being changed.")

    def _effects(
        self, command: CheckCommand, stored: StoredFacts, answer: Answer, principal: Principal
    ) -> Effects:
        plain = rendered(answer)
        document, check = command.check.document, command.check
        record = DecisionRecord(
            id=answer.decision_id,
            tenant=principal.tenant,
            company=check.company,
            customer=check.customer,
            decision=answer.verdict.decision,
            signal=answer.verdict.signal,
            decided_at=answer.evaluated_at,
            kind=document.kind if document else None,
            number=document.number if document else None,
            operator=check.operator.id,
            content={"request": command.request, "answer": plain, "key": principal.key_id},
        )
        change = hold_change(
            answer.verdict,
            open_hold=stored.open_hold,
            findings=plain["findings"],
            owner=stored.owner,
            request=command.request,
        )
        forced = answer.verdict.situation.facts.forced_hold
        if change is None and forced is not None:
            plain["hold"] = {"id": forced, "status": "open"}
        grant = grant_of(
            answer.verdict,
            now=stored.now,
            seconds=command.reserve_seconds,
            new_id=self._new_id,
            by=principal.author,
        )
        if grant is not None:
            plain["reservation"] = grant.shown()
        if change is None:  # else the hold is not in it yet
            record.content["answer"] = as_json(plain)
        return Effects(record=record, answer=plain, hold=change, grant=grant)


def stored_exposure(
    question: Question, stored: StoredFacts, configuration: Configuration, *, as_of: date
) -> StoredExposure:
    """Work out what an account is exposed to as stored, without any document."""
    facts = stored.facts.with_new_account(configuration.policy)
    check = Check(company=question.company, customer=question.customer, document=None)
    standing = stored.standings.of(facts, configuration, as_of=as_of).standing
    return StoredExposure(
        company=question.company,
        situation=situation_of(check, facts, configuration, as_of=as_of, standing=standing),
        configuration=configuration,
        as_of=as_of,
        evaluated_at=stored.now,
    )


def _document_key(check: Check) -> tuple[str, str, str] | None:
    document = check.document
    if document is None or document.number is None:
        return None
    return check.company, document.kind, document.number
