"""What clients were told, kept so that it survives their being killed."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.trials.expectations import Key

JSON = dict[str, Any]


class Journal:
    """One line for each thing said. A line is in the file before the next request is sent."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def say(self, what: str, **facts: Any) -> None:
        """Write a line; lines of several threads do not mix."""
        os.write(self._file, json.dumps({"what": what, **facts}).encode() + b"\n")


def read_journal(path: Path) -> Iterator[JSON]:
    """Every line that was written whole."""
    if not path.exists():  # killed before it could say anything
        return
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def document_of(line: Mapping[str, Any]) -> Key:
    """Which document a line, or a row, is about."""
    return line["company"], line["kind"], line["number"]
