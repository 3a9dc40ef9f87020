"""Checks that reserve, asked of processes directly."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any

import orjson
import sqlalchemy as sa

from creditrisk.adapters.postgres import tables
from creditrisk.adapters.postgres.engine import ConnectionLimits, Database
from creditrisk.application.check import CheckCommand
from creditrisk.application.keys import Principal, Scope
from creditrisk.bootstrap.backend import Backend
from creditrisk.domain.account import ClaimedOperator
from creditrisk.domain.facts import Check
from creditrisk.domain.money import Money
from creditrisk.domain.papers import Document, Followed, Kind
from tests.adapters.stored import make_tenant

CONNECTIONS = ConnectionLimits(write_connections=12)
NUMBERS = count(1)


async def make_shared_limit(database: Database, tenant: str, amount: str) -> Principal:
    """Let C-1, C-2 and C-3 be a credit group with this limit, in two companies."""
    await make_tenant(database, tenant)
    grouping = "credit_group"
    policy = {"preset": "standard", "overrides": {"grouping": grouping}}
    limit = {"limit": {"amount": amount, "currency": "EUR"}}
    key = {"id": "k", "hash": tenant.encode(), "name": "n", "scopes": ["check"]}
    contents: dict[sa.Table, list[dict[str, Any]]] = {
        tables.api_key: [key],
        tables.company: [
            {"company": name, "policy": policy, "grouping": grouping} for name in ("main", "north")
        ],
        tables.customer: [
            {"customer": name, "content": {"credit_group": "G"}} for name in ("C-1", "C-2", "C-3")
        ],
        tables.reference: [{"kind": "credit_group", "code": "G", "content": limit}],
    }
    async with database.transaction(tenant) as connection:
        for table, stored in contents.items():
            await connection.execute(sa.insert(table), [{"tenant": tenant, **row} for row in stored])
    return Principal(tenant=tenant, key_id="k", name="n", scopes=frozenset(Scope))


def reserving(
    amount: str | Decimal,
    *,
    customer: str = "C-1",
    company: str = "main",
    number: str | None = None,
    seconds: int = 900,
    follows: str | None = None,
    kind: Kind | None = None,
) -> CheckCommand:
    """An order, or a delivery that follows one, or a document of another kind."""
    document = Document(
        kind=kind or (Kind.ORDER if follows is None else Kind.DELIVERY),
        total=Money(Decimal(amount), "EUR"),
        number=number or f"SO-{next(NUMBERS)}",
        follows=() if follows is None else (Followed(kind=Kind.ORDER, number=follows),),
    )
    check = Check(company=company, customer=customer, document=document, operator=ClaimedOperator())
    return CheckCommand(check=check, reserve_seconds=seconds, request={})


async def ask(backends: Sequence[Backend], commands: Sequence[CheckCommand], caller: Principal) -> list[Any]:
    """Ask everything at the same time, in turn of this process and of that one."""
    return await asyncio.gather(
        *(ask_one(backends[turn % len(backends)], command, caller) for turn, command in enumerate(commands))
    )


async def ask_one(backend: Backend, command: CheckCommand, caller: Principal) -> Any:
    """Ask one thing, and read the answer."""
    return orjson.loads(orjson.dumps(await backend.services.checks.check(command, principal=caller)))
