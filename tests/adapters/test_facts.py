"""The hot read, and what a process remembers of it."""

from decimal import Decimal

import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.facts import PostgresFactsReader
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.adapters.postgres.remembered_facts import RememberedFacts
from creditrisk.application.stored_facts import Question
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Document, Kind
from tests.adapters.statements import paper

LOOKED_AT = sa.text("SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'paper'")
ACCOUNT = Question("main", "C-1", bill_to="C-1")


async def test_who_goes_through_all_accounts_leaves_what_is_remembered_as_it_is(
    pool: ReadPool, store: PostgresPaperStore, tenant: str
) -> None:
    await store.write([paper("order", "O-1", "100.00")], tenant=tenant)
    remembered = RememberedFacts()
    reader = PostgresFactsReader(pool, remembered)
    key = (tenant, "main", "C-1", "C-1")

    (passing,) = await reader.read([ACCOUNT], tenant=tenant, key_id="", keep=False)
    assert remembered.find(key) is None
    (asked,) = await reader.read([ACCOUNT], tenant=tenant, key_id="")
    known = remembered.find(key)
    assert known is not None
    assert known.standings is asked.standings
    assert passing.facts.lines == asked.facts.lines != ()

    await reader.read([ACCOUNT], tenant=tenant, key_id="", keep=False)
    assert remembered.find(key) == known


async def test_the_oldest_items_are_found_without_looking_at_all_papers(
    pool: ReadPool, database: Database, store: PostgresPaperStore, tenant: str
) -> None:
    """Whether an account has items on all its papers, on few or on none of those billed to it."""
    open_items = [paper("open_item", f"R-{n}", "1.00", due_date="2025-06-30") for n in range(1_000)]
    await store.write(open_items, tenant=tenant)
    async with database.together(tenant) as connection:
        await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))  # as with more papers
        (found,) = await PostgresFactsReader(pool, RememberedFacts()).read(
            [ACCOUNT], tenant=tenant, key_id=""
        )
        assert len(found.facts.items) == 50
        assert await connection.scalar(LOOKED_AT) <= 100


async def test_items_that_stand_for_a_posted_invoice_are_found_without_looking_at_the_others(
    pool: ReadPool, database: Database, store: PostgresPaperStore, tenant: str
) -> None:
    await store.write([paper("invoice", "I-7", "1.00")], tenant=tenant)
    items = [
        paper("open_item", f"R-{n}", "1.00", document={"kind": "invoice", "number": f"I-{n}"})
        for n in range(1_000)
    ]
    await store.write(items, tenant=tenant)
    invoice = Document(kind=Kind.INVOICE, number="I-7", total=Money(Decimal("5.00"), "EUR"))
    async with database.together(tenant) as connection:
        await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))  # as with more papers
        (found,) = await PostgresFactsReader(pool, RememberedFacts()).read(
            [ACCOUNT._replace(document=invoice)], tenant=tenant, key_id=""
        )
        assert [line.open_amount for line in found.facts.adjustments] == [-1]
        assert await connection.scalar(LOOKED_AT) <= 200


async def test_what_another_server_said_is_not_what_this_one_says(
    pool: ReadPool, store: PostgresPaperStore, tenant: str
) -> None:
    """A standby that takes over may lack the last commits, and give their versions to others."""
    await store.write([paper("order", "O-1", "100.00")], tenant=tenant)
    remembered = RememberedFacts()
    reader = PostgresFactsReader(pool, remembered)
    key = (tenant, "main", "C-1", "C-1")
    (first,) = await reader.read([ACCOUNT], tenant=tenant, key_id="")
    known = remembered.find(key)
    assert known is not None
    (again,) = await reader.read([ACCOUNT], tenant=tenant, key_id="")
    assert again.standings is first.standings

    [(started,)] = await pool.fetch("SELECT pg_postmaster_start_time()::text")
    assert known.mark is not None
    stamp, mark = (said.replace(started, "2020-01-01 00:00:00+00", 1) for said in (known.stamp, known.mark))
    assert stamp != known.stamp
    assert mark != known.mark
    of_another = known._replace(stamp=stamp, mark=mark, facts=known.facts._replace(lines=[]))
    remembered.keep(key, of_another)

    (anew,) = await reader.read([ACCOUNT], tenant=tenant, key_id="")
    assert anew.standings is not first.standings
    assert anew.facts.lines == first.facts.lines
