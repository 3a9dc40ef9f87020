"""Examples of checks, each executed by tests/api/test_examples.py over the state that makes it true."""

from typing import Any, Final


def _check(document: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"customer": "C-1001", "document": document, "as_of": "2026-11-22", **more}


def _eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


CHECK_EXAMPLES: Final[dict[str, Any]] = {
    "green": {
        "summary": "Well within the limit: green, allow",
        "value": _check({"kind": "order", "number": "SO-2026-0040", "total": _eur("1000.00")}),
    },
    "yellow": {
        "summary": "Above the warning percentage, not above the limit: yellow, warn",
        "value": _check({"kind": "order", "number": "SO-2026-0041", "total": _eur("20000.00")}),
    },
    "red": {
        "summary": "Above the limit: red, block, and a hold is opened",
        "value": _check(
            {"kind": "order", "number": "SO-2026-0042", "total": _eur("42000.00"), "site": "BRANCH-2"},
            operator={"id": "u2", "strict": True, "roles": ["sales"]},
        ),
    },
    "follow_on": {
        "summary": "A delivery made from a stored order: what it passes on is not counted twice",
        "value": _check(
            {
                "kind": "delivery",
                "number": "DN-2026-0007",
                "total": _eur("5000.00"),
                "follows": [{"kind": "order", "number": "SO-2026-0001", "total": _eur("5000.00")}],
            },
            checkpoint="ship",
        ),
    },
    "edit": {
        "summary": "A stored order is changed: its stored amount is replaced, not added to",
        "value": _check({"kind": "order", "number": "SO-2026-0001", "total": _eur("12000.00")}),
    },
    "dry_run": {
        "summary": "A question without consequences: nothing is stored, no hold is opened",
        "value": _check({"kind": "invoice", "total": _eur("99000.00")}, dry_run=True),
    },
    "reserve": {
        "summary": "The amount is set aside for a quarter of an hour, until the order is stored",
        "value": _check(
            {"kind": "order", "number": "SO-2026-0043", "total": _eur("500.00")},
            reserve={"ttl_seconds": 900},
        ),
    },
}

CHECKS_EXAMPLES: Final[dict[str, Any]] = {
    "two": {
        "summary": "Two checks, answered in order",
        "value": {"checks": [CHECK_EXAMPLES["green"]["value"], CHECK_EXAMPLES["red"]["value"]]},
    }
}
