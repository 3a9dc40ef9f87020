"""Every example of the OpenAPI document, asked of the service over the state that makes it true."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import httpx
import pytest

from creditrisk.api.check_examples import CHECK_EXAMPLES, CHECKS_EXAMPLES
from tests.api.everything import Operation, operations
from tests.service import JSON, Site, eur, ok

CUSTOMER: Final = "/v1/customers/C-1001"


@contextmanager
def seller(site: Site) -> Iterator[httpx.Client]:
    """A tenant whose customer C-1001 has a limit of 100,000 EUR, an open order of 10,000 and owes 55,000."""
    with site.tenant() as caller:
        ok(caller.put(CUSTOMER, json={"name": "Brown & Sons"}))
        ok(caller.put(f"{CUSTOMER}/credit", json={"limit": eur("100000.00")}))
        order = {"customer": "C-1001", "total": eur("10000.00"), "date": "2026-11-02"}
        ok(caller.put("/v1/documents/order/SO-2026-0001", json=order))
        owed = {"customer": "C-1001", "total": eur("55000.00"), "due_date": "2026-12-15"}
        ok(caller.put("/v1/ledger/open_item/R-77", json=owed))
        yield caller


@pytest.fixture
def erp(site: Site) -> Iterator[httpx.Client]:
    with seller(site) as caller:
        yield caller


@pytest.mark.parametrize(
    ("example", "decision", "signal", "current", "projected"),
    [
        ("green", "allow", "green", "65000.00", "66000.00"),
        ("yellow", "warn", "yellow", "65000.00", "85000.00"),
        ("red", "block", "red", "65000.00", "107000.00"),
        ("follow_on", "allow", "green", "60000.00", "65000.00"),
        ("edit", "allow", "green", "55000.00", "67000.00"),
        ("dry_run", "block", "red", "65000.00", "164000.00"),
        ("reserve", "allow", "green", "65000.00", "65500.00"),
    ],
)
def test_each_check_is_answered_as_its_example_says(
    erp: httpx.Client, *, example: str, decision: str, signal: str, current: str, projected: str
) -> None:
    answer = ok(erp.post("/v1/check", json=CHECK_EXAMPLES[example]["value"]))

    assert (answer["decision"], answer["signal"]) == (decision, signal)
    assert (answer["exposure"]["current"], answer["exposure"]["projected"]) == (current, projected)
    held = [hold["id"] for hold in ok(erp.get("/v1/holds"))["items"]]
    assert held == ([answer["hold"]["id"]] if example == "red" else [])


def test_every_check_example_is_among_these(erp: httpx.Client) -> None:
    assert set(CHECK_EXAMPLES) == {"green", "yellow", "red", "follow_on", "edit", "dry_run", "reserve"}
    (several,) = CHECKS_EXAMPLES.values()

    results = ok(erp.post("/v1/checks", json=several["value"]))["results"]

    assert [result["signal"] for result in results] == ["green", "red"]


def test_a_dry_run_leaves_no_decision(erp: httpx.Client) -> None:
    answer = ok(erp.post("/v1/check", json=CHECK_EXAMPLES["dry_run"]["value"]))

    assert erp.get(f"/v1/decisions/{answer['decision_id']}").status_code == 404
    assert ok(erp.get("/v1/decisions"))["items"] == []


def test_every_example_of_the_document_is_accepted(site: Site) -> None:
    document = ok(httpx.get(f"{site.url}/openapi.json", timeout=60))
    asked = [
        (operation, example)
        for operation in operations(site.url)
        for example in _examples(document, operation.spec)
    ]
    refused = []
    for operation, example in asked:
        # Each over a state of its own: a block is lifted once, a hold is closed once.
        with seller(site) as erp:
            answer = _ask(erp, operation, example)
        if not answer.is_success or answer.json().get("rejected"):
            refused.append((operation.id, example.name, answer.text))

    assert refused == []
    assert len(asked) > 40


class Example(NamedTuple):
    """A body shown with an operation."""

    name: str
    media_type: str
    body: Any

    @property
    def content(self) -> str:
        """As it is sent: lines and tables as they are shown, everything else as JSON."""
        return self.body if self.media_type != "application/json" else json.dumps(self.body)


def _examples(document: JSON, operation: JSON) -> Iterator[Example]:
    """The bodies shown beside a schema, or in it."""
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        for name, example in content.get("examples", {}).items():
            yield Example(name, media_type, example["value"])
        schema = content["schema"].get("$ref", "").rpartition("/")[2]
        for body in document["components"]["schemas"].get(schema, {}).get("examples", ()):
            yield Example("", media_type, body)


def _ready(erp: httpx.Client, hold: str, operation: str) -> None:
    """Let a hold be what requests to release it are about."""
    if operation in {"submit_release", "approve_release", "decline_release", "recall_release"}:
        ok(erp.put("/v1/release-steps/FOUR-EYES", json={}))
    if operation in {"approve_release", "decline_release", "recall_release"}:
        submitter = "u2" if operation == "recall_release" else "u1"
        ok(erp.post(f"/v1/holds/{hold}/submit", json={"operator": submitter}))


def _ask(erp: httpx.Client, operation: Operation, example: Example) -> httpx.Response:
    id_ = "C-1001"
    headers = {"Content-Type": example.media_type}
    if "/holds/" in operation.path:
        id_ = ok(erp.post("/v1/check", json=CHECK_EXAMPLES["red"]["value"]))["hold"]["id"]
        _ready(erp, id_, operation.id)
    if "/reservations/" in operation.path:
        id_ = ok(erp.post("/v1/check", json=CHECK_EXAMPLES["reserve"]["value"]))["reservation"]["id"]
    if "/manual-blocks/" in operation.path:
        ok(erp.post(f"{CUSTOMER}/manual-blocks", json={"kinds": ["quotation"]}))
    if "/credit-groups/" in operation.path:
        ok(erp.put("/v1/credit-groups/C-1001", json={}))
    if "/limit-adjustments/" in operation.path:
        id_ = _adjustment(erp, submit=operation.id.startswith(("approve", "reject")))
    if "/automatic-limits/" in operation.path:
        ok(erp.put("/v1/risk-groups/LOW", json={"from": "60"}))
        ok(erp.put("/v1/scoring-groups/AGE", json={"type": "in_business_since", "ranges": [{"score": "1"}]}))
    # Papers' examples are named after the kind they are of.
    path = operation.path.format(id=id_, no=1, kind=example.name, number="N-1", code="LIMIT_EXCEEDED")
    if operation.method == "PUT" and path.endswith("/credit"):
        headers["If-Match"] = erp.get(path).headers["ETag"]
    return erp.request(operation.method, path, content=example.content, headers=headers)


def _adjustment(erp: httpx.Client, *, submit: bool) -> str:
    """An adjustment of somebody else: a draft, or one that waits for approval."""
    line = {"customer": "C-1001", "limit": eur("1.00"), "expires_on": "2027-12-31"}
    key = ok(erp.post("/v1/keys", json={"name": "Writer", "scopes": ["limits"]}))["key"]
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=erp.base_url, headers=headers, timeout=30) as writer:
        made = ok(writer.post("/v1/limit-adjustments", json={"kind": "credit_limit", "lines": [line]}))
        if submit:
            ok(writer.post(f"/v1/limit-adjustments/{made['id']}/submit"))
    id_: str = made["id"]
    return id_
