"""What people do with limit adjustment journals (M36)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from creditrisk.application.accounts import below_exposure, to_hold_against
from creditrisk.application.adjustments import (
    Approval,
    Decision,
    Journal,
    JournalKind,
    JournalOrder,
    JournalStatus,
    JournalStore,
    Line,
    LineStatus,
    StoredLine,
    line_pointer,
    wrong_status,
)
from creditrisk.application.answer import StoredExposure
from creditrisk.application.check import CheckCredit
from creditrisk.application.entries import OwnerKind
from creditrisk.application.errors import Conflict, FieldError, Forbidden, InvalidRequest, NotFound
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account
from creditrisk.domain.money import Money


@dataclass(frozen=True, slots=True)
class LimitAdjustments:
    """Writes, approves and posts journals.

    A key limited to companies may do nothing with a journal that has lines for credit groups, which span all
    companies, but read it.
    """

    store: JournalStore
    checks: CheckCredit

    async def create(self, order: JournalOrder, lines: Sequence[Line], *, principal: Principal) -> Journal:
        """Make a journal.

        Raises:
            InvalidRequest: lines name what is not stored.
            Forbidden: there are lines for credit groups, and the key is limited to companies.
        """
        _require_all_companies(lines, principal)
        return await self.store.create(order, lines, principal=principal)

    async def get(self, journal: UUID, *, principal: Principal) -> Journal:
        """One journal with its lines.

        Raises:
            NotFound: this tenant has no such journal.
            Forbidden: it is of a company the key does not reach.
        """
        found = await self.store.get(journal, tenant=principal.tenant)
        if found is None:
            raise NotFound("There is no such adjustment.")
        principal.require_company(found.order.company)
        return found

    async def replace_lines(self, journal: UUID, lines: Sequence[Line], *, principal: Principal) -> Journal:
        """Put other lines in the place of those of a draft.

        Raises:
            NotFound: as `get`.
            Conflict: it is no draft.
            InvalidRequest, Forbidden: as `create`.
        """
        _require_all_companies(lines, principal)
        await self.changeable(journal, principal)
        return await self.store.replace_lines(journal, lines, principal=principal)

    async def submit(self, journal: UUID, *, principal: Principal) -> Journal:
        """Hand a draft over for approval; from then on its lines stay as they are.

        Raises:
            NotFound: as `get`.
            Conflict: it is no draft, or has no lines.
        """
        await self.changeable(journal, principal)
        return await self.store.submit(journal, principal=principal)

    async def decide(self, journal: UUID, decision: Decision, *, principal: Principal) -> Journal:
        """Approve or reject a submitted journal, or some of its lines.

        With the last decision it is posted, where it asks for that. If it cannot be, it stays approved, and
        an event tells which lines were in the way.

        Raises:
            NotFound: as `get`.
            Forbidden: somebody approves what is his own; the attempt is written down.
            InvalidRequest: it is approved as a whole, or there is no such line.
            Conflict: it is not submitted, or a line is decided already.
            Unauthenticated, Unavailable: as `post`; what was decided stays.
        """
        found = await self.changeable(journal, principal)
        if decision.lines is not None and found.order.approval is Approval.JOURNAL:
            complaint = FieldError("/lines", "not_allowed", "belongs to adjustments approved line by line")
            raise InvalidRequest("The adjustment is decided as a whole.", errors=[complaint])
        if found.status is not JournalStatus.SUBMITTED:  # of a draft, writers may still be to come
            raise wrong_status(found.status)
        if decision.approve and principal.person().may_be_among(found.writers):
            await self.store.refused(journal, lines=decision.lines, principal=principal)
            raise Forbidden("Who wrote or submitted an adjustment cannot approve it.", code="own_adjustment")
        decided = await self.store.decide(journal, decision, principal=principal)
        if decided.status is JournalStatus.APPROVED and decided.order.post_when_approved:
            return await self._posted_if_possible(decided, principal)
        return decided

    async def post(self, journal: UUID, *, principal: Principal) -> Journal:
        """Let the approved lines become limits: all of them, or none.

        Raises:
            NotFound: as `get`.
            Conflict: it is not approved.
            InvalidRequest: a line cannot be posted; the policy refuses a limit below the exposure.
            Unauthenticated, Unavailable: as `CheckCredit.check`.
        """
        found = await self.changeable(journal, principal)
        if found.status is not JournalStatus.APPROVED:
            raise wrong_status(found.status)
        if found.order.kind is JournalKind.CREDIT_LIMIT:
            await self._refuse_below_exposure(found, principal)
        return await self.store.post(journal, principal=principal)

    async def delete(self, journal: UUID, *, principal: Principal) -> None:
        """Delete a draft, which nobody else has been asked about.

        Raises:
            NotFound: as `get`.
            Conflict: it has been submitted.
            Forbidden: as `create`.
        """
        await self.changeable(journal, principal)
        await self.store.delete(journal, principal=principal)

    async def changeable(self, journal: UUID, principal: Principal) -> Journal:
        """One journal, for somebody who means to do something with it.

        Raises:
            NotFound: as `get`.
            Forbidden: it has lines for credit groups, and the key is limited to companies.
        """
        found = await self.get(journal, principal=principal)
        _require_all_companies(_plain(found), principal)
        return found

    async def _posted_if_possible(self, approved: Journal, principal: Principal) -> Journal:
        try:
            return await self.post(approved.id, principal=principal)
        except Conflict:  # somebody has posted it since
            return await self.get(approved.id, principal=principal)
        except InvalidRequest as refusal:
            await self.store.posting_refused(approved.id, refusal.errors, principal=principal)
            return approved

    async def _refuse_below_exposure(self, journal: Journal, principal: Principal) -> None:
        """The same rule as for a limit that is set by itself."""
        lines = [
            each
            for each in journal.lines
            if each.status is LineStatus.APPROVED and each.line.owner.kind is OwnerKind.CUSTOMER
        ]
        accounts = [Account(journal.order.company, each.line.owner.id) for each in lines]
        complaints = [
            complaint
            async for place, exposure in to_hold_against(accounts, checks=self.checks, principal=principal)
            if (complaint := _below_exposure(lines[place], exposure))
        ]
        if complaints:
            raise InvalidRequest("The policy refuses limits below the exposure.", errors=complaints)


def _below_exposure(line: StoredLine, exposure: StoredExposure) -> FieldError | None:
    situation, stated = exposure.situation, line.line.content["limit"]
    if situation.facts.account.limit.unlimited:
        return None
    complaint = below_exposure(Money(Decimal(stated["amount"]), stated["currency"]), situation)
    return complaint and complaint._replace(pointer=line_pointer(line.no, "/limit"))


def _plain(journal: Journal) -> Sequence[Line]:
    return [each.line for each in journal.lines]


def _require_all_companies(lines: Sequence[Line], principal: Principal) -> None:
    of_groups = any(each.owner.kind is OwnerKind.CREDIT_GROUP for each in lines)
    if of_groups and principal.companies is not None:
        raise Forbidden(
            "Credit groups span all companies, which a key limited to companies may not change.",
            code="company_forbidden",
        )
