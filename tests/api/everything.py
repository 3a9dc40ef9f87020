"""Every documented operation, valid requests for those that read JSON, and one object of everything."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import httpx

from tests.api.bodies import replaced, texts
from tests.api.everything_adjusted import ADJUSTMENT, adjusting, scoring
from tests.service import JSON, eur, ok

ID: Final = "K-1"
"""The id of everything whose id the caller chooses."""

DAY: Final = "2026-11-22"
LATER: Final = "2026-12-31"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of the service's OpenAPI document."""

    id: str
    method: str
    path: str
    spec: JSON

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes one of which opens it; empty: no key is asked for."""
        return frozenset(scope for each in self.spec.get("security", ()) for scope in each["apiKey"])

    @property
    def media_types(self) -> frozenset[str]:
        """What its body may be written in; empty where it takes none."""
        return frozenset(self.spec.get("requestBody", {}).get("content", ()))

    def address(self, stock: "Stock | None" = None) -> str:
        """The path of the object in stock."""
        values = (stock or Stock()).names(self.path)
        return re.sub(r"{(\w+)}", lambda parameter: values[parameter[1]], self.path)


@dataclass(frozen=True, kw_only=True)
class Stock:
    """Ids that the service chose."""

    hold: str = ID
    reservation: str = ID
    decision: str = ID
    imported: str = ID
    key: str = ID
    adjustment: str = ID
    report: str = ID

    def names(self, path: str) -> dict[str, str]:
        """What to put into a path of the OpenAPI document to reach what is in stock."""
        chosen = {
            "/v1/holds/": self.hold,
            "/v1/reservations/": self.reservation,
            "/v1/decisions/": self.decision,
            "/v1/imports/": self.imported,
            "/v1/keys/": self.key,
            "/v1/limit-adjustments/": self.adjustment,
            "/v1/reports/": self.report,
        }
        return {
            "id": next((id_ for prefix, id_ in chosen.items() if path.startswith(prefix)), ID),
            "no": "1",
            "kind": "order" if "/documents/" in path else "open_item",
            "number": ID,
            "name": "not-found",
            "code": "LIMIT_EXCEEDED",
        }


@cache
def operations(site: str) -> tuple[Operation, ...]:
    """Every operation that the running service documents; asked once, for its answer never changes."""
    document = ok(httpx.get(f"{site}/openapi.json", timeout=60))
    return tuple(
        Operation(id=spec["operationId"], method=method.upper(), path=path, spec=spec)
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    )


@dataclass(frozen=True, kw_only=True)
class Writing:
    """A valid request that says as much as the operation lets it say."""

    operation: str
    method: str
    path: str
    body: JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, caller: httpx.Client, body: Any = None, **more: Any) -> httpx.Response:
        """Send it, or another body in its place."""
        stated = self.body if body is None else body
        return caller.request(self.method, self.path, json=stated, headers=self.headers, **more)


_FOR_PEOPLE: Final = frozenset(
    {"name", "description", "note", "notes", "text", "label", "issuer", "reference", "source", "owner"}
)

_ANY_VERSION: Final = {"If-Match": "*"}

_DOCUMENT: Final[JSON] = {
    "customer": ID,
    "company": "main",
    "total": eur("1000.00"),
    "open_amount": eur("900.00"),
    "prepaid": eur("10.00"),
    "date": DAY,
    "due_date": LATER,
    "type": ID,
    "site": "S-1",
    "bill_to": ID,
    "payment_terms": ID,
    "cash_discount": ID,
    "payment_method": "transfer",
    "owner": "u1",
    "processed_by": "u2",
    "source": "erp",
    "follows": [{"kind": "quotation", "number": "Q-9", "total": eur("5.00")}],
}
_KEY_ACCOUNTS: Final[JSON] = {"scope": "group", "scope_id": ID, "risk_group": "B", "active": True}
_APPROVERS: Final[JSON] = {"position": 2, "approvals": 2, "roles": ["head"], "keys": ["k"], "releases": False}
_TRIED_RULE: Final[JSON] = {"id": ID, "kind": "limit_used", "type": "blocking", "percent": "70"}
_ENTRY: Final[JSON] = {
    "customer": ID,
    "company": "main",
    "total": eur("100.00"),
    "date": DAY,
    "source": "erp",
}

_CHECK: Final[JSON] = {
    "company": "main",
    "customer": ID,
    "document": {
        "kind": "order",
        "number": "SO-1",
        "type": ID,
        "date": DAY,
        "due_date": LATER,
        "bill_to": ID,
        "site": "S-1",
        "total": eur("12000.00"),
        "prepaid": eur("1.00"),
        "payment_terms": ID,
        "cash_discount": ID,
        "payment_method": "transfer",
        "follows": [{"kind": "quotation", "number": "Q-1", "total": eur("5.00")}],
    },
    "operator": {"id": ID, "strict": True, "roles": ["sales"]},
    "as_of": DAY,
}


def writings(stock: Stock) -> Iterator[Writing]:
    """A valid request for every operation that takes JSON, some in several kinds."""
    for path, operation in (("/v1/check", "check"), ("/check", "check_alias")):
        yield Writing(operation=operation, method="POST", path=path, body=_CHECK)
    yield Writing(operation="check_many", method="POST", path="/v1/checks", body={"checks": [_CHECK]})
    yield from _configuration()
    yield from _customers()
    yield from _papers()
    yield from _holds(stock)
    yield from _reservations(stock)
    yield from _behaviour()
    for operation, method, path, body in adjusting(stock.adjustment, customer=ID):
        yield Writing(operation=operation, method=method, path=path, body=body)
    key = {"name": "Ann", "scopes": ["check"], "companies": ["main"], "expires_at": "2099-01-01T00:00:00Z"}
    yield Writing(operation="create_key", method="POST", path="/v1/keys", body=key)


def _configuration() -> Iterator[Writing]:
    codes: tuple[tuple[str, str, JSON], ...] = (
        ("document_type", "document-types", {"credit": True, "description": "Standard"}),
        ("payment_terms", "payment-terms", {"rank": 60, "days": 60, "description": "Net 60"}),
        ("cash_discount", "cash-discounts", {"rank": 2, "days": 10, "description": "2 %"}),
        ("credit_group", "credit-groups", {"name": "Alps", "limit": eur("150000.00"), "expires_on": LATER}),
        ("management_group", "management-groups", {"description": "South"}),
        ("account_status", "account-statuses", {"effect": "none", "on": "warn", "description": "Watched"}),
        ("rule", "rules", {"kind": "limit_used", "type": "exclusion", "percent": "70", **_KEY_ACCOUNTS}),
        ("reason", "reasons", {"type": "status", "description": "Watched"}),
        ("release_step", "release-steps", {"above": eur("1000000.00"), **_APPROVERS}),
        ("operator", "operators", {"strict": True, "roles": ["sales"], "companies": ["main"]}),
    )
    for code, path, body in (*codes, *scoring(ID)):
        yield Writing(operation=f"put_{code}", method="PUT", path=f"/v1/{path}/{ID}", body=body)
    yield Writing(operation="lint_rules", method="POST", path="/v1/rules:lint", body={"company": "main"})
    path, text = "/v1/messages/LIMIT_EXCEEDED", {"text": "Ask {user}."}
    yield Writing(operation="put_message", method="PUT", path=path, body=text)
    rate = {"from": "USD", "to": "EUR", "date": DAY, "rate": "0.5", "type": "default"}
    yield Writing(operation="put_rates", method="PUT", path="/v1/rates", body={"rates": [rate]})
    policy = {"preset": "standard", "overrides": {"calculation_start": "2020-01-01", "max_days_overdue": 90}}
    trial = {"policy": {"preset": "duir"}, "rules": {"put": [_TRIED_RULE]}, "against": {"decisions": 1}}
    yield Writing(operation="try_policy", method="POST", path="/v1/policy:try", body=trial)
    yield Writing(operation="put_policy", method="PUT", path="/v1/policy", body=policy, headers=_ANY_VERSION)


def _customers() -> Iterator[Writing]:
    home = f"/v1/customers/{ID}"
    customer = {
        "name": "Brown & Sons",
        "registration_number": "HRB 1",
        "country": "DE",
        "language": "de",
        "risk_customer": ID,
        "head_account": ID,
        "relations": {"owner": "Brown"},
        "credit_group": ID,
        "management_group": ID,
        "payment_terms": ID,
        "cash_discount": ID,
        "payment_method": "transfer",
        "risk_group": "B",
        "account_status": ID,
        "status_reason": ID,
        "customer_since": DAY,
        "in_business_since": DAY,
        "attributes": {"region": {"code": "7"}},
    }
    credit = {
        "company": "main",
        "limit": eur("100000.00"),
        "expires_on": LATER,
        "control": "block",
        "grouping": "credit_group",
        "documents_blocked": ["quotation"],
        "max_days_overdue": 30,
        "category_limits": {"orders": eur("90000.00"), "not_due": eur("90000.00")},
        "excluded_sites": ["S-9"],
        "ignore_until": "2020-01-01",
        "insured_amount": eur("1.00"),
        "eligible_limit": eur("1.00"),
        "review_on": LATER,
        "notes": "Fine.",
        "warning": {"text": "Call first.", "kinds": ["order"], "checkpoints": ["save"]},
    }
    period = {"from": DAY, "to": LATER}
    temporary = {"limit": eur("110000.00"), **period}
    cover = {
        "kind": "insurance",
        "type": "whole",
        "coverage_type": "trade",
        "issuer": "NCI",
        "reference": "P-1",
        "value": eur("500.00"),
        "percent": "50",
        **period,
    }
    block = {"kinds": ["quotation"], "note": "Disputed.", **period}
    yield Writing(operation="put_customer", method="PUT", path=home, body=customer)
    yield Writing(
        operation="put_credit", method="PUT", path=f"{home}/credit", body=credit, headers=_ANY_VERSION
    )
    for operation, path, body in (
        ("add_temporary_limit", f"{home}/temporary-limits", temporary),
        ("add_group_temporary_limit", f"/v1/credit-groups/{ID}/temporary-limits", temporary),
        ("add_cover", f"{home}/covers", cover),
        ("add_manual_block", f"{home}/manual-blocks", block),
    ):
        yield Writing(operation=operation, method="POST", path=path, body=body)
    change = {"to": LATER, "note": "Still disputed."}
    yield Writing(
        operation="change_manual_block", method="PATCH", path=f"{home}/manual-blocks/1", body=change
    )


def _papers() -> Iterator[Writing]:
    documents: dict[str, JSON] = {
        "quotation": {},
        "order": {"confirmed": True},
        "delivery": {"printed": True},
        "invoice": {"presented_on": "2026-11-01"},
    }
    for kind, more in documents.items():
        body = _DOCUMENT | more
        if kind == "quotation":
            body = {name: value for name, value in body.items() if name != "follows"}
        yield Writing(operation="put_document", method="PUT", path=f"/v1/documents/{kind}/{ID}", body=body)
    entries: dict[str, JSON] = {
        "open_item": {
            "due_date": "2026-10-01",
            "open_amount": eur("90.00"),
            "document": {"kind": "order", "number": "SO-8"},
        },
        "bill": {"due_date": LATER, "state": "presented", "presentation": "discount"},
        "advance": {"effective_on": DAY},
        "balance": {},
        "payment": {"value_date": DAY, "allocations": [{"item": ID, "amount": eur("5.00")}]},
        "other": {"due_date": LATER, "open_amount": eur("1.00"), "label": "Consignment"},
    }
    for kind, more in entries.items():
        yield Writing(
            operation="put_ledger_entry", method="PUT", path=f"/v1/ledger/{kind}/{ID}", body=_ENTRY | more
        )


def _holds(stock: Stock) -> Iterator[Writing]:
    force = {"company": "main", "kind": "order", "number": ID, "reason": "Asked by phone."}
    yield Writing(operation="force_hold", method="POST", path="/v1/holds", body=force)
    evaluate = {"ids": [stock.hold]}
    yield Writing(operation="evaluate_holds", method="POST", path="/v1/holds:evaluate", body=evaluate)
    release = {
        "reason": "Paid by phone.",
        "review_on": LATER,
        "up_to": eur("99000.00"),
        "valid_until": LATER,
        "as_of": DAY,
    }
    home = f"/v1/holds/{stock.hold}"
    yield Writing(operation="release_hold", method="POST", path=f"{home}/release", body=release)
    asking, deciding = release | {"operator": ID, "comment": "Soon."}, {"operator": ID, "comment": "Fine."}
    yield Writing(operation="submit_release", method="POST", path=f"{home}/submit", body=asking)
    for action in ("approve", "decline", "recall"):
        path = f"{home}/{action}"
        yield Writing(operation=f"{action}_release", method="POST", path=path, body=deciding)
    yield Writing(operation="reject_hold", method="POST", path=f"{home}/reject", body={"reason": "No."})


def _reservations(stock: Stock) -> Iterator[Writing]:
    home = f"/v1/reservations/{stock.reservation}"
    extend, capture = {"ttl_seconds": 900}, {"amount": eur("5.00")}
    yield Writing(operation="extend_reservation", method="POST", path=f"{home}/extend", body=extend)
    yield Writing(operation="capture_reservation", method="POST", path=f"{home}/capture", body=capture)


def _behaviour() -> Iterator[Writing]:
    path, calculation = f"/v1/customers/{ID}/calculations", {"company": "main", "as_of": DAY}
    yield Writing(operation="add_calculation", method="POST", path=path, body=calculation)
    estimate = {
        "company": "main",
        "as_of": DAY,
        "multiplier": "1",
        "turnover_12m": eur("365000.00"),
        "instalments": [{"amount": eur("100000.00"), "days": 30}],
        "apply": False,
    }
    path = f"/v1/customers/{ID}/credit-estimate"
    yield Writing(operation="estimate_credit", method="POST", path=path, body=estimate)
    row = {"amount": eur("10.00"), "due_date": DAY, "value_date": LATER, "posting_date": LATER}
    yield Writing(
        operation="average_delay_of_rows", method="POST", path="/v1/behaviour:delay", body={"rows": [row]}
    )
    delay = {"company": "main", "as_of": DAY, "rows": [row], "apply": False}
    path = f"/v1/customers/{ID}/average-delay"
    yield Writing(operation="account_average_delay", method="POST", path=path, body=delay)


def stocked(caller: httpx.Client, *, mark: str = "") -> Stock:
    """Keep one object of everything and return the ids the service gave; texts for people end with `mark`."""
    for writing in (*_configuration(), *_customers(), *_papers()):
        body = writing.body
        for at, value in texts(body):
            if at[-1] in _FOR_PEOPLE:
                body = replaced(body, at, value + mark)
        # What is there for the first time has no version yet.
        answer = caller.request(writing.method, writing.path, json=body)
        assert answer.is_success, f"{writing.method} {writing.path}: {answer.text}"
    ok(caller.post(f"/v1/customers/{ID}/calculations", json={}))
    held = {**_CHECK, "document": {**_CHECK["document"], "number": "SO-HELD", "total": eur("900000.00")}}
    decision = ok(caller.post("/v1/check", json=held))
    ok(caller.put("/v1/customers/K-2", json={"name": "Nobody minds" + mark}))
    small = {"kind": "order", "number": "SO-SMALL", "total": eur("10.00")}
    reserving = {"customer": "K-2", "document": small, "reserve": {"ttl_seconds": 900}}
    reserved = ok(caller.post("/v1/check", json=reserving))
    line = b'{"kind": "open_item", "id": "I-1", "customer": "K-1", "total": 1}'
    report = caller.post("/v1/ledger:import", content=line, headers={"Content-Type": "application/x-ndjson"})
    key = ok(caller.post("/v1/keys", json={"name": "spare", "scopes": ["check"]}))
    adjustment = ok(caller.post("/v1/limit-adjustments", json=ADJUSTMENT))
    return Stock(
        adjustment=adjustment["id"],
        report=ok(caller.post("/v1/reports/exposure"))["id"],
        hold=decision["hold"]["id"],
        reservation=reserved["reservation"]["id"],
        decision=decision["decision_id"],
        imported=ok(report)["import_id"],
        key=key["id"],
    )
