"""What commands need of a database without the service: they start at once, for they import no HTTP layer."""

import secrets

from creditrisk.adapters import clock
from creditrisk.adapters.postgres.engine import ConnectionLimits, Database
from creditrisk.adapters.postgres.keys import PostgresKeyStore
from creditrisk.application.issued_keys import IssuedKeys
from creditrisk.settings import Settings


def connection_limits(settings: Settings) -> ConnectionLimits:
    """How many connections a process opens, from the settings."""
    return ConnectionLimits(
        check_connections=settings.check_connections,
        write_connections=settings.write_connections,
        wait_seconds=settings.connection_wait_seconds,
        statement_seconds=settings.statement_seconds,
    )


def issued_keys(database: Database) -> IssuedKeys:
    """Making, listing and revoking API keys."""
    return IssuedKeys(store=PostgresKeyStore(database), random_bytes=secrets.token_bytes, now=clock.now)
