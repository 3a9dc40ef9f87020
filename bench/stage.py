"""What rows share: the installation, the portfolio loaded into it, and samples of a body and its answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bench.data import Portfolio, load
from bench.load import Load, Slice, send, write_requests
from bench.plot import Panel
from bench.servers import Installation, installed
from bench.sizes import Sizes

_CHECKS = 5_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """The accounts of a tenant of its own."""

    tenant: str
    key: str
    portfolio: Portfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where rows are measured."""

    sizes: Sizes
    installation: Installation
    portfolio: Portfolio
    samples: dict[str, Any]
    say: Callable[[str], None]
    panels: list[Panel] = field(default_factory=list)
    """Left by rows for the plot."""
    crowds: dict[int, Crowd] = field(default_factory=dict)

    def requests(self, name: str, bodies: Any, *, to: str = "/v1/check") -> Path:
        """Write a file of requests."""
        return write_requests(self.installation.folder / f"{name}.requests", bodies, to=to)

    def checks(self) -> Path:
        """The requests of the throughput rows: checks spread over all accounts."""
        return self.requests("checks", self.portfolio.checks(_CHECKS))

    def load(self, url: str, requests: Path) -> Load:
        """Requests to a service, with the key."""
        return Load(url=url, requests=requests, key=self.installation.key)

    def crowd(self, accounts: int) -> Crowd:
        """Give a tenant with so many accounts, loaded when it is first asked for."""
        if accounts not in self.crowds:
            self.say(f"Loading {accounts:,} accounts …")
            tenant = f"crowd-{accounts}"
            key = self.installation.new_key(tenant)
            portfolio = Portfolio(prefix="C", accounts=accounts, today=self.portfolio.today)
            installation = self.installation
            with installation.service() as service, installation.caller(service, key=key) as caller:
                load(portfolio, caller)
            installation.settle()
            self.crowds[accounts] = Crowd(tenant, key, portfolio)
        return self.crowds[accounts]

    def sending(self, load: Load, *, connections: int) -> Callable[[int], Slice]:
        """Give what measures one slice of a load."""
        return lambda _turn: send(load, seconds=self.sizes.slice_seconds, connections=connections)


@contextmanager
def staged(sizes: Sizes, *, today: date, say: Callable[[str], None]) -> Iterator[Stage]:
    """Start PostgreSQL, load the portfolio through the service, and take the samples."""
    with installed() as installation:
        portfolio = Portfolio(prefix="C", accounts=sizes.accounts, today=today)
        say(f"Loading {sizes.accounts:,} accounts …")
        with installation.service() as service, installation.caller(service) as caller:
            load(portfolio, caller)
            body = next(check for check in portfolio.checks(_CHECKS) if "number" in check["document"])
            answer = caller.post("/v1/check", json=body | {"dry_run": True}).raise_for_status().json()
        installation.settle()
        installation.prepare_floor(portfolio.customers)
        yield Stage(
            sizes=sizes,
            installation=installation,
            portfolio=portfolio,
            samples={"body": body, "answer": answer},
            say=say,
        )
