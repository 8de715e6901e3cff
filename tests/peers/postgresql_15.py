"""An older PostgreSQL, as many production servers are: PyPI's ``pgserver`` 0.0.9 ships 15.5."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from runtime.embedded import postgres
from runtime.embedded.home import Home
from runtime.processes import Part, environment_without, spawn
from tests.peers.pypi import packages

PINNED = "pgserver==0.0.9"


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The URL of an empty database."""
    programs = packages("pypi-pgserver-0.0.9", PINNED) / "pgserver" / "pginstall" / "bin"
    folder.mkdir(exist_ok=True)
    user = postgres._system_user() if os.geteuid() == 0 else None
    if user:
        postgres._let_in(programs.parent, folder)
    with Home.claim(folder) as home:
        data, sockets = home.path / "data", home.path / "sockets"
        for one in (data, sockets):
            one.mkdir(mode=0o700)
            if user:
                os.chown(one, *_ids(user))
        words = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        subprocess.run(
            [*words, "--locale=C"], env=environment_without("PG"), cwd=data, user=user, group=user, check=True
        )
        process = spawn(
            [programs / "postgres", "-D", data, "-h", "", "-k", f'"{sockets}"', "-c", "fsync=off"],
            log=home.log("postgres15"),
            env=environment_without("PG"),
            cwd=data,
            user=user,
        )
        pid_file = data / "postmaster.pid"
        part = Part("PostgreSQL 15", process, home.path / "logs" / "postgres15.log", lambda: "ready" in _read(pid_file))
        try:
            part.wait_until_ready()
            createdb = [str(programs / "createdb"), "-h", str(sockets), "-U", "postgres", "afterword"]
            subprocess.run(createdb, env=environment_without("PG"), check=True)
            yield f"postgresql+asyncpg://postgres@/afterword?host={quote(str(sockets), safe='/')}&port=5432"
        finally:
            process.terminate()
            part.stop()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _ids(user: str) -> tuple[int, int]:
    found = pwd.getpwnam(user)
    return found.pw_uid, found.pw_gid
