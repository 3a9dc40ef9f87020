"""Rules as stored, and what is the matter with those in force in a company."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from creditrisk.application.configuration import Configurations
from creditrisk.application.keys import Principal
from creditrisk.domain.money import Money
from creditrisk.domain.own_rules import OwnRule
from creditrisk.domain.rule_lint import Remark, lint
from creditrisk.domain.rules import Rule, RuleKind, RuleScope


def rule_of(id: str, content: Mapping[str, Any]) -> Rule:
    """Read a rule from its stored content, which has the wire's fields without those at their default."""
    amount, percent = content.get("amount"), content.get("percent")
    return Rule(
        id=id,
        kind=RuleKind(content["kind"]),
        exclusion=content["type"] == "exclusion",
        scope=RuleScope(content.get("scope", RuleScope.ALL)),
        scope_id=content.get("scope_id"),
        risk_group=content.get("risk_group"),
        active=content.get("active", True),
        release_document=content.get("release_document", False),
        days=content.get("days"),
        amount=None if amount is None else Money(Decimal(amount["amount"]), amount["currency"]),
        percent=None if percent is None else Decimal(percent),
        account_status=content.get("account_status"),
        payment_terms=content.get("payment_terms"),
        own=OwnRule(kind=content["own_kind"], values=content["values"]) if "own_kind" in content else None,
    )


@dataclass(frozen=True, slots=True)
class RuleReview:
    """Looks over the rules of companies."""

    configurations: Configurations

    async def review(
        self, *, company: str, principal: Principal, about: str | None = None
    ) -> tuple[Sequence[Rule], Sequence[Remark]]:
        """The rules in force in a company, those of every company among them, and remarks on them.

        ``about`` is the id of the only rule to remark on; None: all of them.
        """
        stored = await self.configurations.stored(tenant=principal.tenant, company=company)
        policy = self.configurations.compiled(stored, company=company).policy
        return stored.rules, lint(stored.rules, limit_check=policy.limit_check, about=about)
