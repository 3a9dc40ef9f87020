"""The companies of a tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from creditrisk.application.keys import Principal

MAIN: Final = "main"
"""The company meant where a caller names none."""

EVERY_COMPANY: Final = ""
"""Stands for all companies of the tenant where reference data or rates belong to none of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A legal entity of the tenant; it exists from the first write that names it."""

    company: str
    preset: str | None
    """None where nobody has set a policy."""
    version: int
    """Of the policy; 0 where nobody has set one."""


class CompanyStore(Protocol):
    """Keeps companies."""

    async def list(
        self, *, tenant: str, only: frozenset[str] | None, after: str | None, limit: int
    ) -> Sequence[Company]:
        """List companies by name, beginning behind ``after``; ``only`` None: all."""


@dataclass(frozen=True, slots=True)
class Companies:
    """Lists companies."""

    store: CompanyStore

    async def list(self, *, principal: Principal, after: str | None, limit: int) -> Sequence[Company]:
        """List the companies the key reaches."""
        return await self.store.list(
            tenant=principal.tenant, only=principal.companies, after=after, limit=limit
        )
