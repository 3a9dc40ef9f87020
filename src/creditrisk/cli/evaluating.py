"""The command `evaluate`: every account as of a day, shared among processes, all as of one moment."""

import asyncio
import multiprocessing
import sys
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from creditrisk.adapters.portfolio_files import PortfolioFile
from creditrisk.adapters.postgres.calculations import insert_calculations
from creditrisk.adapters.postgres.preparation import prepare
from creditrisk.application.portfolio import CompanyToday, Portfolio, PortfolioPage
from creditrisk.bootstrap.database import connection_limits
from creditrisk.bootstrap.portfolio import build_portfolio
from creditrisk.cli.databases import database_address, require_tenant
from creditrisk.cli.evaluation_orders import EvaluationOrder
from creditrisk.cli.evaluation_process import Assignment, EvaluatedPage, begin, evaluate_page
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.output_files import opened_for_writing, writing
from creditrisk.cli.processors import processors
from creditrisk.cli.table_formats import file_format
from creditrisk.cli.terminal import counting, messages
from creditrisk.settings import Settings

_AHEAD: Final = 3
"""Pages handed out to each process before the first of them has to be finished."""

_ENDED: Final = (
    "A process that evaluates accounts was ended from outside, perhaps as memory ran out. No file was"
    " replaced and nothing stored; a table that was printed is not whole."
)


def evaluate(settings: Settings, order: EvaluationOrder) -> None:
    """Evaluate accounts, write and store the result, and say how many there were.

    Raises:
        Failure: there is no such tenant or company, or the file cannot be what was given.
    """
    batch = uuid7() if order.store else None
    processes = order.processes or processors()
    # The processes first, while there is nothing of this one that they must not have as well.
    with (
        _forked(processes) as pool,
        _opened_file(order) as file,
        database_address(settings) as address,
    ):
        evaluation = _evaluate(
            settings, order, file=file, batch=batch, address=address, pool=pool, ahead=_AHEAD * processes
        )
        accounts = asyncio.run(evaluation)
    said = f"{accounts:,} account{'' if accounts == 1 else 's'} evaluated"
    messages().print(f"{said}." if batch is None else f"{said} and stored as batch {batch}.")


@contextmanager
def _forked(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that have imported what this one has. It must have no threads and no connections yet."""
    # Libraries of macOS cannot be relied on to survive it.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=begin) as pool:
        pool.submit(int)  # they are started with the first thing they have to do
        yield pool


@contextmanager
def _opened_file(order: EvaluationOrder) -> Iterator[PortfolioFile | None]:
    if order.output is None or order.file_format is None:
        yield None
        return
    with opened_for_writing(order.output) as raw:
        with writing(order.output):
            file = file_format(order.file_format).begin(raw)
        yield file


async def _evaluate(
    settings: Settings,
    order: EvaluationOrder,
    *,
    file: PortfolioFile | None,
    batch: UUID | None,
    address: str,
    pool: ProcessPoolExecutor,
    ahead: int,
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
        accounts = 0
        evaluated = _evaluated(_pages(portfolio, order, companies), assignment, pool=pool, ahead=ahead)
        async for page in await stack.enter_async_context(aclosing(evaluated)):
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
    portfolio: Portfolio, order: EvaluationOrder, companies: Sequence[CompanyToday]
) -> AsyncIterator[tuple[PortfolioPage, date]]:
    day = order.day
    for company, today in companies:
        async for page in portfolio.pages(company, tenant=order.tenant):
            yield page, day or today


async def _evaluated(
    pages: AsyncIterator[tuple[PortfolioPage, date]],
    assignment: Assignment,
    *,
    pool: ProcessPoolExecutor,
    ahead: int,
) -> AsyncGenerator[EvaluatedPage]:
    """Hand out the pages, so many ahead, and give what became of them in their order."""
    loop = asyncio.get_running_loop()
    out: deque[asyncio.Future[EvaluatedPage]] = deque()
    try:
        async for page, as_of in pages:
            out.append(loop.run_in_executor(pool, evaluate_page, assignment, page, as_of))
            if len(out) == ahead:
                yield await out.popleft()
        while out:
            yield await out.popleft()
    except BrokenProcessPool:
        raise Failure(_ENDED, ExitCode.ENDED) from None
    finally:
        # Pages nobody waits for any more are not begun, and nobody wants to know why the others fail.
        pool.shutdown(wait=False, cancel_futures=True)
        await asyncio.gather(*out, return_exceptions=True)
