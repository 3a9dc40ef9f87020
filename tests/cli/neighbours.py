"""Two services on two ports over one database, and an ERP that is served by both in turn."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from creditrisk.application.keys import Scope
from tests.api.feeds.bodies import NDJSON
from tests.cli.installation import new_installation
from tests.scenarios.erp import Erp, figures
from tests.service import JSON, Site, ok

Sight = Callable[[JSON], Any]
"""What of an answer a test looks at."""


@contextmanager
def two_services(database_url: str) -> Iterator[tuple[Site, Site]]:
    """Serve the database by two processes that have nothing else in common."""
    with ExitStack() as running:
        sites = []
        for _ in range(2):
            installation = running.enter_context(new_installation())
            over = {"CREDITRISK_DATABASE_URL": database_url}
            running.enter_context(installation.serving("--no-migrate", settings=over))
            sites.append(Site(f"http://127.0.0.1:{installation.settings['CREDITRISK_PORT']}", database_url))
        yield sites[0], sites[1]


@contextmanager
def two_doors(sites: tuple[Site, Site], platform: str) -> Iterator[tuple[Erp, Erp]]:
    """The ERP of one new tenant, coming in through either process with the same key.

    ``platform`` is the key of whoever runs the installation.
    """
    one, other = sites
    with one.caller(platform) as installation:
        key = new_key(installation, tenant=f"tenant-{uuid4().hex}")
    with one.caller(key) as first, other.caller(key) as second:
        yield Erp(first), Erp(second)


def new_key(platform: httpx.Client, *, tenant: str) -> str:
    """A key of a tenant that may do everything there."""
    scopes = sorted(set(Scope) - {Scope.PLATFORM})
    made = Erp(platform).post("/v1/keys", {"tenant": tenant, "scopes": scopes})
    key = made["key"]
    assert isinstance(key, str)
    return key


@dataclass
class Alternation:
    """Writes through one process and checks through the other; after each write they change places."""

    writer: Erp
    reader: Erp

    def wrote(self, write: Callable[[Erp], Any], see: Sight, sees: Any, **asked: Any) -> Any:
        """Write, and make sure that the very next check elsewhere sees what no check saw before.

        Both processes are asked the same before, so whatever they remember of it they remember by then.
        Returns what was answered to the write.
        """
        for erp in (self.writer, self.reader, self.reader):
            assert see(_asked(erp, **asked)) != sees
        answered = write(self.writer)
        for erp in (self.reader, self.writer):
            seen = see(_asked(erp, **asked))
            assert seen == sees, f"saw {seen} instead of {sees}"
        self.writer, self.reader = self.reader, self.writer
        return answered


def _asked(erp: Erp, *, kind: str = "order", total: str = "1.00", **asked: Any) -> JSON:
    return erp.check(kind, total, **asked)


def current(answer: JSON) -> str:
    return figures(answer)[0]


def limit(answer: JSON) -> str | None:
    amount = answer["limit"]["amount"]
    assert amount is None or isinstance(amount, str)
    return amount


def of_the_group(answer: JSON) -> str | None:
    """The members' exposure and the group's limit; None where no group's limit applies."""
    return next(
        (f"{each['current']} of {each['amount']}" for each in answer["limits"] if each["source"] == "group"),
        None,
    )


def imports(path: str, content: bytes, headers: dict[str, str] = NDJSON, **query: str) -> Any:
    """A write that sends a stream of which every line is to be stored."""

    def send(erp: Erp) -> None:
        report = ok(erp.caller.post(path, content=content, headers=headers, params=query))
        assert report["rejected"] == 0, report

    return send


def deletes(path: str, **query: Any) -> Any:
    return lambda erp: ok(erp.caller.delete(path, params=query))
