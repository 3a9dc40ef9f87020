"""What makes a process start quickly."""

import gc
from typing import Final

_OBJECTS_BEFORE_COLLECTING: Final = 20_000


def collect_rarely() -> None:
    """Let importing go on without the garbage collector looking through all of it again and again.

    What modules consist of stays as long as the process: looking for garbage there took a sixth of a start.
    """
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING, 10, 10)
