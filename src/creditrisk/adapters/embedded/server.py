"""The embedded PostgreSQL: one server per data folder, started and stopped by the process that supervises it.

The supervisor holds a lock on a file beside the data for as long as it lives; the kernel lets go of it also
when the supervisor is killed. A server found running without that lock is therefore an orphan: the next start
takes it over by stopping it in order and starting it anew, with this start's settings.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import quote

from creditrisk.adapters.embedded.cluster import DATABASE, SUPERUSER, Cluster
from creditrisk.adapters.embedded.data_folder import FolderLock, find_running, make_data_folder
from creditrisk.adapters.embedded.errors import EmbeddedPostgresError
from creditrisk.adapters.embedded.programs import ProgramFailed, Programs, find_programs, installed_release
from creditrisk.adapters.embedded.socket_folder import prepare_socket_folder
from creditrisk.adapters.embedded.system_user import this_user, user_for
from creditrisk.adapters.embedded.takeover import clear_processes

# Crash recovery replays the log before the server answers; pg_ctl only waits that long, it does not stop it.
START_SECONDS_MAX = 300

# Only the folder made in it matters, and that is checked to be ours alone.
SOCKET_PLACES = (Path("/tmp"),)  # noqa: S108 - see above

_LOG_TAIL_LINES = 20


class UnableToStart(EmbeddedPostgresError):
    """PostgreSQL did not start; the message ends with the last lines of its log."""


class _Own(NamedTuple):
    """What stopping a server takes, which only the process that started it has."""

    cluster: Cluster
    programs: Programs
    lock: FolderLock


@dataclass(slots=True, kw_only=True)
class EmbeddedServer:
    """A running server. As a context manager it stops the server at the end, if this process started it."""

    data_dir: Path
    socket_dir: Path
    _own: _Own | None = field(default=None, repr=False)

    def url(self, database: str = DATABASE) -> str:
        """The address of a database of this server, by its socket; who we are is all the proof it needs."""
        socket = quote(str(self.socket_dir), safe="/")
        return f"postgresql://{SUPERUSER}@/{quote(database, safe='')}?host={socket}"

    def stop(self) -> None:
        """Stop the server in order, if this process started it, and let others start it. May be called again.

        Connections still open are ended, their transactions rolled back.
        """
        own, self._own = self._own, None
        if own is None:
            return
        try:
            clear_processes(own.cluster, own.programs)
        finally:
            own.lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    data_dir: Path,
    *,
    socket_places: Sequence[Path] = SOCKET_PLACES,
    options: Mapping[str, str] | None = None,
) -> EmbeddedServer:
    """Start the server of a data folder, made first where it is not there, and wait until it answers.

    Args:
        data_dir: holds everything: the data (`pg18`), the lock, the socket.
        socket_places: where the socket's folder is made when the path of the data folder is too long for one.
        options: PostgreSQL settings by name, over the defaults.

    Raises:
        AlreadyRunning: another process supervises this data folder.
        EmbeddedPostgresError: anything else that prevents it; the subclass and its message say what.
    """
    data_dir = data_dir.resolve()
    major = int(installed_release().partition(".")[0])
    cluster = Cluster(folder=data_dir / f"pg{major}")
    user = user_for(cluster.folder)
    make_data_folder(data_dir, user)
    lock = FolderLock(data_dir)
    try:
        programs = find_programs(user=user, data_dir=data_dir)
        clear_processes(cluster, programs)
        cluster.create(programs)
        socket_dir = prepare_socket_folder(data_dir=data_dir, elsewhere=socket_places, user=user)
        # Root may read the data anyway, so it may connect as well: `sudo creditrisk …` works beside the
        # service.
        clients = tuple(dict.fromkeys((this_user().name, "root")))
        cluster.configure(socket_dir=socket_dir, clients=clients, user=user, options=options or {})
        try:
            _start(cluster, programs)
            lock.announce(socket_dir)
        except BaseException:
            clear_processes(cluster, programs)
            raise
    except BaseException:
        lock.release()
        raise
    own = _Own(cluster=cluster, programs=programs, lock=lock)
    return EmbeddedServer(data_dir=data_dir, socket_dir=socket_dir, _own=own)


def attach(data_dir: Path) -> EmbeddedServer | None:
    """Find the server that another process runs on this data folder; None: nobody does.

    While it is starting, this waits.

    Raises:
        UnableToStart: it has been starting for longer than a start may take.
    """
    data_dir = data_dir.resolve()
    deadline = time.monotonic() + START_SECONDS_MAX
    while (found := find_running(data_dir)) is not None:
        if found.socket_dir is not None:
            return EmbeddedServer(data_dir=data_dir, socket_dir=found.socket_dir)
        if time.monotonic() > deadline:
            raise UnableToStart(
                f"Another process has been starting PostgreSQL for {START_SECONDS_MAX} seconds."
            )
        time.sleep(0.1)
    return None


@contextmanager
def running(data_dir: Path, *, socket_places: Sequence[Path] = SOCKET_PLACES) -> Iterator[EmbeddedServer]:
    """Give the server of a data folder: the one that runs or, for the time of the block, one of its own."""
    with attach(data_dir) or start(data_dir, socket_places=socket_places) as server:
        yield server


def _start(cluster: Cluster, programs: Programs) -> None:
    if cluster.log_file.exists():
        cluster.log_file.replace(cluster.log_file.with_suffix(".log.previous"))
    waiting = ("-w", "-t", str(START_SECONDS_MAX))
    try:
        programs.run("pg_ctl", "start", "-s", *waiting, "-D", cluster.folder, "-l", cluster.log_file)
    except ProgramFailed as error:
        lines = cluster.log_file.read_text(errors="replace").splitlines() if cluster.log_file.exists() else []
        tail = "\n".join(lines[-_LOG_TAIL_LINES:])
        raise UnableToStart(f"{error}\nThe end of {cluster.log_file}:\n{tail}") from error
