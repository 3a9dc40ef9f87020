"""How many statements the service sends to PostgreSQL, read from PostgreSQL's own log."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench.servers import Installation

_STATEMENT: Final = re.compile(r"LOG:  (?:execute [^:]*|statement): (.*)", re.DOTALL)
_MARK: Final = "creditrisk|"
_RELOAD: Final = "select pg_reload_conf(), pg_sleep(0.5)"


@contextmanager
def counted(installation: Installation) -> Iterator[Counter[str]]:
    """Count the service's statements by their text, complete once the block has ended."""
    log = installation.postgres_log
    counts: Counter[str] = Counter()
    installation.execute(
        "alter system set log_line_prefix = '%a|'", "alter system set log_statement = 'all'", _RELOAD
    )
    begin = log.stat().st_size
    try:
        yield counts
    finally:
        installation.execute("alter system reset all", _RELOAD)
    written = log.read_bytes()[begin:].decode(errors="replace")
    for entry in re.split(r"\n(?=\S)", written):
        found = _STATEMENT.search(entry) if entry.startswith(_MARK) else None
        if found:
            counts[" ".join(found[1].split())] += 1
