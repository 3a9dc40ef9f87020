"""The hot read, and what a process remembers of it."""

import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.facts import PostgresFactsReader
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.adapters.postgres.remembered_facts import RememberedFacts
from creditrisk.application.stored_facts import Question
from tests.adapters.statements import paper

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
        looked_at = sa.text("SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'paper'")
        (found,) = await PostgresFactsReader(pool, RememberedFacts()).read(
            [ACCOUNT], tenant=tenant, key_id=""
        )
        assert len(found.facts.items) == 50
        assert await connection.scalar(looked_at) <= 100


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
