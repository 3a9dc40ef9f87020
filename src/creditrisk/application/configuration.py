"""A company's configuration: loaded when its version changed, compiled once, kept in the process.

Nothing here is trusted for its age: whoever uses a compiled configuration has read the current version in the
same statement as its facts, and asks again with that version.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from creditrisk.application.companies import MAIN
from creditrisk.application.messages import OwnTexts
from creditrisk.domain.account import AccountStatus, Rank
from creditrisk.domain.facts import Configuration
from creditrisk.domain.own_rules import InstalledKind
from creditrisk.domain.policy import DocumentType, compile_policy
from creditrisk.domain.rates import Rate, RateTable
from creditrisk.domain.rule_book import RuleBook
from creditrisk.domain.rules import Rule
from creditrisk.presets.loader import Preset

STANDARD = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConfiguration:
    """What administrators set for a company, as stored. `preset` is None where nobody set a policy."""

    config_version: int
    preset: str | None
    overrides: Mapping[str, Any]
    policy_version: int
    document_types: Mapping[str, DocumentType]
    payment_terms: Mapping[str, Rank]
    cash_discounts: Mapping[str, Rank]
    account_statuses: Mapping[str, AccountStatus]
    rules: Sequence[Rule]
    """In order of their ids, those that are not active among them."""
    rates: Sequence[Rate]
    texts: OwnTexts


class ConfigurationReader(Protocol):
    """Reads a company's configuration."""

    async def load(self, *, tenant: str, company: str) -> StoredConfiguration:
        """Everything that a check of this company is decided by, of one moment."""


class Configurations:
    """Compiled configurations of the companies in use, the least used ones forgotten."""

    def __init__(
        self,
        reader: ConfigurationReader,
        presets: Mapping[str, Preset],
        kinds: Mapping[str, InstalledKind],
        *,
        most: int = 1_000,
    ) -> None:
        self._reader = reader
        self._presets = presets
        self._kinds = kinds
        self._most = most
        self._compiled: OrderedDict[tuple[str, str], tuple[int, Configuration]] = OrderedDict()
        self._loading = asyncio.Lock()

    async def at(self, *, tenant: str, company: str, version: int) -> Configuration | None:
        """The configuration of exactly this version; None where it changed: read the facts again."""
        key = tenant, company
        held = self._compiled.get(key)
        if held is None or held[0] < version:
            # All checks waiting for the same new version share one load.
            async with self._loading:
                held = self._compiled.get(key)
                if held is None or held[0] < version:
                    held = await self._load(tenant=tenant, company=company)
        self._compiled.move_to_end(key)
        return held[1] if held[0] == version else None

    def at_hand(self, *, tenant: str, company: str, version: int) -> Configuration | None:
        """The configuration of exactly this version if the process has it; for callers who must not wait."""
        key = tenant, company
        held = self._compiled.get(key)
        if held is None or held[0] != version:
            return None
        self._compiled.move_to_end(key)
        return held[1]

    async def _load(self, *, tenant: str, company: str) -> tuple[int, Configuration]:
        stored = await self.stored(tenant=tenant, company=company)
        held = stored.config_version, self.compiled(stored, company=company)
        self._compiled[tenant, company] = held
        if len(self._compiled) > self._most:
            self._compiled.popitem(last=False)
        return held

    async def stored(self, *, tenant: str, company: str) -> StoredConfiguration:
        """What administrators set, as it is now."""
        return await self._reader.load(tenant=tenant, company=company)

    def compiled(self, stored: StoredConfiguration, *, company: str) -> Configuration:
        """Compile a stored configuration; `main` has the preset `standard` until somebody sets another."""
        preset = stored.preset or STANDARD
        return Configuration(
            policy=compile_policy(self._presets[preset].parameters, stored.overrides),
            preset=preset,
            version=stored.policy_version,
            defined=stored.preset is not None or company == MAIN,
            document_types=stored.document_types,
            payment_terms=stored.payment_terms,
            cash_discounts=stored.cash_discounts,
            account_statuses=stored.account_statuses,
            rules=RuleBook.build(map(self._bound, stored.rules)),
            rates=RateTable.build(stored.rates),
            texts=stored.texts,
        )

    def _bound(self, rule: Rule) -> Rule:
        """The rule with the check of its kind, where that is one of the tenant's own."""
        return rule if rule.own is None else replace(rule, own=rule.own.bound(self._kinds))
