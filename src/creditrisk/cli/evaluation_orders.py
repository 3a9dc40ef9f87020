"""What the command `evaluate` is asked to do, and whether that makes sense."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from creditrisk.api.wire import ReferenceDay
from creditrisk.cli.exits import ExitCode, Failure
from creditrisk.cli.output_files import STANDARD_OUTPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOrder:
    """What to evaluate, and where it goes. ``company`` None: all; ``as_of`` None: today, in each company."""

    tenant: str
    company: str | None
    as_of: str | None
    output: Path | None
    format: str | None
    store: bool
    processes: int | None

    def require_sense(self) -> None:
        """Make sure that there is somewhere for the result to go, and that the day can be one.

        Raises:
            Failure: it is not so.
        """
        if self.output is None and not self.store:
            raise Failure("Nothing would come of it: give --output, --store or both.", ExitCode.USAGE)
        if self.output is None and self.format is not None:
            raise Failure("--format is of a file: give --output.", ExitCode.USAGE)
        if self.output == STANDARD_OUTPUT and self.format == "parquet":
            raise Failure("Parquet is written to a file, not to standard output.", ExitCode.USAGE)
        _ = self.day

    @property
    def day(self) -> date | None:
        """The reference date.

        Raises:
            Failure: it cannot be one.
        """
        if self.as_of is None:
            return None
        try:
            day: date = TypeAdapter(ReferenceDay).validate_python(self.as_of)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise Failure(f"--as-of {self.as_of}: {reason}.", ExitCode.USAGE) from None
        return day

    @property
    def file_format(self) -> str | None:
        """How the file is written; None: there is none."""
        if self.output is None:
            return None
        return self.format or ("parquet" if self.output.suffix == ".parquet" else "csv")
