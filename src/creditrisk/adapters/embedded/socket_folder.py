"""Where the socket lies: a folder only its owner enters, with a path short enough for a socket's address."""

import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from creditrisk.adapters.embedded.errors import EmbeddedPostgresError
from creditrisk.adapters.embedded.system_user import SystemUser

# An address has room for 107 bytes on Linux and 103 on macOS.
PATH_BYTES_MAX = 100
_SOCKET_NAME = ".s.PGSQL.5432"
_PRIVATE = 0o700


class NoSocketFolder(EmbeddedPostgresError):
    """No place for the socket is both short enough and safe."""


def prepare_socket_folder(*, data_dir: Path, elsewhere: Sequence[Path], user: SystemUser) -> Path:
    """Make the socket's folder below the data folder or, where that path will not do, in one of `elsewhere`.

    Raises:
        NoSocketFolder: no path is short enough, or somebody else has made a folder of the name we need.
    """
    # The name elsewhere comes from the data folder: two services do not meet, a restart finds its own.
    unique = f"creditrisk-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"
    for candidate in (data_dir / "run", *(place / unique for place in elsewhere)):
        if _is_addressable(candidate) and candidate.parent.is_dir() and user.can_enter(candidate.parent):
            _make_private(candidate, user)
            # A killed server leaves its socket, and a lock beside it with a number that another process may
            # have by now. Who gets here holds the data folder's lock and has ended all that worked on it.
            for name in (_SOCKET_NAME, f"{_SOCKET_NAME}.lock"):
                (candidate / name).unlink(missing_ok=True)
            return candidate
    raise NoSocketFolder(
        f"The path of {data_dir} will not do for a socket, and none of {', '.join(map(str, elsewhere))} can "
        "be used instead. Choose a shorter CREDITRISK_DATA_DIR."
    )


def _is_addressable(folder: Path) -> bool:
    # A client reads a comma as the end of one host and the beginning of the next.
    return len(os.fsencode(folder / _SOCKET_NAME)) <= PATH_BYTES_MAX and "," not in str(folder)


def _make_private(folder: Path, user: SystemUser) -> None:
    """Make a folder for the user alone. One that is there must be just that: anybody can write to /tmp."""
    try:
        folder.mkdir(mode=_PRIVATE)
    except FileExistsError:
        pass
    else:
        folder.chmod(_PRIVATE)  # mkdir's mode is lowered by the umask
        if user.switched:
            os.chown(folder, user.uid, user.gid, follow_symlinks=False)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user.uid or stat.S_IMODE(found.st_mode) != _PRIVATE:
        raise NoSocketFolder(
            f"{folder} must be a folder of the user {user.name} alone (mode 0700). Remove it."
        )
