"""Commands that only tell something: settings, and the OpenAPI document. They need no database."""

import difflib
import json
import sys
from itertools import islice
from pathlib import Path
from typing import Final

from rich.markup import escape
from rich.table import Table

from creditrisk.bootstrap.app import build_app
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.terminal import results
from creditrisk.settings import Settings

_LINES_SHOWN: Final = 40

# The application is built, but nothing connects.
_NO_DATABASE: Final = "postgresql://nowhere/none"


def print_settings(settings: Settings) -> None:
    """Print the settings: a table for people, NAME=value for programs."""
    values = settings.masked()
    if not sys.stdout.isatty():
        sys.stdout.writelines(f"{name}={value}\n" for name, value in values.items())
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("Variable", no_wrap=True)
    table.add_column("Value", overflow="fold")
    table.add_column("Meaning")
    for (name, value), field in zip(values.items(), Settings.model_fields.values(), strict=True):
        table.add_row(name, escape(value) or "[dim]not set[/]", field.description)
    results().print(table)


def write_openapi(file: Path | None) -> None:
    """Write the OpenAPI document to a file, else to standard output."""
    text = openapi_text()
    if file is None:
        sys.stdout.write(text)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def check_openapi(file: Path) -> None:
    """Compare the OpenAPI document with a file.

    Raises:
        Failure: they differ; the message shows where.
    """
    found = file.read_text(encoding="utf-8").splitlines()
    current = openapi_text().splitlines()
    if found != current:
        difference = difflib.unified_diff(found, current, str(file), "this release", lineterm="")
        shown = "\n".join(islice(difference, _LINES_SHOWN))
        raise Failure(f"{file} is not what this release says:\n{shown}", ExitCode.PROBLEMS)


def openapi_text() -> str:
    """Write the OpenAPI document as it is kept in the repository."""
    document = build_app(Settings(_env_file=None), url=_NO_DATABASE).openapi()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
