"""Files that are there whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from creditrisk.cli.exits import ExitCode, Failure

STANDARD_OUTPUT: Final = Path("-")


@contextmanager
def opened_for_writing(output: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes its name once it is complete; if the block fails, nothing has changed.

    `-` is standard output. What is there and is no file, such as a pipe, is written to directly.

    Raises:
        Failure: it cannot be written.
    """
    if output == STANDARD_OUTPUT:
        if sys.stdout is None:  # closed by whoever started the command
            raise Failure("Standard output is closed.", ExitCode.USAGE)
        yield sys.stdout.buffer
        with writing(output):
            sys.stdout.buffer.flush()
        return
    target = output.resolve()
    if target.exists() and not target.is_file():
        with _opened(output, target) as file:
            yield file
        return
    # A neighbour, because only within a file system a file takes a name in one step.
    neighbour = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with _opened(output, neighbour) as file:
            yield file
            with writing(output):
                file.flush()
                os.fsync(file.fileno())
        with writing(output):
            neighbour.replace(target)
    finally:
        neighbour.unlink(missing_ok=True)


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Say which file it is that cannot be written.

    Raises:
        Failure: the block could not write.
    """
    try:
        yield
    except OSError as error:
        name = "Standard output" if output == STANDARD_OUTPUT else str(output)
        raise Failure(f"{name} cannot be written: {error.strerror}.", ExitCode.USAGE) from None


@contextmanager
def _opened(output: Path, target: Path) -> Iterator[IO[bytes]]:
    with writing(output):
        file = target.open("wb")
    with file:
        yield file
