"""The checks the demo shows, one for each thing that can be the matter with an account."""

import json
import shlex
from importlib.resources import files
from typing import Any, Final, NamedTuple

TENANT: Final = "demo"
"""Where the demo is loaded, and nothing else."""


class DemoCheck(NamedTuple):
    """A body for POST /v1/check, and what it is to show."""

    shows: str
    body: dict[str, Any]


def read_checks() -> list[DemoCheck]:
    """Read the checks. The first is the one to begin with: blocked, with a hold and a way out."""
    checks = json.loads(files(__package__).joinpath("checks.json").read_text(encoding="utf-8"))
    return [DemoCheck(check["shows"], check["body"]) for check in checks]


def curl(service: str, key: str) -> str:
    """Write a check of the demo as a command for the shell."""
    body = json.dumps(read_checks()[0].body)
    return (
        f"curl -sS {service}/v1/check \\\n"
        f"  -H 'Authorization: Bearer {key}' \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(body)}"
    )
