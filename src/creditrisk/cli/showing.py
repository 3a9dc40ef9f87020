"""The command `demo`: checks asked over HTTP, their answers as a table."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import httpx
from rich.markup import escape
from rich.table import Table

from creditrisk.adapters import clock
from creditrisk.application.issued_keys import IssuedKey, KeyOrder
from creditrisk.application.keys import Scope
from creditrisk.bootstrap.database import issued_keys
from creditrisk.cli.databases import database_address, opened_database
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.listening import address_to_ask
from creditrisk.cli.terminal import progress, results
from creditrisk.demo.checks import TENANT, DemoCheck, read_checks
from creditrisk.settings import Settings

_KEY_LIFE: Final = timedelta(minutes=10)
_SIGNAL_COLOURS: Final = {"green": "green", "yellow": "yellow", "red": "red", "off": "dim"}
_DECISION_COLOURS: Final = {"allow": "green", "warn": "yellow", "block": "red"}


def show(settings: Settings, *, url: str | None, key: str | None) -> None:
    """Ask the demo's checks and show the answers.

    Raises:
        Failure: the service does not answer, refuses the key, or has no demo data.
    """
    if url is not None and key is None:
        raise Failure("A service elsewhere needs a key: --key or CREDITRISK_KEY.", ExitCode.USAGE)
    service = url or address_to_ask(settings.host, settings.port)
    with _answering(service) as client:
        if key is not None:
            _show(client, key)
            return
        with database_address(settings) as address:
            issued = asyncio.run(_issue(settings, address))
            try:
                _show(client, issued.key)
            finally:
                asyncio.run(_revoke(settings, address, issued.record.id))


def _show(client: httpx.Client, key: str) -> None:
    client.headers["Authorization"] = f"Bearer {key}"
    checks = read_checks()
    first = checks[0].body["customer"]
    if client.get(f"/v1/customers/{first}/exposure").status_code == httpx.codes.NOT_FOUND:
        raise Failure(
            "This service has no demo data. Start it with: creditrisk serve --demo", ExitCode.SERVICE
        )
    table = Table(title=f"The evening of {checks[0].body['as_of']}", pad_edge=False, title_justify="left")
    for heading in ("", "Customer", "Document"):
        table.add_column(heading, no_wrap=bool(heading))
    for heading in ("Exposure", "Limit"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("Signal", "Decision", "Reasons"):
        table.add_column(heading)
    table.add_column("Headroom", justify="right", no_wrap=True)
    with progress() as bar:
        for check in bar.track(checks, description="Checking"):
            table.add_row(*_row(check, _content(client.post("/v1/check", json=check.body))))
    held = _content(client.get("/v1/holds", params={"status": "open"}))["items"]
    results().print(table)
    results().print(f"{len(held)} documents are held: GET {client.base_url}/v1/holds?status=open")


def _row(check: DemoCheck, answer: dict[str, Any]) -> tuple[str, ...]:
    document, limit, headroom = check.body["document"], answer["limit"], answer["remedy"]["headroom"]
    total = document["total"]
    return (
        check.shows,
        escape(answer["customer"]),
        f"{document['kind']} {total['amount']} {total['currency']}",
        answer["exposure"]["projected"],
        limit["amount"] or limit["state"],
        _coloured(answer["signal"], _SIGNAL_COLOURS),
        _coloured(answer["decision"], _DECISION_COLOURS),
        "\n".join(_reason(finding) for finding in answer["findings"]),
        headroom["amount"] if headroom else "",
    )


def _reason(finding: dict[str, Any]) -> str:
    demoted = f" [dim](demoted: {finding['demoted_by']})[/]" if finding["demoted_by"] else ""
    return f"{finding['code']}{demoted}"


def _coloured(word: str, colours: dict[str, str]) -> str:
    return f"[{colours[word]}]{word}[/]"


@contextmanager
def _answering(service: str) -> Iterator[httpx.Client]:
    """Give a client of a service that answers.

    Raises:
        Failure: it does not, now or later.
    """
    try:
        with httpx.Client(base_url=service, timeout=10) as client:
            client.get("/livez").raise_for_status()
            yield client
    except httpx.HTTPError as error:
        raise Failure(
            f"No service answers at {service} ({error}). Start it with: creditrisk serve --demo",
            ExitCode.SERVICE,
        ) from None
    except httpx.InvalidURL:
        raise Failure(f"{service} is no address of a service.", ExitCode.USAGE) from None


def _content(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise Failure(f"The service refuses: {answer.text}", ExitCode.SERVICE)
    content: dict[str, Any] = answer.json()
    return content


async def _issue(settings: Settings, address: str) -> IssuedKey:
    order = KeyOrder(
        scopes=frozenset({Scope.CHECK, Scope.HOLDS}),
        name="creditrisk demo",
        expires_at=clock.now() + _KEY_LIFE,
    )
    async with opened_database(settings, address=address) as database:
        return await issued_keys(database).issue(order, tenant=TENANT, by=None)


async def _revoke(settings: Settings, address: str, key_id: str) -> None:
    async with opened_database(settings, address=address) as database:
        await issued_keys(database).revoke(key_id, tenant=TENANT, by=None)
