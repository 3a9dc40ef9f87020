"""Filling an empty tenant with the demo, as an ERP and an administrator would: over HTTP, and only so."""

import json
from collections.abc import Iterable
from datetime import date
from importlib.resources import files
from typing import Any, Final, NamedTuple

import httpx

from creditrisk.demo.invoices import read_invoices, replay

DAY: Final = date(2013, 6, 30)
"""The evening the demo stops at: 84 invoices of 52 customers are open, 5,119.85 dollars in all."""

_POLICY: Final = "/v1/policy"
_STREAM: Final = {"Content-Type": "application/x-ndjson"}


class Loaded(NamedTuple):
    """How much was loaded."""

    customers: int
    invoices: int
    open_invoices: int


class DemoRefused(Exception):
    """The service did not take the demo; the message says what it answered."""


async def is_loaded(client: httpx.AsyncClient) -> bool:
    """Tell whether the tenant has the demo. Setting the policy is its last step, so it is all there then."""
    answer = _accepted(await client.get(_POLICY))
    return bool(answer.json()["version"])


async def load(client: httpx.AsyncClient) -> Loaded:
    """Load the demo with a key of scopes ingest, limits and policy. One that was cut short is completed.

    Raises:
        DemoRefused: the service did not accept something.
    """
    invoices = [invoice for invoice in read_invoices() if invoice.day <= DAY]
    await _stream(client, "/v1/ledger:import", (event.line for event in replay(invoices, until=DAY)))
    steps = json.loads(files(__package__).joinpath("portfolio.json").read_text(encoding="utf-8"))
    for step in steps:
        if "lines" in step:
            await _stream(client, step["path"], step["lines"])
        else:
            await _send(client, **step)
    return Loaded(
        customers=len({invoice.customer for invoice in invoices}),
        invoices=len(invoices),
        open_invoices=sum(invoice.settled_on > DAY for invoice in invoices),
    )


async def _stream(client: httpx.AsyncClient, path: str, lines: Iterable[dict[str, Any]]) -> None:
    content = "".join(f"{json.dumps(line)}\n" for line in lines)
    answer = _accepted(await client.post(path, content=content, headers=_STREAM))
    if answer.json()["rejected"]:
        raise DemoRefused(f"{path}: lines were rejected: {answer.text}")


async def _send(client: httpx.AsyncClient, *, method: str, path: str, body: dict[str, Any]) -> None:
    if method == "POST":
        # What is numbered would be there twice after a load that was cut short.
        if not _accepted(await client.get(path)).json()["items"]:
            _accepted(await client.post(path, json=body))
        return
    answer = await client.put(path, json=body)
    if answer.status_code == httpx.codes.PRECONDITION_REQUIRED:
        tag = _accepted(await client.get(path)).headers["etag"]
        answer = await client.put(path, json=body, headers={"If-Match": tag})
    _accepted(answer)


def _accepted(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise DemoRefused(f"{answer.request.method} {answer.request.url.path}: {answer.text}")
    return answer
