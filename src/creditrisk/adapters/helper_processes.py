"""Processes that work for this one, so that long work keeps no request waiting and uses another core.

A helper reads calls from its standard input and writes what they return to its standard output. It ends when
its input does, however the process that started it ended.
"""

import asyncio
import contextlib
import gc
import os
import pickle
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, Final, TypeVar

T = TypeVar("T")

_LENGTH: Final = struct.Struct("!Q")
_PROGRAM: Final = f"from {__name__} import work; work()"
_CALLS_BEFORE: Final = 2
"""Starting a helper takes as long as some calls; a few are done sooner without."""

_NICER: Final = 5
"""Where there are fewer cores than processes, those that answer requests come first."""


class HelperProcesses:
    """Up to ``most`` helpers, started where there is much to do, stopped when nobody borrows them."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._borrowers = 0
        self._starting: asyncio.Task[None] | None = None
        self._helpers: list[_Helper] = []

    @asynccontextmanager
    async def lent(self) -> AsyncIterator["Borrowed"]:
        """Give a way to call coroutine functions in helpers, or here as long as there are none."""
        self._borrowers += 1
        try:
            yield Borrowed(self)
        finally:
            self._borrowers -= 1
            if not self._borrowers:
                await self._stop()

    def start(self) -> None:
        """Begin to start helpers, unless that was done."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())

    def idlest(self) -> "_Helper | None":
        """Return the helper with the fewest calls; None: there are none, or they broke."""
        return min((each for each in self._helpers if each.works), key=lambda each: each.calls, default=None)

    async def _start(self) -> None:
        # A machine without room for another process does without.
        with contextlib.suppress(OSError):
            for _ in range(self._most):
                self._helpers.append(_Helper(await _new_process()))

    async def _stop(self) -> None:
        if self._starting is not None:
            await asyncio.wait([self._starting])
        helpers, self._helpers, self._starting = self._helpers, [], None
        for helper in helpers:
            helper.kill()
        for helper in helpers:
            await helper.ended()


async def _new_process() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PROGRAM),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the process that started it
    )


class Borrowed:
    """Calls coroutine functions in helpers. Function, arguments and what it returns can be pickled."""

    def __init__(self, helpers: HelperProcesses) -> None:
        self._helpers = helpers
        self._calls = 0

    async def __call__(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Return what the function does, or raise what it raises."""
        self._calls += 1
        if self._calls > _CALLS_BEFORE:
            self._helpers.start()
        helper = self._helpers.idlest()
        if helper is not None:
            with contextlib.suppress(BrokenHelper):
                result: T = await helper.call(function, arguments)
                return result
        return await function(*arguments)


class BrokenHelper(Exception):
    """A helper has ended by itself, or was killed."""


class _Helper:
    """One process; ``calls`` are those under way or waiting."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.calls = 0
        self._in_step = True
        self._process = process
        self._lock = asyncio.Lock()

    @property
    def works(self) -> bool:
        """Whether it can be called."""
        return self._in_step or self._lock.locked()

    async def call(self, function: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]) -> Any:
        """Return what the function does there.

        Raises:
            BrokenHelper: the process is gone.
        """
        self.calls += 1
        try:
            async with self._lock:
                succeeded, result = pickle.loads(await self._answer(pickle.dumps((function, arguments))))  # noqa: S301 - our own process wrote it
        finally:
            self.calls -= 1
        if not succeeded:
            raise result
        return result

    async def _answer(self, question: bytes) -> bytes:
        requests, answers = self._process.stdin, self._process.stdout
        if not self._in_step or requests is None or answers is None:
            raise BrokenHelper
        self._in_step = False  # until the whole answer is here; who is cancelled leaves it half read
        try:
            requests.write(_LENGTH.pack(len(question)) + question)
            await requests.drain()
            (length,) = _LENGTH.unpack(await answers.readexactly(_LENGTH.size))
            answer = await answers.readexactly(length)
        except (OSError, EOFError) as failure:
            raise BrokenHelper from failure
        self._in_step = True
        return answer

    def kill(self) -> None:
        """End the process, whatever it is at."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def ended(self) -> None:
        """Wait for its end."""
        await self._process.wait()


def work() -> None:
    """Be a helper: answer calls until there are no more."""
    os.nice(_NICER)
    # What calls make does not refer to itself, and looking for such things takes a tenth of the time.
    gc.disable()
    asyncio.run(_work(sys.stdin.buffer, sys.stdout.buffer))


async def _work(requests: BinaryIO, answers: BinaryIO) -> None:
    while length := requests.read(_LENGTH.size):
        function, arguments = pickle.loads(requests.read(*_LENGTH.unpack(length)))  # noqa: S301 - the process that started us wrote it
        try:
            answer = pickle.dumps((True, await function(*arguments)))
        except Exception as failure:  # noqa: BLE001 - raised where the call was made
            answer = pickle.dumps((False, failure))
        answers.write(_LENGTH.pack(len(answer)) + answer)
        answers.flush()
