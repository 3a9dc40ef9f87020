"""Snapshots of a whole ledger beside COPY of the same rows."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import httpx

from bench.data import JSON, encoded, open_item, send_file
from bench.load import FailedRequests
from bench.servers import TENANT, Installation
from bench.stage import Stage
from bench.table import Goal, Row

_ENTRIES_PER_CUSTOMER = 50
_MEMORY_MIB_MAX = 250
_COPIES = "copies"
"""The tenant of the rows that COPY writes."""

_STATED_COLUMNS = """
select attname from pg_attribute
where attrelid = 'paper'::regclass and attnum > 0 and attgenerated = '' and attname <> 'tenant'
"""


@dataclass(frozen=True, slots=True)
class _Sent:
    """Entries in a second of each way."""

    first: float
    unchanged: float
    copied: float


def snapshot_rows(stage: Stage) -> list[Row]:
    """The first snapshot of a source, the same once more, and the memory both took."""
    entries = stage.sizes.snapshot_entries
    with stage.installation.service() as service, stage.installation.caller(service) as caller:
        stage.say(f"A snapshot of {entries:,} entries …")
        sent = _sent_twice(stage, caller, source="S0")
        memory = service.peak_memory() / 2**20
    where = f"{entries:,} entries of {entries // _ENTRIES_PER_CUSTOMER:,} customers"
    return [
        Row(
            what=f"first snapshot, {where}",
            unit="entries/s",
            ours=sent.first,
            yardstick=sent.copied,
            beside="COPY of the same rows into the same table and indexes",
            goal=Goal(0.35),
            figures=asdict(sent),
        ),
        Row(
            what=f"memory of the service after snapshots of {entries:,} entries, at its peak",
            unit="MiB",
            ours=memory,
            goal=Goal(_MEMORY_MIB_MAX, at_most=True),
        ),
        Row(
            what=f"unchanged snapshot again, {where}",
            unit="entries/s",
            ours=sent.unchanged,
            yardstick=sent.first,
            beside="the first one",
            goal=Goal(3),
        ),
    ]


def _sent_twice(stage: Stage, caller: httpx.Client, *, source: str) -> _Sent:
    entries = stage.sizes.snapshot_entries
    file = stage.installation.folder / f"{source}.ndjson"
    with file.open("wb") as written:
        written.writelines(encoded(_ledger(stage, source)))
    seconds, report = _sent(caller, file, source)
    _require(report, added=entries)
    again, report = _sent(caller, file, source)
    _require(report, unchanged=entries)
    file.unlink()
    copied = asyncio.run(_copied(stage.installation, source=source, entries=entries))
    return _Sent(first=entries / seconds, unchanged=entries / again, copied=entries / copied)


def _ledger(stage: Stage, source: str) -> Iterator[JSON]:
    draw = Random(source)
    for number in range(stage.sizes.snapshot_entries):
        customer = f"{source}-{number // _ENTRIES_PER_CUSTOMER:06d}"
        yield open_item(draw, f"{source}-R{number}", customer, stage.portfolio.today)


def _sent(caller: httpx.Client, file: Path, source: str) -> tuple[float, JSON]:
    """Seconds, and what the service did. The file is there already: making it takes time, too."""
    began = time.perf_counter()
    report = send_file(caller, "/v1/ledger/snapshots", file, source=source)
    return time.perf_counter() - began, report


def _require(report: JSON, **counts: int) -> None:
    if any(report[name] != count for name, count in counts.items()):
        raise FailedRequests(f"The snapshot did something else than {counts}: {report}")


async def _copied(installation: Installation, *, source: str, entries: int) -> float:
    """Seconds that COPY takes for the rows of a source, as another tenant's."""
    file = installation.folder / f"{source}.copy"
    connection: Any = await asyncpg.connect(installation.database)
    try:
        columns = [row["attname"] for row in await connection.fetch(_STATED_COLUMNS)]
        stated = f"select '{_COPIES}', {', '.join(columns)} from paper where tenant = $1 and source = $2"
        await connection.copy_from_query(stated, TENANT, source, output=file)
        await connection.execute("checkpoint")
        began = time.perf_counter()
        done = await connection.copy_to_table("paper", source=file, columns=["tenant", *columns])
        seconds = time.perf_counter() - began
        if done != f"COPY {entries}":
            raise FailedRequests(f"COPY wrote something else than {entries} rows: {done}")
        await connection.execute(f"delete from paper where tenant = '{_COPIES}'")
        await connection.execute("vacuum paper")
    finally:
        await connection.close()
        file.unlink(missing_ok=True)
    return seconds
