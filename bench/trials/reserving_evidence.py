"""Whether the database holds what clients were told."""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg

from bench.trials.expectations import Key
from bench.trials.journal import JSON, document_of
from bench.trials.promises import promised


@dataclass(frozen=True)
class _Stored:
    """What the database holds at the end."""

    reservations: Mapping[str, Mapping[str, Any]]
    papers: Mapping[Key, Mapping[str, Any]]
    decisions: AbstractSet[str]

    def knows(self, line: JSON) -> bool:
        """Whether what a client was told is there, or what must have come after it."""
        match line["what"]:
            case "granted":
                row = self.reservations.get(line["id"])
                return row is not None and (
                    row["amount"] == Decimal(line["amount"]) and line["decision"] in self.decisions
                )
            case "captured":
                return bool(self.reservations[line["id"]]["captured_amount"] == Decimal(line["amount"]))
            case "released":
                return bool(self.reservations[line["id"]]["status"] == "released")
            case "extended":
                until = datetime.fromisoformat(line["until"])
                return bool(self.reservations[line["id"]]["expires_at"] == until)
            case "stored":
                paper = self.papers.get(document_of(line))
                return paper is not None and bool(paper["version"] >= line["version"])
            case "forgotten":
                paper = self.papers.get(document_of(line))
                return paper is not None and not paper["present"]
            case _:
                return True


async def make_sure(url: str, said: list[JSON]) -> None:
    """Make sure that nothing clients were told is missing, and that no request had two effects."""
    broken = [line["why"] for line in said if line["what"] == "broken"]
    promised(not broken, f"clients saw: {broken}")
    database = await asyncpg.connect(url)
    try:
        stored = _Stored(
            reservations={str(row["id"]): row for row in await database.fetch("SELECT * FROM reservation")},
            papers={
                (row["company"], row["kind"], row["number"]): row
                for row in await database.fetch("SELECT company, kind, number, version, present FROM paper")
            },
            decisions={str(row["id"]) for row in await database.fetch("SELECT id FROM decision")},
        )
    finally:
        await database.close()
    for line in said:
        promised(stored.knows(line), f"an acknowledged request is lost: {line}")
    asked = Counter(document_of(line) for line in said if line["what"] == "asks")
    told = Counter(document_of(line) for line in said if line["what"] == "granted")
    made = Counter(document_of(row) for row in stored.reservations.values())
    for document, number in made.items():
        promised(
            told[document] <= number <= asked[document],
            f"{document} has {number} reservations; asked {asked[document]} times, told {told[document]}",
        )
