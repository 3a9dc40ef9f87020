"""Holds whose release or rejection others have to approve, for tests."""

from typing import Any

from tests.scenarios.erp import Erp
from tests.service import JSON, eur


def with_steps(erp: Erp) -> Erp:
    """C-1 may owe 100. Releases need credit control, those above 50,000 the head of it, too."""
    erp.account(limit="100.00")
    for operator, roles in (("clerk", []), ("anna", ["credit"]), ("boris", ["credit", "head"])):
        erp.put(f"/v1/operators/{operator}", {"roles": roles})
    erp.put("/v1/release-steps/TEAM", {"position": 1, "roles": ["credit"]})
    erp.put("/v1/release-steps/HEAD", {"position": 2, "above": eur("50000.00"), "roles": ["head"]})
    return erp


def held(erp: Erp, total: str = "150.00", **fields: Any) -> str:
    """Hold the order O-1."""
    hold = erp.check("order", total, "O-1", **fields)["hold"]["id"]
    assert isinstance(hold, str)
    return hold


def act(erp: Erp, hold: str, action: str, operator: str | None = None, /, **fields: Any) -> JSON:
    """Do something with a hold that must succeed."""
    answer = erp.post(f"/v1/holds/{hold}/{action}", {"operator": operator, **fields})
    assert isinstance(answer, dict)
    return answer


def refused(
    erp: Erp, hold: str, action: str, operator: str | None = None, /, **fields: Any
) -> tuple[int, str]:
    """Try something that must not succeed: its status and code."""
    answer = erp.caller.post(f"/v1/holds/{hold}/{action}", json={"operator": operator, **fields})
    assert answer.is_client_error, answer.text
    return answer.status_code, answer.json()["code"]


def history(erp: Erp, hold: str) -> list[tuple[str, str | None, str | None, str | None]]:
    """What was done with a hold, by whom, at which step, and why it was refused."""
    items = erp.get(f"/v1/holds/{hold}/history")["items"]
    return [(each["action"], each["operator"], each["step"], each["refused"]) for each in items]
