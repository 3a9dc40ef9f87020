"""How one installation runs: read once from the environment and `.env`, then passed on."""

import os
import pwd
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX = "CREDITRISK_"
_DATABASE_SCHEMES = ("postgresql://", "postgres://", "postgresql+asyncpg://")


class InvalidSettings(Exception):
    """The environment or `.env` holds values the service cannot run with; the message has a line for each."""


class LogLevel(StrEnum):
    """The least severe entries that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
    """Every setting with its default; the variable is `CREDITRISK_` and the name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="A PostgreSQL 16 or newer, as postgresql://user:password@host:port/database. "
        "Unset: the embedded PostgreSQL.",
    )
    data_dir: Path = Field(
        default_factory=lambda: default_data_dir(environ=os.environ, uid=os.geteuid()),
        description="The folder of the embedded PostgreSQL. Unset: creditrisk in the user's folder for data.",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="The address the service listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="The port the service listens on.")
    processes: int = Field(default=1, ge=1, le=256, description="Service processes; one for each core.")
    log_level: Annotated[LogLevel, BeforeValidator(_lower)] = Field(
        default=LogLevel.INFO, description="debug, info, warning or error."
    )
    max_body_bytes: int = Field(
        default=1024 * 1024, ge=1024, description="The largest JSON body, in bytes. Streams have no limit."
    )
    check_connections: int = Field(
        default=2, ge=1, le=100, description="Connections of one process that answer checks."
    )
    write_connections: int = Field(
        default=8, ge=2, le=100, description="Connections of one process for everything else, at most."
    )
    connection_wait_seconds: float = Field(
        default=5, gt=0, description="How long a request waits for a free connection before it is refused."
    )
    statement_seconds: float = Field(
        default=30, gt=0, description="How long one statement of a request may take."
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(_DATABASE_SCHEMES):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("data_dir")
    @classmethod
    def _is_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    def masked(self) -> dict[str, str]:
        """Show every setting by its variable's name, secrets as asterisks, unset ones empty."""
        values = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {f"{_PREFIX}{name.upper()}": "" if value is None else str(value) for name, value in values}


def load_settings(*, env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings: the environment first, then the file where there is one, then the defaults.

    Raises:
        InvalidSettings: a value is not acceptable. The message names variables, and never repeats a value.
    """
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_context=False, include_url=False)
        lines = (f"{_PREFIX}{str(problem['loc'][0]).upper()}: {problem['msg']}" for problem in problems)
        raise InvalidSettings("\n".join(lines)) from None


def default_data_dir(*, environ: Mapping[str, str], uid: int) -> Path:
    """Choose where data lies unless said otherwise: the user's folder for data, for root the system's.

    PostgreSQL does not run as root but as an account that cannot enter root's home, hence /var/lib.
    """
    stated = Path(environ.get("XDG_DATA_HOME", ""))
    if stated.is_absolute():
        return stated / "creditrisk"
    if uid == 0:
        return Path("/var/lib/creditrisk")
    home = environ.get("HOME") or _home_of(uid)
    return Path(home, ".local", "share", "creditrisk")


def _home_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        raise InvalidSettings(
            f"{_PREFIX}DATA_DIR: must be set, because user number {uid} has no home folder"
        ) from None
