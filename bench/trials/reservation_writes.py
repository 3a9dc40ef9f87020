"""Reservations granted, captured, given back, extended, consumed and left to lapse."""

import random

from bench.trials.expectations import COMPANIES, CUSTOMERS, Expectations, Reserved
from bench.trials.paper_writes import PaperWrites, body_of, path_of
from tests.scenarios.erp import Erp
from tests.service import eur, ok


class ReservationWrites:
    """Draws writes about reservations; each returns a customer it concerns."""

    def __init__(self, dice: random.Random, expected: Expectations, papers: PaperWrites) -> None:
        self._dice = dice
        self._expected = expected
        self._papers = papers
        self._granted = 0

    def reserve(self, erp: Erp) -> str:
        """Reserve for a new order, for a second or until something happens."""
        dice, self._granted = self._dice, self._granted + 1
        company, customer, amount = dice.choice(COMPANIES), dice.choice(CUSTOMERS), dice.randint(1, 500)
        lapses = dice.random() < 0.4
        number = f"R-{self._granted}"
        body = {
            "company": company,
            "customer": customer,
            "document": {"kind": "order", "number": number, "total": eur(f"{amount}.00")},
            "reserve": {"ttl_seconds": 1 if lapses else 900},
        }
        granted = erp.post("/v1/check", body)["reservation"]
        self._expected.reserved[company, "order", number] = Reserved(
            id=granted["id"],
            account=(company, self._expected.bearer(customer)),
            amount=amount,
            until=granted["expires_at"] if lapses else None,
        )
        return customer

    def resolve(self, erp: Erp) -> str:
        """Capture, give back or extend a reservation, or store its document."""
        lasting = {key: each for key, each in self._expected.reserved.items() if each.until is None}
        if not lasting:
            return self.reserve(erp)
        key = self._dice.choice(list(lasting))
        reserved = lasting[key]
        home = f"/v1/reservations/{reserved.id}"
        if erp.get(home)["status"] == "captured" or self._dice.random() < 0.3:
            return self.store_reserved(erp)
        match self._dice.choice(["capture", "release", "extend"]):
            case "capture":
                reserved.amount = self._dice.randint(1, reserved.amount)
                erp.post(f"{home}/capture", {"amount": eur(f"{reserved.amount}.00")})
            case "release":
                ok(erp.caller.post(f"{home}/release"))
                del self._expected.reserved[key]
            case _:
                erp.post(f"{home}/extend", {"ttl_seconds": 600})
        return reserved.account[1]

    def store_reserved(self, erp: Erp) -> str:
        """State the document of a reservation, which consumes it."""
        if not self._expected.reserved:
            return self.reserve(erp)
        key = self._dice.choice(list(self._expected.reserved))
        paper = self._papers.draw("order")
        erp.put(path_of(key), body_of(key, paper))
        self._expected.store(key, paper)
        return paper.customer
