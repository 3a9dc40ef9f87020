"""Journals made, decided and posted over HTTP, for tests."""

from typing import Any

import httpx

from tests.service import JSON, eur, ok

HOME = "/v1/limit-adjustments"
EXPIRY = "2027-12-31"


def line(owner: str, amount: str, **more: Any) -> JSON:
    """A line for a customer, or for a credit group whose name is in capitals alone."""
    name = "credit_group" if owner.isalpha() else "customer"
    return {name: owner, "limit": eur(amount), "expires_on": EXPIRY} | more


def season(owner: str, amount: str, **more: Any) -> JSON:
    """A line of a temporary limit."""
    name = "credit_group" if owner.isalpha() else "customer"
    return {name: owner, "limit": eur(amount), "from": "2026-01-01", "to": "2029-12-31"} | more


def journal(caller: httpx.Client, *lines: JSON, kind: str = "credit_limit", **more: Any) -> str:
    """The address of a new draft."""
    made = ok(caller.post(HOME, json={"kind": kind, "lines": list(lines)} | more))
    return f"{HOME}/{made['id']}"


def submitted(caller: httpx.Client, *lines: JSON, **more: Any) -> str:
    """The address of a new journal that waits for approval."""
    home = journal(caller, *lines, **more)
    ok(caller.post(f"{home}/submit"))
    return home


def posted(writer: httpx.Client, approver: httpx.Client, *lines: JSON, **more: Any) -> JSON:
    """A journal that became limits."""
    home = submitted(writer, *lines, **more)
    ok(approver.post(f"{home}/approve"))
    answer: JSON = ok(approver.post(f"{home}/post"))
    return answer


def statuses(seen: JSON) -> list[str]:
    """What was decided about each line."""
    return [each["status"] for each in seen["lines"]]


def refused(answer: httpx.Response, status: int, code: str) -> JSON:
    """The problem of a refusal."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    problem: JSON = answer.json()
    return problem


def policy(caller: httpx.Client, **overrides: Any) -> None:
    """Set the policy of `main`."""
    etag = caller.get("/v1/policy").headers["ETag"]
    body = {"preset": "standard", "overrides": overrides}
    ok(caller.put("/v1/policy", json=body, headers={"If-Match": etag}))
