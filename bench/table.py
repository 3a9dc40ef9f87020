"""The table: what was measured, beside its yardstick and its goal."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for the ratio to the yardstick or, without a yardstick, for the figure itself."""

    bound: float
    at_most: bool = False

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"

    def met_by(self, value: float) -> bool:
        """Tell whether a value keeps the bound."""
        return value <= self.bound if self.at_most else value >= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    unit: str
    ours: float | None
    """None: not measured; `note` says why."""
    yardstick: float | None = None
    beside: str = ""
    """What the yardstick is."""
    goal: Goal | None = None
    """None: reported only."""
    note: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    """Everything behind it, for the record."""

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of the yardstick."""
        return self.ours / self.yardstick if self.ours is not None and self.yardstick else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or nothing was measured."""
        value = self.ours if self.yardstick is None else self.ratio
        return None if self.goal is None or value is None else self.goal.met_by(value)

    def record(self) -> dict[str, Any]:
        """The row as plain data."""
        return {
            "what": self.what,
            "unit": self.unit,
            "creditrisk": self.ours,
            "yardstick": self.yardstick,
            "beside": self.beside,
            "ratio": self.ratio,
            "goal": str(self.goal) if self.goal else None,
            "met": self.met,
            "note": self.note,
            "figures": self.figures,
        }


def print_table(rows: Iterable[Row], *, title: str, console: Console) -> None:
    """Print every row, missed goals too."""
    table = Table(title=title, title_justify="left", pad_edge=False)
    table.add_column("What", max_width=44)
    for heading in ("creditrisk", "Yardstick"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Unit", no_wrap=True)
    for heading in ("Ratio", "Goal"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Met", no_wrap=True)
    table.add_column("Beside, notes")
    for row in rows:
        table.add_row(
            row.what,
            _figure(row.ours),
            _figure(row.yardstick),
            row.unit,
            "" if row.ratio is None else f"{row.ratio:.2f}",
            str(row.goal or "reported"),
            _verdict(row),
            "; ".join(part for part in (row.beside, row.note) if part),
        )
    console.print(table)


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _verdict(row: Row) -> str:
    if row.ours is None:
        return "[yellow]not measured[/]"
    return {True: "[green]met[/]", False: "[red]missed[/]", None: ""}[row.met]
