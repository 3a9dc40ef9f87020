"""Questions that wait at the same moment, answered by one statement."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
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
        patience: float | None = None,
        halves: bool = False,
        rounds: int = 0,
        balanced: float | None = None,
        about: Callable[[Q], Hashable] | None = None,
    ) -> None:
        self._lane = partial(
            Coalescing[Q, A],
            together=together,
            most=most,
            patience=patience,
            halves=halves,
            rounds=rounds,
            balanced=balanced,
            about=about,
        )
        self._answer = answer
        self._lanes: dict[str, Coalescing[Q, A]] = {}

    async def ask(self, tenant: str, questions: Sequence[Q]) -> Sequence[A]:
        """The answers in order. Raises whatever the statement that asked them raises."""
        lane = self._lanes.get(tenant)
        if lane is None:
            lane = self._lanes[tenant] = self._lane(partial(self._answer, tenant))
        try:
            return await lane.ask(questions)
        finally:
            if lane.idle and self._lanes.get(tenant) is lane:  # else somebody asked before all were told
                del self._lanes[tenant]


class Coalescing(Generic[Q, A]):
    """Runs at most ``together`` statements at a time; what is asked meanwhile waits, and is asked as one.

    Under load a statement then answers many questions, and its round trip costs each of them little. A
    question that finds nothing running is asked at once. Questions ``about`` the same thing are not asked by
    two statements at a time, where they would only wait for each other.

    With ``patience`` (seconds) a second statement begins only beside one that takes longer. With ``halves``
    those who ask are kept in two halves: while one half is answered, the process works on the answers of the
    other, so that it always has work. With ``rounds`` it is the other way: the next statement waits until the
    event loop has gone round so often, so that those just answered, if they ask again, are in it with those
    who wait. That is fewer and larger statements, but nothing is read beside what the process does; where
    that has nothing to do, the rounds take no time. With ``balanced`` (seconds) a second statement begins
    when as many wait as the first one answers, or that takes longer: small statements do not take turns with
    large ones, which answer most for what a statement costs.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        *,
        together: int,
        most: int,
        patience: float | None = None,
        halves: bool = False,
        rounds: int = 0,
        balanced: float | None = None,
        about: Callable[[Q], Hashable] | None = None,
    ) -> None:
        self._answer = answer
        self._together = together
        self._most = most
        self._patience = patience
        self._halves = halves
        self._rounds = rounds
        self._balanced = balanced
        self._late_after = patience if balanced is None else balanced
        self._about = about
        self._being_answered = 0
        self._under_way: set[Hashable] = set()
        """What the statements that run are about."""
        self._late: set[asyncio.Task[None]] = set()
        """Those whose statement has taken longer than others are to wait for it."""
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
        self._begin()
        return await asked

    def _begin(self) -> None:
        """Begin a statement, if one may run beside those that do."""
        at_once = self._patience is None or len(self._late) == len(self._tasks)
        if at_once and len(self._tasks) < self._together and self._enough():
            task = asyncio.create_task(self._answer_waiting())
            self._tasks.add(task)

    async def _answer_waiting(self) -> None:
        """Work off what waits, by one of the statements that may run."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine of a task that runs
        answered = 0
        try:
            while self._enough() and (taken := self._next(answered)):
                answered = _count(taken)
                things = self._things(taken)
                self._under_way |= things
                self._being_answered += answered
                try:
                    with self._noticed_when_late(task):
                        await self._answer_together(taken)
                finally:
                    self._under_way -= things
                    self._being_answered -= answered
                if self._patience is not None and len(self._tasks) - 1 > len(self._late):
                    return  # another one has begun meanwhile, and goes on
                for _ in range(self._rounds):
                    await asyncio.sleep(0)
        finally:
            self._tasks.discard(task)

    def _enough(self) -> bool:
        """Whether what waits is worth a statement beside those that run."""
        balanced = self._balanced is None or _count(self._waiting) >= self._being_answered
        return balanced or bool(self._late)

    @contextmanager
    def _noticed_when_late(self, task: asyncio.Task[None]) -> Iterator[None]:
        """Let another statement begin if that of the task takes longer than others are to wait for it."""
        if self._late_after is None:
            yield
            return

        def is_late() -> None:
            self._late.add(task)
            if self._waiting:
                self._begin()

        timer = asyncio.get_running_loop().call_later(self._late_after, is_late)
        try:
            yield
        finally:
            timer.cancel()
            self._late.discard(task)

    def _next(self, answered: int) -> list[_Waiting[Q, A]]:
        """As many of those who wait as one statement may answer, at least the first; else none.

        Those whom it has just ``answered`` are working on that, and will probably ask again.
        """
        most = self._most
        if self._halves:
            most = min(most, (_count(self._waiting) + answered + 1) // 2)
        taken: list[_Waiting[Q, A]] = []
        passed_over: list[_Waiting[Q, A]] = []
        count = 0
        while self._waiting and (not taken or count + len(self._waiting[0][0]) <= most):
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


def _count(waiting: Iterable[_Waiting[Q, A]]) -> int:
    return sum(len(questions) for questions, _ in waiting)
