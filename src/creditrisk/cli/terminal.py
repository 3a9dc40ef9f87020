"""Where commands write: results on standard output, everything said meanwhile on standard error."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_WIDTH_WITHOUT_TERMINAL = 160
_SECONDS_BETWEEN_LINES = 10


def results() -> Console:
    """Make the console for what a command was asked for. A file or a pipe gets no colours and long lines."""
    return _console(stderr=False)


def messages() -> Console:
    """Make the console for what is said to the person at the keyboard."""
    return _console(stderr=True)


def say(text: str) -> None:
    """Tell the person at the keyboard something, in a line however long it is."""
    messages().print(text, soft_wrap=True)


def complain(message: str) -> None:
    """Say why a command ends."""
    messages().print(f"[bold red]Error:[/] {escape(message)}", highlight=False, soft_wrap=True)


def log_to_people() -> None:
    """Write what the program itself logs as lines for people, and only what is wrong.

    Not for a service: that configures its logging anew, which is why no logger may keep this configuration.
    """
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show that something takes its time, to people only."""
    console = messages()
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def progress() -> Progress:
    """Make a progress bar; it is shown on a terminal only, and gone at the end."""
    console = messages()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


@contextmanager
def counting(what: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far something is: by a bar on a terminal, elsewhere by a line every few seconds.

    Gives what is to be called with the number of those that are newly done.
    """
    console = messages()
    done, said = 0, time.perf_counter()
    with progress() as bar:
        task = bar.add_task(what, total=total)

        def advance(number: int) -> None:
            nonlocal done, said
            done += number
            bar.advance(task, number)
            now = time.perf_counter()
            if not console.is_terminal and now - said >= _SECONDS_BETWEEN_LINES:
                console.print(f"{what}: {done:,} of {total:,}")
                said = now

        yield advance


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False)
