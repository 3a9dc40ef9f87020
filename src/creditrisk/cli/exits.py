"""How a command ends: exit codes, and the sentence for whoever started it."""

from enum import IntEnum
from typing import NamedTuple


class ExitCode(IntEnum):
    """What the shell is told. Stable; `creditrisk --help` lists them."""

    OK = 0
    """Done, or stopped by Ctrl-C or SIGTERM while serving."""
    PROBLEMS = 1
    """Done, but not everything is as it should be: lines rejected, drift found, documents differ."""
    USAGE = 2
    """The command line or the settings are not acceptable; nothing was done."""
    DATABASE = 3
    """The database cannot be reached, started or used."""
    ADDRESS = 4
    """The address to serve on is taken or not ours."""
    SERVICE = 5
    """The service does not answer, or refuses."""
    ENDED = 6
    """A process of the command was ended from outside; no file was replaced, and nothing stored."""


class Failure(Exception):
    """Ends a command with a sentence on standard error and an exit code."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


class Explanation(NamedTuple):
    """What to tell about an exception."""

    message: str
    code: ExitCode


def explain(error: Exception) -> Explanation | None:
    """Say what an exception means to whoever runs the command; None: it is a fault of ours."""
    from creditrisk.adapters.embedded.errors import EmbeddedPostgresError
    from creditrisk.settings import InvalidSettings

    match error:
        case Failure():
            return Explanation(str(error), error.code)
        case EmbeddedPostgresError():
            return Explanation(_sentence(error), ExitCode.DATABASE)
        case InvalidSettings():
            return Explanation(str(error), ExitCode.USAGE)
        case _:
            return _explain_deeper(error)


def _explain_deeper(error: Exception) -> Explanation | None:
    """Say what an exception of the database or of a use case means; it takes a second to import them all."""
    import asyncpg
    import sqlalchemy as sa

    from creditrisk.adapters.postgres.engine import UnsuitableDatabase
    from creditrisk.adapters.postgres.preparation import UnreachableDatabase
    from creditrisk.application.errors import ApplicationError, Deferred
    from creditrisk.demo.loading import DemoRefused

    match error:
        case UnsuitableDatabase() | UnreachableDatabase():
            return Explanation(_sentence(error), ExitCode.DATABASE)
        case DemoRefused():
            return Explanation(f"The demo was refused: {error}", ExitCode.SERVICE)
        case sa.exc.DBAPIError():
            return Explanation(f"The database refuses: {error.orig}", ExitCode.DATABASE)
        case asyncpg.PostgresError():
            return Explanation(f"The database refuses: {error}", ExitCode.DATABASE)
        case Deferred():
            return Explanation(_sentence(error), ExitCode.DATABASE)
        case ApplicationError():
            details = [f"{complaint.pointer}: {complaint.detail}" for complaint in error.errors]
            return Explanation("\n".join([str(error), *details]), ExitCode.USAGE)
        case _:
            return None


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}"
