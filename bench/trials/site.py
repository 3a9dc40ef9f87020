"""A service of its own for a trial: several processes, an embedded PostgreSQL, one tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import httpx

from bench.trials.promises import promised
from creditrisk.adapters.embedded.server import attach
from tests.cli.installation import Installation, Service, new_installation

TENANT = "trial"

_VERIFY_SECONDS_MAX: Final = 900
"""A million papers and all their links are worked out anew."""


@dataclass(frozen=True)
class Door:
    """Where the service is reached, and with which key; small enough to hand to other processes."""

    url: str
    key: str

    def open(self) -> httpx.Client:
        """A client. The service speaks plain HTTP, so no certificate authorities are read."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=False)


@dataclass(frozen=True)
class TrialSite:
    """A running service."""

    installation: Installation
    service: Service
    door: Door
    database_url: str
    """For a login that may read everything."""

    def verified(self) -> str:
        """What `creditrisk verify` says where it finds nothing.

        Raises:
            PromiseBroken: stored figures are not what the papers say.
        """
        done = self.installation.run("verify", seconds_max=_VERIFY_SECONDS_MAX)
        promised(done.returncode == 0, f"verify: {done.stdout}{done.stderr}")
        return f"verify: {done.stdout.strip()}"


@contextmanager
def running_site(*, processes: int, ran_before: bool = False) -> Iterator[TrialSite]:
    """Serve until the block ends; tests may have a data folder that ``ran_before``."""
    with new_installation(ran_before=ran_before) as installation:
        settings = {"CREDITRISK_PROCESSES": str(processes)}
        with installation.serving(settings=settings) as service:
            made = installation.run("keys", "create", "--tenant", TENANT, "--scopes", "all")
            server = attach(installation.folder / "data")
            if made.returncode != 0 or server is None:
                raise RuntimeError(f"the service for the trial is not to be had: {made.stderr}")
            port = installation.settings["CREDITRISK_PORT"]
            door = Door(f"http://127.0.0.1:{port}", made.stdout.strip())
            yield TrialSite(installation, service, door, server.url("creditrisk"))


@contextmanager
def also_serving(site: TrialSite) -> Iterator[tuple[Service, Door]]:
    """Serve the same database from another process on another port until the block ends."""
    with new_installation() as installation:
        over = {"CREDITRISK_DATABASE_URL": site.database_url}
        with installation.serving("--no-migrate", settings=over) as service:
            url = f"http://127.0.0.1:{installation.settings['CREDITRISK_PORT']}"
            yield service, replace(site.door, url=url)
