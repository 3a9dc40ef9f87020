"""A process of the command `evaluate`: reads pages of accounts and makes rows of them."""

import asyncio
import gc
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import orjson
from uuid_utils.compat import uuid7

from creditrisk.adapters.postgres.calculations import CalculationRow
from creditrisk.adapters.postgres.engine import ConnectionLimits
from creditrisk.application.exposures import shown_exposure
from creditrisk.application.portfolio import EvaluatedAccount, PortfolioPage
from creditrisk.application.portfolio_rows import Value, row_of
from creditrisk.bootstrap.portfolio import build_portfolio
from creditrisk.cli.supervision import end_with_parent
from creditrisk.cli.table_formats import file_format

_OBJECTS_BEFORE_COLLECTING: Final = 2_000_000
"""Of which a process holds so many more than it did, whatever has gone meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What all processes have to know."""

    address: str
    """Of the database."""
    tenant: str
    snapshot: str
    """The moment to read as of."""
    format: str | None
    """Of the rows, by name; None: no rows are wanted."""
    store: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedPage:
    """What became of a page."""

    accounts: int
    rows: bytes
    """A piece of the wanted file."""
    calculations: Sequence[CalculationRow]
    """What is to be stored."""


class _Worker:
    """A connection, a loop to use it in, and what was compiled so far; kept from page to page."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._runner = asyncio.Runner()
        self._database, self._portfolio = build_portfolio(
            assignment.address, limits=ConnectionLimits(write_connections=1)
        )

    def evaluate(self, page: PortfolioPage, as_of: date) -> EvaluatedPage:
        """Evaluate a page and make it ready for file and table."""
        assignment = self._assignment
        rows: list[Sequence[Value]] = []
        calculations: list[CalculationRow] = []
        for account in self._runner.run(self._evaluated(page, as_of)):
            if assignment.format is not None:
                rows.append(row_of(account))
            if assignment.store:
                calculations.append(_calculation(account))
        return EvaluatedPage(
            accounts=len(page.customers),
            rows=b"" if assignment.format is None else file_format(assignment.format).make_piece(rows),
            calculations=calculations,
        )

    async def _evaluated(self, page: PortfolioPage, as_of: date) -> Iterator[EvaluatedAccount]:
        tenant = self._assignment.tenant
        async with self._database.frozen(tenant, snapshot=self._assignment.snapshot):
            return await self._portfolio.evaluate(page, tenant=tenant, as_of=as_of)


def _calculation(account: EvaluatedAccount) -> CalculationRow:
    exposure = account.exposure
    content = shown_exposure(exposure)
    return CalculationRow(
        id=uuid7(),
        company=exposure.company,
        customer=content["customer"],
        as_of=exposure.as_of,
        evaluated_at=exposure.evaluated_at,
        content=orjson.dumps(content).decode(),
    )


def begin() -> None:
    """Get ready, as the first thing a process does."""
    # Ctrl-C reaches the whole group; it is for the process that hands out the work to end it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An exception that the command makes of it would be the answer about a page, and the process go on.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()


@lru_cache(maxsize=1)
def _worker(assignment: Assignment) -> _Worker:
    # A page is hundreds of thousands of objects without cycles, and gone when it is evaluated. Looking for
    # cycles among them again and again took half of all the time, and five per cent between the pages.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING)
    return _Worker(assignment)


def evaluate_page(assignment: Assignment, page: PortfolioPage, as_of: date) -> EvaluatedPage:
    """Evaluate a page in this process.

    Raises:
        Unavailable: the database does not answer.
    """
    return _worker(assignment).evaluate(page, as_of)
