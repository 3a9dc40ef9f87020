"""A company's policy, compiled from a preset and the company's overrides: import it from here."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from creditrisk.domain.money import quantise
from creditrisk.domain.parameter_shapes import Maybe, Record
from creditrisk.domain.parameter_values import AMOUNT
from creditrisk.domain.parameters import (
    Parameter,
    PolicyProblem,
    defaults_of,
    merged,
    parameters_of,
    read,
    step,
)
from creditrisk.domain.policy_parameters import Policy
from creditrisk.domain.policy_records import (
    CHECKPOINTS,
    BillDays,
    Checkpoint,
    DocumentParameters,
    DocumentType,
    Grouping,
    InvalidGrouping,
    NewAccount,
    Obligations,
    OrderParameters,
)

__all__ = [
    "CHECKPOINTS",
    "BillDays",
    "Checkpoint",
    "DocumentParameters",
    "DocumentType",
    "Grouping",
    "InvalidGrouping",
    "InvalidPolicy",
    "NewAccount",
    "Obligations",
    "OrderParameters",
    "Parameter",
    "Policy",
    "PolicyProblem",
    "compile_policy",
    "effective_parameters",
    "policy_parameters",
]


class InvalidPolicy(ValueError):
    """Parameters that are not accepted, with every problem found."""

    def __init__(self, problems: Sequence[PolicyProblem]) -> None:
        super().__init__(f"{len(problems)} parameters are not accepted")
        self.problems = tuple(problems)


_POLICY = Record(Policy)


def compile_policy(preset: Mapping[str, Any], overrides: Mapping[str, Any]) -> Policy:
    """Lay a preset over the defaults and a company's overrides over both, and validate the result.

    Objects are laid over each other key by key at every depth; any other value replaces.

    Raises:
        InvalidPolicy: with every problem found. Pointers begin at the parameter: `/orders/amount`.
    """
    stated = merged(merged(defaults_of(Policy), preset), overrides)
    problems: list[PolicyProblem] = []
    policy = read(_POLICY, stated, pointer="", problems=problems)
    if isinstance(policy, Policy):
        problems.extend(
            PolicyProblem(pointer, "invalid_value", f"has more decimals than {policy.currency} has")
            for pointer, amount in _amounts(policy, pointer="")
            if quantise(amount, policy.currency) != amount
        )
        if not problems:
            return policy
    raise InvalidPolicy(problems)


def policy_parameters() -> tuple[Parameter, ...]:
    """List every parameter with its accepted values, default, meaning and source."""
    return tuple(parameters_of(Policy))


def effective_parameters(policy: Policy) -> dict[str, Any]:
    """Give every parameter with its effective value, ready for JSON: amounts and percentages as text."""
    return _POLICY.write(policy)


def _amounts(record: object, *, pointer: str) -> Iterator[tuple[str, Decimal]]:
    """List the amounts of a record and of the records in it, with pointers to them."""
    for each in parameters_of(type(record)):
        value, at = getattr(record, each.name), step(pointer, each.name)
        if each.values in {AMOUNT, Maybe(AMOUNT)} and value is not None:
            yield at, value
        elif isinstance(each.values, Record):
            yield from _amounts(value, pointer=at)
