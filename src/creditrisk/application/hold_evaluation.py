"""Evaluating holds for release: what would today be found of what was held (M31, M32, F19)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from creditrisk.application.answer import finding_as_data
from creditrisk.application.errors import NotFound
from creditrisk.application.holds import Hold, HoldFilter
from creditrisk.application.keys import Principal
from creditrisk.application.messages import Audience
from creditrisk.application.papers import StoredPaper
from creditrisk.application.stored_checks import check_of, restated
from creditrisk.domain.decision import Verdict
from creditrisk.domain.facts import Check
from creditrisk.domain.findings import Code, Severity
from creditrisk.domain.money import Money
from creditrisk.locale.languages import DEFAULT_LANGUAGE

AT_ONCE: Final = 1_000
"""Holds evaluated together, against facts of one moment."""
_OF_A_PERSONS_HOLD: Final = "save"
"""The checkpoint of a document that a person holds: no step was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCheck:
    """A hold with the check behind it."""

    hold: Hold
    request: Mapping[str, Any] | None
    """The newest check as asked; None: a person's hold, behind which there is none."""
    checked_at: datetime
    """When that check was; changes with the next one."""
    stored: StoredPaper | None = None
    """The document where the ERP stated it after that check; whenever it did where there is no check."""
    withdrawn: bool = False
    """The ERP has deleted or cancelled the document since, or nothing of it is left to deliver or invoice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedHold:
    """What a hold comes to today; without a finding left it is ready to be released."""

    held: HeldCheck
    customer: str
    total: Money
    findings: Sequence[Any] = ()
    cleared: bool = False
    with_posting: bool = False


class HeldChecks(Protocol):
    """Reads holds with their checks, and keeps what they come to."""

    async def held(
        self, wanted: HoldFilter, *, tenant: str, after: str | None, limit: int
    ) -> Sequence[HeldCheck]:
        """Holds in the order they were opened, those after `after`."""

    async def keep_evaluated(
        self, evaluated: Sequence[EvaluatedHold], *, tenant: str, by: str
    ) -> Sequence[Hold]:
        """Keep what holds came to that are open still and not checked again meanwhile; those it kept."""


class Judge(Protocol):
    """Decides checks without keeping anything of it."""

    async def verdicts(self, checks: Sequence[Check], *, principal: Principal) -> Sequence[Verdict]:
        """What each check would be answered today."""


class ReadCheck(Protocol):
    """Reads a check as it was asked."""

    def __call__(self, request: Mapping[str, Any], *, company: str) -> Check:
        """The check to the domain."""


@dataclass(frozen=True, slots=True)
class HoldEvaluation:
    """Runs held checks again with today's facts, and clears what the policy wants cleared by itself."""

    holds: HeldChecks
    checks: Judge
    read_check: ReadCheck

    async def evaluate(self, wanted: HoldFilter, *, principal: Principal) -> Sequence[Hold]:
        """The holds wanted, in the order they were opened, as they are after being evaluated.

        What is not open stays as it is; what a person holds stays open.

        Raises:
            NotFound: one of the ids wanted is no hold.
            Forbidden: one of them is in a company the key does not reach.
            Unauthenticated, Unavailable: as a check.
        """
        results: list[Hold] = []
        after = None
        while True:
            found = await self.holds.held(wanted, tenant=principal.tenant, after=after, limit=AT_ONCE)
            if wanted.ids is not None and len(found) < len(wanted.ids):
                raise NotFound("There is no such hold.")
            for company in {held.hold.company for held in found}:
                principal.require_company(company)
            results += await self._evaluated(found, principal)
            if wanted.ids is not None or len(found) < AT_ONCE:
                return results
            after = found[-1].hold.id

    async def _evaluated(self, found: Sequence[HeldCheck], principal: Principal) -> Sequence[Hold]:
        still_open = [(held, self._check_of(held)) for held in found if held.hold.status == "open"]
        waiting = [_Waiting(held, check) for held, check in still_open if check is not None]
        free = [_held_by_nothing(held) for held, check in still_open if check is None]
        newest = await self._kept(free, principal)
        while waiting:
            judged, waiting = await self._judged(waiting, principal)
            newest |= await self._kept(judged, principal)
        return [newest.get(held.hold.id, held.hold) for held in found]

    async def _judged(
        self, waiting: Sequence["_Waiting"], principal: Principal
    ) -> tuple[list[EvaluatedHold], list["_Waiting"]]:
        """What holds come to; and those that have to be judged again once these are kept.

        Where held documents do not count, one that is cleared counts from then on, for those after it whose
        exposure is added up from the same accounts.
        """
        asked, later = _at_once(waiting)
        verdicts = await self.checks.verdicts([each.check for each in asked], principal=principal)
        judged: list[EvaluatedHold] = []
        counted: set[tuple[str, str]] = set()
        for each, verdict in zip(asked, verdicts, strict=True):
            accounts = verdict.situation.facts.summed
            if not counted.isdisjoint(accounts):
                later.append(replace(each, accounts=accounts))
                continue
            evaluated = _judged(each.held, each.check, verdict)
            judged.append(evaluated)
            if evaluated.cleared and not verdict.situation.policy.count_held:
                counted |= accounts
        return judged, later

    async def _kept(self, evaluated: Sequence[EvaluatedHold], principal: Principal) -> dict[str, Hold]:
        if not evaluated:
            return {}
        kept = await self.holds.keep_evaluated(evaluated, tenant=principal.tenant, by=principal.author)
        return {hold.id: hold for hold in kept}

    def _check_of(self, held: HeldCheck) -> Check | None:
        """The held check, of the document as the ERP has stated it since; None: nothing is left to check."""
        if held.request is None:
            return None if held.stored is None else check_of(held.stored, checkpoint=_OF_A_PERSONS_HOLD)
        check = self.read_check(held.request, company=held.hold.company)
        return check if held.stored is None else restated(check, held.stored)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A held check that waits to be judged."""

    held: HeldCheck
    check: Check
    accounts: AbstractSet[tuple[str, str]] | None = None
    """Whose exposure is added up, where that is known from having judged it before."""


def _at_once(waiting: Sequence[_Waiting]) -> tuple[list[_Waiting], list[_Waiting]]:
    """Those that can be judged together: all at first, then one of those that share an account at a time."""
    asked: list[_Waiting] = []
    later: list[_Waiting] = []
    taken: set[tuple[str, str]] = set()
    for each in waiting:
        if each.accounts is None or taken.isdisjoint(each.accounts):
            asked.append(each)
        else:
            later.append(each)
        taken |= each.accounts or set()
    return asked, later


def _judged(held: HeldCheck, check: Check, verdict: Verdict) -> EvaluatedHold:
    """What is left of a hold. That a person holds the document is said by the hold of that person alone."""
    audience = Audience(
        language=DEFAULT_LANGUAGE, user=check.operator.id, own=verdict.situation.configuration.texts
    )
    left = [
        finding_as_data(finding, audience)
        for finding in verdict.findings
        if finding.severity is Severity.HARD and finding.code is not Code.FORCED_HOLD and not held.withdrawn
    ]
    auto_release = verdict.situation.policy.auto_release
    cleared = not left and held.hold.type == "rule" and auto_release != "off"
    return EvaluatedHold(
        held=held,
        customer=check.customer,
        total=check.document.total if check.document else held.hold.total,
        findings=left,
        cleared=cleared,
        with_posting=cleared and auto_release == "with_posting",
    )


def _held_by_nothing(held: HeldCheck) -> EvaluatedHold:
    """What a person holds that was deleted since."""
    return EvaluatedHold(held=held, customer=held.hold.customer, total=held.hold.total)
