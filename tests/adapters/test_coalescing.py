"""Questions that wait at the same moment are asked together, and everybody gets their own answers."""

import asyncio
from collections.abc import Sequence

import pytest

from creditrisk.adapters.postgres.coalescing import Coalescing, Lanes
from creditrisk.application.errors import Unavailable


class Database:
    """Answers a statement when it is told to, and keeps which questions came together."""

    def __init__(self) -> None:
        self.statements: list[list[int]] = []
        self.running = 0
        self.most_running = 0
        self.ready = asyncio.Event()

    async def answer(self, questions: Sequence[int]) -> Sequence[str]:
        self.statements.append(list(questions))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await self.ready.wait()
        self.running -= 1
        if 13 in questions:
            raise ArithmeticError("thirteen")
        if 99 in questions:
            raise Unavailable("The database does not answer.")
        return [f"answer {question}" for question in questions]


async def asked(coalescing: Coalescing[int, str], *questions: int) -> Sequence[str]:
    return await coalescing.ask(questions)


class OneByOne:
    """A database that answers a statement each time it is told to."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self._told = asyncio.Event()

    async def answer(self, questions: Sequence[int]) -> Sequence[str]:
        self.sizes.append(len(questions))
        await self._told.wait()
        self._told.clear()
        return [str(question) for question in questions]

    async def answer_all(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Answer until those who ask have nothing more to ask."""
        while not all(task.done() for task in tasks):
            await all_waiting()
            self._told.set()


def again_and_again(coalescing: Coalescing[int, str], number: int, *, times: int) -> asyncio.Task[None]:
    """Ask the same so often, each time as soon as it is answered."""

    async def ask() -> None:
        for _ in range(times):
            await asked(coalescing, number)

    return asyncio.create_task(ask())


async def all_waiting() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_waits_is_asked_together_and_gets_their_own_answers() -> None:
    database = Database()
    coalescing = Coalescing(database.answer, together=1, most=10)

    first = asyncio.create_task(asked(coalescing, 1))
    await all_waiting()
    others = [asyncio.create_task(asked(coalescing, *each)) for each in ((2,), (3, 4), (5,))]
    await all_waiting()
    assert database.statements == [[1]]
    assert not coalescing.idle

    database.ready.set()
    assert await first == ["answer 1"]
    assert [await each for each in others] == [["answer 2"], ["answer 3", "answer 4"], ["answer 5"]]
    assert database.statements == [[1], [2, 3, 4, 5]]
    await all_waiting()
    assert coalescing.idle


async def test_no_more_statements_run_and_no_larger_ones_than_allowed() -> None:
    database = Database()
    coalescing = Coalescing(database.answer, together=2, most=3)
    waiting = [asyncio.create_task(asked(coalescing, number, number)) for number in range(20, 30)]
    await all_waiting()
    database.ready.set()
    await asyncio.gather(*waiting)

    assert database.most_running == 2
    assert max(map(len, database.statements)) <= 3


async def test_more_questions_than_a_statement_takes_are_asked_alone() -> None:
    database = Database()
    database.ready.set()
    coalescing = Coalescing(database.answer, together=1, most=2)
    assert await asked(coalescing, 1, 2, 3, 4) == ["answer 1", "answer 2", "answer 3", "answer 4"]


async def test_a_question_at_fault_fails_alone() -> None:
    database = Database()
    coalescing = Coalescing(database.answer, together=1, most=3)
    tasks = [asyncio.create_task(asked(coalescing, number)) for number in (1, 12, 13, 14)]
    await all_waiting()
    database.ready.set()

    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert database.statements == [[1, 12, 13], [1], [12], [13], [14]]
    assert [results[n] for n in (0, 1, 3)] == [["answer 1"], ["answer 12"], ["answer 14"]]
    assert isinstance(results[2], ArithmeticError)
    assert await asked(coalescing, 15) == ["answer 15"]


async def test_a_database_that_does_not_answer_is_not_asked_again_for_each_who_waits() -> None:
    database = Database()
    coalescing = Coalescing(database.answer, together=1, most=3)
    tasks = [asyncio.create_task(asked(coalescing, number)) for number in (1, 12, 99)]
    await all_waiting()
    database.ready.set()

    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert database.statements == [[1, 12, 99]]
    assert [type(each) for each in results] == [Unavailable] * 3


async def test_who_leaves_takes_no_answer_from_the_others() -> None:
    database = Database()
    coalescing = Coalescing(database.answer, together=1, most=9)
    tasks = [asyncio.create_task(asked(coalescing, number)) for number in (1, 2, 3)]
    await all_waiting()
    tasks[1].cancel()
    database.ready.set()

    assert await tasks[0] == ["answer 1"]
    assert await tasks[2] == ["answer 3"]
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]


async def test_questions_about_one_thing_are_never_asked_by_two_statements_at_a_time() -> None:
    database = Database()
    coalescing = Coalescing(database.answer, together=2, most=10, about=lambda question: question % 10)
    first = asyncio.create_task(asked(coalescing, 21))
    await all_waiting()
    others = [asyncio.create_task(asked(coalescing, number)) for number in (31, 22, 41)]
    await all_waiting()
    assert database.statements == [[21], [22]]

    database.ready.set()
    assert await first == ["answer 21"]
    assert [await each for each in others] == [["answer 31"], ["answer 22"], ["answer 41"]]
    assert database.statements == [[21], [22], [31, 41]]
    await all_waiting()
    assert coalescing.idle


async def test_those_who_ask_are_kept_in_halves() -> None:
    database = OneByOne()
    coalescing = Coalescing(database.answer, together=2, most=10, patience=60, halves=True)
    await database.answer_all([again_and_again(coalescing, number, times=9) for number in range(8)])
    assert database.sizes == [4] * 18


