"""The yardstick: what the same server does at least for a request and an answer of the same shape.

Run as a program it serves two endpoints on the settings of the service itself:

- ``POST /v1/check``, the floor: validates the body, reads 15 rows by one prepared statement, answers a model;
- ``POST /reserve``, the floor of writing: updates one row in a transaction.

It has no keys, no logs, no limits to compare, and pools as asyncpg makes them by default.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request
from pydantic import BaseModel, create_model

from creditrisk.cli.listening import bind
from creditrisk.cli.processes import run_server

SETTINGS = "BENCH_FLOOR"
"""The variable that names a JSON file: database, host, port, processes, and a sample of body and answer."""

LINES = 15

SCHEMA = """
create table floor_line (
    customer text not null, category text not null, flags text not null, currency text not null,
    due_on date not null, since date not null, papers bigint not null, open_amount numeric not null,
    total_amount numeric not null);
create table floor_account (customer text primary key, reserved numeric not null) with (fillfactor = 50);
"""

FILL = (
    f"""
    insert into floor_line
    select c, 'open_items', '', 'EUR', current_date + n, current_date - n, 1 + n, 100.50 * n, 200.50 * n
    from unnest($1::text[]) as c, generate_series(1, {LINES}) as n
    """,
    "insert into floor_account select c, 0 from unnest($1::text[]) as c",
)
"""Each takes the customers."""

READ = """
select category, flags, currency, due_on, since, papers, open_amount, total_amount
from floor_line where customer = $1
"""

UPDATE = "update floor_account set reserved = reserved + $2 where customer = $1 returning reserved"


class ReserveIn(BaseModel):
    """The smallest request that changes something."""

    customer: str
    amount: Decimal


class Reserved(BaseModel):
    """Its answer."""

    reserved: Decimal


def model_like(name: str, sample: dict[str, Any]) -> type[BaseModel]:
    """Make the model of objects like the sample; of text it asks no more than that it is text."""
    fields: dict[str, Any] = {key: (_type(key, value), None) for key, value in sample.items()}
    return create_model(name, **fields)


def _type(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return model_like(name, value) | None
    if isinstance(value, list):
        return list.__class_getitem__(_type(name, value[0]) if value else Any)
    return str | None if value is None else type(value)


def make_app() -> FastAPI:
    """Build the application from the settings."""
    settings = orjson.loads(Path(os.environ[SETTINGS]).read_bytes())
    answer = settings["answer"]
    answer_model = model_like("Answer", answer)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(settings["database"]) as app.state.pool:
            yield

    app = FastAPI(lifespan=lifespan)

    async def check(body: Any, request: Request) -> Any:
        rows = await request.app.state.pool.fetch(READ, body.customer)
        current = str(sum(row["open_amount"] for row in rows))
        exposure = answer["exposure"] | {"current": current}
        return answer_model.model_validate(answer | {"customer": body.customer, "exposure": exposure})

    check.__annotations__["body"] = model_like("Body", settings["body"])
    app.post("/v1/check", response_model=answer_model)(check)

    @app.post("/reserve", response_model=Reserved)
    async def reserve(body: ReserveIn, request: Request) -> Any:
        async with request.app.state.pool.acquire() as connection, connection.transaction():
            reserved = await connection.fetchval(UPDATE, body.customer, body.amount)
        return Reserved(reserved=reserved)

    return app


def main() -> None:
    """Serve until stopped."""
    settings = orjson.loads(Path(os.environ[SETTINGS]).read_bytes())
    with bind("127.0.0.1", settings["port"]) as listener:
        run_server("bench.floor:make_app", processes=settings["processes"], listener=listener)


if __name__ == "__main__":
    main()
