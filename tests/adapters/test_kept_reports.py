"""Kept reports: all rows or none, by the page, over one connection."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from itertools import islice

import pytest
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from creditrisk.adapters.postgres.engine import ConnectionLimits, Database
from creditrisk.adapters.postgres.kept_reports import PAGE, PostgresReportStore
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.application.errors import NotFound, TooManyRequests
from creditrisk.application.exposure_report import COLUMNS, AccountFilter, ReportQuery, Row
from creditrisk.application.issued_keys import KeyOrder
from creditrisk.application.kept_reports import Heading, KeptReport
from creditrisk.application.keys import Principal, Scope
from creditrisk.bootstrap.backend import build_backend
from tests.adapters.statements import paper

EVERYTHING = ReportQuery(companies=None, filter=AccountFilter(), as_of=date(2026, 11, 22))
PAGES = sa.text("SELECT count(*) FROM exposure_report_page")


def rows(count: int) -> Iterator[Row]:
    """Rows that tell which one they are."""
    for number in range(count):
        yield dict.fromkeys(COLUMNS) | {"customer": f"C-{number}", "accounts": number, "unlimited": True}


async def coming(count: int, failure: Exception | None = None) -> AsyncIterator[Row]:
    """Rows as a report makes them, which may break off."""
    for row in rows(count):
        yield row
    if failure is not None:
        raise failure


def heading() -> Heading:
    return Heading(id=uuid7(), companies=None, as_of=None, asked={}, created_by="u1")


async def kept(reports: PostgresReportStore, tenant: str, *, count: int) -> KeptReport:
    return await reports.keep(heading(), coming(count), tenant=tenant)


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 3 * PAGE])
async def test_rows_come_back_as_they_were_in_their_order(
    database: Database, tenant: str, count: int
) -> None:
    reports = PostgresReportStore(database)
    report = await kept(reports, tenant, count=count)
    found = [row async for row in reports.rows(report, tenant=tenant)]
    assert report.rows == count
    assert found == list(rows(count))
    assert all(tuple(row) == COLUMNS for row in found)


async def test_of_a_report_that_fails_half_way_nothing_is_kept(database: Database, tenant: str) -> None:
    reports = PostgresReportStore(database)
    with pytest.raises(ConnectionError):
        await reports.keep(heading(), coming(2 * PAGE, ConnectionError()), tenant=tenant)
    assert await reports.list(tenant=tenant, companies=None, after=None, limit=9) == []
    async with database.transaction(tenant) as connection:
        assert await connection.scalar(PAGES) == 0


async def test_a_report_deleted_while_it_is_read_breaks_off_instead_of_ending_early(
    database: Database, tenant: str
) -> None:
    reports = PostgresReportStore(database)
    report = await kept(reports, tenant, count=PAGE + 1)
    reading = reports.rows(report, tenant=tenant)
    await anext(reading)
    assert await reports.delete(report.heading.id, tenant=tenant, companies=None)
    for _ in range(PAGE - 1):
        await anext(reading)
    with pytest.raises(NotFound):
        await anext(reading)


async def test_a_column_that_is_newer_than_the_report_is_empty(database: Database, tenant: str) -> None:
    async def earlier() -> AsyncIterator[Row]:
        yield dict.fromkeys(islice(COLUMNS, 5), "x")

    reports = PostgresReportStore(database)
    report = await reports.keep(heading(), earlier(), tenant=tenant)
    (row,) = [row async for row in reports.rows(report, tenant=tenant)]
    assert list(row.values()) == ["x"] * 5 + [None] * (len(COLUMNS) - 5)


async def test_a_report_is_worked_out_and_kept_over_one_connection_and_as_many_at_once_as_leave_some(
    database_url: str, store: PostgresPaperStore, tenant: str
) -> None:
    await store.write([paper("order", "O")], tenant=tenant)
    backend = build_backend(database_url, limits=ConnectionLimits(write_connections=1, wait_seconds=2))
    reports = backend.services.reports
    async with backend.opened():
        order = KeyOrder(scopes=frozenset({Scope.AUDIT}), name="Ann")
        key = (await backend.services.issued_keys.issue(order, tenant=tenant, by=None)).record
        asking = Principal(tenant=tenant, key_id=key.id, name=key.name, scopes=key.scopes)
        report = await reports.keep(EVERYTHING, {}, principal=asking)
        assert (report.rows, report.heading.created_by) == (1, "Ann")
        async with reports.turns:
            with pytest.raises(TooManyRequests):
                await reports.keep(EVERYTHING, {}, principal=asking)
