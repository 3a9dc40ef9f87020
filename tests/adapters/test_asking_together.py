"""Questions asked at one moment are answered as each would be alone, whatever is known of their accounts."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import sqlalchemy as sa

from creditrisk.adapters.postgres.engine import Database
from creditrisk.adapters.postgres.facts import PostgresFactsReader
from creditrisk.adapters.postgres.papers import PostgresPaperStore
from creditrisk.adapters.postgres.read_pool import ReadPool
from creditrisk.adapters.postgres.remembered_facts import RememberedFacts
from creditrisk.adapters.postgres.reserving import PostgresReservationBook
from creditrisk.application.stored_facts import Question, StoredFacts
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Document, Followed, Kind
from tests.adapters.statements import paper

NEW = Document(kind=Kind.ORDER, total=Money(Decimal(5), "EUR"), number="O-new")
DOCUMENTS = (
    None,
    replace(NEW, number=None),
    NEW,
    replace(NEW, number="O-3"),
    replace(NEW, number="O-held"),
    replace(NEW, follows=[Followed(kind=Kind.ORDER, number="O-1", total=None)]),
)
QUESTIONS = [
    Question("main", f"C-{n}", document=document, bill_to=bill_to)
    for n in range(1, 8)
    for document in DOCUMENTS
    for bill_to in (None, "C-4", *([f"C-{n}"] if document is NEW else []))
]
LIMIT = '{"limit": {"amount": "10.00", "currency": "EUR"}}'
TEMPORARY = LIMIT.replace("}}", '}, "made_at": "2026-01-01T00:00:00Z"}')
COVER = '{"kind": "insurance", "value": {"amount": "10.00", "currency": "EUR"}}'


def reserved(number: str) -> str:
    """Set 7 aside for an order of C-4."""
    return f"""INSERT INTO reservation
    (tenant, id, company, kind, number, customer, account, amount, currency, expires_at) VALUES
    (:tenant, gen_random_uuid(), 'main', 'order', '{number}', 'C-4', 'C-4', 7, 'EUR', 'infinity')"""


def held(number: str) -> str:
    """Hold an order by order of a person."""
    return f"""INSERT INTO hold (tenant, id, company, kind, number, customer, type, total, currency, owner)
    VALUES (:tenant, gen_random_uuid(), 'main', 'order', '{number}', 'C-5', 'forced', 5, 'EUR', 'anna')"""


CHANGES = (
    "SELECT",
    f"""INSERT INTO temporary_limit (tenant, company, owner_kind, owner, no, content)
    VALUES (:tenant, 'main', 'customer', 'C-1', 1, '{TEMPORARY}')""",
    f"""INSERT INTO cover (tenant, company, customer, no, content)
    VALUES (:tenant, 'main', 'C-2', 1, '{COVER}')""",
    """INSERT INTO manual_block (tenant, company, customer, no, content)
    VALUES (:tenant, 'main', 'C-3', 1, '{"kinds": ["order"]}')""",
    reserved("O-reserved"),
    reserved("O-new"),
    "UPDATE reservation SET counted = owed",
    """INSERT INTO reserved_sum (tenant, company, account, currency, reservations, amount)
    VALUES (:tenant, 'main', 'C-4', 'EUR', 2, 14)""",
    "UPDATE reservation SET expires_at = '2026-01-01' WHERE number = 'O-reserved'",
    "UPDATE reservation SET expires_at = 'infinity', status = 'held', resolved_at = NULL",
    """WITH met AS (UPDATE reservation SET number = 'O-4' WHERE number = 'O-reserved' RETURNING *)
    INSERT INTO reservation_met (tenant, company, account, id)
    SELECT tenant, company, account, id FROM met""",
    """WITH apart AS (DELETE FROM reservation_met RETURNING id)
    UPDATE reservation SET number = 'O-reserved' FROM apart WHERE apart.id = reservation.id""",
    """UPDATE customer SET content = content || '{"risk_customer": "C-5"}' WHERE customer = 'C-6'""",
    f"""INSERT INTO credit_account (tenant, company, customer, content)
    VALUES (:tenant, 'main', 'C-7', '{LIMIT}')""",
    held("O-held"),
    held("O-7"),
    """UPDATE company SET policy = '{"overrides": {"count_held": false}}'""",
    """UPDATE company SET grouping = 'head_account'""",
)
"""One after the other: what makes accounts more than their papers, and documents more than their numbers."""


async def test_whatever_changes_those_asked_together_see_what_each_would_see_alone(
    pool: ReadPool, database: Database, store: PostgresPaperStore, tenant: str
) -> None:
    orders = [paper("order", f"O-{n}", f"{n}00.00", customer=f"C-{n}") for n in range(1, 8)]
    delivery = paper("delivery", "D-9", "9.00", customer="C-5", bill_to="C-4")
    await store.write([*orders, delivery], tenant=tenant)
    remembered = RememberedFacts()
    reader = PostgresFactsReader(pool, remembered)
    book = PostgresReservationBook(database, remembered, new_id=uuid4)

    async def together() -> Sequence[StoredFacts]:
        return await reader.read(QUESTIONS, tenant=tenant, key_id="")

    async def reserving(question: Question) -> StoredFacts:
        """What a check that reserves sees; it decides nothing."""
        seen: list[StoredFacts] = []
        await book.decide(question, seen.append, tenant=tenant, key_id="")
        return seen[-1]

    for change in CHANGES:
        async with database.transaction(tenant) as connection:
            await connection.execute(sa.text(change), {"tenant": tenant} if ":tenant" in change else {})
        # Where nothing is known each is read by itself.
        alone = await PostgresFactsReader(pool, RememberedFacts()).read(QUESTIONS, tenant=tenant, key_id="")
        # The second time all that can be known is known.
        for found in (
            await together(),
            await together(),
            await asyncio.gather(*map(reserving, QUESTIONS)),
        ):
            for question, stored, expected in zip(QUESTIONS, found, alone, strict=True):
                assert told(stored) == told(expected), (change, question)


def told(stored: StoredFacts) -> tuple[object, ...]:
    """All but the moment it was read at, and what follows from it."""
    facts = stored.facts
    facts = facts._replace(feeds=(), reserved=tuple(facts.reserved), set_aside=tuple(facts.set_aside))
    return facts, stored.config_version, stored.open_hold, stored.owner, stored.alone
