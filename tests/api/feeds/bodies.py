"""Bodies of papers as an ERP may send them, and streams made of them."""

import json
from collections.abc import Iterable
from typing import Any

NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def paper(amount: str = "100.00", **fields: Any) -> dict[str, Any]:
    """A paper of customer C-1."""
    return {"customer": "C-1", "total": eur(amount), **fields}


def item(id: str, amount: str = "100.00", **fields: Any) -> dict[str, Any]:
    """A line of a stream: an open item of customer C-1."""
    return {"kind": "open_item", "id": id, **paper(amount, **fields)}


def ndjson(lines: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
