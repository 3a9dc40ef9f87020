"""Valid requests of limit adjustments and risk scores, for `everything`."""

from collections.abc import Iterator
from typing import Final

from tests.service import JSON, eur

DAY: Final = "2026-11-22"
LATER: Final = "2026-12-31"

ADJUSTMENT: Final[JSON] = {"company": "main", "kind": "credit_limit", "description": "Review"}


def adjusting(adjustment: str, *, customer: str) -> Iterator[tuple[str, str, str, JSON]]:
    """Operation, method, path and body of what is done with a draft; nobody has submitted it."""
    line = {"customer": customer, "limit": eur("1.00"), "expires_on": LATER, "reason": "Paid."}
    season = {"credit_group": customer, "limit": eur("1.00"), "from": DAY, "to": LATER}
    home = f"/v1/limit-adjustments/{adjustment}"
    new = ADJUSTMENT | {
        "kind": "temporary",
        "approval": "line",
        "post_when_approved": True,
        "lines": [season],
    }
    generate = {
        "source": "customers",
        "filter": {"customers": [customer], "country": "DE", "risk_group": "B"},
        "adjustment": {"amount": eur("-5.00")},
        "rounding": {"unit": "10", "direction": "up"},
        "as_of": DAY,
        "expires_on": LATER,
    }
    yield "create_adjustment", "POST", "/v1/limit-adjustments", new
    yield "put_adjustment_lines", "PUT", f"{home}/lines", {"lines": [line]}
    yield "generate_adjustment_lines", "POST", f"{home}/lines:generate", generate
    yield "approve_adjustment", "POST", f"{home}/approve", {"lines": [1], "reason": "Yes."}
    yield "reject_adjustment", "POST", f"{home}/reject", {"lines": [1], "reason": "No."}
    update = {"company": "main", "as_of": DAY}
    yield "update_risk_scores", "POST", "/v1/risk-scores:update", update


def scoring(id_: str) -> Iterator[tuple[str, str, JSON]]:
    """Code of the operation, path and body of reference data of scoring, in an order in which it is named."""
    ranges = [{"from": "0", "to": "4.99", "score": "5"}]
    yield "scoring_group", "scoring-groups", {"type": "dso", "ranges": ranges, "description": "Sales"}
    yield "risk_group", "risk-groups", {"from": "0", "to": "49.99", "indicator": "red", "description": "High"}
    line = {"scoring_group": id_, "operator": ">=", "value": "5", "limit": eur("9.00")}
    automatic = {
        "risk_group": id_,
        "currency": "EUR",
        "maximum_revenue": eur("100.00"),
        "description": "By sales",
        "lines": [line],
    }
    yield "automatic_limit", "automatic-limits", automatic
