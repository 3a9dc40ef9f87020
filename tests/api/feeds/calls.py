"""What tests ask of the service again and again."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.api.feeds.bodies import NDJSON


def put(erp: httpx.Client, path: str, body: Mapping[str, Any], **query: Any) -> dict[str, Any]:
    answer = erp.put(path, json=body, params=query)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def complaints(answer: httpx.Response) -> set[tuple[str, str]]:
    """(pointer, code) of everything a refusal complains about."""
    assert answer.status_code == 422, answer.text
    return {(error["pointer"], error["code"]) for error in answer.json()["errors"]}


def exposure(erp: httpx.Client, customer: str = "C-1") -> dict[str, str]:
    """What a customer is exposed to, by category, as far as it is not zero."""
    answer = erp.get(f"/v1/customers/{customer}/exposure")
    assert answer.status_code == 200, answer.text
    categories: dict[str, str] = answer.json()["exposure"]["by_category"]
    return {name: amount for name, amount in categories.items() if amount != "0.00"}


def imported(erp: httpx.Client, path: str, content: bytes | str, **headers: str) -> dict[str, Any]:
    """Send a stream of JSON lines, or with `Content-Type` in headers another one."""
    answer = erp.post(path, content=content, headers={**NDJSON, **headers})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def counts(report: dict[str, Any]) -> tuple[int, int, int, int]:
    """(accepted, unchanged, stale, rejected)."""
    return report["accepted"], report["unchanged"], report["stale"], report["rejected"]


def places(report: dict[str, Any]) -> list[tuple[int, str, str]]:
    """(line, pointer, code) of every complaint."""
    return [(error["line"], error["pointer"], error["code"]) for error in report["errors"]]


def seen(erp: httpx.Client, import_id: str, **query: Any) -> dict[str, Any]:
    answer = erp.get(f"/v1/imports/{import_id}", params=query)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said
