"""Streams of which every line is to be stored."""

import json
from typing import Any, Final

from bench.trials.promises import promised
from tests.scenarios.erp import Erp
from tests.service import JSON, ok

NDJSON: Final = {"Content-Type": "application/x-ndjson"}


def send_lines(erp: Erp, path: str, lines: list[JSON], query: dict[str, Any]) -> None:
    """Send lines and make sure that none is rejected."""
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    report = ok(erp.caller.post(path, content=content, headers=NDJSON, params=query))
    promised(report["rejected"] == 0, f"{path} rejected lines: {report['errors']}")
