"""Processes that work for this one."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import psutil
import pytest

from creditrisk.adapters.helper_processes import Borrowed, HelperProcesses

HERE = os.getpid()


async def process(_asked: str = "") -> int:
    return os.getpid()


async def echo(words: str, *, seconds: float = 0) -> str:
    time.sleep(seconds)  # noqa: ASYNC251 - a helper has nothing else to do
    return words


async def sleepy_echo(words: str) -> str:
    return await echo(words, seconds=0.2)


async def fail(words: str) -> None:
    raise ValueError(words)


@pytest.fixture
async def call() -> AsyncIterator[Borrowed]:
    async with HelperProcesses(most=2).lent() as call:
        yield call


async def helpers_of(call: Borrowed) -> set[int]:
    """Call until both helpers have answered."""
    found: set[int] = set()
    async with asyncio.timeout(30):
        while len(found) < 2:
            found |= set(await asyncio.gather(*(call(process) for _ in range(4)))) - {HERE}
    return found


async def test_a_few_calls_are_done_here_and_more_of_them_in_helpers_at_the_same_time(call: Borrowed) -> None:
    assert [await call(process) for _ in range(2)] == [HERE] * 2
    assert len(await helpers_of(call)) == 2
    assert await call(echo, "words") == "words"


async def test_what_a_function_raises_is_raised_here(call: Borrowed) -> None:
    await helpers_of(call)
    with pytest.raises(ValueError, match="quite wrong"):
        await call(fail, "quite wrong")
    assert await call(process) != HERE


async def test_the_work_of_helpers_that_were_killed_is_done_here(call: Borrowed) -> None:
    helpers = await helpers_of(call)
    waiting = [asyncio.create_task(call(sleepy_echo, words)) for words in "abcd"]
    await asyncio.sleep(0.05)
    for number in helpers:
        os.kill(number, signal.SIGKILL)
    assert await asyncio.gather(*waiting) == list("abcd")
    assert await call(process) == HERE


async def test_the_answer_to_a_cancelled_call_is_nobody_elses(call: Borrowed) -> None:
    await helpers_of(call)
    waiting = [asyncio.create_task(call(sleepy_echo, words)) for words in "ab"]
    await asyncio.sleep(0.05)
    waiting[0].cancel()
    assert await asyncio.gather(*(call(echo, words) for words in "cdef")) == list("cdef")
    assert await waiting[1] == "b"


async def test_helpers_end_when_nobody_borrows_them() -> None:
    lender = HelperProcesses(most=2)
    async with lender.lent() as first:
        async with lender.lent() as second:
            helpers = await helpers_of(first)
            assert await helpers_of(second) == helpers
        assert all(psutil.pid_exists(number) for number in helpers)
    assert not any(psutil.pid_exists(number) for number in helpers)
