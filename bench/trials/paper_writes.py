"""Papers stored, changed, moved, deleted and stated too late, one by one, in streams and in snapshots."""

import random
from dataclasses import replace
from typing import Final

from bench.trials.expectations import COMPANIES, CUSTOMERS, Expectations, Key, Paper
from bench.trials.promises import promised
from bench.trials.streams import send_lines
from tests.scenarios.erp import DOCUMENTS, Erp, money
from tests.service import JSON, ok

KINDS: Final = ("order", "delivery", "invoice", "open_item", "other")
NUMBERS: Final = 8
"""Of each kind and company, so that papers are changed and moved more often than made."""


class PaperWrites:
    """Draws writes of papers; each returns a customer it concerns."""

    def __init__(self, dice: random.Random, expected: Expectations) -> None:
        self._dice = dice
        self._expected = expected

    def _key(self) -> Key:
        dice = self._dice
        return dice.choice(COMPANIES), dice.choice(KINDS), f"P-{dice.randint(1, NUMBERS)}"

    def draw(self, kind: str) -> Paper:
        """Draw what a paper of this kind says."""
        dice = self._dice
        paper = Paper(
            customer=dice.choice(CUSTOMERS), amount=dice.randint(1, 500), currency=dice.choice(["EUR", "USD"])
        )
        if kind not in DOCUMENTS:
            return paper
        return replace(paper, bill_to=dice.choice([None, None, *CUSTOMERS]), typed=dice.random() < 0.3)

    def _next_version(self, key: Key, *, always: bool = False) -> JSON:
        """A version of the ERP's, or none."""
        if not always and self._dice.random() < 0.5:
            return {}
        self._expected.versions[key] = self._expected.versions.get(key, 0) + 1
        return {"version": self._expected.versions[key]}

    def put(self, erp: Erp) -> str:
        """State a paper, new or known, for whomever."""
        key = self._key()
        paper = self.draw(key[1])
        erp.put(path_of(key), body_of(key, paper) | self._next_version(key))
        self._expected.store(key, paper)
        return paper.customer

    def delete(self, erp: Erp) -> str:
        """Delete a paper, mostly one that is there; a version keeps older ones out even where none is."""
        key = self._dice.choice([*self._expected.papers, self._key()])
        gone = self._expected.papers.get(key)
        version = self._next_version(key, always=gone is None)
        ok(erp.caller.delete(path_of(key), params={"company": key[0], **version}))
        self._expected.delete(key)
        return gone.customer if gone else CUSTOMERS[0]

    def stale(self, erp: Erp) -> str:
        """State a paper in an older version than the stored one, which changes nothing."""
        known = [key for key, version in self._expected.versions.items() if version > 0]
        if not known:
            return self.put(erp)
        key = self._dice.choice(known)
        paper = self.draw(key[1])
        stale = {"version": self._expected.versions[key] - 1}
        answer = erp.put(path_of(key), body_of(key, paper) | stale)
        promised(answer["status"] == "stale", f"an older version was {answer['status']}")
        return paper.customer

    def import_some(self, erp: Erp) -> str:
        """State and delete several papers in one stream."""
        documents = self._dice.random() < 0.5
        family = "documents" if documents else "ledger"
        keys = {self._key() for _ in range(12)}
        chosen = [key for key in sorted(keys) if (key[1] in DOCUMENTS) == documents]
        lines: list[JSON] = []
        customer = CUSTOMERS[0]
        for key in chosen:
            line: JSON = {"kind": key[1], _naming(key): key[2], "company": key[0]}
            if self._dice.random() < 0.2:
                lines.append(line | {"deleted": True} | self._next_version(key))
                self._expected.delete(key)
                continue
            paper = self.draw(key[1])
            customer = paper.customer
            lines.append(line | body_of(key, paper) | self._next_version(key))
            self._expected.store(key, paper)
        query = {"atomic": "true"} if self._dice.random() < 0.3 else {}
        send_lines(erp, f"/v1/{family}:import", lines, query)
        return customer

    def take_snapshot(self, erp: Erp) -> str:
        """State the whole ledger of the source `snap` in a company."""
        company = self._dice.choice(COMPANIES)
        named = [f"S-{number}" for number in range(NUMBERS) if self._dice.random() < 0.6]
        papers = {(company, "open_item", number): self.draw("open_item") for number in named}
        lines = [{"kind": "open_item", "id": key[2], **body_of(key, paper)} for key, paper in papers.items()]
        send_lines(erp, "/v1/ledger/snapshots", lines, {"source": "snap", "company": company})
        for key in [key for key in self._expected.papers if key[0] == company and key[2].startswith("S-")]:
            self._expected.delete(key)
        for key, paper in papers.items():
            self._expected.store(key, paper)
        return next((paper.customer for paper in papers.values()), CUSTOMERS[0])


def _naming(key: Key) -> str:
    return "number" if key[1] in DOCUMENTS else "id"


def path_of(key: Key) -> str:
    """Where a paper is written."""
    family = "documents" if key[1] in DOCUMENTS else "ledger"
    return f"/v1/{family}/{key[1]}/{key[2]}"


def body_of(key: Key, paper: Paper) -> JSON:
    """What is written there."""
    more: JSON = {"source": "snap"} if key[2].startswith("S-") else {}
    if paper.bill_to is not None:
        more["bill_to"] = paper.bill_to
    if paper.typed:
        more["type"] = "X"
    return {
        "company": key[0],
        "customer": paper.customer,
        "total": money(f"{paper.amount}.00", paper.currency),
        **more,
    }
