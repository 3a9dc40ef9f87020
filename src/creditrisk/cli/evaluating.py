"""The command `evaluate`: every account as of a day, shared among processes, all as of one moment."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from math import ceil
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from uuid_utils.compat import uuid7

from creditrisk.adapters.portfolio_files import FORMATS, PortfolioFile
from creditrisk.adapters.postgres.calculations import insert_calculations
from creditrisk.adapters.postgres.preparation import prepare
from creditrisk.api.wire import ReferenceDay
from creditrisk.application.portfolio import PAGE, CompanyToday, Portfolio, PortfolioPage
from creditrisk.bootstrap.database import connection_limits
from creditrisk.bootstrap.portfolio import build_portfolio
from creditrisk.cli.databases import database_address, require_tenant
from creditrisk.cli.evaluation_process import Assignment, EvaluatedPage, begin, evaluate_page
from creditrisk.cli.evaluation_start import FORKING
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.output_files import STANDARD_OUTPUT, opened_for_writing, writing
from creditrisk.cli.processors import processors
from creditrisk.cli.terminal import counting, messages
from creditrisk.settings import Settings

_AHEAD: Final = 3
"""Pages handed out to each process before the first of them has to be finished."""

_ENDED: Final = (
    "A process that evaluates accounts was ended from outside, perhaps as memory ran out: try --processes 1."
    " No file was replaced and nothing stored."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOrder:
    """What to evaluate, and where it goes. ``company`` None: all; ``as_of`` None: today, in each company."""

    tenant: str
    company: str | None
    as_of: str | None
    output: Path | None
    format: str | None
    store: bool
    processes: int | None

    def require_sense(self) -> None:
        """Make sure that there is somewhere for the result to go.

        Raises:
            Failure: there is not.
        """
        if self.output is None and not self.store:
            raise Failure("Nothing would come of it: give --output, --store or both.", ExitCode.USAGE)
        if self.output is None and self.format is not None:
            raise Failure("--format is of a file: give --output.", ExitCode.USAGE)
        if self.output == STANDARD_OUTPUT and self.format == "parquet":
            raise Failure("Parquet is written to a file, not to standard output.", ExitCode.USAGE)

    @property
    def day(self) -> date | None:
        """The reference date.

        Raises:
            Failure: it cannot be one.
        """
        if self.as_of is None:
            return None
        try:
            day: date = TypeAdapter(ReferenceDay).validate_python(self.as_of)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise Failure(f"--as-of {self.as_of}: {reason}.", ExitCode.USAGE) from None
        return day

    @property
    def file_format(self) -> str | None:
        """How the file is written; None: there is none."""
        if self.output is None:
            return None
        return self.format or ("parquet" if self.output.suffix == ".parquet" else "csv")


def evaluate(settings: Settings, order: EvaluationOrder) -> None:
    """Evaluate accounts, write and store the result, and say how many there were.

    Raises:
        Failure: there is no such tenant or company, or the day or the file cannot be what was given.
    """
    order.require_sense()
    day = order.day
    batch = uuid7() if order.store else None
    with _opened_file(order) as file, database_address(settings) as address:
        accounts = asyncio.run(_evaluate(settings, order, day=day, file=file, batch=batch, address=address))
    said = f"{accounts:,} account{'' if accounts == 1 else 's'} evaluated"
    messages().print(f"{said}." if batch is None else f"{said} and stored as batch {batch}.")


@contextmanager
def _opened_file(order: EvaluationOrder) -> Iterator[PortfolioFile | None]:
    if order.output is None or order.file_format is None:
        yield None
        return
    _, begin_file = FORMATS[order.file_format]
    with opened_for_writing(order.output) as raw:
        with writing(order.output):
            file = begin_file(raw)
        yield file


async def _evaluate(
    settings: Settings,
    order: EvaluationOrder,
    *,
    day: date | None,
    file: PortfolioFile | None,
    batch: UUID | None,
    address: str,
) -> int:
    await prepare(address)
    # One connection that everything is read as of, and one that stores.
    limits = replace(connection_limits(settings), write_connections=2)
    database, portfolio = build_portfolio(address, limits=limits)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await database.check()
        await require_tenant(database, order.tenant)
        storing = await stack.enter_async_context(database.transaction(order.tenant)) if batch else None
        snapshot = await stack.enter_async_context(database.frozen(order.tenant))
        companies = await _companies(portfolio, order)
        total = await portfolio.count([company for company, _ in companies], tenant=order.tenant)
        assignment = Assignment(
            address=address,
            tenant=order.tenant,
            snapshot=snapshot,
            format=order.file_format,
            store=order.store,
        )
        advance = stack.enter_context(counting("Evaluating", total=total))
        processes = min(order.processes or processors(), max(1, ceil(total / PAGE)))
        accounts = 0
        async for page in _evaluated(_pages(portfolio, order, companies, day), assignment, processes):
            if file is not None and order.output is not None:
                with writing(order.output):
                    file.add(page.rows)
            if storing is not None and batch is not None:
                await insert_calculations(storing, page.calculations, tenant=order.tenant, batch=batch)
            accounts += page.accounts
            advance(page.accounts)
        if file is not None and order.output is not None:
            with writing(order.output):
                file.finish()
    return accounts


async def _companies(portfolio: Portfolio, order: EvaluationOrder) -> Sequence[CompanyToday]:
    companies = await portfolio.companies(tenant=order.tenant)
    if order.company is None:
        return companies
    chosen = [each for each in companies if each.company == order.company]
    if not chosen:
        raise Failure(f"There is no company {order.company}.", ExitCode.USAGE)
    return chosen


async def _pages(
    portfolio: Portfolio, order: EvaluationOrder, companies: Sequence[CompanyToday], day: date | None
) -> AsyncIterator[tuple[PortfolioPage, date]]:
    for company, today in companies:
        async for page in portfolio.pages(company, tenant=order.tenant):
            yield page, day or today


async def _evaluated(
    pages: AsyncIterator[tuple[PortfolioPage, date]], assignment: Assignment, processes: int
) -> AsyncIterator[EvaluatedPage]:
    """Hand out the pages, a few at a time, and give what became of them in their order."""
    loop = asyncio.get_running_loop()
    out: deque[asyncio.Future[EvaluatedPage]] = deque()
    with ProcessPoolExecutor(processes, mp_context=FORKING, initializer=begin) as pool:
        try:
            async for page, as_of in pages:
                out.append(loop.run_in_executor(pool, evaluate_page, assignment, page, as_of))
                if len(out) == _AHEAD * processes:
                    yield await out.popleft()
            while out:
                yield await out.popleft()
        except Exception as failure:
            await asyncio.gather(*out, return_exceptions=True)  # why one fails, the others do
            if isinstance(failure, BrokenProcessPool):
                raise Failure(_ENDED, ExitCode.ENDED) from None
            raise
