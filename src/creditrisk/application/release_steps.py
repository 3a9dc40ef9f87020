"""The steps of approval that companies have set, and the roles of those who take them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.configuration import Configurations
from creditrisk.application.reference_data import ReferenceKey, ReferenceKind, ReferenceStore
from creditrisk.application.release_orders import step_of
from creditrisk.domain.money import Money
from creditrisk.domain.rates import Converter
from creditrisk.domain.release_workflow import Step, needed

_MOST_STEPS: Final = 1_000
"""Entries read for one company: its own and those of every company."""


@dataclass(frozen=True, slots=True)
class ReleaseSteps:
    """Says who has to agree to releases in a company (M33)."""

    entries: ReferenceStore
    configurations: Configurations
    now: Callable[[], datetime]

    async def needed(self, company: str, authorised: Money, *, held: Money, tenant: str) -> tuple[Step, ...]:
        """The steps that authorising an amount takes in a company, in order; none: everybody may release.

        Where what is released is not checked again, all that is ``held`` is let go, whatever is authorised. A
        company's own step takes the place of that of every company with the same id.
        """
        found = await self.entries.list(
            ReferenceKind.RELEASE_STEP,
            companies=frozenset({company, EVERY_COMPANY}),
            tenant=tenant,
            after=None,
            limit=_MOST_STEPS,
        )
        steps = {entry.code: step_of(entry.code, entry.content) for entry in found}
        if not steps:
            return ()
        stored = await self.configurations.stored(tenant=tenant, company=company)
        configuration = self.configurations.compiled(stored, company=company)
        policy = configuration.policy
        today = self.now().astimezone(ZoneInfo(policy.time_zone)).date()

        def convert(money: Money, currency: str) -> Decimal | None:
            return Converter(configuration.rates, currency, policy.rate_type, today).convert(*money)

        whole = policy.recheck_after_release == "never" and held.amount > authorised.amount
        return needed(steps.values(), held if whole else authorised, convert=convert)

    async def roles(self, operator: str | None, *, company: str, tenant: str) -> frozenset[str]:
        """The roles of a stored operator in a company; none of others, and none where he has no rights."""
        if operator is None:
            return frozenset()
        key = ReferenceKey(ReferenceKind.OPERATOR, EVERY_COMPANY, operator)
        entry = await self.entries.find([key], tenant=tenant)
        if entry is None:
            return frozenset()
        companies = entry.content.get("companies", ())
        return (
            frozenset(entry.content.get("roles", ()))
            if not companies or company in companies
            else frozenset()
        )
