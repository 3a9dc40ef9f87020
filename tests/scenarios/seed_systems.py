"""The published cases of the systems that the presets follow: `data/seed-systems.json`, read for tests.

Every event of a case starts from the same given data and is one test of its own.
"""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.service import JSON

_DATA = Path(__file__).parent / "data" / "seed-systems.json"


class Event(NamedTuple):
    """One event of a case: what is given, what happens, what is expected of it."""

    given: JSON
    when: JSON
    then: JSON


def cases() -> dict[str, JSON]:
    """All cases by id; numbers with decimals are exact."""
    scenarios = json.loads(_DATA.read_text(encoding="utf-8"), parse_float=Decimal)["scenarios"]
    return {scenario["id"]: scenario for scenario in scenarios}


def events(case: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test once for each event of a case, as its argument `event`."""
    return pytest.mark.parametrize("event", list(_events(case)))


def _events(case: str) -> Iterator[Event]:
    scenario = cases()[case]
    for when, then in zip(scenario["when"], scenario["then"], strict=True):
        yield Event(scenario["given"], when, then)


def amount(number: int | Decimal) -> str:
    """A number of the file as an amount in EUR."""
    return f"{Decimal(number):.2f}"