@pytest.mark.parametrize(("rounds", "sizes"), [(0, [1, 7, 1, 7, 1, 7, 1, 7]), (2, [1, 8, 8, 8, 7])])
async def test_with_rounds_those_answered_ask_again_before_the_next_statement(
    rounds: int, sizes: list[int]
) -> None:
    database = OneByOne()
    coalescing = Coalescing(database.answer, together=2, most=10, patience=60, rounds=rounds)
    first = again_and_again(coalescing, 0, times=4)
    await all_waiting()
    others = [again_and_again(coalescing, number, times=4) for number in range(1, 8)]
    await database.answer_all([first, *others])
    assert database.sizes == sizes


async def test_with_patience_a_second_statement_begins_beside_a_late_one_only() -> None:
    database = Database()
    coalescing = Coalescing(database.answer, together=2, most=10, patience=0.2)
    late = asyncio.create_task(asked(coalescing, 1))
    await all_waiting()
    others = [asyncio.create_task(asked(coalescing, number)) for number in (2, 3)]
    await all_waiting()
    assert database.statements == [[1]]

    await asyncio.sleep(0.3)
    assert database.statements == [[1], [2, 3]]
    last = asyncio.create_task(asked(coalescing, 4))
    await all_waiting()
    assert database.running == 2

    database.ready.set()
    assert await late == ["answer 1"]
    assert [await each for each in (*others, last)] == [["answer 2"], ["answer 3"], ["answer 4"]]
    assert database.most_running == 2
    await all_waiting()
    assert coalescing.idle


async def test_what_is_asked_beside_a_late_statement_does_not_wait() -> None:
    database = Database()
    coalescing = Coalescing(database.answer, together=2, most=10, patience=0.01)
    late = asyncio.create_task(asked(coalescing, 1))
    await asyncio.sleep(0.05)
    after = asyncio.create_task(asked(coalescing, 2))
    await all_waiting()
    assert database.statements == [[1], [2]]

    database.ready.set()
    assert (await late, await after) == (["answer 1"], ["answer 2"])
    await all_waiting()
    assert coalescing.idle


async def three_under_way(
    database: Database, *, balanced: float
) -> tuple[Coalescing[int, str], asyncio.Task[Sequence[str]]]:
    coalescing = Coalescing(database.answer, together=2, most=10, balanced=balanced)
    first = asyncio.create_task(asked(coalescing, 1, 2, 3))
    await all_waiting()
    return coalescing, first


async def test_balanced_a_statement_waits_until_it_is_as_large_as_the_one_under_way() -> None:
    database = Database()
    coalescing, first = await three_under_way(database, balanced=60)
    others = [asyncio.create_task(asked(coalescing, number)) for number in (4, 5)]
    await all_waiting()
    assert database.statements == [[1, 2, 3]]

    others.append(asyncio.create_task(asked(coalescing, 6)))
    await all_waiting()
    assert database.statements == [[1, 2, 3], [4, 5, 6]]
    database.ready.set()
    await asyncio.gather(first, *others)
    await all_waiting()
    assert coalescing.idle


async def test_balanced_what_waits_is_asked_once_nothing_is_under_way() -> None:
    database = Database()
    coalescing, first = await three_under_way(database, balanced=60)
    other = asyncio.create_task(asked(coalescing, 4))
    await all_waiting()
    database.ready.set()
    assert await first == ["answer 1", "answer 2", "answer 3"]
    assert await other == ["answer 4"]
    assert database.statements == [[1, 2, 3], [4]]


async def test_balanced_nobody_waits_for_a_statement_that_is_late() -> None:
    database = Database()
    coalescing, first = await three_under_way(database, balanced=0.05)
    waiting = asyncio.create_task(asked(coalescing, 4))
    await all_waiting()
    assert database.running == 1
    await asyncio.sleep(0.2)
    assert database.statements == [[1, 2, 3], [4]]
    database.ready.set()
    await asyncio.gather(first, waiting)


async def test_tenants_share_no_statement() -> None:
    asked_of: list[tuple[str, list[int]]] = []
    ready = asyncio.Event()

    async def answer(tenant: str, questions: Sequence[int]) -> Sequence[str]:
        asked_of.append((tenant, list(questions)))
        await ready.wait()
        return [f"{tenant} {question}" for question in questions]

    lanes = Lanes(answer, together=1, most=10)
    tasks = [
        asyncio.create_task(lanes.ask(tenant, [number]))
        for number, tenant in enumerate(("acme", "bolt", "acme", "bolt", "acme"))
    ]
    await all_waiting()
    ready.set()

    answers = [await task for task in tasks]
    assert answers == [["acme 0"], ["bolt 1"], ["acme 2"], ["bolt 3"], ["acme 4"]]
    assert {tenant for tenant, _ in asked_of} == {"acme", "bolt"}
    assert sorted(number for tenant, numbers in asked_of for number in numbers if tenant == "acme") == [
        0,
        2,
        4,
    ]


async def test_who_asks_again_at_once_shares_the_tenants_statements() -> None:
    running: list[int] = []

    async def answer(tenant: str, questions: Sequence[int]) -> Sequence[str]:
        running.append(1)
        await all_waiting()
        together.append(len(running))
        running.pop()
        return [tenant for _ in questions]

    async def ask_again_and_again() -> None:
        for _ in range(5):
            await lanes.ask("acme", [1])

    together: list[int] = []
    lanes = Lanes(answer, together=1, most=10)
    await asyncio.gather(*(ask_again_and_again() for _ in range(4)))
    assert max(together) == 1
