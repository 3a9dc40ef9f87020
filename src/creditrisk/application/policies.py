"""Policies: what each company decided about credit control, and the presets to begin from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from creditrisk.application.configuration import STANDARD
from creditrisk.application.errors import FieldError, InvalidRequest
from creditrisk.application.keys import Principal
from creditrisk.application.preconditions import Precondition
from creditrisk.domain.policy import InvalidPolicy, Policy, compile_policy, effective_parameters
from creditrisk.presets.loader import Preset

MOST_PROBLEMS: Final = 100
LONGEST_POINTER: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """What a company stated: a preset, and what it wants differently."""

    preset: str
    overrides: Mapping[str, Any]
    version: int
    """Counts the times it was set, from 1."""
    updated_by: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInForce:
    """The policy a company works with, every parameter with its effective value."""

    company: str
    preset: str
    overrides: Mapping[str, Any]
    version: int
    """0 where nobody has set one yet: the preset `standard`, unchanged."""
    parameters: Mapping[str, Any]
    updated_by: str | None = None
    updated_at: datetime | None = None


class UnknownTimeZone(Exception):
    """The database does not know the time zone of a policy, so it could not say what today is."""


class PolicyStore(Protocol):
    """Keeps policies."""

    async def read(self, *, tenant: str, company: str) -> StoredPolicy | None:
        """Return what a company stated; None where it never did."""

    async def replace(
        self,
        *,
        tenant: str,
        company: str,
        preset: str,
        overrides: Mapping[str, Any],
        policy: Policy,
        precondition: Precondition,
        by: str,
    ) -> StoredPolicy:
        """Set what a company states, in one transaction with the check of the precondition.

        ``policy`` is the compiled result; what other statements read of it is kept beside. The company exists
        from then on.

        Raises:
            PreconditionRequired, PreconditionFailed: as the precondition says.
            UnknownTimeZone: nothing was stored.
        """


class PresetComparison(NamedTuple):
    """A shipped preset with every parameter, and the names of those that `standard` has otherwise."""

    preset: Preset
    parameters: Mapping[str, Any]
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policies:
    """Reads and sets policies."""

    store: PolicyStore
    presets: Mapping[str, Preset]

    async def get(self, *, company: str, principal: Principal) -> PolicyInForce:
        """Return the policy of a company; one that never set any has `standard`, version 0."""
        stored = await self.store.read(tenant=principal.tenant, company=company)
        if stored is None:
            policy = compile_policy(self.presets[STANDARD].parameters, {})
            return PolicyInForce(
                company=company,
                preset=STANDARD,
                overrides={},
                version=0,
                parameters=effective_parameters(policy),
            )
        policy = compile_policy(self.presets[stored.preset].parameters, stored.overrides)
        return _in_force(company, stored, policy)

    async def replace(
        self,
        *,
        company: str,
        preset: str,
        overrides: Mapping[str, Any],
        precondition: Precondition,
        principal: Principal,
    ) -> PolicyInForce:
        """Set the policy of a company.

        Raises:
            InvalidRequest: there is no such preset, or parameters are not accepted; every problem is named.
            PreconditionRequired, PreconditionFailed: it was set before, and not as the caller knows it.
        """
        policy = chosen_policy(self.presets, preset, overrides)
        try:
            stored = await self.store.replace(
                tenant=principal.tenant,
                company=company,
                preset=preset,
                overrides=overrides,
                policy=policy,
                precondition=precondition,
                by=principal.author,
            )
        except UnknownTimeZone:
            complaint = FieldError(
                "/overrides/time_zone", "invalid_value", "must be a time zone the database knows, too"
            )
            raise InvalidRequest("The database does not know this time zone.", errors=[complaint]) from None
        return _in_force(company, stored, policy)

    def compare_presets(self) -> tuple[PresetComparison, ...]:
        """List every shipped preset, `standard` first."""
        standard = effective_parameters(compile_policy(self.presets[STANDARD].parameters, {}))
        compared = []
        for preset in self.presets.values():
            parameters = effective_parameters(compile_policy(preset.parameters, {}))
            differs = tuple(name for name, value in parameters.items() if value != standard[name])
            compared.append(PresetComparison(preset, parameters, differs))
        return tuple(compared)


def chosen_policy(presets: Mapping[str, Preset], preset: str, overrides: Mapping[str, Any]) -> Policy:
    """Compile the policy of a preset and overrides as a caller stated them.

    Raises:
        InvalidRequest: there is no such preset, or parameters are not accepted; every problem is named.
    """
    chosen = presets.get(preset)
    if chosen is None:
        known = ", ".join(presets)
        complaint = FieldError("/preset", "unknown_preset", f"must be one of {known}")
        raise InvalidRequest("There is no such preset.", errors=[complaint])
    try:
        return compile_policy(chosen.parameters, overrides)
    except InvalidPolicy as invalid:
        complaints = [
            FieldError(f"/overrides{problem.pointer}"[:LONGEST_POINTER], problem.code, problem.detail)
            for problem in invalid.problems[:MOST_PROBLEMS]
        ]
        raise InvalidRequest("Parameters are not accepted.", errors=complaints) from None


def _in_force(company: str, stored: StoredPolicy, policy: Policy) -> PolicyInForce:
    return PolicyInForce(
        company=company,
        preset=stored.preset,
        overrides=stored.overrides,
        version=stored.version,
        parameters=effective_parameters(policy),
        updated_by=stored.updated_by,
        updated_at=stored.updated_at,
    )
