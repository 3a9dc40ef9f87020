"""Questions that wait at the same moment, answered by one statement."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Generic, TypeVar

from creditrisk.application.errors import Unavailable

Q = TypeVar("Q")
A = TypeVar("A")

_Waiting = tuple[Sequence[Q], asyncio.Future[Sequence[A]]]


class Lanes(Generic[Q, A]):
    """One `Coalescing` for each tenant that asks at the moment: a statement is of one tenant."""

    def __init__(
        self,
        answer: Callable[[str, Sequence[Q]], Awaitable[Sequence[A]]],
        *,
        together: int,
        most: int,
        about: Callable[[Q], Hashable] | None = None,
    ) -> None:
        self._answer = answer
        self._together = together
        self._most = most
        self._about = about
        self._lanes: dict[str, Coalescing[Q, A]] = {}

    async def ask(self, tenant: str, questions: Sequence[Q]) -> Sequence[A]:
        """The answers in order. Raises whatever the statement that asked them raises."""
        lane = self._lanes.get(tenant)
        if lane is None:
            lane = Coalescing(
                partial(self._answer, tenant), together=self._together, most=self._most, about=self._about
            )
            self._lanes[tenant] = lane
        try:
            return await lane.ask(questions)
        finally:
            if lane.idle:
                self._lanes.pop(tenant, None)


class Coalescing(Generic[Q, A]):
    """Runs at most ``together`` statements at a time; what is asked meanwhile waits, and is asked as one.

    Under load a statement then answers many questions, and its round trip costs each of them little. A
    question that finds nothing running is asked at once. Questions ``about`` the same thing are not asked by
    two statements at a time, where they would only wait for each other.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        *,
        together: int,
        most: int,
        about: Callable[[Q], Hashable] | None = None,
    ) -> None:
        self._answer = answer
        self._free = together
        self._most = most
        self._about = about
        self._under_way: set[Hashable] = set()
        """What the statements that run are about."""
        self._waiting: deque[_Waiting[Q, A]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """Whether nothing is running; nothing waits then, either."""
        return not self._tasks and not self._waiting

    async def ask(self, questions: Sequence[Q]) -> Sequence[A]:
        """The answers in order. Raises whatever the statement that asked them raises."""
        asked: asyncio.Future[Sequence[A]] = asyncio.get_running_loop().create_future()
        self._waiting.append((questions, asked))
        if self._free:
            self._free -= 1
            task = asyncio.create_task(self._answer_waiting())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await asked

    async def _answer_waiting(self) -> None:
        """Work off what waits, by one of the statements that may run."""
        try:
            while taken := self._next():
                things = self._things(taken)
                self._under_way |= things
                try:
                    await self._answer_together(taken)
                finally:
                    self._under_way -= things
        finally:
            self._free += 1

    def _next(self) -> list[_Waiting[Q, A]]:
        """As many of those who wait as one statement may answer, at least the first; else none."""
        taken: list[_Waiting[Q, A]] = []
        passed_over: list[_Waiting[Q, A]] = []
        count = 0
        while self._waiting and (not taken or count + len(self._waiting[0][0]) <= self._most):
            waiting = self._waiting.popleft()
            if self._under_way.isdisjoint(self._things([waiting])):
                taken.append(waiting)
                count += len(waiting[0])
            else:
                passed_over.append(waiting)
        self._waiting.extendleft(reversed(passed_over))
        return taken

    def _things(self, waiting: Sequence[_Waiting[Q, A]]) -> set[Hashable]:
        if self._about is None:
            return set()
        return {self._about(question) for questions, _ in waiting for question in questions}

    async def _answer_together(self, taken: Sequence[_Waiting[Q, A]]) -> None:
        try:
            answers = await self._answer([question for questions, _ in taken for question in questions])
        except BaseException as failure:
            if len(taken) > 1 and isinstance(failure, Exception) and not isinstance(failure, Unavailable):
                # One of them may be at fault, and the others are not to suffer for it.
                for each in taken:
                    await self._answer_together([each])
                return
            for _, asked in taken:
                if not asked.done():
                    asked.set_exception(failure)
            if not isinstance(failure, Exception):
                raise
            return
        begin = 0
        for questions, asked in taken:
            end = begin + len(questions)
            if not asked.done():  # else whoever asked has gone
                asked.set_result(answers[begin:end])
            begin = end
