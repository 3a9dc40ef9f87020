"""Commands about API keys, for whoever runs the installation."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Table

from creditrisk.adapters import clock
from creditrisk.api.wire import Identifier, Line
from creditrisk.application.issued_keys import KeyOrder, KeyRecord
from creditrisk.application.keys import Scope
from creditrisk.bootstrap.database import issued_keys
from creditrisk.cli.databases import database_address, opened_database
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.terminal import results
from creditrisk.settings import Settings

ALL_SCOPES: Final = frozenset(Scope) - {Scope.PLATFORM}
"""What `all` means: everything within one tenant."""

PLATFORM_SCOPES: Final = frozenset({Scope.PLATFORM, Scope.ADMIN})
PLATFORM_TENANT: Final = "platform"

_PAGE: Final = 1_000
_IDENTIFIER: Final[TypeAdapter[str]] = TypeAdapter(Identifier)
_LINE: Final[TypeAdapter[str]] = TypeAdapter(Line)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWish:
    """A key as asked for on the command line."""

    tenant: str | None
    scopes: str | None
    platform: bool
    companies: Sequence[str] | None
    name: str

    def owner(self) -> str:
        """Say whose key it is.

        Raises:
            Failure: nobody's.
        """
        if self.tenant is not None:
            return _read(_IDENTIFIER, self.tenant, "--tenant")
        if self.platform:
            return PLATFORM_TENANT
        raise Failure("Name the tenant with --tenant.", ExitCode.USAGE)

    def order(self) -> KeyOrder:
        """Say what is ordered.

        Raises:
            Failure: something is not acceptable.
        """
        scopes = PLATFORM_SCOPES if self.platform else frozenset()
        if self.scopes is not None:
            scopes |= read_scopes(self.scopes)
        if not scopes:
            raise Failure("Say what the key may do with --scopes, or --platform.", ExitCode.USAGE)
        companies = [_read(_IDENTIFIER, company, "--company") for company in self.companies or ()]
        return KeyOrder(
            scopes=scopes,
            companies=frozenset(companies) or None,
            name=_read(_LINE, self.name, "--name"),
        )


def read_scopes(text: str) -> frozenset[Scope]:
    """Read scopes separated by commas; `all` stands for all of a tenant's.

    Raises:
        Failure: one is none.
    """
    words = {word.strip() for word in text.split(",") if word.strip()}
    known = {scope.value for scope in ALL_SCOPES}
    unknown = words - known - {"all"}
    if unknown:
        names = ", ".join(scope.value for scope in Scope if scope in ALL_SCOPES)
        raise Failure(
            f"No scope of a tenant: {', '.join(sorted(unknown))}. There are {names}, and all.", ExitCode.USAGE
        )
    return ALL_SCOPES if "all" in words else frozenset(map(Scope, words))


def create(settings: Settings, wish: KeyWish) -> None:
    """Make a key and print it alone on standard output."""
    tenant, order = wish.owner(), wish.order()

    async def run(address: str) -> str:
        async with opened_database(settings, address=address) as database:
            issued = await issued_keys(database).issue(order, tenant=tenant, by=None)
        return issued.key

    with database_address(settings) as address:
        key = asyncio.run(run(address))
    sys.stdout.write(f"{key}\n")


def show_all(settings: Settings, *, tenant: str) -> None:
    """List a tenant's keys."""

    async def run(address: str) -> list[KeyRecord]:
        found: list[KeyRecord] = []
        async with opened_database(settings, address=address) as database:
            while True:
                page = await issued_keys(database).list(
                    tenant=tenant, by=None, after=found[-1].id if found else None, limit=_PAGE
                )
                found += page
                if len(page) < _PAGE:
                    return found

    with database_address(settings) as address:
        records = asyncio.run(run(address))
    table = Table("Id", "Name", "Scopes", "Companies", "Made", "State", box=None, pad_edge=False)
    for record in records:
        table.add_row(*_row(record))
    results().print(table)


def revoke(settings: Settings, key_id: str, *, tenant: str) -> None:
    """Make a key useless.

    Raises:
        NotFound: the tenant has none of that id.
    """

    async def run(address: str) -> None:
        async with opened_database(settings, address=address) as database:
            await issued_keys(database).revoke(key_id, tenant=tenant, by=None)

    with database_address(settings) as address:
        asyncio.run(run(address))


def _row(record: KeyRecord) -> tuple[str, ...]:
    if record.revoked_at is not None:
        state = f"revoked {record.revoked_at:%Y-%m-%d}"
    elif record.expires_at is None:
        state = "good"
    else:
        state = (
            f"{'expired' if record.expires_at <= clock.now() else 'good until'} {record.expires_at:%Y-%m-%d}"
        )
    return (
        record.id,
        escape(record.name),
        ", ".join(scope.value for scope in Scope if scope in record.scopes),
        "all" if record.companies is None else escape(", ".join(sorted(record.companies))),
        f"{record.created_at:%Y-%m-%d}",
        state,
    )


def _read(kind: TypeAdapter[Any], text: str, option: str) -> str:
    try:
        value: str = kind.validate_python(text)
    except ValidationError as error:
        raise Failure(f"{option} {error.errors()[0]['msg']}.", ExitCode.USAGE) from None
    return value
