"""`make bench`: measures, prints the table, and writes it down."""

import json
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console

from bench.all_rows import ALL_ROWS
from bench.load import FailedRequests, MissingProgram, require_wrk
from bench.machine import machine_facts
from bench.plot import Panel, draw
from bench.servers import NotStarted
from bench.sizes import FULL, QUICK
from bench.stage import Stage, staged
from bench.table import Row, print_table

_RESULTS = Path(__file__).with_name("results")
_WIDTH_WITHOUT_TERMINAL = 160


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Smaller sizes, under three minutes.")] = False,
    only: Annotated[str, typer.Option(help=f"Some of these, by commas: {', '.join(ALL_ROWS)}.")] = "",
    results: Annotated[Path, typer.Option(help="The folder to write to.")] = _RESULTS,
) -> None:
    """Measure the service beside its yardsticks. A missed goal is shown and is no failure."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that everything started is stopped, too
    names = [name.strip() for name in only.split(",")] if only else list(ALL_ROWS)
    if unknown := sorted(set(names) - set(ALL_ROWS)):
        raise typer.BadParameter(f"{', '.join(unknown)}: not among {', '.join(ALL_ROWS)}")
    console, messages = _console(stderr=False), _console(stderr=True)
    sizes = QUICK if quick else FULL
    began = datetime.now().astimezone()
    facts = machine_facts()
    seconds: dict[str, float] = {}
    rows: list[Row] = []
    try:
        require_wrk()
        with staged(sizes, today=began.date(), say=lambda text: messages.print(text, style="dim")) as stage:
            for name in names:
                start = time.perf_counter()
                rows += _measured(name, stage)
                seconds[name] = round(time.perf_counter() - start, 1)
            facts["postgres"] = stage.installation.postgres_facts()
    except (FailedRequests, MissingProgram, NotStarted) as failure:
        messages.print(f"[bold red]Error:[/] {failure}")
        raise typer.Exit(2) from None
    title = f"creditrisk {facts['revision']}, {sizes.name} sizes, {began:%Y-%m-%d %H:%M}, {facts['cpu']}"
    print_table(rows, title=f"{title}, {facts['cores']} cores", console=console)
    record = {
        "began": began.isoformat(timespec="seconds"),
        "seconds": seconds,
        "sizes": asdict(sizes),
        "machine": facts,
        "rows": [row.record() for row in rows],
        "curves": [asdict(panel) for panel in stage.panels],
    }
    written = _write(results, record, stage.panels)
    console.print(f"Written to {', '.join(map(str, written))}")


def _measured(name: str, stage: Stage) -> list[Row]:
    """Measure some rows. What fails is a row, too, so that the others are not lost."""
    try:
        return ALL_ROWS[name](stage)
    except (FailedRequests, NotStarted, httpx.HTTPError) as failure:
        return [Row(what=name, unit="", ours=None, note=f"not measured: {failure}")]


def _write(folder: Path, record: dict[str, Any], panels: Iterable[Panel]) -> list[Path]:
    folder.mkdir(exist_ok=True, parents=True)
    table = folder / "latest.json"
    table.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    drawn = list(panels)
    if not drawn:
        return [table]
    plot = folder / "latest.svg"
    plot.write_text(draw(drawn), encoding="utf-8")
    return [table, plot]


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_WITHOUT_TERMINAL
    return console


if __name__ == "__main__":
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    application.command()(main)
    application(prog_name="bench")
