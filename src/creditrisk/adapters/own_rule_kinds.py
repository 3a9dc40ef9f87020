"""The kinds of rules that installed packages offer, by entry points."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Final

from creditrisk.domain.own_rules import InstalledKind

GROUP: Final = "creditrisk.rule_kinds"


class AmbiguousKind(Exception):
    """Two packages offer a kind of the same name; the message names it."""


def installed_kinds() -> Mapping[str, InstalledKind]:
    """Load the kinds of the packages that are installed, by name.

    Raises:
        AmbiguousKind: two packages offer the same one.
        ImportError, AttributeError: a package does not have what it says it has.
    """
    kinds: dict[str, InstalledKind] = {}
    for offered in entry_points(group=GROUP):
        if offered.name in kinds:
            raise AmbiguousKind(f"two packages offer the kind of rules {offered.name}")
        version = "" if offered.dist is None else f"{offered.dist.name} {offered.dist.version}"
        kinds[offered.name] = InstalledKind(offered.load(), version)
    return kinds
