"""A process of the command `evaluate`: reads pages of accounts and makes rows of them."""

import asyncio
import gc
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import orjson
from uuid_utils.compat import uuid7

from creditrisk.adapters.portfolio_files import FORMATS
from creditrisk.adapters.postgres.calculations import CalculationRow
from creditrisk.adapters.postgres.engine import ConnectionLimits
from creditrisk.application.exposures import shown_exposure
from creditrisk.application.portfolio import EvaluatedAccount, PortfolioPage
from creditrisk.application.portfolio_rows import row_of
from creditrisk.bootstrap.portfolio import build_portfolio
from creditrisk.cli.supervision import end_with_parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What all processes have to know."""

    address: str
    """Of the database."""
    tenant: str
    snapshot: str
    """The moment to read as of."""
    format: str | None
    """Of the rows, one of `FORMATS`; None: no rows are wanted."""
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
        accounts = self._runner.run(self._evaluated(page, as_of))
        assignment = self._assignment
        rows = b""
        if assignment.format is not None:
            make_piece, _ = FORMATS[assignment.format]
            rows = make_piece([row_of(account) for account in accounts])
        return EvaluatedPage(
            accounts=len(accounts),
            rows=rows,
            calculations=[_calculation(account) for account in accounts] if assignment.store else (),
        )

    async def _evaluated(self, page: PortfolioPage, as_of: date) -> Sequence[EvaluatedAccount]:
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
    end_with_parent()


@lru_cache(maxsize=1)
def _worker(assignment: Assignment) -> _Worker:
    # A page is hundreds of thousands of objects without cycles. Looking for cycles among them again and again
    # took half of all the time; it is done between pages.
    gc.disable()
    gc.freeze()
    return _Worker(assignment)


def evaluate_page(assignment: Assignment, page: PortfolioPage, as_of: date) -> EvaluatedPage:
    """Evaluate a page in this process.

    Raises:
        Unavailable: the database does not answer.
    """
    evaluated = _worker(assignment).evaluate(page, as_of)
    gc.collect()
    # What is left lives from page to page, or is in no cycle, and need not be looked at again.
    gc.freeze()
    return evaluated
