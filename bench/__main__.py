"""`make bench`: measures, prints the table, and writes it down."""

import json
import signal
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.load import MissingProgram, require_wrk
from bench.machine import machine_facts
from bench.plot import draw
from bench.rows import ALL_ROWS
from bench.sizes import FULL, QUICK
from bench.stage import staged
from bench.table import Row, print_table

_RESULTS = Path(__file__).with_name("results")


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Smaller sizes, under three minutes.")] = False,
    only: Annotated[str, typer.Option(help=f"Some of these, by commas: {', '.join(ALL_ROWS)}.")] = "",
    results: Annotated[Path, typer.Option(help="The folder to write to.")] = _RESULTS,
) -> None:
    """Measure the service beside its yardsticks. A missed goal is shown and is no failure."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    names = [name.strip() for name in only.split(",")] if only else list(ALL_ROWS)
    if unknown := set(names) - set(ALL_ROWS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: not among {', '.join(ALL_ROWS)}")
    console, messages = Console(width=None if Console().is_terminal else 180), Console(stderr=True)
    try:
        require_wrk()
    except MissingProgram as missing:
        messages.print(f"[bold red]Error:[/] {missing}")
        raise typer.Exit(2) from None
    sizes = QUICK if quick else FULL
    began = datetime.now().astimezone()
    facts = machine_facts()
    rows: list[Row] = []
    with staged(sizes, today=began.date(), say=lambda text: messages.print(text, style="dim")) as stage:
        for name in names:
            rows += ALL_ROWS[name](stage)
    title = f"creditrisk, {sizes.name} sizes, {began:%Y-%m-%d %H:%M}, {facts['cpu']}, {facts['cores']} cores"
    print_table(rows, title=title, console=console)
    record = {
        "began": began.isoformat(timespec="seconds"),
        "sizes": asdict(sizes),
        "only": names,
        "machine": facts,
        "rows": [row.record() for row in rows],
        "curves": [panel.record() for panel in stage.panels],
    }
    results.mkdir(exist_ok=True, parents=True)
    written = [results / "latest.json"]
    written[0].write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if stage.panels:
        written.append(results / "latest.svg")
        written[1].write_text(draw(stage.panels), encoding="utf-8")
    console.print(f"Written to {', '.join(map(str, written))}")


if __name__ == "__main__":
    typer.run(main)
