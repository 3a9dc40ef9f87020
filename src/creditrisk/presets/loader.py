"""Reads the shipped presets. A preset is data: a TOML file beside this module, named like the preset."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A shipped policy that makes the service behave as one named system does (docs/domain.md, Presets)."""

    name: str
    title: str
    description: str
    parameters: Mapping[str, Any]
    """What it states differently from the defaults, as JSON values; everything else is as in `standard`."""


def load_presets() -> Mapping[str, Preset]:
    """Read every shipped preset, by name: `standard` first, the others in alphabetical order.

    TOML has no null: a file lists the parameters that are null in `unset`.
    """
    files = [each for each in resources.files("creditrisk.presets").iterdir() if each.name.endswith(".toml")]
    presets = [_parsed(each.name.removesuffix(".toml"), each.read_text(encoding="utf-8")) for each in files]
    presets.sort(key=lambda preset: (preset.name != "standard", preset.name))
    return MappingProxyType({preset.name: preset for preset in presets})


def _parsed(name: str, text: str) -> Preset:
    stated = tomllib.loads(text)
    return Preset(
        name=name,
        title=stated["title"],
        description=stated["description"],
        parameters=stated["parameters"] | dict.fromkeys(stated.get("unset", ())),
    )
