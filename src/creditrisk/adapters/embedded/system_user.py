"""The operating system's user that PostgreSQL runs as, since PostgreSQL refuses to run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from creditrisk.adapters.embedded.errors import EmbeddedPostgresError

# An account made for this service first, then PostgreSQL's own, then the one every system has. None is
# created.
ACCOUNTS_FOR_ROOT = ("creditrisk", "postgres", "nobody")


class NoSystemUser(EmbeddedPostgresError):
    """No account of the system can run PostgreSQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemUser:
    """An account of the operating system. `switched` says that it is not the one this process runs as."""

    name: str
    uid: int
    gid: int
    switched: bool

    def can_enter(self, folder: Path) -> bool:
        """Tell from the permission bits whether this user may pass into the folder (access lists aside)."""
        return all(self._may_search(step) for step in (folder, *folder.parents))

    def _may_search(self, folder: Path) -> bool:
        found = folder.stat()
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


def this_user() -> SystemUser:
    """Find the account this process runs as.

    Raises:
        NoSystemUser: the user number has no account, as in a container started under a number of its own.
    """
    uid = os.geteuid()
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        raise NoSystemUser(
            f"PostgreSQL needs a user with a name, and user number {uid} has no account here. "
            "Set CREDITRISK_DATABASE_URL to use a PostgreSQL of your own."
        ) from None
    return SystemUser(name=account.pw_name, uid=uid, gid=account.pw_gid, switched=False)


def user_for(cluster: Path) -> SystemUser:
    """Choose who runs PostgreSQL: this user or, as root, the owner of existing data, else a system account.

    Raises:
        NoSystemUser: started by root, and none of the accounts tried exists.
    """
    if os.geteuid() != 0:
        return this_user()
    # Data stays with the account that wrote it, also when an account tried earlier has appeared since.
    if cluster.exists() and (owner := cluster.stat().st_uid) != 0:
        try:
            return _switched(pwd.getpwuid(owner))
        except KeyError:
            raise NoSystemUser(
                f"{cluster} belongs to user number {owner}, which has no account here."
            ) from None
    for name in ACCOUNTS_FOR_ROOT:
        try:
            return _switched(pwd.getpwnam(name))
        except KeyError:
            continue
    raise NoSystemUser(
        f"PostgreSQL does not run as root, and none of the accounts {', '.join(ACCOUNTS_FOR_ROOT)} exists. "
        "Create one (useradd --system creditrisk), or start the service as another user."
    )


def _switched(account: pwd.struct_passwd) -> SystemUser:
    return SystemUser(name=account.pw_name, uid=account.pw_uid, gid=account.pw_gid, switched=True)
