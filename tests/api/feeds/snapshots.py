"""Sending snapshots, and what they did."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.api.feeds.bodies import NDJSON, ndjson

SNAPSHOTS = "/v1/ledger/snapshots"
NAMES = ("added", "changed", "closed", "unchanged", "stale", "rejected")


def now() -> str:
    return instant(0)


def instant(minutes: float) -> str:
    """An instant some minutes from now."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def send(erp: httpx.Client, *lines: dict[str, Any], **query: Any) -> httpx.Response:
    return erp.post(SNAPSHOTS, content=ndjson(lines), headers=NDJSON, params=query)


def snapshot(erp: httpx.Client, *lines: dict[str, Any], **query: Any) -> dict[str, int]:
    """What a snapshot did, but for zeros."""
    answer = send(erp, *lines, **query)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert set(report) == {"import_id", *NAMES, "errors"}
    return {name: report[name] for name in NAMES if report[name]}


def stored(erp: httpx.Client, *ids: str, kind: str = "open_item") -> list[str]:
    """Those of the entries that there are."""
    return [id_ for id_ in ids if erp.get(f"/v1/ledger/{kind}/{id_}").status_code == 200]
