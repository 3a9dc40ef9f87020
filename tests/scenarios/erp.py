"""An ERP connected to the service: what tests say in the words of the trade, sent as the wire wants it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx

from creditrisk.application.keys import Scope
from tests.service import JSON, Site, eur, ok

DAY = "2025-06-30"
"""The reference date of every check, unless a test is about dates."""

DOCUMENTS = frozenset({"quotation", "order", "delivery", "invoice"})
Followed = tuple[str, str] | tuple[str, str, str]
"""Kind and number of a followed document, and what it passes on where that is stated."""


def money(amount: str, currency: str) -> JSON:
    """Money of the wire."""
    return {"amount": amount, "currency": currency}


def codes(answer: JSON) -> list[str]:
    """The codes of an answer's findings, in its order."""
    return [finding["code"] for finding in answer["findings"]]


def classes(answer: JSON) -> dict[str, str]:
    """What each finding of an answer weighs, by code."""
    return {finding["code"]: finding["class"] for finding in answer["findings"]}


def found(answer: JSON, code: str) -> JSON:
    """The one finding of this code."""
    (finding,) = [each for each in answer["findings"] if each["code"] == code]
    assert isinstance(finding, dict)
    return finding


def figures(answer: JSON) -> tuple[str, str, str]:
    """Exposure without the document, the document's part, and both together."""
    exposure = answer["exposure"]
    return exposure["current"], exposure["document"], exposure["projected"]


def counted(answer: JSON) -> dict[str, str]:
    """The categories of an answer's exposure that are not zero."""
    return {name: amount for name, amount in answer["exposure"]["by_category"].items() if Decimal(amount)}


@dataclass(frozen=True)
class Erp:
    """The ERP of one tenant, with a key that may do everything."""

    caller: httpx.Client

    def put(self, path: str, body: JSON, *, company: str | None = None) -> Any:
        """Write an object, over what is there."""
        query = {} if company is None else {"company": company}
        answer = self.caller.put(path, json=body, params=query)
        if answer.status_code == httpx.codes.PRECONDITION_REQUIRED:
            etag = self.caller.get(path, params=query).headers["ETag"]
            answer = self.caller.put(path, json=body, params=query, headers={"If-Match": etag})
        return ok(answer)

    def post(self, path: str, body: JSON, *, company: str | None = None) -> Any:
        """Send something that the service numbers itself."""
        return ok(self.caller.post(path, json=body, params={} if company is None else {"company": company}))

    def get(self, path: str, **query: str) -> Any:
        """Read something."""
        return ok(self.caller.get(path, params=query))

    def customer(self, id: str, **fields: Any) -> None:
        """State a customer."""
        self.put(f"/v1/customers/{id}", fields)

    def account(
        self,
        customer: str = "C-1",
        limit: str | JSON | None = None,
        *,
        company: str | None = None,
        **fields: Any,
    ) -> Any:
        """State a credit account; the limit is in EUR unless it is money."""
        body = fields | {"limit": eur(limit) if isinstance(limit, str) else limit}
        return self.put(f"/v1/customers/{customer}/credit", body, company=company)

    def policy(self, preset: str = "standard", *, company: str | None = None, **overrides: Any) -> None:
        """Set a company's policy."""
        self.put("/v1/policy", {"preset": preset, "overrides": overrides}, company=company)

    def store(
        self,
        kind: str,
        number: str,
        total: str | JSON,
        *,
        customer: str = "C-1",
        company: str | None = None,
        follows: Sequence[Followed] = (),
        **fields: Any,
    ) -> Any:
        """State a document or a ledger entry; amounts are in the currency of `total`, by itself EUR."""
        whole = eur(total) if isinstance(total, str) else total
        body = {"customer": customer, "total": whole, **_amounts(fields, whole["currency"])}
        if follows:
            body["follows"] = _follows(follows, whole["currency"])
        family = "documents" if kind in DOCUMENTS else "ledger"
        return self.put(f"/v1/{family}/{kind}/{number}", body, company=company)

    def check(
        self,
        kind: str,
        total: str | JSON,
        number: str | None = None,
        *,
        company: str | None = None,
        **fields: Any,
    ) -> JSON:
        """Check a document: of C-1 on the reference date, unless said otherwise."""
        answer = ok(self.caller.post("/v1/check", json=asked(kind, total, number, company=company, **fields)))
        assert isinstance(answer, dict)
        return answer

    def exposure(self, customer: str = "C-1", *, as_of: str = DAY, **query: str) -> JSON:
        """The stored exposure of an account."""
        answer = self.get(f"/v1/customers/{customer}/exposure", as_of=as_of, **query)
        assert isinstance(answer, dict)
        return answer

    def release(self, hold: str, **fields: Any) -> Any:
        """Authorise a held document, on the reference date unless said otherwise."""
        return self.post(f"/v1/holds/{hold}/release", {"as_of": DAY, **fields})

    def holds(self, **query: str) -> list[JSON]:
        """The queue of holds."""
        items = self.get("/v1/holds", **query)["items"]
        assert isinstance(items, list)
        return items


@contextmanager
def new_erp(site: Site, platform: Erp) -> Iterator[Erp]:
    """The ERP of a new tenant, which knows the customer C-1; the platform makes its key."""
    scopes = sorted(set(Scope) - {Scope.PLATFORM})
    made = platform.post("/v1/keys", {"tenant": f"tenant-{uuid4().hex}", "scopes": scopes})
    with site.caller(made["key"]) as caller:
        erp = Erp(caller)
        erp.customer("C-1")
        yield erp


_OF_THE_CHECK = ("customer", "checkpoint", "pro_forma", "operator", "as_of", "dry_run", "reserve")


def asked(
    kind: str,
    total: str | JSON,
    number: str | None = None,
    *,
    company: str | None = None,
    follows: Sequence[Followed] = (),
    **fields: Any,
) -> JSON:
    """The body of a check; fields that are not the check's own are the document's."""
    whole = eur(total) if isinstance(total, str) else total
    check = {"customer": "C-1", "as_of": DAY} | {
        name: fields.pop(name) for name in _OF_THE_CHECK if name in fields
    }
    document = {"kind": kind, "total": whole, **_amounts(fields, whole["currency"])}
    if number is not None:
        document["number"] = number
    if follows:
        document["follows"] = _follows(follows, whole["currency"])
    if company is not None:
        check["company"] = company
    return check | {"document": document}


def _amounts(fields: JSON, currency: str) -> JSON:
    plain = {name: fields[name] for name in ("open_amount", "prepaid") if isinstance(fields.get(name), str)}
    return fields | {name: money(amount, currency) for name, amount in plain.items()}


def _follows(follows: Sequence[Followed], currency: str) -> list[JSON]:
    return [
        {"kind": kind, "number": number, **({"total": money(total[0], currency)} if total else {})}
        for kind, number, *total in follows
    ]
