import asyncio
from collections.abc import MutableMapping
from typing import Any

from structlog.testing import capture_logs

from creditrisk.adapters.postgres.repeating import repeat
from creditrisk.application.errors import Unavailable


async def logged_while(error: Exception) -> list[MutableMapping[str, Any]]:
    """What is logged while something fails at first, and is done twice then."""
    done = asyncio.Event()
    outcomes: list[Exception | None] = [error, None, None]

    async def act() -> None:
        outcome = outcomes.pop(0)
        if not outcomes:
            done.set()
        if outcome is not None:
            raise outcome

    with capture_logs() as logged:
        repeating = asyncio.create_task(repeat(act, every=0, failing="not done; trying again"))
        await done.wait()
        repeating.cancel()
        await asyncio.wait([repeating])
    assert repeating.cancelled()
    return logged


async def test_that_the_database_is_away_takes_a_line_and_is_tried_again() -> None:
    assert await logged_while(Unavailable("the database does not answer")) == [
        {"event": "not done; trying again", "log_level": "warning", "reason": "the database does not answer"}
    ]


async def test_what_nobody_has_thought_of_is_told_as_a_whole_and_tried_again() -> None:
    assert await logged_while(ArithmeticError()) == [
        {"event": "not done; trying again", "log_level": "error", "exc_info": True}
    ]
