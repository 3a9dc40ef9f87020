"""Parameters as data: declared once, so that they can be validated, explained and written back.

A `record` is a dataclass whose fields are declared with `parameter(...)`: accepted values, default, meaning
and source stand beside the attribute they describe, and no second list of names exists.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Protocol, TypeVar, dataclass_transform

_R = TypeVar("_R")


class PolicyProblem(NamedTuple):
    """What is wrong with one stated value.

    `pointer` is a JSON pointer (RFC 6901) to it; `code` is `wrong_type`, `invalid_value` or
    `unknown_parameter`; `detail` never repeats the value.
    """

    pointer: str
    code: str
    detail: str


class Refused(Exception):
    """A stated value is not accepted."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Values(Protocol):
    """The values a parameter may take."""

    @property
    def accepts(self) -> str:
        """In words, with the unit."""

    def read(self, stated: object, *, pointer: str, problems: list[PolicyProblem]) -> Any:
        """Read the JSON value; what is wrong is added to `problems` and the result is then of no use.

        Raises:
            Refused: the value as a whole is wrong.
        """

    def write(self, value: Any) -> Any:
        """Give the JSON value back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a record, explained."""

    name: str
    values: Values
    default: Any
    """As JSON; what the preset `standard` states."""
    meaning: str
    source: str
    """Where the rule comes from: numbers of features of the systems the service learnt from, or the field."""


def parameter(values: Values, meaning: str, *, standard: object, source: str) -> Any:
    """Declare a parameter: a field of a `record`, with the value it has in the preset `standard`."""
    explained = {"default": standard, "meaning": meaning, "source": source}
    return field(metadata={"values": values, **explained})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(parameter,))
def record(cls: type[_R]) -> type[_R]:
    """Make a frozen, slotted dataclass whose fields are parameters."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


def parameters_of(of: type) -> Iterator[Parameter]:
    """List the parameters that a record declares, in order."""
    for declared in fields(of):
        yield Parameter(name=declared.name, **declared.metadata)


def defaults_of(of: type) -> dict[str, Any]:
    """Give the default of every parameter of a record, as JSON."""
    return {each.name: each.default for each in parameters_of(of)}


def merged(stated: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `over` over `stated`: objects key by key at every depth, everything else replaced."""
    result = dict(stated)
    for name, value in over.items():
        under = result.get(name)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            result[name] = merged(under, value)
        else:
            result[name] = value
    return result


def step(pointer: str, name: str) -> str:
    """Lengthen a JSON pointer by one member."""
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"


def read(values: Values, stated: object, *, pointer: str, problems: list[PolicyProblem]) -> Any:
    """Read one value; what is wrong with it becomes a problem and the result None."""
    try:
        return values.read(stated, pointer=pointer, problems=problems)
    except Refused as refused:
        problems.append(PolicyProblem(pointer, refused.code, refused.detail))
        return None
