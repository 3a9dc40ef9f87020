"""Folders for data of minutes: in memory where there is room, since PostgreSQL makes thousands of files."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
DISK: Final = Path("/tmp")
_ROOM: Final = 4 * 2**30
"""Bytes: several times what a run needs."""


def place() -> Path:
    """Where the data of a run of tests belongs."""
    in_memory = (
        _MEMORY.is_dir()
        and shutil.disk_usage(_MEMORY).free >= _ROOM
        # Where PostgreSQL's programs are closed to the user who runs them, a copy is put beside the data.
        and not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    )
    return _MEMORY if in_memory else DISK


def new_folder(place: Path) -> Path:
    """Make a folder which the system user that PostgreSQL runs as under root can enter.

    The folders of pytest are closed to it, and their paths too long for sockets.
    """
    folder = Path(tempfile.mkdtemp(prefix="creditrisk-test-", dir=place))
    folder.chmod(0o711)
    return folder
