"""What tests ask of the service again and again."""

from collections.abc import Mapping
from typing import Any

import httpx


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
