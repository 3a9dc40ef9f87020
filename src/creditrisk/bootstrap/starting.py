"""How often a process looks for garbage in cycles, of which it makes next to none."""

import gc
from typing import Final

_OBJECTS_BEFORE_COLLECTING: Final = 20_000
_COLLECTIONS_BEFORE_OLDER: Final = (10, 10)


def collect_rarely() -> None:
    """Let importing go on without the garbage collector looking through all of it again and again.

    What modules consist of stays as long as the process: looking for garbage there took a sixth of a start.
    """
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING, *_COLLECTIONS_BEFORE_OLDER)
