"""Compound values of parameters: lists, and objects of several forms; every problem in them is collected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from creditrisk.domain.parameter_values import SWITCH, TEXT, Choice, choices
from creditrisk.domain.parameters import PolicyProblem, Refused, Values, parameters_of, read, step

MOST_ENTRIES = 1_000


def _object(stated: object) -> Mapping[str, Any]:
    if not isinstance(stated, Mapping):
        raise Refused("wrong_type", "must be an object")
    return stated


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value that may be null."""

    values: Values

    @property
    def accepts(self) -> str:
        """Null, or what the value accepts."""
        return f"null | {self.values.accepts}"

    def read(self, stated: object, *, pointer: str, problems: list[PolicyProblem]) -> Any:
        """Read null as None, everything else as the value."""
        return None if stated is None else self.values.read(stated, pointer=pointer, problems=problems)

    def write(self, value: Any) -> Any:
        """Write None as null."""
        return None if value is None else self.values.write(value)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose order does not matter, kept as a set."""

    values: Values

    @property
    def accepts(self) -> str:
        """What an entry accepts."""
        return f"a list of: {self.values.accepts}"

    def read(self, stated: object, *, pointer: str, problems: list[PolicyProblem]) -> frozenset[Any]:
        """Read a JSON array; the same entry twice is there once."""
        if not isinstance(stated, list | tuple):
            raise Refused("wrong_type", "must be a list")
        if len(stated) > MOST_ENTRIES:
            raise Refused("invalid_value", f"must have at most {MOST_ENTRIES} entries")
        return frozenset(
            read(self.values, each, pointer=step(pointer, str(at)), problems=problems)
            for at, each in enumerate(stated)
        )

    def write(self, value: frozenset[Any]) -> list[Any]:
        """Write the words of a choice in their own order, everything else sorted."""
        if isinstance(self.values, Choice):
            return [option for option in self.values.options if option in value]
        return sorted(self.values.write(each) for each in value)


@dataclass(frozen=True, slots=True)
class Switches:
    """An object of booleans, kept as the set of names that are true."""

    options: tuple[str, ...]

    @property
    def accepts(self) -> str:
        """The names."""
        return f"an object of true | false for {choices(self.options)}"

    def read(self, stated: object, *, pointer: str, problems: list[PolicyProblem]) -> frozenset[str]:
        """Read the object; every name is known and its value a boolean."""
        switches = {
            name: read(SWITCH, value, pointer=step(pointer, name), problems=problems)
            for name, value in _known(_object(stated), self.options, pointer=pointer, problems=problems)
        }
        return frozenset(name for name, on in switches.items() if on)

    def write(self, value: frozenset[str]) -> dict[str, bool]:
        """Write every name."""
        return {name: name in value for name in self.options}


@dataclass(frozen=True, slots=True)
class Each:
    """An object with one value for each of some names."""

    options: tuple[str, ...]
    values: Values

    @property
    def accepts(self) -> str:
        """The names and what a value accepts."""
        return f"for each of {choices(self.options)}: {self.values.accepts}"

    def read(self, stated: object, *, pointer: str, problems: list[PolicyProblem]) -> Mapping[str, Any]:
        """Read the object; every name is known."""
        return MappingProxyType(
            {
                name: read(self.values, value, pointer=step(pointer, name), problems=problems)
                for name, value in _known(_object(stated), self.options, pointer=pointer, problems=problems)
            }
        )

    def write(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Write every name."""
        return {name: self.values.write(value[name]) for name in self.options}


@dataclass(frozen=True, slots=True)
class Table:
    """An object whose names the tenant chooses."""

    values: Values

    @property
    def accepts(self) -> str:
        """What a value accepts."""
        return f"an object of name → {self.values.accepts}"

    def read(self, stated: object, *, pointer: str, problems: list[PolicyProblem]) -> Mapping[str, Any]:
        """Read the object."""
        entries = _object(stated)
        if len(entries) > MOST_ENTRIES:
            raise Refused("invalid_value", f"must have at most {MOST_ENTRIES} entries")
        result = {}
        for name, value in entries.items():
            at = step(pointer, name)
            result[read(TEXT, name, pointer=at, problems=problems)] = read(
                self.values, value, pointer=at, problems=problems
            )
        return MappingProxyType(result)

    def write(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Write the entries sorted by name."""
        return {name: self.values.write(value[name]) for name in sorted(value)}


@dataclass(frozen=True, slots=True)
class Record:
    """An object of parameters, kept as the dataclass that declares them."""

    type: type

    @property
    def accepts(self) -> str:
        """The parameters and what each accepts."""
        return "; ".join(f"`{each.name}`: {each.values.accepts}" for each in parameters_of(self.type))

    def read(self, stated: object, *, pointer: str, problems: list[PolicyProblem]) -> Any:
        """Read the object."""
        declared = {each.name: each for each in parameters_of(self.type)}
        values = {}
        for name, value in _known(_object(stated), declared, pointer=pointer, problems=problems):
            at = step(pointer, name)
            values[name] = read(declared[name].values, value, pointer=at, problems=problems)
        return None if problems else self.type(**values)

    def write(self, value: Any) -> dict[str, Any]:
        """Write every parameter."""
        return {each.name: each.values.write(getattr(value, each.name)) for each in parameters_of(self.type)}


def _why_unknown(name: str) -> str:
    if "." not in name:
        return "is not a parameter"
    group, _, inner = name.partition(".")
    return f'is not a parameter; one of a group is written {{"{group}": {{"{inner}": …}}}}'


def _known(
    stated: Mapping[str, Any], names: Iterable[str], *, pointer: str, problems: list[PolicyProblem]
) -> list[tuple[str, Any]]:
    """Sort out unknown names, and give the others with their values in the order of `names`."""
    known = [name for name in names if name in stated]
    problems.extend(
        PolicyProblem(step(pointer, name), "unknown_parameter", _why_unknown(name))
        for name in stated
        if name not in known
    )
    return [(name, stated[name]) for name in known]
