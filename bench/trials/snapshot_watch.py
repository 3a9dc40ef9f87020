"""What the database says about a snapshot while it runs: where it is, and whether anybody waits for it."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any, Final, Self, TypeVar

import asyncpg

from bench.trials.promises import promised

Result = TypeVar("Result")

_WAIT_SECONDS_MAX: Final = 1_800

# Everything but when and by whom; equal sums of hashes are equal tables, in whatever order the rows lie.
_DIGEST: Final = """
    SELECT 'paper', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM paper t
    UNION ALL SELECT 'bucket', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM exposure_bucket t
    UNION ALL SELECT 'version', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM exposure_state t
    UNION ALL SELECT 'feed', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM feed t
    UNION ALL SELECT 'snapshot', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM snapshot t
"""

_WRITING: Final = """
    SELECT pid FROM pg_stat_activity
    WHERE application_name = 'creditrisk' AND state = 'active' AND query LIKE '%write_snapshot_%'
"""
_QUIET: Final = """
    SELECT NOT EXISTS (
        SELECT FROM pg_stat_activity WHERE application_name = 'creditrisk' AND backend_xid IS NOT NULL)
"""

# Checks that reserve rightly wait for each other; nobody may wait for a backend that is at
# a snapshot.
_WAITING: Final = """
    WITH waiting AS MATERIALIZED (
        SELECT pid, query FROM pg_stat_activity
        WHERE application_name = 'creditrisk' AND wait_event_type = 'Lock'
    )
    SELECT w.query FROM waiting w
    JOIN pg_stat_activity b ON b.pid = ANY (pg_blocking_pids(w.pid))
    WHERE b.query ~* 'snapshot|staged'
"""


class Database:
    """The service's database, looked at from outside."""

    def __init__(self, url: str) -> None:
        self._url = url

    def digest(self) -> dict[str, tuple[int, str]]:
        """Number and content of everything a snapshot writes."""
        rows = self._run(self._fetch(_DIGEST))
        return {name: (number, str(content)) for name, number, content in rows}

    def wait_until_written(self) -> int:
        """Wait until a snapshot is being written into the papers; returns the backend that does it."""
        deadline = time.monotonic() + _WAIT_SECONDS_MAX
        while not (found := self._run(self._fetch(_WRITING))):
            promised(time.monotonic() < deadline, "no snapshot came to be written")
            time.sleep(0.002)
        pid: int = found[0]["pid"]
        return pid

    def terminate(self, pid: int) -> None:
        """End a backend, as an administrator or a failing server would."""
        self._run(self._fetch("SELECT pg_terminate_backend($1)", pid))

    def wait_until_quiet(self) -> None:
        """Wait until nobody writes any more: a backend notices late that its client is gone."""
        deadline = time.monotonic() + _WAIT_SECONDS_MAX
        while not self._run(self._fetch(_QUIET))[0][0]:
            promised(time.monotonic() < deadline, "a snapshot nobody waits for is still written")
            time.sleep(0.1)

    async def _fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self._url)
        try:
            found: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
        finally:
            await connection.close()
        return found

    @staticmethod
    def _run(work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run(work)


class LockWatch:
    """Looks all the time whether somebody waits for a lock that a snapshot holds."""

    def __init__(self, url: str) -> None:
        self.looks = 0
        self._url = url
        self._ended = threading.Event()
        self._waiting: list[str] = []

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watch()))
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        self._thread.join()
        promised(not self._waiting, f"somebody waited for the snapshot: {sorted(set(self._waiting))}")

    async def _watch(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            while not self._ended.is_set():
                self._waiting += [row["query"] for row in await connection.fetch(_WAITING)]
                self.looks += 1
                await asyncio.sleep(0.01)
        finally:
            await connection.close()
