"""What is stored and asked: accounts as a wholesaler has them, always the same for the same seed."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx

from bench.load import NUMBER, FailedRequests

JSON = dict[str, Any]

_PIECE_BYTES = 1 << 18
_NDJSON = {"Content-Type": "application/x-ndjson"}
_CURRENCIES = ("EUR",) * 16 + ("USD",) * 3 + ("GBP",)
_RATES = {"USD": "0.92", "GBP": "1.17"}
_AMPLE, _SCARCE = "500000.00", "1000.00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Some customers with their accounts and papers; customers of two portfolios differ by their prefix."""

    prefix: str
    accounts: int
    today: date

    @property
    def customers(self) -> list[str]:
        """Their ids."""
        return [f"{self.prefix}-{number:06d}" for number in range(self.accounts)]

    @property
    def ample(self) -> list[str]:
        """Those whose limit is far from reached; one in twenty has far too little."""
        return [customer for number, customer in enumerate(self.customers) if number % 20 != 19]

    def limits(self) -> Iterator[JSON]:
        """A line for each account."""
        ample = set(self.ample)
        for customer in self.customers:
            yield {"id": customer, "limit": money(_AMPLE if customer in ample else _SCARCE)}

    def documents(self) -> Iterator[JSON]:
        """Orders, deliveries and invoices on their way: some 8 for each account."""
        draw = Random(f"{self.prefix} documents")
        for customer in self.customers:
            for number in range(draw.randint(4, 12)):
                yield {
                    "kind": draw.choice(("order", "order", "delivery", "invoice")),
                    "number": f"{customer}-D{number}",
                    "customer": customer,
                    "date": str(self.today - timedelta(days=draw.randint(0, 40))),
                    "total": _drawn_money(draw),
                    "printed": draw.random() < 0.5,
                    "confirmed": draw.random() < 0.7,
                }

    def entries(self) -> Iterator[JSON]:
        """Open items of the ledger: some 12 for each account."""
        draw = Random(f"{self.prefix} entries")
        for customer in self.customers:
            for number in range(draw.randint(6, 18)):
                yield open_item(draw, f"{customer}-R{number}", customer, self.today)

    def checks(self, many: int, *, of: Sequence[str] = ()) -> Iterator[JSON]:
        """Checks of random accounts, all or those named, one in five with a document number."""
        draw = Random(f"{self.prefix} checks")
        customers = of or self.customers
        for number in range(many):
            document = {
                "kind": draw.choice(("order", "order", "order", "delivery", "invoice")),
                "number": f"SO-{number:06d}",
                "type": "STD",
                "date": str(self.today),
                "site": f"BRANCH-{draw.randint(1, 4)}",
                "total": money(f"{draw.randint(100, 2_000)}.{draw.randint(0, 99):02d}"),
                "payment_terms": "NET60",
                "payment_method": "transfer",
            }
            if draw.random() >= 0.2:
                del document["number"]
            yield {
                "customer": draw.choice(customers),
                "document": document,
                "checkpoint": "save",
                "operator": {"id": f"u{draw.randint(1, 20)}", "strict": True, "roles": ["sales"]},
            }


def money(amount: str, currency: str = "EUR") -> JSON:
    """Money of the wire."""
    return {"amount": amount, "currency": currency}


def open_item(draw: Random, id: str, customer: str, today: date) -> JSON:
    """An open item, in one of three currencies, due within some months before or after today."""
    item: JSON = {
        "kind": "open_item",
        "id": id,
        "customer": customer,
        "date": str(today - timedelta(days=draw.randint(0, 200))),
        "due_date": str(today + timedelta(days=draw.randint(-120, 60))),
        "total": _drawn_money(draw),
    }
    if draw.random() < 0.05:
        item["disputed"] = True
    if draw.random() < 0.02:
        item["provisional"] = True
    return item


def reserving(check: JSON) -> JSON:
    """The same check, setting a small amount aside for a quarter of an hour, under a number of its own."""
    document = check["document"] | {"number": NUMBER, "total": money("1.00")}
    return check | {"document": document, "reserve": {"ttl_seconds": 900}}


def load(portfolio: Portfolio, caller: httpx.Client) -> None:
    """State everything through the service's own streams."""
    today = str(portfolio.today - timedelta(days=365))
    rates = [{"from": each, "to": "EUR", "date": today, "rate": rate} for each, rate in _RATES.items()]
    caller.put("/v1/rates", json={"rates": rates}).raise_for_status()
    stream(caller, "/v1/customers:import", ({"id": customer} for customer in portfolio.customers))
    stream(caller, "/v1/credit:import", portfolio.limits())
    stream(caller, "/v1/documents:import", portfolio.documents())
    stream(caller, "/v1/ledger:import", portfolio.entries())


def stream(caller: httpx.Client, path: str, lines: Iterable[JSON], **query: str) -> JSON:
    """Send a stream of lines, and return what became of them; none may be rejected."""
    return _sent(caller, path, encoded(lines), query)


def send_file(caller: httpx.Client, path: str, file: Path, **query: str) -> JSON:
    """Send a file of lines, and return what became of them; none may be rejected."""
    with file.open("rb") as content:
        return _sent(caller, path, iter(lambda: content.read(_PIECE_BYTES), b""), query)


def _sent(caller: httpx.Client, path: str, content: Iterator[bytes], query: dict[str, str]) -> JSON:
    answer = caller.post(path, params=query, headers=_NDJSON, content=content)
    report: JSON = answer.json()
    if not answer.is_success or report["rejected"]:
        raise FailedRequests(f"{path} did not take the lines: {answer.text[:2_000]}")
    return report


def encoded(lines: Iterable[JSON]) -> Iterator[bytes]:
    """Write lines in pieces of some size."""
    piece: list[str] = []
    for line in lines:
        piece.append(json.dumps(line))
        if len(piece) == 1_000:
            yield ("\n".join(piece) + "\n").encode()
            piece.clear()
    yield ("\n".join(piece) + "\n").encode() if piece else b""


def _drawn_money(draw: Random) -> JSON:
    amount = min(draw.lognormvariate(6, 1.2), 20_000)
    return money(f"{amount:.2f}", draw.choice(_CURRENCIES))
