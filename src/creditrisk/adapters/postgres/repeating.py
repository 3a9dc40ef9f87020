"""What a service does again and again beside its requests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Never

import structlog

from creditrisk.application.errors import Unavailable

_SECONDS_AFTER_FAILURE: Final = 1

_log: Final = structlog.get_logger(__name__)


async def repeat(act: Callable[[], Awaitable[None]], *, every: float, failing: str) -> Never:
    """Do something, wait so many seconds, and do it again, until cancelled; the waiting comes first.

    Nothing else ends it: ``failing`` says in the log what could not be done, and it is tried again. That the
    database is away takes a line each time, whatever nobody has thought of all there is to know about it.
    """
    while True:
        await asyncio.sleep(every)
        try:
            await act()
        except Unavailable as absence:
            _log.warning(failing, reason=str(absence))
        except Exception:  # noqa: BLE001 - see above
            _log.exception(failing)
        else:
            continue
        await asyncio.sleep(_SECONDS_AFTER_FAILURE)
