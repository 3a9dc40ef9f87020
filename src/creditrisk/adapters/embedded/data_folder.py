"""The data folder and the lock on it: one process at a time runs PostgreSQL there."""

import fcntl
import os
import time
from pathlib import Path
from typing import NamedTuple

from creditrisk.adapters.embedded.errors import EmbeddedPostgresError
from creditrisk.adapters.embedded.system_user import SystemUser

# Long enough for a process that only looks whether the lock is held, or is about to end.
_LOCK_SECONDS_MAX = 1.0


class AlreadyRunning(EmbeddedPostgresError):
    """Another process runs the server of this data folder."""


class UnusableDataFolder(EmbeddedPostgresError):
    """The data folder cannot be made, entered or named to PostgreSQL."""


def make_data_folder(data_dir: Path, user: SystemUser) -> None:
    """Make the data folder unless it is there, and see that the user PostgreSQL runs as can enter it.

    Raises:
        UnusableDataFolder: it cannot be made, or that user cannot get there.
    """
    # pg_ctl hands the path to a shell, between double quotes.
    if any(character in '"$`\\' or not character.isprintable() for character in str(data_dir)):
        raise UnusableDataFolder(f"{str(data_dir)!r}: PostgreSQL's tools cannot handle this name.")
    try:
        if not data_dir.is_dir():
            data_dir.mkdir(parents=True)
            # The account PostgreSQL runs as passes through; what lies inside is closed to everybody else.
            data_dir.chmod(0o711 if user.switched else 0o700)
        reached = not user.switched or user.can_enter(data_dir)
    except OSError as error:
        raise UnusableDataFolder(f"{data_dir} cannot be used: {error.strerror}.") from error
    if not reached:
        raise UnusableDataFolder(
            f"PostgreSQL runs as the user {user.name}, who cannot enter {data_dir}. Set CREDITRISK_DATA_DIR "
            "to a folder that everybody may pass through, such as /var/lib/creditrisk."
        )


class FolderLock:
    """The right to run PostgreSQL on a data folder, held until released or until this process ends.

    The locked file names the holder, and then the socket's folder from when the server answers. Child
    processes do not inherit the lock.
    """

    def __init__(self, data_dir: Path) -> None:
        """Take the lock.

        Raises:
            AlreadyRunning: another process holds it; the message names that process.
            UnusableDataFolder: the file cannot be opened.
        """
        self._file = _open_lock_file(data_dir)
        deadline = time.monotonic() + _LOCK_SECONDS_MAX
        while not _locks(self._file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                holder = _read(self._file)[0] or "unknown"
                os.close(self._file)
                raise AlreadyRunning(
                    f"PostgreSQL on {data_dir} is already run by process {holder}. Stop that one, or set "
                    "CREDITRISK_DATA_DIR to another folder."
                )
            time.sleep(0.05)
        os.ftruncate(self._file, 0)
        self._write(f"{os.getpid()}\n")

    def announce(self, socket_dir: Path) -> None:
        """Tell other processes that the server answers, and where."""
        self._write(f"{socket_dir}\n")

    def release(self) -> None:
        """Let another process take the lock."""
        os.ftruncate(self._file, 0)
        os.close(self._file)

    def _write(self, text: str) -> None:
        os.write(self._file, os.fsencode(text))


class Running(NamedTuple):
    """A server that another process runs. The folder of its socket is None until it answers."""

    socket_dir: Path | None


def find_running(data_dir: Path) -> Running | None:
    """Look whether a process runs PostgreSQL on this folder, or is about to.

    Raises:
        UnusableDataFolder: the lock's file is not ours to open.
    """
    if not data_dir.exists():
        return None
    file = _open_lock_file(data_dir)
    try:
        if _locks(file, fcntl.LOCK_SH):
            return None
        _, socket_dir = _read(file)
    finally:
        os.close(file)
    return Running(socket_dir=Path(socket_dir) if socket_dir else None)


def _open_lock_file(data_dir: Path) -> int:
    path = data_dir / "lock"
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise UnusableDataFolder(f"{path} cannot be opened: {error.strerror}.") from error


def _locks(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: int) -> tuple[str, str]:
    """Read the holder and the socket's folder; empty what is not written yet."""
    holder, _, rest = os.fsdecode(os.pread(file, 4096, 0)).partition("\n")
    return holder, rest.removesuffix("\n") if rest.endswith("\n") else ""
