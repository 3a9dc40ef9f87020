"""Ending whatever still works on a data folder, done by the holder of its lock alone."""

import os
from pathlib import Path

import psutil

from creditrisk.adapters.embedded.cluster import Cluster, replace_file
from creditrisk.adapters.embedded.programs import ProgramFailed, Programs
from creditrisk.adapters.embedded.system_user import SystemUser

STOP_SECONDS_MAX = 300
_ORPHAN_SECONDS_MAX = 10


def clear_processes(cluster: Cluster, programs: Programs) -> None:
    """Leave no process on the data: the server stopped in order, and what a killed one left behind."""
    pid = cluster.server_pid()
    if pid is not None:
        if _is_server_of(pid, cluster):
            _stop_server(pid, cluster, programs)
        elif psutil.pid_exists(pid):
            _disown(cluster, programs.user)
    _end_orphans(cluster, programs.user)


def _stop_server(pid: int, cluster: Cluster, programs: Programs) -> None:
    waiting = ("-w", "-t", str(STOP_SECONDS_MAX))
    try:
        programs.run("pg_ctl", "stop", "-s", "-m", "fast", *waiting, "-D", cluster.folder)
    except ProgramFailed:
        # One that is killed while it is being stopped is gone as well, but leaves the file pg_ctl looks at.
        if _is_server_of(pid, cluster):
            raise


def _is_server_of(pid: int, cluster: Cluster) -> bool:
    """Tell a server of this data from a process that was given a dead server's number."""
    try:
        words = psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
    return len(words) > 1 and Path(words[0]).name == "postgres" and str(cluster.folder) in words[1:]


def _disown(cluster: Cluster, user: SystemUser) -> None:
    """Take over the file of a dead server whose number another process has now.

    PostgreSQL would take that process for a server and refuse to start. The file is not simply removed,
    because it also says which shared memory the dead server used, and PostgreSQL still has to see that nobody
    uses it. A number of its parents it knows not to be a server.
    """
    lines = cluster.pid_file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    text = "\n".join([str(os.getpid()), *lines[1:], ""])
    replace_file(cluster.pid_file, text, user)


def _end_orphans(cluster: Cluster, user: SystemUser) -> None:
    """End sessions that outlive a killed server until their statement is done."""
    orphans = [process for process in psutil.process_iter() if _works_in(process, cluster, user)]
    for process in orphans:
        process.terminate()
    _, alive = psutil.wait_procs(orphans, timeout=_ORPHAN_SECONDS_MAX)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=_ORPHAN_SECONDS_MAX)


def _works_in(process: psutil.Process, cluster: Cluster, user: SystemUser) -> bool:
    try:
        return process.uids().effective == user.uid and process.cwd() == str(cluster.folder)
    except psutil.Error:
        # Gone, or hidden from us, as in a container without the right to look. PostgreSQL refuses if it
        # matters.
        return False
