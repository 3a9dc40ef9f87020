"""What the command `import` is asked to do, and whether that makes sense."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from creditrisk.cli.exits import ExitCode, Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """What to import. ``file`` `-` is standard input; ``company`` None: as the lines say, else `main`.

    ``snapshot``: the file is the whole ledger of a source, ``described`` by these parameters of the call.
    """

    stream: str
    file: Path
    csv: bool
    company: str | None
    atomic: bool
    snapshot: bool
    described: Mapping[str, str | int | Sequence[str]]

    def require_sense(self) -> None:
        """Make sure that the options belong together.

        Raises:
            Failure: they do not.
        """
        if self.snapshot and (self.stream != "ledger" or self.atomic):
            raise Failure("A snapshot is one of the ledger, and atomic by itself.", ExitCode.USAGE)
        if self.described and not self.snapshot:
            options = ", ".join(f"--{name.replace('_', '-')}" for name in self.described)
            raise Failure(f"Only for --snapshot: {options}.", ExitCode.USAGE)

    @property
    def path(self) -> str:
        """The call that takes the file."""
        return "/v1/ledger/snapshots" if self.snapshot else f"/v1/{self.stream}:import"

    @property
    def parameters(self) -> dict[str, str | int | Sequence[str]]:
        """The parameters of the call."""
        own = self.described if self.snapshot else {"atomic": str(self.atomic).lower()}
        return {**own} | ({} if self.company is None else {"company": self.company})

    @property
    def counts(self) -> tuple[str, ...]:
        """The counts of the answer."""
        if self.snapshot:
            return "added", "changed", "closed", "unchanged", "stale", "rejected"
        return "accepted", "unchanged", "stale", "rejected"


def opened_for_reading(file: Path) -> BufferedReader:
    """Open a file; `-` is standard input.

    Raises:
        Failure: it cannot be read.
    """
    if str(file) == "-":
        return open(sys.stdin.fileno(), "rb", closefd=False)
    try:
        return file.open("rb")
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", ExitCode.USAGE) from None
