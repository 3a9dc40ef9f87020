"""Rules as stored, and what is the matter with those in force in a company."""

from collections.abc import Sequence
from dataclasses import dataclass

from creditrisk.application.configuration import Configurations
from creditrisk.application.keys import Principal
from creditrisk.domain.rule_lint import Remark, lint
from creditrisk.domain.rules import Rule


@dataclass(frozen=True, slots=True)
class RuleReview:
    """Looks over the rules of companies."""

    configurations: Configurations

    async def review(self, *, company: str, principal: Principal) -> tuple[Sequence[Rule], Sequence[Remark]]:
        """The rules in force in a company, those of every company among them, and remarks on them."""
        stored = await self.configurations.stored(tenant=principal.tenant, company=company)
        policy = self.configurations.compiled(stored, company=company).policy
        return stored.rules, lint(stored.rules, limit_check=policy.limit_check)
